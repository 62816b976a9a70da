//! What the console starts with: settings, random bits and the size of the terminal.

use crate::desk::news::Source;
use crate::domain::guard::OnExpiry;
use crate::domain::text::SafeText;
use crate::domain::time::Span;
use crate::keymap::Keymap;
use crate::sys::clock::Now;

/// What `State::new` needs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Both clocks at the start.
    pub now: Now,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// 256 random bits: decision ids are made from them.
    pub seed: [u8; 32],
    /// The keys in force.
    pub keymap: Keymap,
    /// Globs over environments: `prod*`. One that cannot be read makes every environment production.
    pub production: Vec<String>,
    /// At most one bell in this time, for production requests that you may decide; absent = silent.
    pub bell: Option<Span>,
    /// Nothing can be decided, revoked or extended from here.
    pub read_only: bool,
    /// Decisions are held back for a while; off, they are sent at once.
    pub hold_back: bool,
    /// What happens at the end of a grant of the guard to what it covers and still waits.
    pub on_expiry: OnExpiry,
    /// What to say at the start, such as keys that could not be taken.
    pub notices: Vec<SafeText>,
    /// Paths and hunks may be copied into the clipboard of the terminal.
    pub clipboard: bool,
    /// There is nothing but this diff: no queue, no backends.
    pub alone: Option<Alone>,
}

/// A diff without a console around it.
#[derive(Clone, Debug)]
pub struct Alone {
    /// What it is called.
    pub name: SafeText,
    /// Where it is read from.
    pub source: Source,
    /// Line numbers are shown.
    pub numbers: bool,
    /// Code has colours.
    pub colours: bool,
    /// What was and what is stand side by side.
    pub beside: bool,
    /// The list of files is shown.
    pub list: bool,
}

impl Setup {
    /// The settings of a console without any config.
    pub fn new(now: Now, size: (u16, u16), seed: [u8; 32]) -> Self {
        Self {
            now,
            size,
            seed,
            keymap: Keymap::default(),
            production: vec!["prod*".to_owned()],
            bell: Some(Span::secs(30)),
            read_only: false,
            hold_back: true,
            on_expiry: OnExpiry::Nothing,
            notices: Vec::new(),
            clipboard: false,
            alone: None,
        }
    }
}
