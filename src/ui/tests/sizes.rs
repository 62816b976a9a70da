//! No size breaks the drawing.

use proptest::prelude::*;

use super::at;
use crate::app::testing::Stage;

const STORIES: &[&str] =
    &["", "enter", "enter 2", "enter 3", "a", "r", "B", "R", "L", "?", ":", "/", "a ctrl-o", "M a", "o"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn every_screen_draws_at_every_size(
        width in 0u16..=300, height in 0u16..=100, story in 0..STORIES.len(), sides in any::<bool>(),
    ) {
        let mut stage = Stage::busy();
        let asked = stage.press(STORIES[story]);
        if story == 2 {
            stage.evidence_comes(&asked);
            stage.press(if sides { "= _" } else { "w" });
        }
        at(&mut stage, (width, height));
    }
}
