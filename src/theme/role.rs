//! The roles: one table gives their names, what they stand for, and their look in the two built-in themes.

use ratatui::style::{Color, Modifier, Style};

const fn plain() -> Style {
    Style::new()
}

const fn with(modifier: Modifier) -> Style {
    Style::new().add_modifier(modifier)
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

const fn loud(color: Color) -> Style {
    fg(color).add_modifier(Modifier::BOLD)
}

const BOLD: Modifier = Modifier::BOLD;
const UNDERLINED: Modifier = Modifier::UNDERLINED;
const REVERSED: Modifier = Modifier::REVERSED;
const BOLD_UNDERLINED: Modifier = BOLD.union(UNDERLINED);
const REVERSED_UNDERLINED: Modifier = REVERSED.union(UNDERLINED);

/// Declares the roles: variant, name in theme files, meaning, look in `terminal`, look in `mono`.
macro_rules! roles {
    ($($role:ident $name:literal $doc:literal $terminal:expr, $mono:expr;)*) => {
        /// A part of the screen by its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role {
            $(#[doc = $doc] $role),*
        }

        impl Role {
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Every role, in the order of the table.
            pub const ALL: [Role; [$($name),*].len()] = [$(Role::$role),*];

            /// The name in theme files.
            pub const fn name(self) -> &'static str {
                match self { $(Role::$role => $name),* }
            }

            /// What it stands for, in one line.
            pub const fn doc(self) -> &'static str {
                match self { $(Role::$role => $doc),* }
            }

            pub(super) const fn in_terminal(self) -> Style {
                match self { $(Role::$role => $terminal),* }
            }

            pub(super) const fn in_mono(self) -> Style {
                match self { $(Role::$role => $mono),* }
            }
        }
    };
}

// No italics: screen(1) shows them reversed. No bright black: some palettes make it the background.
roles! {
    Text     "text"     "Ordinary text."                                  plain(), plain();
    Dim      "dim"      "What matters less: labels, ages, old findings."  with(Modifier::DIM), with(Modifier::DIM);
    Strong   "strong"   "What matters more: names, SHAs."                 with(BOLD), with(BOLD);
    Title    "title"    "Titles of screens, dialogs and columns."         loud(Color::Cyan), with(BOLD);
    Border   "border"   "Lines and frames."                               with(Modifier::DIM), with(Modifier::DIM);
    Selected "selected" "The row or field under the cursor."              with(REVERSED), with(REVERSED);
    Marked   "marked"   "Rows marked for a bulk decision."                loud(Color::Magenta), with(BOLD_UNDERLINED);
    Prod     "prod"     "Production."                                     loud(Color::Red), with(BOLD);
    Good     "good"     "Proven, approved, fresh."                        fg(Color::Green), plain();
    Warn     "warn"     "Worth a look: due soon, stale, unseen."          fg(Color::Yellow), with(UNDERLINED);
    Bad      "bad"      "Wrong, rejected, broken, dangerous."             loud(Color::LightRed), with(BOLD_UNDERLINED);
    Unknown  "unknown"  "Not known: a state of its own, never green."     fg(Color::Magenta).add_modifier(UNDERLINED), with(UNDERLINED);
    Key      "key"      "Keys in footer and help."                        loud(Color::Cyan), with(BOLD);
    Added    "added"    "Lines that a diff adds."                         fg(Color::Green), plain();
    Removed  "removed"  "Lines that a diff removes."                      fg(Color::Red), with(Modifier::DIM);
    Hunk     "hunk"     "Headers of files and hunks in a diff."           fg(Color::Cyan), with(BOLD);
    Changed  "changed"  "What of a line changed."                         with(REVERSED), with(REVERSED);
    Keyword  "keyword"  "Code: words of the language. Lies over a line."  with(BOLD), with(BOLD);
    Quoted   "quoted"   "Code: texts in quotes."                          fg(Color::Yellow), plain();
    Remark   "remark"   "Code: remarks."                                  with(Modifier::DIM), with(Modifier::DIM);
    Value    "value"    "Code: names that stand for a value."              fg(Color::Magenta), plain();
    Field    "field"    "Code: names of settings."                        fg(Color::Cyan), plain();
    Found    "found"    "What a search found."                            fg(Color::Yellow).add_modifier(REVERSED), with(REVERSED);
    Hidden   "hidden"   "Markers of characters that hide or reorder."     fg(Color::Magenta).add_modifier(REVERSED_UNDERLINED), with(REVERSED_UNDERLINED);
    Bar      "bar"      "The status lines at the top and the footer."     plain(), plain();
    Input    "input"    "Fields that take text."                          with(UNDERLINED), with(UNDERLINED);
    Banner   "banner"   "Warnings that stay: SAME USER, read only."       loud(Color::Yellow), with(REVERSED);
}
