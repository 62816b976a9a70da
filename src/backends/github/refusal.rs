//! What GitHub's refusals mean, in plain words with the mend. Pure: status, headers and body in, fault out.

use serde::Deserialize;

use crate::backends::port::{Fault, Trouble};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;
use crate::sys::http::Answer;

/// Columns of GitHub's own words that are shown.
const SHOWN: usize = 160;

/// What a limit asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The hour's calls are used up until then.
    Primary(Ms),
    /// Too much at once; for so long where it is named.
    Secondary(Option<Span>),
}

/// The body of a refusal. `errors` may be a list, a text or anything else.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    message: Text,
    errors: serde_json::Value,
}

/// Whether an answer is one of the two limits: GitHub tells both with 403 or 429.
pub(super) fn limit(answer: &Answer) -> Option<Limit> {
    if answer.status != 403 && answer.status != 429 {
        return None;
    }
    let number = |name| answer.header(name).and_then(|v| v.trim().parse::<i64>().ok());
    let named = number("retry-after").and_then(|secs| u32::try_from(secs).ok()).map(Span::secs);
    if named.is_some() {
        return Some(Limit::Secondary(named));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        return Some(Limit::Primary(Ms(number("x-ratelimit-reset").unwrap_or(0).saturating_mul(1000))));
    }
    let words = message(&answer.body).to_ascii_lowercase();
    let secondary = answer.status == 429 || words.contains("secondary rate limit") || words.contains("abuse detection");
    secondary.then_some(Limit::Secondary(None))
}

fn message(body: &[u8]) -> String {
    serde_json::from_slice::<Body>(body).map(|b| b.message.lossy().into_owned()).unwrap_or_default()
}

/// GitHub's own words, with the errors that it lists.
fn said(body: &[u8]) -> SafeText {
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return SafeText::lit("without a word of GitHub's") };
    let errors = match &body.errors {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(list) => list.first().map(|e| match e {
            serde_json::Value::String(text) => text.clone(),
            other => other.get("message").or(other.get("code")).and_then(|m| m.as_str()).unwrap_or_default().to_owned(),
        }),
        _ => None,
    };
    let message = body.message.prose().cut(SHOWN);
    match errors.filter(|e| !e.is_empty()) {
        Some(errors) => safe!("{}: {}", message, Text::from(errors).prose().cut(SHOWN)),
        None => message,
    }
}

/// A refusal of a call, `what` saying which.
pub(super) fn refusal(answer: &Answer, what: &SafeText) -> Fault {
    match answer.status {
        401 => Fault::new(
            Trouble::Unauthenticated,
            safe!("GitHub does not take the token: it is wrong, expired or revoked"),
            "renew it (gh auth refresh, or make another one); it is looked up again by itself",
        ),
        403 => forbidden(answer, what),
        404 | 410 => Fault::new(
            Trouble::NotFound,
            safe!("{}: not there, or this token may not see it", what),
            "check the name, and that the token has access to it",
        ),
        300..=399 => Fault::new(
            Trouble::Changed,
            safe!("{}: it moved; redirects are not followed here", what),
            "it is looked up again by itself; check the name in the config",
        ),
        409 | 422 => Fault::new(Trouble::Refused, safe!("{}: {}", what, said(&answer.body)), ""),
        451 => Fault::new(Trouble::Forbidden, safe!("{}: blocked for legal reasons", what), ""),
        status @ 500..=599 => Fault::new(
            Trouble::NoAnswer,
            safe!("{}: GitHub is in trouble (HTTP {})", what, status),
            "it is tried again by itself; see githubstatus.com",
        ),
        status => Fault::new(
            Trouble::Protocol,
            safe!("{}: HTTP {} {}", what, status, said(&answer.body)),
            "is this the address of a GitHub?",
        ),
    }
}

fn forbidden(answer: &Answer, what: &SafeText) -> Fault {
    if let Some(sso) = answer.header("x-github-sso") {
        let url = sso.split_once("url=").map_or(SafeText::default(), |(_, url)| Text::from(url).ident());
        return Fault::new(
            Trouble::Forbidden,
            safe!("{}: the organisation wants this token authorised for single sign-on", what),
            safe!("authorise it: {}", if url.as_str().is_empty() { "in the token's settings".into() } else { url }),
        );
    }
    let mend = match answer.header("x-accepted-github-permissions") {
        Some(needed) => safe!("the token needs: {}", Text::from(needed).ident()),
        None => match answer.header("x-accepted-oauth-scopes").filter(|scopes| !scopes.is_empty()) {
            Some(scopes) => safe!("the token needs one of the scopes: {}", Text::from(scopes).ident()),
            None => SafeText::lit("`jit-tui doctor` says what the token lacks"),
        },
    };
    Fault::new(Trouble::Forbidden, safe!("{}: {}", what, said(&answer.body)), mend)
}

