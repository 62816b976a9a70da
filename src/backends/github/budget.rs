//! GitHub's limits as its answers tell them, and what polling may still spend. A reserve is kept for decisions. Pure.

use std::collections::VecDeque;

use crate::domain::text::SafeText;
use crate::domain::time::{Ms, Span};
use crate::safe;

/// Calls that polling leaves for decisions.
const RESERVE: u32 = 300;
/// And this share of the limit, whichever is more.
const RESERVE_SHARE: u32 = 10;
/// Polling spends at most this share of an hour's calls.
const POLLING_SHARE: u32 = 3;
/// Where a secondary limit names no time.
const UNNAMED_WAIT: Span = Span::secs(60);
/// A secondary limit is obeyed up to here.
const LONGEST_WAIT: Span = Span::mins(15);
/// Resets that lie closer together are one: they are counted by two clocks.
const SAME_RESET: Span = Span::secs(30);
/// The secondary limit is 900 points a minute; polling keeps below.
const POINTS_A_MINUTE: u32 = 700;

/// One of the two budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) reset: Ms,
}

impl Budget {
    /// A budget that was reset since is not known to be anything.
    fn at(self, now: Ms) -> Option<Self> {
        (now < self.reset).then_some(self)
    }

    fn reserve(self) -> u32 {
        RESERVE.min(self.limit / 2).max(self.limit / RESERVE_SHARE)
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Rest,
    GraphQl,
}

/// Both budgets, what polling spent, and how long we were told to be quiet.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    rest: Option<Budget>,
    graphql: Option<Budget>,
    quiet_until: Option<Ms>,
    refusals: u32,
    spent: VecDeque<(Ms, u32)>,
}

impl Budgets {
    /// What an answer told.
    pub(super) fn told(&mut self, which: Which, budget: Budget) {
        let known = match which {
            Which::Rest => &mut self.rest,
            Which::GraphQl => &mut self.graphql,
        };
        // Answers overtake each other: within one hour of calls the lowest figure is the newest.
        let same = |old: &Budget| old.reset.since(budget.reset).max(budget.reset.since(old.reset)) < SAME_RESET;
        let lowest = known.filter(same).map_or(budget.remaining, |old| old.remaining.min(budget.remaining));
        *known = Some(Budget { remaining: lowest, ..budget });
    }

    /// A whole answer: the secondary limit has forgiven.
    pub(super) fn answered(&mut self) {
        self.refusals = 0;
    }

    /// A secondary limit: how long to be quiet, growing where it names no time.
    pub(super) fn refused(&mut self, now: Ms, named: Option<Span>) -> Span {
        let grown = Span::secs(UNNAMED_WAIT.as_secs().saturating_mul(1 << self.refusals.min(4)));
        self.refusals = self.refusals.saturating_add(1);
        let wait = named.unwrap_or(grown).min(LONGEST_WAIT).max(Span::secs(1));
        self.quiet_until = Some(now + wait);
        wait
    }

    /// How long nothing at all may be sent.
    pub(super) fn quiet(&self, now: Ms) -> Option<Span> {
        self.quiet_until.filter(|until| now < *until).map(|until| Span::secs(until.since(now).as_secs() + 1))
    }

    /// How long until the calls of this budget are back; absent = there are some.
    pub(super) fn exhausted(&self, which: Which, now: Ms) -> Option<Span> {
        self.now(which, now).filter(|b| b.remaining == 0).map(|b| Span::secs(b.reset.since(now).as_secs() + 1))
    }

    /// How long polling must pause, and how many calls are left: what is left is kept for decisions.
    pub(super) fn reserved(&self, now: Ms) -> Option<(Span, u32)> {
        let budget = self.now(Which::Rest, now).filter(|b| b.remaining <= b.reserve())?;
        Some((Span::secs(budget.reset.since(now).as_secs() + 1), budget.remaining))
    }

    /// Whether GraphQL still has calls beyond its reserve.
    pub(super) fn graphql_to_spare(&self, now: Ms) -> bool {
        self.now(Which::GraphQl, now).is_none_or(|b| b.remaining > b.reserve())
    }

    /// When the budgets are back, for whoever waits.
    fn now(&self, which: Which, now: Ms) -> Option<Budget> {
        match which {
            Which::Rest => self.rest?.at(now),
            Which::GraphQl => self.graphql?.at(now),
        }
    }

    /// Notes what a poll spent: calls that were not free.
    pub(super) fn spent(&mut self, now: Ms, calls: u32) {
        self.spent.push_back((now, calls));
        self.forget(now);
    }

    fn forget(&mut self, now: Ms) {
        while self.spent.front().is_some_and(|(at, _)| now.since(*at) >= Span::hours(1)) {
            self.spent.pop_front();
        }
    }

