//! The broker as its clients meet it: a server in this process, real HTTP, every answer held against OpenAPI.

mod calls;
mod faults;
mod load;
mod stream;
mod tls;

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use serde::Serialize;
use serde_json::{Value, json};

use super::machine::tests::{TEAM, recheck, submission};
use super::tokens::{self, Token, Use};
use super::{Listen, Options, Server, open_database, openapi_document, serve};
use crate::api::{Code, Route};
use crate::domain::decision::{Decision, Seen};
use crate::domain::ids::DecisionId;
use crate::domain::json::to_line;
use crate::domain::principal::{Assurance, Principal};
use crate::domain::request::{Ballot, Request};
use crate::domain::scope::Scope;
use crate::domain::time::{Ms, Span};
use crate::policy::Policy;
use crate::sys::http::{Answer, Client};

/// A broker in a folder of its own, with a token for each of those who call.
struct House {
    folder: tempfile::TempDir,
    server: Option<Server>,
    options: Options,
    called: Mutex<BTreeSet<&'static str>>,
}

/// Somebody with a token.
struct Caller<'a> {
    house: &'a House,
    client: Client,
}

impl House {
    async fn new() -> Self {
        Self::with(TEAM, |_| {}).await
    }

    async fn with(policy: &str, change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = Policy::parse(policy, "policy.toml").unwrap();
        let listen: Listen = "127.0.0.1:0".parse().unwrap();
        let mut options = Options::new(folder.path().join("state"), listen, "broker".parse().unwrap(), policy);
        change(&mut options);
        let server = Some(serve(options.clone()).await.unwrap());
        Self { folder, server, options, called: Mutex::default() }
    }

    fn address(&self) -> String {
        self.server.as_ref().unwrap().address().to_string()
    }

    /// Stops it, cleanly, and starts another one on the same folder.
    async fn again(&mut self) {
        self.server.take().unwrap().shutdown().await;
        self.server = Some(serve(self.options.clone()).await.unwrap());
    }

    fn token(&self, name: &str, use_: Use, expires: Option<Ms>) -> String {
        let mut db = open_database(&self.options.database).unwrap();
        let token = Token { name: name.into(), use_, created_at: Ms(0), expires, revoked_at: None };
        tokens::add(&mut db, &token, nobody()).unwrap()
    }

    fn client(&self, token: Option<String>) -> Client {
        Client::new(self.address().parse().unwrap(), token.map(Into::into)).unwrap()
    }

    fn approver(&self, person: &str) -> Caller<'_> {
        self.known(self.token(person, Use::Approver { person: person.parse().unwrap() }, None))
    }

    fn pipeline(&self, name: &str) -> Caller<'_> {
        let repositories = vec!["acme/*".to_owned()];
        let environments = vec!["prod".to_owned(), "stg".into(), "dev".into()];
        self.known(self.token(name, Use::Pipeline { repositories, environments, person: None }, None))
    }

    fn known(&self, token: String) -> Caller<'_> {
        // The broker reads changed tokens after a moment; tests begin with those that are known.
        let caller = Caller { house: self, client: self.client(Some(token)) };
        wait_known(&self.address());
        caller
    }
}

/// The keys look at the database again after a quarter of a second.
#[allow(clippy::disallowed_methods)]
fn wait_known(_: &str) {
    std::thread::sleep(std::time::Duration::from_millis(260));
}

fn nobody() -> Principal {
    Principal { issuer: "peer".into(), subject: "0".into(), assurance: Assurance::Peer, person: None }
}

impl Caller<'_> {
    /// Calls a row of the table; the answer must be as OpenAPI says.
    async fn call(&self, id: &'static str, part: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let route = Route::by_id(id).unwrap();
        let (path, query) = part.split_once('?').unwrap_or((part, ""));
        let filled = match (route.path.split_once('{'), route.path.split_once('}')) {
            (Some((before, _)), Some((_, after))) => format!("{before}{path}{after}"),
            _ => route.path.to_owned(),
        };
        let path = if query.is_empty() { filled } else { format!("{filled}?{query}") };
        let wait = std::time::Duration::from_secs(30);
        let answer = self.client.call_waiting(route.method.into(), &path, headers, body, wait).await.unwrap();
        check(route, &answer);
        self.house.called.lock().unwrap().insert(id);
        answer
    }

    async fn get(&self, id: &'static str, part: &str) -> Answer {
        self.call(id, part, &[], vec![]).await
    }

    async fn post<T: Serialize>(&self, id: &'static str, part: &str, headers: &[(&str, &str)], body: &T) -> Answer {
        self.call(id, part, headers, to_line(body).unwrap().into_bytes()).await
    }

    /// Asks for a deploy without a diff and gives its id.
    async fn ask(&self, environment: &str, key: &str) -> String {
        let mut said = submission(environment);
        said.evidence.diff = None;
        let answer = self.post("create", "", &[("idempotency-key", key)], &said).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let created: crate::api::Created = answer.json().unwrap();
        created.core.key.id.to_string()
    }

    async fn read(&self, id: &str) -> Request {
        self.get("read", id).await.json().unwrap()
    }

    async fn decide(&self, request: &Request, ballot: Ballot) -> Answer {
        self.send(&decision(request, ballot)).await
    }

    async fn send(&self, decision: &Decision) -> Answer {
        let tag = format!("\"{}\"", decision.request_digest);
        let headers = [("if-match", tag.as_str()), ("idempotency-key", decision.id.as_str())];
        self.post("decide", decision.request.id.as_str(), &headers, decision).await
    }

    async fn start(&self, id: &str) -> Answer {
        self.post("start", id, &[("idempotency-key", "s")], &recheck()).await
    }
}

fn decision(request: &Request, ballot: Ballot) -> Decision {
    Decision {
        id: DecisionId::new(Ms(1), crate::sys::random::bytes().unwrap()),
        request: request.key().clone(),
        request_digest: request.digest(),
        evidence_digest: request.evidence.digest,
        ballot,
        scope: Scope::Once,
        start_by: Span::mins(10),
        run_for: Span::mins(15),
        comment: "because".into(),
        word: Some(request.core.environment.value.clone()),
        seen: Seen::default(),
        made_at: Ms(1),
        challenge: None,
        signature: None,
    }
}

fn code(answer: &Answer) -> Code {
    answer.json::<crate::api::Problem>().unwrap().code
}

/// An answer as OpenAPI says: status, kind of content, and its schema.
fn check(route: &Route, answer: &Answer) {
    let named = if answer.is_success() { route.status.to_string() } else { "default".to_owned() };
    assert!(!answer.is_success() || answer.status == route.status, "{}: {}", route.id, answer.status);
    let said = &document()["paths"][route.path][method(route)]["responses"][&named];
    let Some(content) = said["content"].as_object() else {
        assert!(answer.body.is_empty(), "{} answers nothing", route.id);
        return;
    };
    let kind = answer.header("content-type").unwrap().split(';').next().unwrap().to_owned();
    // `/healthz` says what is wrong in plain text.
    let media = content.get(&kind).unwrap_or_else(|| panic!("{} answers {kind}", route.id));
    if let Some(schema) = media.get("schema") {
        let value: Value = answer.json().unwrap();
        let faults: Vec<String> = validator(schema).iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{}: {faults:#?}\n{value}", route.id);
    }
}

fn method(route: &Route) -> String {
    format!("{:?}", route.method).to_lowercase()
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(openapi_document)
}

fn validator(schema: &Value) -> Validator {
    let mut whole = schema.clone();
    whole["components"] = json!({"schemas": document()["components"]["schemas"]});
    jsonschema::draft202012::new(&whole).unwrap()
}
