//! Commits between base and head, and the diff of the two.

use std::collections::HashMap;

use super::super::process::bounded::Flow;
use super::{ANSWER, Fault, Git, SafeText};
use crate::domain::evidence::{Commit, Course, Signature, Totals};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;
use crate::domain::time::Ms;

/// One form of diff on every machine, whatever the user's or the repository's config says.
pub(super) const DIFF: &[&str] = &[
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--full-index",
    "--find-renames",
    "--diff-algorithm=histogram",
    "--no-indent-heuristic",
    "--submodule=short",
    "--ignore-submodules=none",
    "-O/dev/null",
];

/// Fields of one commit, NUL between them; `-z` ends each commit with one more.
const COMMIT: &str = "--format=tformat:%H%x00%an%x00%ae%x00%ce%x00%ct%x00%s";
const FIELDS: usize = 6;

impl Git {
    /// The best common ancestor.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn merge_base(&self, a: &CommitSha, b: &CommitSha) -> Result<Option<CommitSha>, Fault> {
        let line = self.maybe_line(["merge-base", "--end-of-options", a.as_str(), b.as_str()])?;
        Ok(line.and_then(|l| l.as_str().and_then(|s| s.parse().ok())))
    }

    /// How base and head lie to each other.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn course(&self, base: &CommitSha, head: &CommitSha) -> Result<Course, Fault> {
        let common = self.merge_base(base, head)?;
        Ok(match common {
            _ if base == head => Course::Same,
            Some(common) if common == *base => Course::Ahead,
            Some(common) if common == *head => Course::Behind,
            _ => Course::Diverged,
        })
    }

    /// How many commits base..head holds.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn count(&self, base: &CommitSha, head: &CommitSha) -> Result<u64, Fault> {
        let line = self.line(["rev-list", "--count", "--end-of-options", &range(base, head)])?;
        line.as_str().and_then(|n| n.parse().ok()).ok_or(garbled("rev-list"))
    }

    /// The newest `most` commits of base..head, newest first.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn commits(&self, base: &CommitSha, head: &CommitSha, most: usize) -> Result<Vec<Commit>, Fault> {
        let count = format!("--max-count={most}");
        let args = ["log", "-z", "--no-color", "--no-mailmap", "--no-show-signature", COMMIT, &count];
        let answer = self.ask(args.into_iter().chain(["--end-of-options", &range(base, head), "--"]))?;
        let mut commits = parse_commits(&answer).ok_or(garbled("log"))?;
        let raw = self.ask(["rev-list", "--header", &count, "--end-of-options", &range(base, head), "--"])?;
        let signed = parse_signed(&raw);
        for commit in &mut commits {
            commit.signature = signed.get(commit.sha.as_str()).copied();
        }
        Ok(commits)
    }

    /// Mail addresses of everyone who wrote or committed one of base..head, each once.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn writers(&self, base: &CommitSha, head: &CommitSha) -> Result<Vec<Text>, Fault> {
        let args =
            ["log", "-z", "--no-color", "--no-show-signature", "--format=tformat:%ae%x00%ce", "--end-of-options"];
        let answer = self.ask(args.into_iter().chain([range(base, head).as_str(), "--"]))?;
        let mut writers: Vec<Text> = super::between_nuls(&answer).map(Text::new).collect();
        writers.sort();
        writers.dedup();
        Ok(writers)
    }

    /// The unified diff from base to head, piece by piece, as git writes it.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn diff(&self, base: &CommitSha, head: &CommitSha, sink: &mut dyn FnMut(&[u8]) -> Flow) -> Result<(), Fault> {
        let ends = ["--end-of-options", base.as_str(), head.as_str(), "--"];
        self.run(self.plain_command(DIFF.iter().copied().chain(ends)), sink).map(drop)
    }

    /// What the whole diff amounts to.
    ///
    /// # Errors
    /// Where git gives no answer.
    pub fn totals(&self, base: &CommitSha, head: &CommitSha) -> Result<Totals, Fault> {
        let ends = ["--numstat", "-z", "--end-of-options", base.as_str(), head.as_str(), "--"];
        let answer = self.bytes(self.plain_command(DIFF.iter().copied().chain(ends)), ANSWER)?;
        Ok(parse_totals(&answer))
    }
}

fn range(base: &CommitSha, head: &CommitSha) -> String {
    format!("{base}..{head}")
}

fn garbled(what: &'static str) -> Fault {
    Fault::Odd { what: SafeText::lit(what), how: "is garbled" }
}

pub(super) fn parse_commits(answer: &[u8]) -> Option<Vec<Commit>> {
    let fields: Vec<&[u8]> = answer.strip_suffix(b"\0").unwrap_or(answer).split(|b| *b == 0).collect();
    if fields.len() < FIELDS {
        return answer.is_empty().then(Vec::new);
    }
    fields.chunks(FIELDS).map(parse_commit).collect()
}

/// `SHA\nHEADERS\n\nMESSAGE\0` each. Whether there is a signature is all that is asked: to verify one, git would run a
/// program and need the keys.
pub(super) fn parse_signed(answer: &[u8]) -> HashMap<&str, Signature> {
    let commit = |record| {
        let mut lines = <[u8]>::split(record, |b| *b == b'\n');
        let sha = std::str::from_utf8(lines.next()?).ok()?;
        let mut headers = lines.take_while(|line| !line.is_empty());
        let signed = headers.any(|line| line.starts_with(b"gpgsig ") || line.starts_with(b"gpgsig-sha256 "));
        Some((sha, if signed { Signature::Unverified } else { Signature::Absent }))
    };
    super::between_nuls(answer).filter_map(commit).collect()
}

fn parse_commit(fields: &[&[u8]]) -> Option<Commit> {
    let [sha, author, author_email, committer_email, at, subject] = fields else { return None };
    let seconds: i64 = std::str::from_utf8(at).ok()?.parse().ok()?;
    Some(Commit {
        sha: std::str::from_utf8(sha).ok()?.parse().ok()?,
        author: Text::new(*author),
        author_email: Text::new(*author_email),
        committer_email: Text::new(*committer_email),
        at: Ms(seconds.saturating_mul(1000)),
        subject: Text::new(*subject),
        signature: None,
    })
}

/// `ADDED\tREMOVED\tPATH\0`, or for a rename `ADDED\tREMOVED\t\0OLD\0NEW\0`; `-` where binary.
pub(super) fn parse_totals(answer: &[u8]) -> Totals {
    let mut totals = Totals::default();
    let mut pieces = super::between_nuls(answer);
    while let Some(piece) = pieces.next() {
        let mut fields = piece.splitn(3, |b| *b == b'\t');
        let mut number = || fields.next().and_then(|n| std::str::from_utf8(n).ok()?.parse::<u64>().ok()).unwrap_or(0);
        totals.files += 1;
        totals.added += number();
        totals.removed += number();
        if fields.next().is_some_and(<[u8]>::is_empty) {
            // Both names of a rename follow.
            pieces.next();
            pieces.next();
        }
    }
    totals
}
