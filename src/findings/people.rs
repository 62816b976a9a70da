//! Who asks, who wrote it, who approves: names that imitate others, and one person behind two names.

use std::collections::{BTreeSet, HashMap};

use super::hidden::{is_disguised, look};
use super::{Facts, text};
use crate::domain::evidence::Evidence;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::principal::{Identity, IdentityKind, Principal, Role, fold};
use crate::domain::request::{Ballot, Core, Vote};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// Authors that a finding names.
const NAMED: usize = 3;

/// The people whom somebody could imitate, with every name that each goes by.
#[derive(Clone, Debug, Default)]
pub struct Known {
    people: HashMap<String, usize>,
    looks: HashMap<String, (usize, String)>,
}

impl Known {
    /// From the names of each person.
    pub fn new(people: impl IntoIterator<Item = Vec<String>>) -> Self {
        let mut known = Self::default();
        for (person, names) in people.into_iter().enumerate() {
            for name in names {
                known.looks.insert(look(&name), (person, name.clone()));
                known.people.insert(fold(&name), person);
            }
        }
        known
    }

    fn person(&self, identity: &Identity) -> Option<usize> {
        identity.spellings().iter().find_map(|name| self.people.get(name).copied())
    }

    /// The known name that this one looks like and is not.
    fn imitated(&self, identity: &Identity) -> Option<&str> {
        let of = self.looks.get(&look(&identity.name.lossy())).filter(|_| self.person(identity).is_none());
        of.map(|(_, name)| name.as_str())
    }
}

fn is_name(identity: &&Identity) -> bool {
    matches!(identity.kind, IdentityKind::Login | IdentityKind::Email | IdentityKind::Person)
}

fn asks(identity: &&Identity) -> bool {
    is_name(identity) && matches!(identity.role, Role::Requester | Role::Trigger)
}

pub(super) fn scan(facts: &Facts) -> Vec<Finding> {
    let mut found = imitations(facts.core, facts.evidence, facts.known);
    found.extend(not_the_author(facts));
    if !facts.core.identities.iter().any(|i| i.role == Role::Requester && i.source.is_verified()) {
        found.push(Finding::new(FindingId::RequesterUnverified, "requester", ""));
    }
    found
}

/// Everyone whom the request or a commit names.
fn named(core: &Core, evidence: &Evidence) -> Vec<Identity> {
    let mails = evidence.commits.iter().flat_map(|c| [&c.author_email, &c.committer_email]);
    let mails: BTreeSet<&Text> = mails.filter(|mail| !mail.is_empty()).collect();
    core.identities.iter().filter(is_name).cloned().chain(mails.into_iter().map(Identity::author)).collect()
}

fn imitations(core: &Core, evidence: &Evidence, known: &Known) -> Vec<Finding> {
    let all = named(core, evidence);
    let mut found = Vec::new();
    for (at, identity) in all.iter().enumerate() {
        let earlier = all.get(..at).unwrap_or_default().iter().find(|other| look_alike(other, identity));
        let of = known.imitated(identity).map(Text::from).or_else(|| earlier.map(|other| other.name.clone()));
        let name = identity.name.lossy();
        let detail = match of {
            Some(of) => safe!("looks like {}: {}", of.ident(), code_points(&name)),
            None if is_disguised(&name) => safe!("letters of another script: {}", code_points(&name)),
            None => continue,
        };
        found.push(Finding::new(FindingId::ConfusableIdentity, identity.name.clone(), text(detail)));
    }
    found.sort_by(|a, b| a.sameness().cmp(&b.sameness()));
    found.dedup();
    found
}

fn look_alike(a: &Identity, b: &Identity) -> bool {
    let (a, b) = (a.name.lossy(), b.name.lossy());
    fold(&a) != fold(&b) && look(&a) == look(&b)
}

