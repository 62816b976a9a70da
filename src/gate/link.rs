//! Calls to the broker. One that finds nobody is repeated with growing, random pauses for as long as the gate's
//! patience lasts; a refusal is an answer and is not repeated.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::log;
use crate::api::{self, Code, Problem};
use crate::domain::json;
use crate::domain::text::{SafeText, Shown, Text};
use crate::domain::time::Span;
use crate::safe;
use crate::sys::clock::{Deadline, Now, now};
use crate::sys::http::{Answer, Client, Fault, Method};
use crate::sys::random;

/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(15);
/// The first pause.
const FIRST: Duration = Duration::from_millis(250);

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nobody answers, or the broker cannot work right now.
    #[error("{}", .0.prose())]
    Outage(Text),
    /// The broker says no.
    #[error("{} ({})", problem.message.prose(), problem.mend.prose())]
    Refused {
        /// Why.
        problem: Problem,
    },
    /// It is no broker of ours, or one of another version.
    #[error("{0}")]
    Foreign(SafeText),
}

impl Shown for Trouble {}

impl Trouble {
    /// The broker's code, where it refused.
    pub fn refusal(&self) -> Option<Code> {
        match self {
            Trouble::Refused { problem } => Some(problem.code),
            _ => None,
        }
    }
}

/// What is sent.
pub struct Call<'a> {
    method: Method,
    path: String,
    key: Option<&'a str>,
    body: Vec<u8>,
    gzip: bool,
    wait: Duration,
}

impl<'a> Call<'a> {
    /// Reads.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), key: None, body: Vec::new(), gzip: false, wait: Duration::ZERO }
    }

    /// Changes something; `body` goes as JSON.
    pub fn post(path: impl Into<String>, body: &impl Serialize) -> Self {
        let body = json::to_line(body).unwrap_or_default().into_bytes();
        Self { method: Method::POST, body, ..Self::get(path) }
    }

    /// Changes something, without a body.
    pub fn poke(path: impl Into<String>) -> Self {
        Self { method: Method::POST, ..Self::get(path) }
    }

    /// Puts bytes.
    pub fn put(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { method: Method::PUT, body: bytes, gzip: true, ..Self::get(path) }
    }

    /// Repeats of it have one effect.
    pub fn keyed(self, key: &'a str) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The broker may take so long.
    pub fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }
}

/// The broker, as a gate reaches it.
#[derive(Clone)]
pub struct Link {
    client: Client,
}

impl Link {
    /// Over a client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// One try.
    ///
    /// # Errors
    /// As `Trouble` tells.
    pub async fn once<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Trouble> {
        let answer = self.send(call).await?;
        answer.json().map_err(|_| foreign(&self.client, &answer))
    }

    /// One try of a call that is answered without a body.
    ///
    /// # Errors
    /// As `Trouble` tells.
    pub async fn done(&self, call: &Call<'_>) -> Result<(), Trouble> {
        self.send(call).await?;
        Ok(())
    }

    async fn send(&self, call: &Call<'_>) -> Result<Answer, Trouble> {
        let mut headers = Vec::new();
        headers.extend(call.key.map(|key| (api::IDEMPOTENCY_KEY, key)));
        headers.extend(call.gzip.then_some(("content-type", "application/octet-stream")));
        let sent = self.client.call_waiting(call.method.clone(), &call.path, &headers, call.body.clone(), call.wait);
        judge(&self.client, sent.await)
    }

    /// Tries until there is an answer or `patience` is over.
    ///
    /// # Errors
    /// As `Trouble` tells; an outage only after all patience.
    pub async fn insist<T: DeserializeOwned>(&self, call: &Call<'_>, patience: Span) -> Result<T, Trouble> {
        self.insist_at(call, patience).await.map(|(answer, _)| answer)
    }

    /// The same with the moment when the answered try was sent: what the answer says counts from there at the latest.
    ///
    /// # Errors
    /// As `insist`.
    pub async fn insist_at<T: DeserializeOwned>(&self, call: &Call<'_>, patience: Span) -> Result<(T, Now), Trouble> {
        let (answer, sent) = self.insist_on(call, patience).await?;
        Ok((answer.json().map_err(|_| foreign(&self.client, &answer))?, sent))
    }

