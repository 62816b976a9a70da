//! The table of verbs: name, keys, where it works, what it does, when it is there. Everything that the program
//! says about its keys is printed from here.

/// Where keys mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// On every screen, outside of dialogs.
    Anywhere,
    /// Wherever a cursor moves through lines.
    Moving,
    /// The list of requests.
    Queue,
    /// One request.
    Request,
    /// What was granted.
    Grants,
    /// The audit log.
    Audit,
    /// A diff that belongs to no request.
    Diff,
    /// Any dialog.
    Dialog,
}

impl Context {
    /// The heading in help.
    pub fn title(self) -> &'static str {
        match self {
            Context::Anywhere => "everywhere",
            Context::Moving => "moving",
            Context::Queue => "queue",
            Context::Request => "request",
            Context::Grants => "grants",
            Context::Audit => "audit log",
            Context::Diff => "`jit-tui diff`",
            Context::Dialog => "dialogs",
        }
    }
}

/// When a verb is there; what is not there says why when it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Always.
    Always,
    /// A request is under the cursor.
    Request,
    /// You may decide the request under the cursor or the marked ones, and the console is not read-only.
    Decidable,
    /// The rules name a group that may break the glass.
    Breakable,
    /// The request under the cursor has a finding that counts and can be accepted.
    Finding,
    /// A break-glass waits for its review.
    Unreviewed,
    /// A live grant is under the cursor, and the console is not read-only.
    LiveGrant,
    /// A decision is held back.
    Held,
    /// A decision is held back, or waits for its turn or for the backend.
    Undoable,
    /// Outcomes wait to be acknowledged.
    Outcomes,
    /// Requests wait behind the list.
    Arrivals,
    /// A record of a request is under the cursor.
    Record,
    /// A diff is on the screen.
    Diff,
    /// A diff is on the screen, and the config lets text into the clipboard.
    Clipboard,
    /// Something is searched for in it.
    Search,
    /// There is a console around what is shown.
    Console,
}

macro_rules! verbs {
    ($($verb:ident $name:literal $keys:expr, $contexts:expr, $when:ident, $short:literal, $long:literal $(, $flag:ident)*;)*) => {
        /// Something that a person can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verb {
            $(#[doc = $long] $verb),*
        }

        /// Every verb there is.
        pub const VERBS: &[Row] = &[
            $(Row {
                verb: Verb::$verb,
                name: $name,
                keys: $keys,
                contexts: $contexts,
                when: When::$when,
                short: $short,
                long: $long,
                danger: false,
                footer: false,
                confirm: None,
            }$(.$flag())*),*
        ];
    };
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The verb.
    pub verb: Verb,
    /// Its name in config and palette.
    pub name: &'static str,
    /// Its keys unless the config says otherwise.
    pub keys: &'static [&'static str],
    /// Where it works.
    pub contexts: &'static [Context],
    /// When it is there.
    pub when: When,
    /// A word or two for the footer.
    pub short: &'static str,
    /// A sentence for help and palette.
    pub long: &'static str,
    /// It lets something run, stops something, or sends.
    pub danger: bool,
    /// It stands in the footer.
    pub footer: bool,
    /// What must be pressed in its dialog; never one of its own keys.
    pub confirm: Option<Verb>,
}

impl Row {
    const fn danger(mut self) -> Self {
        self.danger = true;
        self
    }
    const fn footer(mut self) -> Self {
        self.footer = true;
        self
    }
    const fn then_go(mut self) -> Self {
        self.confirm = Some(Verb::Go);
        self
    }
    const fn then_refuse(mut self) -> Self {
        self.confirm = Some(Verb::Refuse);
        self
    }
}

impl Verb {
    /// Its row of the table.
    pub fn row(self) -> Option<&'static Row> {
        VERBS.iter().find(|row| row.verb == self)
    }
}

use Context::{Anywhere, Audit, Dialog, Diff, Grants, Moving, Queue, Request};