    /// Until the next poll: as often as `wanted`, as far as a third of the hour's calls and the secondary limit go.
    /// `likely` = calls of the next poll that are not free, `all` = its calls in all.
    pub(super) fn interval(&mut self, now: Ms, wanted: Span, likely: u32, all: u32) -> Span {
        self.forget(now);
        let by_points = Span::secs(all.saturating_mul(60) / POINTS_A_MINUTE);
        let Some(limit) = self.rest.map(|b| b.limit).filter(|limit| *limit > 0) else { return wanted.max(by_points) };
        let spent: u32 = self.spent.iter().map(|(_, n)| *n).sum();
        let left = (limit / POLLING_SHARE).saturating_sub(spent);
        let polls = (left / likely.max(1)).max(1);
        wanted.max(by_points).max(Span::secs(3600 / polls))
    }

    /// `REST 4873/5000 GraphQL 4990/5000`.
    pub(super) fn words(&self, now: Ms) -> SafeText {
        let one =
            |name: &'static str, which| self.now(which, now).map(|b| safe!("{} {}/{}", name, b.remaining, b.limit));
        let both: Vec<SafeText> =
            [one("REST", Which::Rest), one("GraphQL", Which::GraphQl)].into_iter().flatten().collect();
        SafeText::join(&both, " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ms = Ms(1_000_000_000);

    fn with(remaining: u32) -> Budgets {
        let mut budgets = Budgets::default();
        budgets.told(Which::Rest, Budget { limit: 5000, remaining, reset: NOW + Span::mins(20) });
        budgets
    }

    #[test]
    fn polling_stops_before_decisions_have_to() {
        for (remaining, stops) in [(5000, false), (501, false), (500, true), (0, true)] {
            assert_eq!(with(remaining).reserved(NOW).is_some(), stops, "{remaining}");
        }
        assert_eq!(with(500).reserved(NOW + Span::mins(20)), None);
        let mut small = Budgets::default();
        small.told(Which::Rest, Budget { limit: 60, remaining: 31, reset: NOW + Span::mins(1) });
        assert_eq!(small.reserved(NOW), None);
        assert_eq!(Budgets::default().reserved(NOW), None);
    }

    #[test]
    fn a_budget_is_exhausted_until_its_reset() {
        assert_eq!(with(1).exhausted(Which::Rest, NOW), None);
        assert_eq!(with(0).exhausted(Which::Rest, NOW), Some(Span::secs(1201)));
        assert_eq!(with(0).exhausted(Which::Rest, NOW + Span::mins(21)), None);
        assert_eq!(with(0).exhausted(Which::GraphQl, NOW), None);
    }

    #[test]
    fn an_unnamed_refusal_is_waited_for_longer_each_time() {
        let mut budgets = Budgets::default();
        assert_eq!(budgets.refused(NOW, None), Span::secs(60));
        assert_eq!(budgets.refused(NOW, None), Span::secs(120));
        assert_eq!(budgets.refused(NOW, Some(Span::secs(7))), Span::secs(7));
        assert_eq!(budgets.refused(NOW, Some(Span::hours(9))), Span::mins(15));
        assert!(budgets.quiet(NOW + Span::mins(14)).is_some() && budgets.quiet(NOW + Span::mins(16)).is_none());
        budgets.answered();
        assert_eq!(budgets.refused(NOW, None), Span::secs(60));
    }

    #[test]
    fn what_is_not_free_is_spread_over_the_hour() {
        let wanted = Span::secs(30);
        let mut budgets = with(5000);
        assert_eq!(budgets.interval(NOW, wanted, 2, 400), Span::secs(34));
        assert_eq!(budgets.interval(NOW, wanted, 200, 200), Span::secs(450));
        budgets.spent(NOW, 1600);
        assert_eq!(budgets.interval(NOW, wanted, 10, 200), Span::secs(600));
        assert_eq!(budgets.interval(NOW + Span::hours(1), wanted, 10, 200), wanted);
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_nothing_back() {
        let mut budgets = with(500);
        let reset = NOW + Span::mins(20);
        budgets.told(Which::Rest, Budget { limit: 5000, remaining: 501, reset: reset + Span::secs(1) });
        assert_eq!(budgets.words(NOW).as_str(), "REST 500/5000");
        budgets.told(Which::Rest, Budget { limit: 5000, remaining: 4999, reset: reset + Span::hours(1) });
        assert_eq!(budgets.words(NOW).as_str(), "REST 4999/5000");
    }

    #[test]
    fn both_budgets_are_said() {
        let mut budgets = with(4873);
        assert_eq!(budgets.words(NOW).as_str(), "REST 4873/5000");
        budgets.told(Which::GraphQl, Budget { limit: 5000, remaining: 4990, reset: NOW + Span::mins(1) });
        assert_eq!(budgets.words(NOW).as_str(), "REST 4873/5000 GraphQL 4990/5000");
        assert_eq!(budgets.words(NOW + Span::mins(2)).as_str(), "REST 4873/5000");
    }
}
