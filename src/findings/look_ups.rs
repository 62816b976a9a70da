//! From what was looked up to facts about actions. What is still on its way gives none; what failed gives `not proven`.

use super::{ActionFact, Told};
use crate::domain::action::{ActionKind, PipelineFault, PipelineTrouble};
use crate::domain::lookup::{Claim, LookUp, LookUps, Reach};
use crate::domain::text::Text;

/// The facts of these look-ups, in their order.
pub fn of_look_ups(look_ups: &LookUps) -> Vec<ActionFact> {
    look_ups.list.iter().flat_map(facts).collect()
}

/// The facts of what is wrong with the pipeline's own files.
pub(super) fn of_faults(faults: &[PipelineFault]) -> Vec<ActionFact> {
    let told = |what: &PipelineTrouble| match what.clone() {
        PipelineTrouble::Unreadable { why } => Told::Unreadable { why },
        PipelineTrouble::LockMissing => Told::LockMissing,
        PipelineTrouble::LockStale { lacks } => Told::LockStale { lacks },
        PipelineTrouble::LockMismatch { locked, written } => Told::LockMismatch { locked, now: written },
    };
    let fact = |fault: &PipelineFault| ActionFact {
        subject: fault.subject.clone(),
        place: fault.place.clone(),
        told: told(&fault.what),
    };
    faults.iter().map(fact).collect()
}

fn facts(look_up: &LookUp) -> Vec<ActionFact> {
    let action = &look_up.action;
    // Of images and paths the evidence itself tells all that is known.
    if matches!(action.kind, ActionKind::Image | ActionKind::Local) {
        return Vec::new();
    }
    let told = not_proven(look_up).into_iter().chain(reach(look_up)).chain(version(look_up)).chain(lock(look_up));
    let told = told.chain(ledger(look_up));
    let subject = action.written();
    told.map(|told| ActionFact { subject: subject.clone(), place: action.place.clone(), told }).collect()
}

fn not_proven(look_up: &LookUp) -> Vec<Told> {
    let whys = [look_up.unresolved.as_ref(), look_up.unread.as_ref()];
    whys.into_iter().flatten().map(|why| Told::NotProven { why: why.clone() }).collect()
}

fn reach(look_up: &LookUp) -> Option<Told> {
    match look_up.reach.as_ref()? {
        Reach::Proven { .. } => None,
        Reach::Impostor => Some(Told::Impostor { sha: look_up.action.sha.clone()? }),
        Reach::NotProven { why } => Some(Told::NotProven { why: why.clone() }),
    }
}

fn version(look_up: &LookUp) -> Option<Told> {
    let claims = look_up.action.comment.clone().unwrap_or_default();
    match &look_up.claim {
        Claim::None | Claim::Holds => None,
        Claim::Differs { sha } => Some(Told::OtherVersion { claims, is: sha.as_str().into() }),
        Claim::NotProven { why } => {
            let said = [b"the version in the comment: ", why.as_bytes()].concat();
            Some(Told::NotProven { why: Text::new(said) })
        }
    }
}

fn lock(look_up: &LookUp) -> Option<Told> {
    let (locked, now) = (look_up.action.lock.clone()?, look_up.now.clone()?);
    (locked != now).then_some(Told::LockMismatch { locked, now })
}

fn ledger(look_up: &LookUp) -> Vec<Told> {
    let (Some(known), Some(sha)) = (&look_up.known, &look_up.action.sha) else { return Vec::new() };
    let moved = known.moved.as_ref().map(|was| Told::Moved { from: was.sha.clone(), to: sha.clone() });
    let news = match (known.action, known.approved) {
        (false, _) => Some(Told::FirstSeen),
        (true, 0) => Some(Told::NeverApproved { sha: sha.clone() }),
        _ => None,
    };
    moved.into_iter().chain(news).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::Action;
    use crate::domain::lookup::{Known, Moved};
    use crate::domain::time::Ms;

    fn look_up(change: impl FnOnce(&mut LookUp)) -> Vec<Told> {
        let mut action = Action::new(ActionKind::Action, "a/b", "v1", "w.yml:3");
        action.sha = Some("aa".into());
        action.comment = Some("v2".into());
        let known = Some(Known { action: true, approved: 1, ..Known::default() });
        let reach = Some(Reach::Proven { on: "refs/tags/v1".into() });
        let mut one = LookUp { known, reach, ..LookUp::begun(action) };
        change(&mut one);
        of_look_ups(&LookUps { list: vec![one], ledger: None, done: true }).into_iter().map(|f| f.told).collect()
    }

    #[test]
    fn what_is_proven_and_known_gives_nothing() {
        assert_eq!(look_up(|_| {}), []);
    }

    #[test]
    fn each_doubt_is_a_fact_of_its_own() {
        let not_proven = |why: &str| vec![Told::NotProven { why: why.into() }];
        assert_eq!(look_up(|l| l.unresolved = Some("offline".into())), not_proven("offline"));
        assert_eq!(look_up(|l| l.reach = Some(Reach::NotProven { why: "HTTP 429".into() })), not_proven("HTTP 429"));
        assert_eq!(look_up(|l| l.unread = Some("HTTP 403".into())), not_proven("HTTP 403"));
        assert_eq!(
            look_up(|l| l.claim = Claim::NotProven { why: "no tag".into() }),
            not_proven("the version in the comment: no tag")
        );
        assert_eq!(look_up(|l| l.reach = Some(Reach::Impostor)), [Told::Impostor { sha: "aa".into() }]);
        let sha: crate::domain::ids::CommitSha = "b".repeat(40).parse().unwrap();
        let other = Told::OtherVersion { claims: "v2".into(), is: sha.as_str().into() };
        assert_eq!(look_up(|l| l.claim = Claim::Differs { sha }), [other]);
        let lock = |l: &mut LookUp| (l.action.lock, l.now) = (Some("aa".into()), Some("cc".into()));
        assert_eq!(look_up(lock), [Told::LockMismatch { locked: "aa".into(), now: "cc".into() }]);
    }

    #[test]
    fn the_ledger_tells_moves_and_what_nobody_approved() {
        let known = |known: Known| look_up(|l| l.known = Some(known));
        assert_eq!(known(Known::default()), [Told::FirstSeen]);
        assert_eq!(known(Known { action: true, ..Known::default() }), [Told::NeverApproved { sha: "aa".into() }]);
        let moved = Some(Moved { sha: "00".into(), at: Ms(1) });
        let told = known(Known { action: true, approved: 2, moved, ..Known::default() });
        assert_eq!(told, [Told::Moved { from: "00".into(), to: "aa".into() }]);
    }
}
