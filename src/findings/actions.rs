//! What look-ups and the ledger say of actions. They only ever add a finding: one that fails is `not proven`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// Something that was found out about one action, or about a pipeline file and its lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ActionFact {
    /// About what: `owner/repo@ref`, or the path of a pipeline file.
    pub subject: Text,
    /// Where the reference stands: `.github/workflows/deploy.yml:31`.
    pub place: Text,
    /// What.
    pub told: Told,
}

/// What was found out. Hashes are whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The same reference resolved to another SHA before.
    Moved {
        /// Then.
        from: Text,
        /// Now.
        to: Text,
    },
    /// The SHA is on no branch and no tag of its repository.
    Impostor {
        /// The SHA.
        sha: Text,
    },
    /// It could not be resolved, or its SHA not be found on a branch or tag.
    NotProven {
        /// Why.
        why: Text,
    },
    /// The comment behind the SHA names a version that is another commit.
    OtherVersion {
        /// The version that the comment claims.
        claims: Text,
        /// The SHA of that version.
        is: Text,
    },
    /// The ledger does not know the action.
    FirstSeen,
    /// The ledger knows the action, and nobody approved it at this SHA.
    NeverApproved {
        /// The SHA.
        sha: Text,
    },
    /// No lock file covers this pipeline file.
    LockMissing,
    /// The lock file does not hold what this pipeline file names.
    LockStale {
        /// What it lacks, or has too much.
        lacks: Text,
    },
    /// The lock file's commit is another one than the reference resolves to.
    LockMismatch {
        /// In the lock file.
        locked: Text,
        /// Now.
        now: Text,
    },
    /// The pipeline file cannot be read.
    Unreadable {
        /// Why, with its line.
        why: Text,
    },
}

pub(super) fn scan(facts: &[ActionFact]) -> Vec<Finding> {
    facts.iter().map(finding).collect()
}

fn finding(fact: &ActionFact) -> Finding {
    let (id, detail) = told(&fact.told);
    Finding::new(id, fact.subject.clone(), text(detail)).at(Place::parse(&fact.place))
}

fn told(told: &Told) -> (FindingId, SafeText) {
    let nothing = SafeText::default();
    match told {
        Told::Moved { from, to } => (FindingId::TagMoved, safe!("{} -> {}", from.ident(), to.ident())),
        Told::Impostor { sha } => (FindingId::ImpostorCommit, sha.ident()),
        Told::NotProven { why } => (FindingId::ActionNotProven, why.prose()),
        Told::OtherVersion { claims, is } => {
            (FindingId::VersionComment, safe!("the comment says {}, which is {}", claims.ident(), is.ident()))
        }
        Told::FirstSeen => (FindingId::FirstSeenAction, nothing),
        Told::NeverApproved { sha } => (FindingId::ShaNeverApproved, sha.ident()),
        Told::LockMissing => (FindingId::LockFileMissing, nothing),
        Told::LockStale { lacks } => (FindingId::LockFileStale, lacks.prose()),
        Told::LockMismatch { locked, now } => {
            (FindingId::LockFileMismatch, safe!("locked {}, now {}", locked.ident(), now.ident()))
        }
        Told::Unreadable { why } => (FindingId::PipelineUnreadable, why.prose()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fact_is_the_finding_of_its_name_at_its_place() {
        let cases: Vec<(Told, FindingId, &str)> = vec![
            (Told::Moved { from: "aa".into(), to: "bb".into() }, FindingId::TagMoved, "aa -> bb"),
            (Told::Impostor { sha: "cc".into() }, FindingId::ImpostorCommit, "cc"),
            (Told::NotProven { why: "offline".into() }, FindingId::ActionNotProven, "offline"),
            (
                Told::OtherVersion { claims: "v4".into(), is: "dd".into() },
                FindingId::VersionComment,
                "the comment says v4, which is dd",
            ),
            (Told::FirstSeen, FindingId::FirstSeenAction, ""),
            (Told::NeverApproved { sha: "ee".into() }, FindingId::ShaNeverApproved, "ee"),
            (Told::LockMissing, FindingId::LockFileMissing, ""),
            (Told::LockStale { lacks: "a/b@v1".into() }, FindingId::LockFileStale, "a/b@v1"),
            (
                Told::LockMismatch { locked: "ff".into(), now: "00".into() },
                FindingId::LockFileMismatch,
                "locked ff, now 00",
            ),
            (Told::Unreadable { why: "line 3: x".into() }, FindingId::PipelineUnreadable, "line 3: x"),
        ];
        for (told, id, detail) in cases {
            let fact = ActionFact { subject: "a/b@v1".into(), place: ".github/workflows/x.yml:7".into(), told };
            let found = scan(&[fact]);
            let [finding] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((finding.id, finding.detail.clone()), (id, Text::from(detail)));
            assert_eq!(finding.place.as_ref().unwrap().shown().as_str(), ".github/workflows/x.yml:7");
        }
    }

    #[test]
    fn an_impostor_blocks_and_a_look_up_that_fails_is_unknown() {
        let fact = |told| ActionFact { subject: "a/b@v1".into(), place: "x".into(), told };
        let found = scan(&[fact(Told::Impostor { sha: "c".into() }), fact(Told::NotProven { why: "HTTP 403".into() })]);
        assert!(found[0].blocks && !found[1].blocks);
        assert!(found[1].id.is_doubt());
    }
}
