//! The head of a file in a diff: every line between `diff --git` and the first hunk, from a table.

use super::names;
use super::{File, Mode, Status};
use crate::domain::text::Text;

/// A file whose end has not come.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub file: File,
    /// The line that it begins at, from 1.
    pub line: u64,
    /// How its first line gives its names.
    pub form: Form,
    /// What stands behind `diff --git `.
    pub names: Vec<u8>,
    old: Option<Text>,
    new: Option<Text>,
    /// Both contents are the same or there is none: no hunk is to be expected.
    no_body: bool,
    /// In a `GIT binary patch`.
    patch: bool,
}

/// How the first line of a file gives its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// `diff --git a/OLD b/NEW`.
    #[default]
    Git,
    /// `diff --cc NAME`: a merge against each of its parents.
    Merge,
    /// `--- OLD` and `+++ NEW` without any line above: as `diff -u` writes it.
    Plain,
    /// There is none: lines of no file.
    Stray,
}

/// What a line of a file's head does; whether it was understood.
type Header = fn(&mut Draft, &[u8]) -> bool;

/// Every line that git writes between `diff --git` and the first hunk.
const HEADERS: &[(&[u8], Header)] = &[
    (b"old mode ", |d, rest| put(&mut d.file.old_mode, mode(rest)) && d.without_body()),
    (b"mode ", Draft::merged_mode),
    (b"new mode ", |d, rest| put(&mut d.file.new_mode, mode(rest))),
    (b"new file mode ", |d, rest| put(&mut d.file.new_mode, mode(rest)) && d.becomes(Status::Added)),
    (b"deleted file mode ", |d, rest| put(&mut d.file.old_mode, mode(rest)) && d.becomes(Status::Deleted)),
    (b"rename from ", |d, rest| put(&mut d.old, names::whole(rest)) && d.becomes(Status::Renamed)),
    (b"rename to ", |d, rest| put(&mut d.new, names::whole(rest))),
    (b"copy from ", |d, rest| put(&mut d.old, names::whole(rest)) && d.becomes(Status::Copied)),
    (b"copy to ", |d, rest| put(&mut d.new, names::whole(rest))),
    (b"similarity index ", |_, _| true),
    (b"dissimilarity index ", |_, _| true),
    (b"index ", Draft::index),
    (b"--- ", |d, rest| d.side(rest, b"a/")),
    (b"+++ ", |d, rest| d.side(rest, b"b/")),
    (b"Binary files ", |d, _| d.is_binary(false)),
    (b"GIT binary patch", |d, _| d.is_binary(true)),
];

fn put<T: PartialEq>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let fits = value.is_some() && (slot.is_none() || *slot == value);
    if fits {
        *slot = value;
    }
    fits
}

/// The first mode of a list of them.
fn mode(digits: &[u8]) -> Option<Mode> {
    let digits = digits.split(|b| *b == b',').next()?;
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.len() == 6 && !d.starts_with('+'))?;
    u32::from_str_radix(digits, 8).ok().map(Mode)
}

impl Draft {
    /// A file by what its first line gives.
    pub fn new(form: Form, names: &[u8]) -> Self {
        Self { form, names: names.to_vec(), ..Self::default() }
    }

    /// Takes a line of the head. Whether it was understood.
    pub fn header(&mut self, text: &[u8]) -> bool {
        if self.patch {
            return is_patch_line(text);
        }
        if self.file.parts > 0 || self.file.binary {
            return false;
        }
        // Most rows of the table are told apart by one byte.
        let mut fitting = HEADERS.iter().filter(|(start, _)| start.first() == text.first());
        fitting.any(|(start, header)| text.strip_prefix(*start).is_some_and(|rest| header(self, rest)))
    }

    fn becomes(&mut self, status: Status) -> bool {
        self.file.status = status;
        self.without_body()
    }

    fn without_body(&mut self) -> bool {
        self.no_body = true;
        true
    }

    /// `index OLD..NEW[ MODE]`: contents that differ want a body, unless one of them is empty.
    fn index(&mut self, rest: &[u8]) -> bool {
        let mut words = rest.split(|b| *b == b' ');
        let ids = words.next().unwrap_or_default();
        if self.form == Form::Merge {
            let parents = ids.iter().filter(|b| **b == b',').count() + 1;
            self.file.parents = u8::try_from(parents).unwrap_or(u8::MAX);
            return parents > 1 && words.next().is_none();
        }
        let here_or_gone = matches!(self.file.status, Status::Added | Status::Deleted);
        self.no_body = here_or_gone && contains_empty_blob(ids);
        match words.next() {
            None => true,
            Some(digits) => put(&mut self.file.old_mode, mode(digits)) && put(&mut self.file.new_mode, mode(digits)),
        }
    }

