//! Time values: moments as Unix milliseconds, lengths as whole seconds. No clock is read here.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{SafeText, Shown};
use crate::safe;

/// A moment: Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Ms(pub i64);

impl Ms {
    /// How long from `earlier` to this moment; nothing where it lies later.
    pub fn since(self, earlier: Ms) -> Span {
        Span(u32::try_from(self.0.saturating_sub(earlier.0).max(0) / 1000).unwrap_or(u32::MAX))
    }

    /// `03:12`, UTC.
    pub fn clock(self) -> SafeText {
        let minutes = self.0.div_euclid(60_000);
        safe!("{:02}:{:02}", minutes.div_euclid(60).rem_euclid(24), minutes.rem_euclid(60))
    }

    /// `2026-11-23T03:12:07Z`; `out of range` for what no calendar holds.
    pub fn iso(self) -> SafeText {
        match jiff::Timestamp::from_second(self.0.div_euclid(1000)) {
            // jiff prints digits, `-`, `:`, `T` and `Z` only.
            Ok(t) => SafeText::from_safe_parts(format_args!("{t}")),
            Err(_) => SafeText::lit("out of range"),
        }
    }
}

impl Add<Span> for Ms {
    type Output = Ms;
    fn add(self, span: Span) -> Ms {
        Ms(self.0.saturating_add(span.as_millis()))
    }
}

impl Sub<Span> for Ms {
    type Output = Ms;
    fn sub(self, span: Span) -> Ms {
        Ms(self.0.saturating_sub(span.as_millis()))
    }
}

/// A length of time in whole seconds; in files, JSON and on screens `45m`, `1h30m`, `90s`;
/// read as days too: `2d`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Span(u32);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// So many seconds.
    pub const fn secs(n: u32) -> Self {
        Self(n)
    }

    /// So many minutes.
    pub const fn mins(n: u32) -> Self {
        Self(n.saturating_mul(60))
    }

    /// So many hours.
    pub const fn hours(n: u32) -> Self {
        Self(n.saturating_mul(3600))
    }

    /// In seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    const fn as_millis(self) -> i64 {
        self.0 as i64 * 1000
    }

    /// For timers.
    pub const fn as_duration(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0 as u64)
    }

    /// Rounded down to its largest unit, as the queue shows ages: `4m`, `2d`.
    pub fn coarse(self) -> SafeText {
        match self.0 {
            s @ 0..60 => safe!("{}s", s),
            s @ 60..3600 => safe!("{}m", s / 60),
            s @ 3600..86_400 => safe!("{}h", s / 3600),
            s => safe!("{}d", s / 86_400),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (h, m, s) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        let mut text = String::new();
        for (n, unit) in [(h, 'h'), (m, 'm'), (s, 's')] {
            if n > 0 {
                text.push_str(&format!("{n}{unit}"));
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Shown for Span {}

/// A text that is not a length of time.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", Self::WORDS)]
pub struct NotASpan;

impl NotASpan {
    /// What is wrong, and how to write it.
    pub const WORDS: &str = "not a length of time: write it like 45m, 1h30m, 90s or 2d";
}

impl FromStr for Span {
    type Err = NotASpan;
    fn from_str(s: &str) -> Result<Self, NotASpan> {
        let (days, rest) = whole_days(s.trim());
        let length: jiff::SignedDuration = match rest {
            "" if days.is_some() => jiff::SignedDuration::ZERO,
            rest => rest.parse().map_err(|_| NotASpan)?,
        };
        if length.subsec_nanos() != 0 {
            return Err(NotASpan);
        }
        let rest = u32::try_from(length.as_secs()).map_err(|_| NotASpan)?;
        let days = days.unwrap_or("0").parse::<u32>().map_err(|_| NotASpan)?.checked_mul(86_400).ok_or(NotASpan)?;
        days.checked_add(rest).map(Self).ok_or(NotASpan)
    }
}

/// Splits `2d12h` into its days and the rest. Days of 24 hours: no calendar is asked.
fn whole_days(text: &str) -> (Option<&str>, &str) {
    match text.split_once('d') {
        Some((days, rest)) if !days.is_empty() && days.bytes().all(|b| b.is_ascii_digit()) => {
            (Some(days), rest.trim_start())
        }
        _ => (None, text),
    }
}

impl TryFrom<String> for Span {
    type Error = NotASpan;
    fn try_from(s: String) -> Result<Self, NotASpan> {
        s.parse()
    }
}

impl From<Span> for String {
    fn from(s: Span) -> String {
        s.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, secs) in [
            ("45m", 2700),
            ("1h30m", 5400),
            ("90s", 90),
            ("8h", 28_800),
            ("0s", 0),
            ("2d", 172_800),
            ("1d12h", 129_600),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().as_secs(), secs, "{text}");
        }
        for bad in
            ["", "45", "-5m", "1.5s", "soon", "99999999h", "d", "-2d", "1.5d", "99999d", "4294967295d", "1d-1h", "1dx"]
        {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
        assert_eq!(Span::secs(5400).to_string(), "1h30m");
        assert_eq!(Span::secs(90).to_string().parse::<Span>().unwrap(), Span::secs(90));
    }

    #[test]
    fn moments_show_as_clock_and_date() {
        let t = Ms(1_795_417_927_000);
        assert_eq!(t.clock().as_str(), "07:12");
        assert_eq!(t.iso().as_str(), "2026-11-23T07:12:07Z");
        assert_eq!(Ms(i64::MAX).iso().as_str(), "out of range");
        assert_eq!((t + Span::mins(15)).since(t), Span::mins(15));
        assert_eq!(t.since(t + Span::mins(1)), Span::ZERO);
    }
}
