//! Words that several screens share: ages, names of requests, what is not bound.

use crate::decide::requirements;
use crate::domain::digest::Digest;
use crate::domain::finding::Finding;
use crate::domain::grant::Enforcer;
use crate::domain::ids::BackendName;
use crate::domain::principal::{Identity, IdentityKind, Principal, Role as Part, Source};
use crate::domain::request::{Ballot, Core, Request};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;

/// A length of time in whole minutes, so that it changes with the minute only.
pub fn minutes(span: Span) -> SafeText {
    if span < Span::mins(1) { SafeText::lit("now") } else { span.coarse() }
}

/// How long ago, in minutes of the clock: asked 03:08, now 03:12, so 4m.
pub fn ago(now: Ms, then: Ms) -> SafeText {
    minutes(now.since(minute_of(then)))
}

/// The same as a phrase: `just now`, `4m ago`.
pub fn since(now: Ms, then: Ms) -> SafeText {
    if now.since(minute_of(then)) < Span::mins(1) { SafeText::lit("just now") } else { safe!("{} ago", ago(now, then)) }
}

/// The beginning of the minute: all labels turn together.
pub fn minute_of(wall: Ms) -> Ms {
    Ms(wall.0.saturating_sub(wall.0.rem_euclid(60_000)))
}

/// How long until then; `over` where it is past.
pub fn until(now: Ms, then: Ms) -> SafeText {
    match minute_of(then).since(now) {
        _ if then <= now => SafeText::lit("over"),
        left if left < Span::mins(1) => SafeText::lit("<1m"),
        left => left.coarse(),
    }
}

/// `shop/deploy-api`: the last part of the repository and what is done.
pub fn title(core: &Core) -> SafeText {
    short_title(&core.repository.value, &core.name)
}

/// The same with the job: tells the legs of a matrix wave apart.
pub fn leg(core: &Core) -> SafeText {
    match core.run.as_ref().filter(|r| !r.job.is_empty()) {
        Some(run) => safe!("{} {}", title(core), run.job.ident()),
        None => title(core),
    }
}

/// The same from its parts.
pub fn short_title(repository: &Text, name: &Text) -> SafeText {
    let last = repository.as_bytes().rsplit(|b| *b == b'/').next().unwrap_or_default();
    if last.is_empty() {
        return name.ident();
    }
    safe!("{}/{}", Text::new(last).ident(), name.ident())
}

/// What a finding is about, behind the words of what it is; a subject that those words name already is not said again.
pub fn about(finding: &Finding) -> SafeText {
    let (subject, detail) = (finding.subject.ident(), finding.detail.prose());
    let said = finding.id.meaning().what.split(' ').any(|word| word == subject.as_str());
    match (said || subject.as_str().is_empty(), detail.as_str().is_empty()) {
        (true, _) => detail,
        (false, true) => subject,
        (false, false) => safe!("{} {}", subject, detail),
    }
}

/// A finding in one line: how bad, what, about what.
pub fn finding(finding: &Finding) -> SafeText {
    safe!("{} {}: {}", finding.severity.mark(), finding.id.meaning().what, about(finding))
}

/// The command as one line: arguments with blanks or quotes stand in quotes.
pub fn command_line(argv: &[Text]) -> SafeText {
    let quoted: Vec<SafeText> = argv
        .iter()
        .map(|arg| {
            let plain = !arg.is_empty() && arg.as_bytes().iter().all(|b| b.is_ascii_graphic() && !b"'\"".contains(b));
            if plain || !arg.as_bytes().is_ascii() { arg.ident() } else { safe!("'{}'", arg.ident()) }
        })
        .collect();
    SafeText::join(&quoted, " ")
}

/// What would run.
pub fn runs(core: &Core) -> SafeText {
    match (&core.command, &core.workflow) {
        (Some(command), _) => command_line(&command.argv),
        (None, Some(file)) => safe!("workflow {} ({})", file.path.ident(), file.blob.ident().cut(8)),
        (None, None) if core.repository.source == Source::Forge => {
            SafeText::lit("UNKNOWN: which workflow file it runs is not proven")
        }
        (None, None) => SafeText::lit("UNKNOWN: the backend does not say"),
    }
}

/// Whether this identity is you.
pub fn is_you(identity: &Identity, you: &Principal) -> bool {
    let name = identity.name.lossy();
    match identity.kind {
        IdentityKind::Person => you.person.as_ref().is_some_and(|p| p.as_str() == name),
        IdentityKind::Uid => you.issuer == *"peer" && you.subject == identity.name,
        // A principal without a person is a login of its backend; logins differ in case only for the eye.
        IdentityKind::Login => you.person.is_none() && you.subject.lossy().eq_ignore_ascii_case(&name),
        _ => false,
    }
}

/// Who asks: `bob?`, `carol`, `YOU`.
pub fn asker(core: &Core, you: Option<&Principal>) -> SafeText {
    let asking = core.identities.iter().filter(|i| i.role == Part::Requester);
    if you.is_some_and(|you| asking.clone().any(|i| is_you(i, you))) {
        return SafeText::lit("YOU");
    }
    core.requester().map_or(SafeText::lit("?"), Identity::shown)
}

