//! When to warn that time is nearly over: at 80 % and at two minutes, each once. Pure.

use crate::domain::text::SafeText;
use crate::domain::time::Span;
use crate::safe;

const LAST: Span = Span::mins(2);

/// What was said already.
pub struct Warnings {
    total: Span,
    said: [bool; 2],
}

impl Warnings {
    /// For so much time in all.
    pub fn new(total: Span) -> Self {
        Self { total, said: [false; 2] }
    }

    /// There is more time in all: warn anew.
    pub fn extend(&mut self, total: Span) {
        *self = Self::new(total);
    }

    /// What to say with so much time left.
    pub fn due(&mut self, left: Span) -> Option<SafeText> {
        let (left_secs, total) = (u64::from(left.as_secs()), u64::from(self.total.as_secs()));
        // Two minutes are no warning for what has no more in all.
        let two = left <= LAST && self.total > LAST && !self.said[1];
        let eighty = left_secs * 5 <= total && !self.said[0];
        if !two && !eighty {
            return None;
        }
        self.said = [true, self.said[1] || left <= LAST];
        Some(if two { safe!("{} left", left) } else { safe!("80 % of the time is used, {} left", left) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(total: Span, lefts: &[u32]) -> Vec<String> {
        let mut warnings = Warnings::new(total);
        lefts.iter().filter_map(|left| warnings.due(Span::secs(*left))).map(|text| text.to_string()).collect()
    }

    #[test]
    fn both_warnings_come_once() {
        let all = ["80 % of the time is used, 3m left", "2m left"];
        assert_eq!(said(Span::mins(15), &[900, 181, 180, 179, 121, 120, 119, 1]), all);
    }

    #[test]
    fn a_short_run_warns_once_and_a_suspended_one_says_what_is_left() {
        assert_eq!(said(Span::secs(100), &[99, 20, 19, 1]), ["80 % of the time is used, 20s left"]);
        assert_eq!(said(Span::mins(15), &[900, 30, 29]), ["30s left"]);
    }

    #[test]
    fn more_time_warns_anew() {
        let mut warnings = Warnings::new(Span::mins(15));
        assert!(warnings.due(Span::secs(180)).is_some());
        warnings.extend(Span::mins(30));
        assert!(warnings.due(Span::secs(1000)).is_none());
        assert!(warnings.due(Span::secs(360)).is_some());
    }
}
