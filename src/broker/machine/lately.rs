//! What was asked a short while ago: whether the same was refused, and how often one requester asks.

use std::collections::{HashMap, VecDeque};

use crate::domain::request::{Core, State};
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::findings::Asked;
use crate::safe;

use super::held::Held;

/// How long a refusal speaks against asking again.
const REFUSED: Span = Span::hours(1);
/// Within this time requests count together.
const BURST: Span = Span::mins(10);
/// Requests of one requester that are remembered: as many as a burst needs.
const REMEMBERED: usize = 16;

/// Kept beside the requests, and made anew from them at a start.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately {
    refused: HashMap<Same, (Ms, &'static str)>,
    asked: HashMap<Text, VecDeque<Ms>>,
}

/// Repository, environment, name, requester: what makes a request the same one to a person.
type Same = (Text, Text, Text, Text);

fn same(core: &Core, credential: &Text) -> Same {
    let (repository, environment) = (core.repository.value.clone(), core.environment.value.clone());
    (repository, environment, core.name.clone(), requester(core, credential))
}

fn requester(core: &Core, credential: &Text) -> Text {
    core.requester().map_or_else(|| credential.clone(), |identity| identity.name.clone())
}

impl Lately {
    /// Takes a request in; `new` = it is no repeat of one that waits.
    pub(super) fn take(&mut self, held: &Held, new: bool) {
        let how = match held.live.state {
            State::Rejected => Some("rejected"),
            State::TimedOut => Some("timed out"),
            _ => None,
        };
        if let Some((how, at)) = how.zip(held.live.decided_at) {
            self.refused.insert(same(held.core(), &held.fixed.owner), (at, how));
        }
        if new {
            let times = self.asked.entry(requester(held.core(), &held.fixed.owner)).or_default();
            times.push_back(held.fixed.created_at);
            if times.len() > REMEMBERED {
                times.pop_front();
            }
        }
    }

    /// What a request that comes now finds.
    pub(super) fn before(&self, core: &Core, credential: &Text, now: Ms) -> Asked {
        let young = |at: Ms, span: Span| now.since(at) <= span;
        let refused = self.refused.get(&same(core, credential)).filter(|(at, _)| young(*at, REFUSED));
        let times = self.asked.get(&requester(core, credential));
        let recent = times.map_or(0, |times| times.iter().filter(|at| young(**at, BURST)).count());
        Asked {
            refused: refused.map(|(at, how)| safe!("{} at {} UTC", *how, at.clock()).into()),
            recent: u32::try_from(recent).unwrap_or(u32::MAX).saturating_add(1),
        }
    }
}
