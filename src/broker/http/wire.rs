//! Bytes to values and back: every body is read here and every answer is written here.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{Code, IDEMPOTENCY_KEY, Problem};
use crate::domain::digest::Digest;
use crate::domain::json;
use crate::domain::request::Sealed;
use crate::domain::text::Text;
use crate::safe;

use super::super::problem::{invalid, problem};

/// Bytes of a JSON body at most.
pub const JSON_LIMIT: usize = 1 << 20;

/// A refusal on its way out.
pub struct Refused(pub Problem);

/// What a call gives.
pub type Reply = Result<Response, Refused>;

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = written(status, &self.0);
        if self.0.code == Code::Unauthenticated {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// A value as JSON.
pub fn answer<T: Serialize + ?Sized>(value: &T) -> Reply {
    Ok(written(StatusCode::OK, value))
}

/// A value as JSON, made by this call.
pub fn created<T: Serialize + ?Sized>(value: &T) -> Reply {
    Ok(written(StatusCode::CREATED, value))
}

/// All is well, nothing to say.
pub fn nothing() -> Reply {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Text or bytes of a kind.
pub fn plain(kind: &'static str, body: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    (headers, body.into()).into_response()
}

fn written<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response {
    match json::to_line(value) {
        Ok(line) => (status, plain("application/json", line)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A body that is too large is read on to so many times the limit: a caller that still writes could not read the refusal.
const DRAIN: usize = 4;

/// The whole body, if it is not too large.
///
/// # Errors
/// Where it is.
pub async fn bytes(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || problem(Code::TooLarge, safe!("the body is larger than {} bytes", limit), "send less");
    let cut = || problem(Code::Invalid, "the body broke off", "send it again");
    let (mut whole, mut passed, mut pieces) = (Vec::new(), 0, body.into_data_stream());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| cut())?;
        passed += piece.len();
        if passed <= limit {
            whole.extend_from_slice(&piece);
        } else if passed > limit.saturating_mul(DRAIN) {
            break;
        }
    }
    if passed > limit { Err(too_large()) } else { Ok(whole) }
}

/// The value of a JSON body and its bytes.
///
/// # Errors
/// Where it is too large, not UTF-8 or not the JSON of a `T`.
pub async fn parsed<T: DeserializeOwned>(body: Body) -> Result<(T, String), Problem> {
    let text = text(body).await?;
    Ok((serde_json::from_str(&text).map_err(wrong)?, text))
}

/// The value of a JSON body, kept with its exact bytes.
///
/// # Errors
/// Where it is too large, not UTF-8 or not the JSON of a `T`.
pub async fn sealed<T: DeserializeOwned>(body: Body) -> Result<Sealed<T>, Problem> {
    Sealed::parse(text(body).await?).map_err(wrong)
}

async fn text(body: Body) -> Result<String, Problem> {
    let bytes = bytes(body, JSON_LIMIT).await?;
    String::from_utf8(bytes).map_err(|_| invalid("the body is not UTF-8", "send JSON"))
}

fn wrong(e: serde_json::Error) -> Problem {
    invalid(Text::from(e.to_string()).prose(), "see /openapi.json for the fields")
}

/// The idempotency key, which must be there.
///
/// # Errors
/// Where it is missing, too long or not visible ASCII.
pub fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get(IDEMPOTENCY_KEY).and_then(|v| v.to_str().ok()).map(str::trim);
    match key {
        Some(key) if (1..=128).contains(&key.len()) => Ok(key.to_owned()),
        _ => Err(invalid("the header Idempotency-Key is missing or not 1 to 128 visible characters", "send one a try")),
    }
}

/// The request digest that was shown, from `If-Match`.
///
/// # Errors
/// Where it is missing or no digest.
pub fn if_match(headers: &HeaderMap) -> Result<Digest, Problem> {
    let value = headers.get(header::IF_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let digest = value.trim().trim_matches('"').parse();
    digest.map_err(|_| invalid("the header If-Match does not hold a request digest", "send the digest that was shown"))
}