/// The letters of a name that are not ASCII, as code points; nothing where the trick is all ASCII.
fn code_points(name: &str) -> SafeText {
    let codes: BTreeSet<u32> = name.chars().filter(|c| !c.is_ascii()).map(u32::from).collect();
    if codes.is_empty() {
        return "all of it ASCII".into();
    }
    let codes: Vec<SafeText> = codes.into_iter().map(|code| safe!("U+{:04x}", code)).collect();
    SafeText::join(&codes, " ")
}

/// None of those who wrote or committed the change is who asks, as far as names tell.
fn not_the_author(facts: &Facts) -> Option<Finding> {
    let asking: Vec<&Identity> = facts.core.identities.iter().filter(asks).collect();
    let requester = asking.first()?;
    let commits = &facts.evidence.commits;
    let authors: BTreeSet<&Text> = commits.iter().flat_map(|c| [&c.author_email, &c.committer_email]).collect();
    let same = |author: &Text| {
        let author = Identity::author(author);
        asking.iter().any(|asking| is_same(asking, &author, facts.known))
    };
    if authors.is_empty() || authors.iter().any(|author| same(author)) {
        return None;
    }
    let named: Vec<SafeText> = authors.iter().take(NAMED).map(|author| author.ident()).collect();
    let more = if authors.len() > NAMED { ", …" } else { "" };
    let detail = safe!("written by {}{}", SafeText::join(&named, ", "), more);
    Some(Finding::new(FindingId::AuthorNotRequester, requester.name.clone(), text(detail)))
}

fn is_same(a: &Identity, b: &Identity, known: &Known) -> bool {
    let person = known.person(a);
    if person.is_some() && person == known.person(b) {
        return true;
    }
    let local = |name: &String| name.split('@').next().unwrap_or_default().to_owned();
    let (a, b) = (a.spellings(), b.spellings());
    a.iter().any(|name| b.contains(name))
        || a.iter().map(local).any(|name| b.iter().map(local).any(|other| name == other))
}

/// Approvals by somebody who bears the requester's name, or one that looks like it, though nobody says that both are
/// one person: where they are, the vote is refused and this is not asked.
pub fn approvals(core: &Core, votes: &[Vote], known: &Known) -> Vec<Finding> {
    let asking: Vec<&Identity> = core.identities.iter().filter(asks).collect();
    let approving = votes.iter().filter(|vote| vote.ballot != Ballot::Reject);
    let resembles = |by: &Principal| asking.iter().find(|asking| names(by).any(|name| resemble(&name, asking, known)));
    let found = approving.filter_map(|vote| {
        let detail = text(safe!("resembles {}", resembles(&vote.by)?.shown()));
        Some(Finding::new(FindingId::ApproverIsRequester, text(vote.by.shown()), detail))
    });
    found.collect()
}

fn names(by: &Principal) -> impl Iterator<Item = String> {
    let person = by.person.iter().map(|person| person.as_str().to_owned());
    let subject = (by.issuer != *"peer").then(|| by.subject.lossy().into_owned());
    person.chain(subject)
}

