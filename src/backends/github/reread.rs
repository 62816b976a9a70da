//! One request as it stands now: the run, its gates and its answers in one round trip. The answers are read with the
//! rest because only they tell the wave that was shown from a later one of the same run and environment.

use std::sync::Arc;

use futures_util::join;

use super::details::{blob, name_of, of_node, pending, reviews};
use super::gates::{Gate, Review, wave};
use super::graphql::{self, Answer};
use super::name::{Ident, Part};
use super::refusal::limited;
use super::wire::Run;
use super::{Inner, Made};
use crate::backends::port::{Fault, Trouble};
use crate::domain::ids::RequestKey;
use crate::domain::request::{Request, State};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::clock;

/// A run with what it waits at.
pub(super) struct Now {
    pub(super) run: Arc<Run>,
    pub(super) gates: Vec<Gate>,
    pub(super) reviews: Vec<Review>,
}

/// Reads one request.
pub(super) async fn request(gh: &Inner, key: &RequestKey) -> Result<Request, Fault> {
    let id = Ident::of(key)?;
    let now = run(gh, &id).await?;
    if now.run.repository.id != id.repo {
        return Err(Fault::new(
            Trouble::NotFound,
            "the run belongs to another repository now",
            "look at the list again",
        ));
    }
    blob(gh, &name_of(&now.run)?, &now.run).await?;
    let state = state(&now, &id, key.attempt);
    let environment = now.environment(id.part, gh, key);
    let mut known = gh.known();
    let gate = now.gate(id.part).filter(|_| state == State::Pending);
    let made =
        Made { run: &now.run, part: id.part, gate, environment, reviews: &now.reviews, state, attempt: key.attempt };
    let made = gh.made(&mut known, made, clock::now().wall);
    made.ok_or_else(|| Fault::new(Trouble::Protocol, "the run's ids do not make a key", "report it"))
}

/// The run with its gates and answers, as of one round trip.
pub(super) async fn run(gh: &Inner, id: &Ident) -> Result<Now, Fault> {
    if let Some(wait) = gh.used_up() {
        return over_graphql(gh, id, wait).await;
    }
    // A repository that is not known by name yet is reached by its id, as GitHub's own redirects do.
    let at = gh.known().names.get(&id.repo).map_or(format!("/repositories/{}", id.repo), |name| name.path(""));
    let path = format!("{at}/actions/runs/{}", id.run);
    let (run, gates, reviews) = match id.part {
        Part::Environment { .. } => {
            let (run, gates, answers) =
                join!(gh.api.read::<Run>(&path), pending(gh, &at, id.run), reviews(gh, &at, id.run));
            (run?, gates?, answers?)
        }
        Part::Fork => (gh.api.read::<Run>(&path).await?, Vec::new(), Vec::new()),
    };
    let run = Arc::new(run);
    let mut known = gh.known();
    known.names.insert(run.repository.id, name_of(&run)?);
    let gates = gates.into_iter().map(|gate| with_details(&known, id.run, gate)).collect();
    known.remember(&run);
    Ok(Now { run, gates, reviews })
}

/// REST does not tell what only the list's details know; they are as old as that.
fn with_details(known: &super::known::Known, run: u64, gate: Gate) -> Gate {
    let old = known.details.get(&run).and_then(|d| d.gates.iter().find(|g| g.id == gate.id));
    match old {
        Some(old) => Gate {
            no_self: old.no_self,
            live: old.live.clone(),
            branch_policy: old.branch_policy,
            reviewers: if gate.reviewers.len() == old.reviewers.len() { old.reviewers.clone() } else { gate.reviewers },
            ..gate
        },
        None => gate,
    }
}

/// With REST used up, GraphQL's own budget serves, as long as the run is the very one that REST told. Of a run that
/// moved it can only be told how the wave that was shown was answered: nothing can be decided about it any more.
async fn over_graphql(gh: &Inner, id: &Ident, wait: crate::domain::time::Span) -> Result<Now, Fault> {
    let used_up = || limited(wait, "the calls of this hour are used up");
    let run = gh.known().run(id.run).ok_or_else(used_up)?;
    let (query, variables) = graphql::details(&[run.node_id.as_str()], &[]);
    let answer: Answer = gh.api.graphql(&query, variables).await?;
    let node = answer.nodes.into_iter().flatten().next().ok_or_else(used_up)?;
    let Part::Environment { id: environment, wave: shown } = id.part else { return Err(used_up()) };
    let (whole, moved) = (node.is_whole(), node.updated_at != run.updated_at);
    let details = of_node(&run, node, clock::now().wall);
    let answered = wave(&details.reviews, environment) > shown;
    if !whole || (moved && !answered) {
        return Err(used_up());
    }
    Ok(Now { run, gates: details.gates, reviews: details.reviews })
}