    /// The same for a call that is answered without a body.
    ///
    /// # Errors
    /// As `insist`.
    pub async fn insist_done(&self, call: &Call<'_>, patience: Span) -> Result<(), Trouble> {
        self.insist_on(call, patience).await?;
        Ok(())
    }

    async fn insist_on(&self, call: &Call<'_>, patience: Span) -> Result<(Answer, Now), Trouble> {
        let until = Deadline::after(now(), patience);
        let mut backoff = Backoff::default();
        loop {
            let sent = now();
            match self.send(call).await {
                Err(Trouble::Outage(_)) if !until.is_past(now()) => {}
                other => return other.map(|answer| (answer, sent)),
            }
            if backoff.tries == 0 {
                log::line(&safe!("no answer from {}, trying for {}", self.client.address().shown(), patience));
            }
            backoff.pause().await;
        }
    }
}

/// Growing pauses with full jitter: many gates do not come back at the same moment.
#[derive(Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// Waits a random time up to a limit that doubles.
    pub async fn pause(&mut self) {
        tokio::time::sleep(self.next(random::bytes().map_or(u32::MAX, u32::from_ne_bytes))).await;
    }

    fn next(&mut self, dice: u32) -> Duration {
        let most = FIRST.saturating_mul(1 << self.tries.min(10)).min(PAUSE);
        self.tries += 1;
        most.mul_f64(f64::from(dice) / f64::from(u32::MAX))
    }
}

fn judge(client: &Client, sent: Result<Answer, Fault>) -> Result<Answer, Trouble> {
    let answer = match sent {
        Ok(answer) if answer.is_success() => return Ok(answer),
        Ok(answer) => answer,
        Err(fault @ Fault::TooLarge { .. }) => return Err(Trouble::Foreign(safe!("{}", fault))),
        Err(fault) => return Err(Trouble::Outage(safe!("{}", fault).into())),
    };
    match (answer.status, answer.json::<Problem>()) {
        (502..=504, _) => Err(Trouble::Outage(Text::from(format!("the broker answers {}", answer.status)))),
        (_, Ok(problem)) if problem.code == Code::Degraded => Err(Trouble::Outage(problem.message)),
        (_, Ok(problem)) => Err(Trouble::Refused { problem }),
        (_, Err(_)) => Err(foreign(client, &answer)),
    }
}

fn foreign(client: &Client, answer: &Answer) -> Trouble {
    Trouble::Foreign(safe!(
        "{} answers {} in words that no broker of version {} uses: check the address, and that both are of one version",
        client.address().shown(),
        answer.status,
        api::VERSION
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client::new("http://127.0.0.1:1".parse().unwrap(), None).unwrap()
    }

    fn answer(status: u16, body: &str) -> Result<Answer, Fault> {
        Ok(Answer { status, headers: Default::default(), body: body.as_bytes().to_vec() })
    }

    #[test]
    fn outages_are_repeated_refusals_are_not() {
        let problem = |code: &str| format!(r#"{{"code":"{code}","message":"m","mend":""}}"#);
        let judged = |status, body: &str| judge(&client(), answer(status, body));
        assert!(judged(200, "").is_ok());
        assert!(matches!(judged(503, &problem("degraded")), Err(Trouble::Outage(_))));
        assert!(matches!(judged(502, "<html>"), Err(Trouble::Outage(_))));
        assert_eq!(judged(412, &problem("changed")).unwrap_err().refusal(), Some(Code::Changed));
        assert!(matches!(judged(404, "<html>"), Err(Trouble::Foreign(_))));
    }

    #[test]
    fn pauses_grow_to_their_cap_and_are_random() {
        let mut backoff = Backoff::default();
        let most: Vec<Duration> = (0..9).map(|_| backoff.next(u32::MAX)).collect();
        assert_eq!((most[0], most[1], most[8]), (FIRST, FIRST * 2, PAUSE));
        assert_eq!(backoff.next(0), Duration::ZERO);
    }

    #[tokio::test]
    async fn patience_has_an_end() {
        let trouble = Link::new(client()).insist::<api::Info>(&Call::get("/v1/info"), Span::ZERO).await;
        assert!(matches!(trouble, Err(Trouble::Outage(_))));
    }
}