fn resemble(name: &str, asking: &Identity, known: &Known) -> bool {
    let local = |name: &str| look(name.split('@').next().unwrap_or_default());
    let mine = known.people.get(&fold(name));
    let other_person = mine.is_some() && known.person(asking).is_some_and(|person| Some(&person) != mine);
    !other_person && asking.spellings().iter().any(|asked| local(asked) == local(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::Commit;
    use crate::domain::fixture;
    use crate::domain::principal::Source;
    use crate::domain::time::Ms;
    use crate::findings::DiffScan;

    fn identity(role: Role, kind: IdentityKind, name: &str) -> Identity {
        Identity { role, kind, name: name.into(), source: Source::Claimed }
    }

    fn known() -> Known {
        Known::new([vec!["alice".into(), "alice@acme.io".into()], vec!["bob".into(), "robert@acme.io".into()]])
    }

    fn commit(author: &str) -> Commit {
        Commit {
            sha: "4f1c9ab0".repeat(5).parse().unwrap(),
            author: author.into(),
            author_email: author.into(),
            committer_email: author.into(),
            at: Ms(0),
            subject: "x".into(),
            signature: None,
        }
    }

    fn found(names: &[(IdentityKind, &str)], authors: &[&str]) -> Vec<(FindingId, String)> {
        let mut core = fixture::core("local/a#1");
        core.identities = names.iter().map(|(kind, name)| identity(Role::Requester, *kind, name)).collect();
        let evidence = Evidence { commits: authors.iter().map(|a| commit(a)).collect(), ..Evidence::default() };
        let (diff, known) = (DiffScan::default(), known());
        let facts = Facts { known: &known, ..Facts::of(&core, &evidence, &diff) };
        let told = scan(&facts).into_iter().filter(|f| f.id != FindingId::RequesterUnverified);
        told.map(|f| (f.id, f.detail.lossy().into_owned())).collect()
    }

    #[test]
    fn a_name_that_looks_like_a_known_one_is_told_with_its_code_points() {
        use IdentityKind::{Email, Login};
        let imitates = |detail: &str| vec![(FindingId::ConfusableIdentity, detail.to_owned())];
        assert_eq!(found(&[(Login, "\u{430}lice")], &[]), imitates("looks like alice: U+0430"));
        assert_eq!(found(&[(Email, "alice@\u{430}cme.io")], &[]), imitates("looks like alice@acme.io: U+0430"));
        assert_eq!(
            found(&[(Login, "zo\u{451}"), (Login, "d\u{430}n")], &[]),
            imitates("letters of another script: U+0430")
        );
        assert_eq!(found(&[(Login, "mary"), (Login, "rnary")], &[]), imitates("looks like mary: all of it ASCII"));
        for honest in ["alice", "Alice", "bob", "иван", "josé", "carol"] {
            assert_eq!(found(&[(Login, honest)], &[]), [], "{honest}");
        }
    }

    #[test]
    fn who_asks_is_held_against_who_wrote_it_by_every_name() {
        use IdentityKind::Login;
        assert_eq!(found(&[(Login, "bob")], &["robert@acme.io"]), [], "one person by policy");
        assert_eq!(found(&[(Login, "carol")], &["carol@acme.io"]), [], "the same local part");
        assert_eq!(found(&[(Login, "carol")], &["7+carol@users.noreply.github.com"]), []);
        assert_eq!(found(&[(Login, "carol")], &["alice@acme.io", "carol@acme.io"]), [], "one of them is enough");
        let other = (FindingId::AuthorNotRequester, "written by alice@acme.io, robert@acme.io".to_owned());
        assert_eq!(found(&[(Login, "carol")], &["robert@acme.io", "alice@acme.io"]), [other]);
        assert_eq!(found(&[(Login, "carol")], &[]), [], "nothing was written");
    }

    #[test]
    fn an_approver_who_bears_the_requesters_name_is_told() {
        let mut core = fixture::core("local/a#1");
        let vote = |name: &str| Vote { by: fixture::person(name), ..sample_vote() };
        for (asked, approver, told) in [
            ("bob", "alice", false),
            ("carol", "carol", true),
            ("carol@home.example", "carol", true),
            ("c\u{430}rol", "carol", true),
            ("alice", "bob", false),
        ] {
            core.identities = vec![identity(Role::Requester, IdentityKind::Login, asked)];
            assert_eq!(!approvals(&core, &[vote(approver)], &known()).is_empty(), told, "{asked} {approver}");
        }
    }

    fn sample_vote() -> Vote {
        Vote {
            decision: "0".repeat(32).parse().unwrap(),
            by: fixture::person("alice"),
            ballot: Ballot::Approve,
            comment: "".into(),
            scope: crate::domain::scope::Scope::Once,
            at: Ms(0),
            self_unproven: true,
        }
    }
}