/// `approve`, `reject`, `break glass`.
pub fn ballot(ballot: Ballot) -> &'static str {
    match ballot {
        Ballot::Approve => "approve",
        Ballot::Reject => "reject",
        Ballot::BreakGlass => "break glass",
    }
}

/// What an approval does not reach or bind.
pub fn not_bound(request: &Request) -> SafeText {
    match (&request.core.command, &request.core.tree) {
        (Some(_), Some(_)) => SafeText::lit("ignored files, downloads; job keeps its own credentials"),
        (Some(_), None) => SafeText::lit("the files it reads (no git here), downloads; job keeps its own credentials"),
        (None, _) => SafeText::lit("actions by tag or branch, downloads, runner; job keeps its own credentials"),
    }
}

/// How far whoever enforces can reach.
pub fn reach(enforcer: Enforcer) -> SafeText {
    SafeText::lit(match enforcer {
        Enforcer::Broker => "gate: descendants; not remote work",
        Enforcer::Backend => "the backend's own runner; see its documentation",
        Enforcer::Guard => "later gates until start-by, while a guard runs; nothing is ended",
        Enforcer::Nobody => "NOBODY ends it: the time is a wish",
    })
}

/// Who sees to it that a decision, its scope and its time hold.
pub fn enforces(enforcer: Enforcer, backend: &BackendName) -> SafeText {
    match enforcer {
        Enforcer::Broker => SafeText::lit("broker enforces"),
        Enforcer::Backend => safe!("{} enforces", backend),
        Enforcer::Guard => safe!("{} decides; guard keeps scope", backend),
        Enforcer::Nobody => SafeText::lit("NOBODY enforces"),
    }
}

/// Whether an approval leaves the guard nothing to keep.
pub fn is_once_only(request: &Request) -> bool {
    request.enforcer == Enforcer::Guard && requirements(request, Ballot::Approve).scopes == [Scope::Once]
}

/// Who sees to it that a decision on this request holds.
pub fn enforced(request: &Request) -> SafeText {
    let backend = &request.key().backend;
    if is_once_only(request) {
        safe!("{} decides; scope once only", backend)
    } else {
        enforces(request.enforcer, backend)
    }
}

/// How far an approval of this scope reaches.
pub fn reach_of(enforcer: Enforcer, scope: Scope) -> SafeText {
    if enforcer == Enforcer::Guard && scope == Scope::Once {
        SafeText::lit("this request; later gates ask again; nothing is ended")
    } else {
        reach(enforcer)
    }
}

/// A time of the last or the next day as the clock shows it, any other with its date.
pub fn moment(now: Ms, at: Ms) -> SafeText {
    const DAY: Span = Span::hours(24);
    if now.since(at) < DAY && at.since(now) < DAY { safe!("{} UTC", at.clock()) } else { at.iso() }
}

/// Whose rules the demands are: a foreign backend keeps its own and starts at the first vote.
pub fn whose_rules(enforcer: Enforcer) -> &'static str {
    match enforcer {
        Enforcer::Broker => "broker",
        Enforcer::Backend | Enforcer::Guard | Enforcer::Nobody => "this console only",
    }
}

/// Whether no policy of ours was asked about a request of a foreign backend: only its own rules stand.
pub fn only_its_own_rules(request: &Request) -> bool {
    request.enforcer != Enforcer::Broker && request.verdict.policy == Digest::of(b"")
}

/// Votes that are there and needed: `1/2`.
pub fn votes(request: &Request) -> SafeText {
    let worst = request.needs.iter().max_by_key(|n| n.need.saturating_sub(n.have));
    worst.map_or(SafeText::lit("-"), |n| safe!("{}/{}", n.have, n.need))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_change_with_the_minute_only() {
        let t = Ms(600_000);
        for (secs, shown) in [(0, "now"), (59, "now"), (60, "1m"), (3599, "59m"), (7200, "2h")] {
            assert_eq!(ago(t + Span::secs(secs), t).as_str(), shown);
        }
        assert_eq!(since(t + Span::secs(59), t).as_str(), "just now");
        assert_eq!(since(t + Span::mins(4), t).as_str(), "4m ago");
        assert_eq!(until(t, t).as_str(), "over");
        assert_eq!(until(t, t + Span::secs(30)).as_str(), "<1m");
        assert_eq!(until(t, t + Span::mins(11)).as_str(), "11m");
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let now = Ms(1_795_417_927_000);
        assert_eq!(moment(now, now + Span::hours(23)).as_str(), "06:12 UTC");
        assert_eq!(moment(now, now + Span::hours(24 * 30)).as_str(), "2026-12-23T07:12:07Z");
        assert_eq!(moment(now + Span::hours(25), now).as_str(), now.iso().as_str());
    }

    #[test]
    fn commands_show_where_an_argument_ends() {
        let argv = ["./deploy.sh", "--region", "eu west", "", "it's"].map(Text::from);
        assert_eq!(command_line(&argv).as_str(), "./deploy.sh --region 'eu west' '' 'it's'");
    }
}
