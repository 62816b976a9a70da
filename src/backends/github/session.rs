//! Who we are to GitHub, what kind of token that is, and what it lacks.

use super::Inner;
use super::call::date;
use super::request::principal;
use super::token::Kind;
use super::wire::Me;
use crate::backends::port::{Fault, Note, Session, Trouble};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;
use crate::sys::clock;
use crate::sys::http::Answer;

/// A clock that is off by more is worth a note.
const CLOCK_OFF: Span = Span::secs(60);
/// A token that ends sooner is worth one too.
const ENDS_SOON: Span = Span::hours(7 * 24);

/// Asks who we are.
pub(super) async fn session(gh: &Inner) -> Result<Session, Fault> {
    let (kind, place) = gh.api.token().await?;
    let mut notes = vec![note(safe!("token: {}, from {}", kind.words(), place), "")];
    if kind == Kind::Installation {
        // It belongs to no person, and GitHub lets none of its kind approve.
        let what = SafeText::lit("installation tokens cannot approve environments: GitHub wants a person's token");
        notes.push(note(what, "use gh auth login, a personal token, or the App's token for a person"));
        let you = principal(&gh.name, &"installation".into());
        return Ok(Session { you, approver: false, same_user: false, now: clock::now().wall, notes });
    }
    let answer = gh.api.get("/user", "application/json").await?;
    let me: Me = super::call::decode(&answer, &SafeText::lit("/user"))?;
    gh.known().you = Some(me.login.clone());
    let now = date(&answer).unwrap_or_else(|| clock::now().wall);
    notes.extend(lacks(kind, &answer));
    notes.extend(ends(&answer, now));
    notes.extend(clock_off(clock::now().wall, now));
    let approver = scopes(kind, &answer).is_none_or(|scopes| may_approve(&scopes));
    Ok(Session { you: principal(&gh.name, &me.login), approver, same_user: false, now, notes })
}

fn note(what: SafeText, mend: &'static str) -> Note {
    Note { what, mend: mend.into() }
}

/// The scopes of a token that has such.
fn scopes(kind: Kind, answer: &Answer) -> Option<Vec<String>> {
    let header = answer.header("x-oauth-scopes").filter(|_| kind.has_scopes())?;
    Some(header.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect())
}

fn may_approve(scopes: &[String]) -> bool {
    scopes.iter().any(|s| s == "repo" || s == "public_repo" || s == "repo_deployment")
}

fn lacks(kind: Kind, answer: &Answer) -> Option<Note> {
    if !kind.has_scopes() {
        let mend = "it needs Actions, Contents and Deployments: read, and Deployments: write to approve (Actions: write for outside pull requests)";
        return Some(note(
            SafeText::lit("GitHub does not list what such a token may; a refusal names what is missing"),
            mend,
        ));
    }
    let scopes = scopes(kind, answer)?;
    if scopes.iter().any(|s| s == "repo") {
        return None;
    }
    let has: Vec<SafeText> = scopes.iter().map(|s| Text::from(s.as_str()).ident()).collect();
    let has = if has.is_empty() { SafeText::lit("none") } else { SafeText::join(&has, ", ") };
    let what =
        safe!("it lacks the scope repo (it has: {}): private repositories stay hidden and cannot be approved", has);
    Some(note(what, "gh auth refresh --scopes repo, or make a token with it"))
}

/// `2026-11-30 12:00:00 UTC`, as GitHub writes it in this header only.
fn ends(answer: &Answer, now: Ms) -> Option<Note> {
    let text = answer.header("github-authentication-token-expiration")?;
    let iso = text.strip_suffix(" UTC").map(|t| format!("{}Z", t.replacen(' ', "T", 1)))?;
    let end = Ms(iso.parse::<jiff::Timestamp>().ok()?.as_millisecond());
    let mend = if end.since(now) < ENDS_SOON { "renew it in time" } else { "" };
    Some(note(safe!("it ends {}", end.iso()), mend))
}

fn clock_off(ours: Ms, theirs: Ms) -> Option<Note> {
    let off = ours.since(theirs).max(theirs.since(ours));
    (off > CLOCK_OFF)
        .then(|| note(safe!("this machine's clock is {} off GitHub's", off), "set it: timedatectl, chrony"))
}

/// An answer that says that nobody is signed in where a token was sent means a token of another kind. Whatever else is
/// forbidden keeps its own mend.
pub(super) fn of_no_person(fault: Fault) -> Fault {
    match fault.trouble {
        Trouble::Forbidden if fault.message.as_str().contains("by integration") => {
            Fault { mend: "this token belongs to no person: use one that does".into(), ..fault }
        }
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&'static str, &str)]) -> Answer {
        let headers = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        Answer { status: 200, headers, body: Vec::new() }
    }

    #[test]
    fn what_a_token_lacks_is_said() {
        let lacking = |kind, scopes: &str| lacks(kind, &answer(&[("x-oauth-scopes", scopes)])).map(|n| n.what);
        assert_eq!(lacking(Kind::Classic, "repo, workflow"), None);
        assert!(lacking(Kind::Classic, "gist, public_repo").unwrap().as_str().contains("it has: gist, public_repo"));
        assert!(lacking(Kind::OAuth, "").unwrap().as_str().contains("it has: none"));
        assert!(lacking(Kind::FineGrained, "").unwrap().as_str().contains("does not list"));
        assert!(lacks(Kind::Unknown, &answer(&[])).is_none());
    }

    #[test]
    fn the_end_of_a_token_is_said_and_soon_is_a_note() {
        let at = |text: &str, now| ends(&answer(&[("github-authentication-token-expiration", text)]), now);
        let now = Ms(1_795_417_927_000);
        let far = at("2027-11-23 07:12:07 UTC", now).unwrap();
        assert_eq!((far.what.as_str(), far.mend.as_str()), ("it ends 2027-11-23T07:12:07Z", ""));
        assert_ne!(at("2026-11-25 07:12:07 UTC", now).unwrap().mend.as_str(), "");
        assert_eq!(at("soon", now), None);
    }

    #[test]
    fn a_clock_that_is_off_by_minutes_is_said() {
        let now = Ms(1_795_417_927_000);
        assert_eq!(clock_off(now, now + Span::secs(50)), None);
        assert!(clock_off(now, now + Span::mins(4)).unwrap().what.as_str().contains("4m off"));
        assert!(clock_off(now + Span::mins(4), now).is_some());
    }
}