    /// `MODE,MODE..MODE`: those of the parents and of the merge.
    fn merged_mode(&mut self, rest: &[u8]) -> bool {
        let Some(dots) = rest.windows(2).position(|w| w == b"..").filter(|_| self.form == Form::Merge) else {
            return false;
        };
        let now = rest.get(dots + 2..).and_then(mode);
        put(&mut self.file.old_mode, mode(rest.get(..dots).unwrap_or_default()))
            && put(&mut self.file.new_mode, now)
            && self.without_body()
    }

    fn side(&mut self, rest: &[u8], side: &[u8]) -> bool {
        let Some(name) = names::whole(rest) else { return false };
        let slot = if side == b"a/" { &mut self.old } else { &mut self.new };
        let absent = if side == b"a/" { Status::Added } else { Status::Deleted };
        if name == *"/dev/null" {
            // The other side has the name; until it comes, the line above has it.
            let same = same(self.form, &self.names);
            return self.file.status == absent && put(slot, same);
        }
        put(slot, names::without_side(&name, side))
    }

    fn is_binary(&mut self, patch: bool) -> bool {
        self.patch = patch;
        self.file.binary = true;
        true
    }

    /// Whether hunks may follow.
    pub fn is_ready(&self) -> bool {
        self.old.is_some() && self.new.is_some() && !self.file.binary
    }

    /// Begins a file as `diff -u` writes it, by its line `--- NAME`, a tab and a time.
    pub fn plain_old(rest: &[u8]) -> Option<Self> {
        let mut draft = Self { form: Form::Plain, ..Self::default() };
        draft.old = Some(plain_name(rest, b"a/")?);
        Some(draft)
    }

    /// Takes the line `+++ NAME` that must follow.
    pub fn plain_new(&mut self, rest: &[u8]) -> bool {
        let new = plain_name(rest, b"b/");
        let absent = |name: Option<&Text>| name.is_some_and(|n| *n == *"/dev/null");
        match (absent(self.old.as_ref()), absent(new.as_ref())) {
            (true, false) => (self.file.status, self.old) = (Status::Added, new.clone()),
            (false, true) => {
                self.file.status = Status::Deleted;
                self.new = self.old.clone();
                return true;
            }
            _ => {}
        }
        put(&mut self.new, new)
    }

    /// Settles the names; what is wrong with the file as a whole.
    pub fn finish(&mut self) -> Option<&'static str> {
        if self.form == Form::Stray {
            return None;
        }
        let same = || same(self.form, &self.names);
        let (Some(old), Some(new)) = (self.old.take().or_else(same), self.new.take().or_else(same)) else {
            self.file.new = Text::new(std::mem::take(&mut self.names));
            return self.fault("its name is not clear");
        };
        let agree = match self.form {
            Form::Git => names::says(&self.names, &old, &new),
            Form::Merge => names::whole(&self.names).as_ref() == Some(&new),
            Form::Plain | Form::Stray => true,
        };
        self.file.before = (old != new).then(|| Box::new(old));
        self.file.new = new;
        let empty = self.file.parts == 0 && !self.file.binary && !self.no_body;
        match (agree, empty, self.file.broken) {
            (false, _, _) => self.fault("two names for one file"),
            (_, true, false) => self.fault("its changes are missing"),
            _ => None,
        }
    }

    fn fault(&mut self, what: &'static str) -> Option<&'static str> {
        self.file.broken = true;
        Some(what)
    }
}

/// The blob without content, in SHA-1 and SHA-256, as far as an abbreviated id goes.
fn contains_empty_blob(ids: &[u8]) -> bool {
    let empty: [&[u8]; 2] = [b"e69de29", b"473a0f4"];
    ids.split(|b| *b == b'.').any(|id| empty.iter().any(|blob| id.starts_with(blob)))
}

/// `literal 12`, `delta 12`, a line of base 85 (which has no blank in it), or the empty line behind them.
fn is_patch_line(text: &[u8]) -> bool {
    let sized = [&b"literal "[..], b"delta "].iter().find_map(|word| text.strip_prefix(*word));
    sized.unwrap_or(text).iter().all(u8::is_ascii_graphic)
}

/// The name that the first line gives for both sides.
fn same(form: Form, names: &[u8]) -> Option<Text> {
    match form {
        Form::Git => names::same_on_both_sides(names),
        Form::Merge => names::whole(names),
        Form::Plain | Form::Stray => None,
    }
}

/// A name of `diff -u`: up to a tab, with or without a side.
fn plain_name(rest: &[u8], side: &[u8]) -> Option<Text> {
    let name = rest.split(|b| *b == b'\t').next().filter(|name| !name.is_empty())?;
    let name = names::whole(name)?;
    Some(names::without_side(&name, side).unwrap_or(name))
}
