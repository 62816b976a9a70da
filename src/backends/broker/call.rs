//! One call of the broker's table: path, headers and body in; an answer or a fault in plain words out.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{Code, Method, Problem, Route};
use crate::backends::port::{Fault, Trouble};
use crate::domain::json;
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::http::{self, Client};

use super::reach::Reach;

/// A call that is being put together.
pub(super) struct Call<'a> {
    reach: &'a Reach,
    route: Option<&'static Route>,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    limit: Option<u64>,
}

/// A whole answer of success.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
}

impl<'a> Call<'a> {
    /// `id` names a row of `api::ROUTES`.
    pub(super) fn new(reach: &'a Reach, id: &str) -> Self {
        let route = Route::by_id(id);
        let path = route.map_or(String::new(), |r| r.path.to_owned());
        Self { reach, route, path, headers: Vec::new(), body: Vec::new(), limit: None }
    }

    /// Fills the one `{…}` of the path. Ids and digests need no escaping: their forms allow visible ASCII without `/` only.
    pub(super) fn part(mut self, value: &str) -> Self {
        if let (Some((before, _)), Some((_, after))) = (self.path.split_once('{'), self.path.split_once('}')) {
            self.path = format!("{before}{value}{after}");
        }
        self
    }

    pub(super) fn query(mut self, query: &str) -> Self {
        self.path = format!("{}?{query}", self.path);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn body(mut self, bytes: Vec<u8>) -> Self {
        self.body = bytes;
        self
    }

    pub(super) fn json(self, value: &impl Serialize) -> Self {
        // Our own wire types are always JSON; an empty body would be refused by the broker, never misread.
        self.body(json::to_line(value).unwrap_or_default().into_bytes())
    }

    pub(super) fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    pub(super) async fn send(self) -> Result<Answer, Fault> {
        let reach = self.reach;
        self.sent().await.inspect_err(|fault| reach.failed(fault))
    }

    async fn sent(self) -> Result<Answer, Fault> {
        let client = self.reach.client().await?;
        let Some(route) = self.route else {
            return Err(Fault::new(
                Trouble::Protocol,
                "the program asks for a call that it does not know",
                "report it",
            ));
        };
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = match self.limit {
            Some(limit) => whole(&client, &self.path, &headers, limit).await,
            None => client.call(method(route.method), &self.path, &headers, self.body).await,
        };
        judge(answer.map_err(|e| no_answer(&e))?)
    }
}

async fn whole(client: &Client, path: &str, headers: &[(&str, &str)], limit: u64) -> Result<http::Answer, http::Fault> {
    client.stream(path, headers).await?.whole(usize::try_from(limit).unwrap_or(usize::MAX)).await
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|e| {
            let what = safe!("the broker's answer cannot be read: {}", Text::from(e.to_string()).prose());
            Fault::new(Trouble::Protocol, what, "is it a jit-tui broker of the same version?")
        })
    }
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
    }
}

/// What no answer means: nothing sent, or nobody knows.
pub(super) fn no_answer(fault: &http::Fault) -> Fault {
    let trouble = if fault.never_sent() { Trouble::Unreachable } else { Trouble::NoAnswer };
    Fault::new(trouble, safe!("{}", fault), "is the broker up? `jit-tui doctor` tries it")
}

fn judge(answer: http::Answer) -> Result<Answer, Fault> {
    if answer.is_success() {
        return Ok(Answer { body: answer.body });
    }
    Err(refusal(answer.status, &answer.body))
}

/// A refusal in the broker's own words; what is not one of its problems is some other server's page.
pub(super) fn refusal(status: u16, body: &[u8]) -> Fault {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => Fault::new(trouble(problem.code), problem.message.prose(), problem.mend.prose()),
        Err(_) => Fault::new(
            Trouble::Protocol,
            safe!("HTTP {} from something that is not a jit-tui broker", status),
            SafeText::lit("check the address of this backend"),
        ),
    }
}

fn trouble(code: Code) -> Trouble {
    match code {
        Code::Unauthenticated => Trouble::Unauthenticated,
        Code::Forbidden => Trouble::Forbidden,
        Code::NotFound => Trouble::NotFound,
        Code::Changed => Trouble::Changed,
        Code::Quota => Trouble::Limited,
        Code::Internal => Trouble::NoAnswer,
        _ => Trouble::Refused,
    }
}