impl Now {
    pub(super) fn gate(&self, part: Part) -> Option<&Gate> {
        match part {
            Part::Environment { id, .. } => self.gates.iter().find(|gate| gate.id == id),
            Part::Fork => None,
        }
    }

    /// The name of the environment: of the gate, of an answer, or as it was shown.
    fn environment(&self, part: Part, gh: &Inner, key: &RequestKey) -> Text {
        let Part::Environment { id, .. } = part else { return Text::default() };
        let answered =
            || self.reviews.iter().flat_map(|r| &r.environments).find(|(e, _)| *e == id).map(|(_, n)| n.clone());
        let shown = || gh.known().shown.get(key).map(|r| r.core.environment.value.clone());
        self.gate(part).map(|gate| gate.name.clone()).or_else(answered).or_else(shown).unwrap_or_default()
    }
}

/// Where a request stands, by what GitHub tells of its run.
pub(super) fn state(now: &Now, id: &Ident, attempt: u32) -> State {
    if now.run.attempt() != attempt {
        return State::Gone;
    }
    let Part::Environment { id: environment, wave: shown } = id.part else { return fork(&now.run) };
    let had = wave(&now.reviews, environment);
    if had > shown {
        let about = || now.reviews.iter().filter(|r| r.covers(environment));
        // A rejection fails the job: nothing that was approved before runs on.
        return if about().any(|r| !r.approved) { State::Rejected } else { State::Approved };
    }
    if had < shown {
        return State::Unknown("GitHub tells fewer answers than before".into());
    }
    if now.gate(id.part).is_some() { State::Pending } else { unanswered(&now.run) }
}

fn fork(run: &Run) -> State {
    if run.awaits_fork_approval() { State::Pending } else { ended(run).unwrap_or(State::Approved) }
}

/// A gate that is gone without an answer.
fn unanswered(run: &Run) -> State {
    ended(run).unwrap_or_else(|| {
        State::Unknown("no longer waits, and GitHub names no answer: an administrator may have bypassed it".into())
    })
}

fn ended(run: &Run) -> Option<State> {
    match run.conclusion.as_ref()?.as_str()? {
        "cancelled" | "skipped" | "stale" => Some(State::Cancelled),
        "timed_out" => Some(State::TimedOut),
        _ => None,
    }
}

/// In words why a run that was sent to is not as it should be.
pub(super) fn still_waits(environment: &Text) -> SafeText {
    safe!("GitHub took it, and {} still waits", environment.ident())
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    fn id(wave: u32) -> Ident {
        Ident { repo: 1, run: 8841, part: Part::Environment { id: 9, wave } }
    }

    fn answer(approved: bool) -> Review {
        Review { approved, comment: Text::default(), by: None, environments: vec![(9, "production".into())] }
    }

    fn now(waits: bool, reviews: Vec<Review>, conclusion: Option<&str>) -> Now {
        let mut run = testing::run(8841);
        run.conclusion = conclusion.map(Text::from);
        let gates = waits.then(|| testing::gate("production")).into_iter().collect();
        Now { run: Arc::new(run), gates, reviews }
    }

    #[test]
    fn a_later_wave_is_another_request() {
        let (yes, no) = (|| answer(true), || answer(false));
        for (now, wave, expected) in [
            (now(true, vec![], None), 0, State::Pending),
            (now(true, vec![yes()], None), 0, State::Approved),
            (now(true, vec![yes()], None), 1, State::Pending),
            (now(false, vec![yes(), yes()], None), 1, State::Approved),
            (now(false, vec![no()], Some("failure")), 0, State::Rejected),
            (now(false, vec![], Some("cancelled")), 0, State::Cancelled),
        ] {
            assert_eq!(state(&now, &id(wave), 1), expected);
        }
    }

    #[test]
    fn what_nobody_answered_is_unknown_never_approved() {
        for now in [now(false, vec![], None), now(false, vec![], Some("success"))] {
            assert!(matches!(state(&now, &id(0), 1), State::Unknown(_)));
        }
        assert!(matches!(state(&now(true, vec![], None), &id(2), 1), State::Unknown(_)));
    }

    #[test]
    fn an_attempt_that_was_run_again_is_gone() {
        assert_eq!(state(&now(true, vec![], None), &id(0), 2), State::Gone);
    }
}