// No Ctrl-A, B, H, J, K, L, S or Q: prefixes and panes of tmux and screen, backspace, flow control.
verbs! {
    Open "open" &["enter"], &[Queue, Grants, Audit], Always, "open", "Open what is under the cursor.", footer;
    Approve "approve" &["a"], &[Queue, Request], Decidable, "approve",
        "Approve the request, or the marked ones: opens the dialog, sends nothing.", danger, footer, then_go;
    Reject "reject" &["r"], &[Queue, Request], Decidable, "reject",
        "Reject the request, or the marked ones: opens the dialog, sends nothing.", danger, footer, then_refuse;
    Undo "undo" &["u"], &[Anywhere], Undoable, "undo",
        "Take the held decision back, else all that wait for their turn: nothing of them is sent.", footer;
    SendNow "send-now" &["!"], &[Anywhere], Held, "send now", "Send the held decision without waiting on.", danger, footer;
    ByHand "by-hand" &["Y"], &[Queue, Request], Request, "by hand",
        "Show the request's page and the command that decides it without this program.";
    Look "look" &["c"], &[Queue, Request], Request, "look", "Tell colleagues that you look at this request.", footer;
    Mark "mark" &["m"], &[Queue], Request, "mark", "Mark or unmark the request for a decision on several at once.", footer;
    MarkAll "mark-all" &["M"], &[Queue], Request, "mark all", "Mark every request on the list that you may decide; again: none.";
    BreakGlass "break-glass" &["B"], &[Queue, Request], Breakable, "break glass",
        "Start past votes and self check, with a reason; stays red until somebody else reviews it.", danger, then_go;
    Accept "accept" &["f"], &[Queue, Request], Finding, "accept",
        "Accept a finding for a while, with a reason: it no longer counts as new here; one that blocks still does.", then_go;
    Review "review" &["v"], &[Queue, Request], Unreviewed, "review", "Review a break-glass of somebody else.", then_go;
    Running "grants" &["R"], &[Queue, Request, Audit], Always, "running", "What runs and what may start: the grants.", footer;
    Log "audit" &["L"], &[Queue, Request, Grants], Always, "log", "The audit log.", footer;
    Find "find" &["/"], &[Queue, Audit, Grants], Always, "find",
        "Filter by words and fields: env:prod repo:acme/* sev:high can: who:bob state:pending backend:local", footer;
    Fold "fold" &["z", "right"], &[Queue], Request, "unfold", "Unfold a row of repeats, or fold it again.";
    ShowNew "show-new" &["n"], &[Queue], Arrivals, "show new", "Let the requests in that came while you were reading.", footer;
    ViewWaiting "view-waiting" &["0"], &[Queue], Always, "waiting", "List everything that waits for a decision.";
    ViewYours "view-yours" &["1"], &[Queue], Always, "yours", "List what you may decide.";
    ViewOthers "view-others" &["2"], &[Queue], Always, "others", "List what waits for other people.";
    ViewRunning "view-running" &["3"], &[Queue], Always, "running", "List what is approved and runs or may start.";
    ViewUnknown "view-unknown" &["4"], &[Queue], Always, "unknown", "List what nobody knows the state of.";
    ViewReview "view-review" &["5"], &[Queue], Always, "to review", "List break-glasses that nobody has reviewed.";
    ViewEnded "view-ended" &["6"], &[Queue], Always, "ended", "List what was decided, timed out or taken back.";
    NextView "next-view" &["tab"], &[Queue], Always, "next view", "Go to the next view of the queue.";
    PrevView "prev-view" &["backtab"], &[Queue], Always, "previous view", "Go to the view before.";
    NextTab "next-tab" &["tab", "right"], &[Request], Always, "next tab", "Overview, diff, actions, history.", footer;
    PrevTab "prev-tab" &["backtab", "left"], &[Request], Always, "previous tab", "The tab before.";
    TabOverview "overview" &["1"], &[Request], Always, "overview", "Who, what, why, what policy says, what is not bound.";
    TabDiff "diff" &["2", "d"], &[Request], Always, "diff", "The files of the diff, those that must be seen first.", footer;
    TabActions "actions" &["3"], &[Request], Always, "actions", "The command, and the tree of actions with their SHAs.";
    WholeShas "whole-shas" &["s"], &[Request], Always, "whole SHAs", "Show every SHA and digest of the actions whole, or short again.";
    ActionDiff "action-diff" &["D"], &[Request], Always, "action diff",
        "Read what changed in an action between what it was and what it is; again: in the next one, then the request's own diff.";
    TabHistory "history" &["4"], &[Request], Always, "history", "What the audit log knows of this repository and environment.";
    NextFile "next-file" &["]"], &[Request, Diff], Always, "next file", "Go to the next file of the diff.";
    PrevFile "prev-file" &["["], &[Request, Diff], Always, "previous file", "Go to the beginning of the file, then to the one before.";
    NextHunk "next-hunk" &["}"], &[Request, Diff], Always, "next hunk", "Go to the next hunk of the diff.";
    PrevHunk "prev-hunk" &["{"], &[Request, Diff], Always, "previous hunk", "Go to the hunk before.";
    NextUnseen "next-unseen" &["n"], &[Request, Diff], Always, "next unseen", "Go to the next file that was not on screen in full.", footer;
    NextFinding "next-finding" &[")"], &[Request], Always, "next finding", "Go to the next place in the diff, or in the tree of actions, that has a finding, and say which.";
    PrevFinding "prev-finding" &["("], &[Request], Always, "previous finding", "Go to the place of the finding before.";
    Search "search" &["/"], &[Request, Diff], Diff, "search", "Search the diff for a regular expression; small letters match capital ones too.", footer;
    NextMatch "next-match" &["ctrl-n"], &[Request, Diff], Search, "next match", "Go to the next match of the search.", footer;
    PrevMatch "prev-match" &["ctrl-p"], &[Request, Diff], Search, "previous match", "Go to the match before.";
    EndSearch "end-search" &["ctrl-e"], &[Request, Diff], Search, "end search", "Forget what is searched for.";
    Wrap "wrap" &["w"], &[Request, Diff], Diff, "wrap", "Wrap long lines, or let them run off to the right with a sign of how much is there.", footer;
    ScrollRight "scroll-right" &[">"], &[Request, Diff], Diff, "to the right", "Scroll lines that do not wrap to what lies off to the right.";
    ScrollLeft "scroll-left" &["<"], &[Request, Diff], Diff, "to the left", "Scroll lines that do not wrap back.";
    FoldContext "fold-context" &["z"], &[Request, Diff], Diff, "fold", "Fold lines that did not change, or show them; files that must be seen never fold.";
    Beside "side-by-side" &["="], &[Request, Diff], Diff, "side by side", "Show what was and what is side by side, or one below the other; from 120 columns.";
    Colours "colours" &["*"], &[Request, Diff], Diff, "colours", "Show or leave out the colours of code.";
    Blanks "blanks" &["_"], &[Request, Diff], Diff, "blanks", "Draw every blank as a sign, or leave them blank; tabs always have one.";
    NextBase "base" &["V"], &[Request], Diff, "base", "Read the change against another base: merge base, the request before; the decision is about the first one.";
    Numbers "line-numbers" &["#"], &[Request, Diff], Diff, "numbers", "Show or hide line numbers.";
    Files "files" &["t"], &[Request, Diff], Diff, "files", "Show or hide the list of files.", footer;
    FoldFolder "fold-folder" &["Z"], &[Request, Diff], Diff, "fold folder", "Fold the folder of this file away, or show it again; files that must be seen stay, and a jump into it unfolds it.";
    CopyPath "copy-path" &["P"], &[Request, Diff], Clipboard, "copy path", "Copy the path of the file into the clipboard of the terminal.";
    CopyHunk "copy-hunk" &["C"], &[Request, Diff], Clipboard, "copy hunk", "Copy the hunk at the top of the screen into the clipboard of the terminal.";
    OpenPager "pager" &["p"], &[Request, Diff], Diff, "pager", "Read the diff in $PAGER; held decisions are dropped.";
    OpenEditor "editor" &["E"], &[Request, Diff], Diff, "editor", "Read the diff in $VISUAL or $EDITOR; held decisions are dropped.";
    Revoke "revoke" &["r"], &[Grants], LiveGrant, "revoke", "Take the grant back and end what runs under it.", danger, footer, then_refuse;
    Extend "extend" &["e"], &[Grants], LiveGrant, "extend", "Vote for more time.", danger, footer, then_go;
    ExportJson "export-json" &["e"], &[Audit], Always, "export", "Write the records that the filter shows to a file, as JSON lines.", footer;
    ExportCsv "export-csv" &["c"], &[Audit], Always, "export csv", "Write the records that the filter shows to a file, as CSV.";
    Up "up" &["k", "up"], &[Moving], Always, "up", "Up a line.";
    Down "down" &["j", "down"], &[Moving], Always, "down", "Down a line.";
    PageUp "page-up" &["pgup", "ctrl-u"], &[Moving], Always, "page up", "Up a page.";
    PageDown "page-down" &["pgdn", "ctrl-d", "ctrl-f"], &[Moving], Always, "page down", "Down a page.";
    Top "top" &["g", "home"], &[Moving], Always, "top", "To the first line; on the queue it lets new requests in.";
    Bottom "bottom" &["G", "end"], &[Moving], Always, "bottom", "To the last line.";
    Back "back" &["esc"], &[Anywhere], Always, "back", "Back to where you came from; on the queue: drop marks, then filter.";
    Ack "ack" &["space"], &[Anywhere], Outcomes, "ok", "Acknowledge the outcome in the LAST strip.";
    Outcomes "outcomes" &["o"], &[Anywhere], Console, "outcomes", "Every decision of this console: held, sent, settled, a row each.";
    Refresh "refresh" &["ctrl-r"], &[Anywhere], Console, "refresh", "Ask every backend now.";
    Redraw "redraw" &["f5"], &[Anywhere], Always, "redraw", "Draw the whole screen again.";
    Suspend "suspend" &["ctrl-z"], &[Anywhere], Always, "suspend", "Leave the terminal to the shell; held decisions are dropped.";
    Palette "palette" &[":"], &[Anywhere], Always, "verbs", "Find a verb by its name.";
    Quit "quit" &["q", "ctrl-c"], &[Anywhere], Always, "quit", "Quit; held decisions are dropped, and you are asked first.";
    Help "help" &["?", "f1"], &[Anywhere], Always, "help", "Every key, searchable.", footer;
    Go "go" &["g"], &[Dialog], Always, "go", "Send what the dialog says; a demanded word and enter stand in for it.", danger;
    Refuse "refuse" &["x"], &[Dialog], Always, "go", "Send the rejection or revocation; a demanded word and enter stand in for it.", danger;
    NextField "next-field" &["tab", "down"], &[Dialog], Always, "field", "To the next field.", footer;
    PrevField "prev-field" &["backtab", "up"], &[Dialog], Always, "field before", "To the field before.";
    Less "less" &["left"], &[Dialog], Always, "less", "A narrower scope, a shorter time.";
    More "more" &["right"], &[Dialog], Always, "more", "A wider scope, a longer time.";
    Evidence "evidence" &["ctrl-o"], &[Dialog], Always, "evidence", "Look at the request; the dialog waits.", footer;
    Cancel "cancel" &["esc", "ctrl-c"], &[Dialog], Always, "cancel, nothing sent", "Leave the field, then the dialog; nothing is sent.", footer;
    Leave "quit-anyway" &["y"], &[Dialog], Always, "quit", "Quit and drop what is held.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::Key;

    #[test]
    fn danger_never_confirms_on_enter_space_or_its_own_key() {
        for row in VERBS {
            if row.danger {
                assert!(!row.keys.iter().any(|k| ["enter", "space", "y"].contains(k)), "{}", row.name);
            }
            let Some(confirm) = row.confirm.and_then(Verb::row) else { continue };
            assert!(
                !confirm.keys.iter().any(|k| row.keys.contains(k) || ["enter", "space"].contains(k)),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn what_lets_something_run_or_stops_it_is_confirmed() {
        for verb in [Verb::Approve, Verb::Reject, Verb::BreakGlass, Verb::Revoke, Verb::Extend, Verb::Review] {
            assert!(verb.row().unwrap().confirm.is_some(), "{verb:?}");
        }
    }

    #[test]
    fn no_default_takes_a_key_of_tmux_or_of_flow_control() {
        for row in VERBS {
            for key in row.keys {
                let parsed: Key = key.parse().unwrap();
                assert_eq!(parsed.to_string(), *key);
                assert!(!(parsed.ctrl && "abhjklsq".chars().any(|c| *key == format!("ctrl-{c}"))), "{key}");
            }
        }
    }

    #[test]
    fn names_are_unique_and_help_is_whole() {
        let mut names: Vec<_> = VERBS.iter().map(|r| r.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), VERBS.len());
        assert!(VERBS.iter().all(|r| r.long.ends_with(['.', 'l']) && !r.short.is_empty() && !r.contexts.is_empty()));
    }
}