/// The fault of a limit.
pub(super) fn limited(wait: Span, why: &'static str) -> Fault {
    let message = safe!("GitHub's limit: {}, nothing is sent for {}", why, wait.coarse());
    Fault {
        retry_after: Some(wait),
        ..Fault::new(Trouble::Limited, message, "wait; other programs with the same account use it up too")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    fn fault(status: u16, headers: &[(&'static str, &str)], body: &str) -> Fault {
        refusal(&answer(status, headers, body), &"runs of acme/shop".into())
    }

    #[test]
    fn every_refusal_is_told_in_plain_words_with_its_mend() {
        let resource = r#"{"message":"Resource not accessible by integration"}"#;
        for (status, headers, body, trouble, has) in [
            (401, vec![], r#"{"message":"Bad credentials"}"#, Trouble::Unauthenticated, "expired"),
            (
                403,
                vec![("x-github-sso", "required; url=https://github.com/orgs/acme/sso?x=1")],
                "{}",
                Trouble::Forbidden,
                "orgs/acme/sso",
            ),
            (
                403,
                vec![("x-accepted-github-permissions", "deployments=write")],
                resource,
                Trouble::Forbidden,
                "deployments=write",
            ),
            (403, vec![("x-accepted-oauth-scopes", "repo")], resource, Trouble::Forbidden, "scopes: repo"),
            (404, vec![], "{}", Trouble::NotFound, "may not see it"),
            (
                422,
                vec![],
                r#"{"message":"Validation Failed","errors":"No pending deployment requests"}"#,
                Trouble::Refused,
                "Validation Failed: No pending deployment requests",
            ),
            (
                422,
                vec![],
                r#"{"message":"V","errors":["There was a problem"]}"#,
                Trouble::Refused,
                "V: There was a problem",
            ),
            (422, vec![], r#"{"message":"V","errors":[{"code":"too_large"}]}"#, Trouble::Refused, "V: too_large"),
            (301, vec![], "", Trouble::Changed, "moved"),
            (502, vec![], "<html>", Trouble::NoAnswer, "502"),
            (200, vec![], "<html>", Trouble::Protocol, "is this the address of a GitHub?"),
        ] {
            let fault = fault(status, &headers, body);
            let text = format!("{} {}", fault.message, fault.mend);
            assert_eq!(fault.trouble, trouble, "{status}");
            assert!(text.contains(has), "{status}: {text}");
        }
    }

    #[test]
    fn hostile_words_arrive_encoded_and_cut() {
        let long = format!(r#"{{"message":"\u001b[2J{}"}}"#, "x".repeat(9000));
        let fault = fault(422, &[], &long);
        assert!(fault.message.as_str().len() < 400 && fault.message.as_str().contains("\\u{1b}"), "{}", fault.message);
    }

    #[test]
    fn limits_are_told_from_lacking_rights() {
        let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700")];
        let secondary = r#"{"message":"You have exceeded a secondary rate limit"}"#;
        for (status, headers, body, expected) in [
            (403, spent.to_vec(), "{}", Some(Limit::Primary(Ms(1_700_000)))),
            (429, vec![("retry-after", "7")], "{}", Some(Limit::Secondary(Some(Span::secs(7))))),
            (403, vec![("retry-after", "7")], "{}", Some(Limit::Secondary(Some(Span::secs(7))))),
            (403, vec![], secondary, Some(Limit::Secondary(None))),
            (429, vec![], "not json", Some(Limit::Secondary(None))),
            (429, vec![("retry-after", "-5")], "", Some(Limit::Secondary(None))),
            (403, vec![("x-ratelimit-remaining", "12")], "{}", None),
            (404, spent.to_vec(), "{}", None),
        ] {
            assert_eq!(limit(&answer(status, &headers, body)), expected, "{status} {body}");
        }
    }
}
