//! Steps of the wall clock: put on record, and after one backwards nothing is granted until the clock has passed
//! the moment again from which it was set back, or whoever runs the broker says that it is right now.

use crate::api::Problem;
use crate::domain::record::{Entry, Event};
use crate::domain::time::Ms;
use crate::safe;
use crate::sys::clock::Now;

use super::super::problem::degraded;
use super::Answer;
use super::draft::Draft;
use super::state::{Change, Clock};

/// More than this is a step, less is a clock that is being kept right.
const STEP_MS: i64 = 5_000;

/// What a new reading of the clocks means: the mark to set or to lift, and the record of a step.
pub fn observe(clock: &Clock, now: Now) -> (Option<Change>, Option<Entry>) {
    if clock.mark.is_some_and(|mark| now.wall >= mark) {
        return (Some(Change::Mark(None)), None);
    }
    let Some(by_ms) = step(clock.last, now) else { return (None, None) };
    let entry = Entry { at: now.wall, by: None, request: None, event: Event::ClockStep { by_ms } };
    let before = clock.mark.unwrap_or(clock.last.wall).max(clock.last.wall);
    ((by_ms < 0).then_some(Change::Mark(Some(before))), Some(entry))
}

fn step(last: Now, now: Now) -> Option<i64> {
    if last == Now::default() {
        return None;
    }
    let went = now.boot.0.saturating_sub(last.boot.0).max(0);
    let by = now.wall.0.saturating_sub(last.wall.0).saturating_sub(went);
    (by.saturating_abs() > STEP_MS).then_some(by)
}

/// Refuses while the wall clock lies before the mark.
pub(super) fn may_grant(draft: &Draft<'_>) -> Result<(), Problem> {
    match draft.state.clock.mark {
        Some(mark) if draft.now.wall < mark => Err(degraded(safe!(
            "the clock was set back: nothing is granted until it has passed {} again, or the broker is started with --accept-clock",
            mark.iso()
        ))),
        _ => Ok(()),
    }
}

pub(super) fn accept(draft: &mut Draft<'_>) -> Result<Answer, Problem> {
    draft.push(Change::Mark(None));
    Ok(Answer::Done)
}

/// The wall clock for expiries of credentials: a clock that was set back brings nothing back to life.
pub fn no_earlier(clock: &Clock, wall: Ms) -> Ms {
    clock.mark.map_or(wall, |mark| mark.max(wall))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: i64, boot: i64) -> Now {
        Now { wall: Ms(wall), boot: Ms(boot) }
    }

    #[test]
    fn only_a_jump_is_a_step() {
        let last = at(1_000_000, 50_000);
        for (now, expected) in [
            (at(1_060_000, 110_000), None),
            (at(1_064_000, 110_000), None),
            (at(4_600_000, 110_000), Some(3_540_000)),
            (at(100_000, 110_000), Some(-960_000)),
        ] {
            assert_eq!(step(last, now), expected);
        }
        assert_eq!(step(Now::default(), last), None, "the first reading steps from nothing");
    }

    #[test]
    fn a_step_back_sets_the_mark_and_passing_it_lifts_it() {
        let clock = Clock { last: at(1_000_000, 50_000), mark: None };
        let (change, entry) = observe(&clock, at(400_000, 50_000));
        assert!(matches!(change, Some(Change::Mark(Some(Ms(1_000_000))))));
        assert!(matches!(entry.unwrap().event, Event::ClockStep { by_ms: -600_000 }));
        let stepped = Clock { last: at(400_000, 50_000), mark: Some(Ms(1_000_000)) };
        assert!(observe(&stepped, at(500_000, 150_000)).0.is_none());
        assert!(matches!(observe(&stepped, at(1_000_001, 650_001)).0, Some(Change::Mark(None))));
    }

    #[test]
    fn a_step_forward_is_recorded_and_refuses_nothing() {
        let clock = Clock { last: at(1_000_000, 50_000), mark: None };
        let (change, entry) = observe(&clock, at(9_000_000, 50_000));
        assert!(change.is_none() && entry.is_some());
    }
}
