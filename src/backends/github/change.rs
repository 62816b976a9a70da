//! The change between what is deployed and head: GitHub's comparison, paged past its caps as far as it lets, and what
//! it leaves out said.

use std::collections::HashMap;

use futures_util::join;
use serde::Deserialize;

use super::call::{Api, DIFF};
use super::name::RepoName;
use super::reversed::reversed;
use super::select::is_about_one;
use super::wire::{ChangedFile, Commit as WireCommit, Compare, Verification};
use crate::backends::port::Fault;
use crate::domain::evidence::{Commit, Course, Cut, Signature, Totals};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;

/// Commits a page.
const PAGE: u64 = 100;
/// Pages of commits.
const PAGES: u64 = 10;
/// GitHub lists so many files of a comparison and no more.
pub(super) const FILES: usize = 300;

/// A change.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) course: Option<Course>,
    pub(super) commits: Vec<Commit>,
    pub(super) diff: Option<Vec<u8>>,
    pub(super) totals: Option<Totals>,
    pub(super) cuts: Vec<Cut>,
}

/// Reads the change.
///
/// # Errors
/// Where the comparison itself cannot be read.
pub(super) async fn read(api: &Api, repo: &RepoName, base: &CommitSha, head: &CommitSha) -> Result<Change, Fault> {
    let first = page(api, repo, base, head, 1).await?;
    let mut change = Change { course: course(&first.status), ..Change::default() };
    match change.course {
        Some(Course::Behind) => behind(api, repo, base, head, &mut change).await?,
        Some(Course::Same) => {
            change.diff = Some(Vec::new());
            change.totals = Some(Totals::default());
        }
        _ => ahead(api, repo, (base, head), first, &mut change).await?,
    }
    Ok(change)
}

/// A whole tree with all that lies below it.
#[derive(Deserialize)]
struct Whole {
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct Entry {
    path: Text,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    sha: String,
}

/// How many paths differ between two commits, whatever GitHub lists of their comparison: a renamed file counts twice.
/// `None` where GitHub does not list the trees whole.
async fn differing(api: &Api, repo: &RepoName, base: &CommitSha, head: &CommitSha) -> Result<Option<u64>, Fault> {
    let (old, new) = join!(whole(api, repo, base), whole(api, repo, head));
    let (Some(mut old), Some(new)) = (old?, new?) else { return Ok(None) };
    let changed = new.into_iter().filter(|(path, now)| old.remove(path).as_ref() != Some(now)).count();
    Ok(Some((changed + old.len()) as u64))
}

type Paths = HashMap<Text, (String, String)>;

async fn whole(api: &Api, repo: &RepoName, commit: &CommitSha) -> Result<Option<Paths>, Fault> {
    let whole: Whole = match api.read(&repo.path(&format!("/git/trees/{commit}?recursive=1"))).await {
        Ok(whole) => whole,
        Err(fault) if is_about_one(&fault) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let files = whole.tree.into_iter().filter(|entry| entry.kind != "tree");
    Ok((!whole.truncated).then(|| files.map(|entry| (entry.path, (entry.mode, entry.sha))).collect()))
}

/// In our word.
pub(super) fn course(status: &Text) -> Option<Course> {
    match status.as_str()? {
        "ahead" => Some(Course::Ahead),
        "behind" => Some(Course::Behind),
        "diverged" => Some(Course::Diverged),
        "identical" => Some(Course::Same),
        _ => None,
    }
}

async fn page(api: &Api, repo: &RepoName, from: &CommitSha, to: &CommitSha, page: u64) -> Result<Compare, Fault> {
    api.read(&repo.path(&format!("/compare/{from}...{to}?per_page={PAGE}&page={page}"))).await
}

async fn ahead(
    api: &Api,
    repo: &RepoName,
    (base, head): (&CommitSha, &CommitSha),
    first: Compare,
    change: &mut Change,
) -> Result<(), Fault> {
    let (total, behind_by) = (first.total_commits, first.behind_by);
    let mut commits = first.commits;
    for n in 2..=total.div_ceil(PAGE).min(PAGES) {
        commits.extend(page(api, repo, base, head, n).await?.commits);
    }
    change.commits = commits.iter().rev().filter_map(commit).collect();
    cut(&mut change.cuts, "commits", change.commits.len() as u64, total);
    if change.course == Some(Course::Diverged) {
        cut(&mut change.cuts, "commits that head lacks: what is lost with them is not in the diff", 0, behind_by);
    }
    let files = first.files.unwrap_or_default();
    change.totals = totals(&files);
    change.diff = diff(api, repo, (base, head), &files, &mut change.cuts).await?;
    capped(api, repo, (base, head), change, files.len()).await
}

/// A rollback: the way from head to base, turned.
async fn behind(
    api: &Api,
    repo: &RepoName,
    base: &CommitSha,
    head: &CommitSha,
    change: &mut Change,
) -> Result<(), Fault> {
    let there = page(api, repo, head, base, 1).await?;
    let files = there.files.unwrap_or_default();
    change.totals = totals(&files).map(|t| Totals { files: t.files, added: t.removed, removed: t.added });
    change.diff = diff(api, repo, (head, base), &files, &mut change.cuts).await?.map(|diff| reversed(&diff));
    capped(api, repo, (base, head), change, files.len()).await
}

/// Says how much is not there where GitHub's cap was reached: by the trees of both commits, which have none.
async fn capped(
    api: &Api,
    repo: &RepoName,
    (base, head): (&CommitSha, &CommitSha),
    change: &mut Change,
    listed: usize,
) -> Result<(), Fault> {
    if listed < FILES {
        return Ok(());
    }
    let here = change.diff.as_ref().map_or(0, |diff| crate::diff::parse(diff).files.len()) as u64;
    match differing(api, repo, base, head).await? {
        Some(all) => cut(&mut change.cuts, "diff: paths that differ, a renamed file being two", here, all),
        None => {
            let what = "diff: files, at least: GitHub lists 300 of a comparison and does not say how many there are";
            cut(&mut change.cuts, what, FILES as u64, here.max(FILES as u64 + 1));
        }
    }
    Ok(())
}

fn cut(cuts: &mut Vec<Cut>, what: &str, kept: u64, of: u64) {
    if kept < of {
        cuts.push(Cut { what: what.into(), kept, of });
    }
}

fn totals(files: &[ChangedFile]) -> Option<Totals> {
    (files.len() < FILES).then(|| Totals {
        files: u32::try_from(files.len()).unwrap_or(u32::MAX),
        added: files.iter().map(|f| f.additions).fold(0, u64::saturating_add),
        removed: files.iter().map(|f| f.deletions).fold(0, u64::saturating_add),
    })
}

/// GitHub's own diff; where that is too large for it, what it lists file by file.
async fn diff(
    api: &Api,
    repo: &RepoName,
    (from, to): (&CommitSha, &CommitSha),
    files: &[ChangedFile],
    cuts: &mut Vec<Cut>,
) -> Result<Option<Vec<u8>>, Fault> {
    match api.get(&repo.path(&format!("/compare/{from}...{to}")), DIFF).await {
        Ok(answer) => Ok(Some(answer.body)),
        Err(fault) if is_about_one(&fault) => {
            let (text, kept) = assembled(files);
            let what = "diff: files with their change; GitHub gives no whole diff, and tells no modes";
            cuts.push(Cut { what: what.into(), kept, of: files.len() as u64 });
            Ok((kept > 0).then_some(text))
        }
        Err(fault) => Err(fault),
    }
}

/// A diff of the files that come with their change; names that would have to be quoted are left out.
fn assembled(files: &[ChangedFile]) -> (Vec<u8>, u64) {
    let (mut text, mut kept) = (Vec::new(), 0);
    for file in files {
        let old = file.previous_filename.as_ref().unwrap_or(&file.filename);
        let Some(patch) = file.patch.as_ref().filter(|_| is_plain(old) && is_plain(&file.filename)) else { continue };
        let side = |name: &Text, prefix: &str, gone: bool| match gone {
            true => b"/dev/null".to_vec(),
            false => [prefix.as_bytes(), name.as_bytes()].concat(),
        };
        let (a, b) = (side(old, "a/", false), side(&file.filename, "b/", false));
        let from = side(old, "a/", file.status == *"added");
        let to = side(&file.filename, "b/", file.status == *"removed");
        let made: &[u8] = match file.status.as_str() {
            Some("added") => b"new file mode 100644\n",
            Some("removed") => b"deleted file mode 100644\n",
            _ => b"",
        };
        let lines: [&[u8]; 11] = [b"diff --git ", &a, b" ", &b, b"\n", made, b"--- ", &from, b"\n+++ ", &to, b"\n"];
        text.extend_from_slice(&lines.concat());
        text.extend_from_slice(patch.as_bytes());
        text.push(b'\n');
        kept += 1;
    }
    (text, kept)
}

fn is_plain(name: &Text) -> bool {
    !name.as_bytes().iter().any(|b| matches!(b, b'"' | b'\\' | b'\n' | b'\t') || *b < b' ')
}

/// None where its id is none.
pub(super) fn commit(wire: &WireCommit) -> Option<Commit> {
    let author = wire.commit.author.clone().unwrap_or_default();
    let committer = wire.commit.committer.clone().unwrap_or_default();
    let subject = wire.commit.message.as_bytes().split(|b| *b == b'\n').next().unwrap_or_default();
    Some(Commit {
        sha: wire.sha.parse().ok()?,
        author: author.name,
        author_email: author.email,
        committer_email: committer.email,
        at: committer.date.0.or(author.date.0).unwrap_or_default(),
        subject: Text::new(subject),
        signature: wire.commit.verification.as_ref().map(signature),
    })
}

fn signature(told: &Verification) -> Signature {
    match told.reason.as_str() {
        _ if told.verified => Signature::Verified,
        Some("unsigned") => Signature::Absent,
        _ => Signature::Unverified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, status: &str, patch: Option<&str>) -> ChangedFile {
        ChangedFile {
            filename: name.into(),
            previous_filename: None,
            status: status.into(),
            additions: 1,
            deletions: 0,
            patch: patch.map(Text::from),
        }
    }

    #[test]
    fn without_a_whole_diff_the_files_speak_for_themselves_and_the_rest_is_counted() {
        let files = [
            file("a", "modified", Some("@@ -1 +1,2 @@\n x\n+y")),
            file("new file", "added", Some("@@ -0,0 +1 @@\n+y")),
            file("logo.png", "modified", None),
            file("odd\"name", "modified", Some("@@ -1 +1,2 @@\n x\n+y")),
        ];
        let (text, kept) = assembled(&files);
        assert_eq!(kept, 2);
        let parsed = crate::diff::parse(&text);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        assert_eq!((parsed.files.len(), parsed.totals.added), (2, 2));
        assert_eq!(parsed.files[1].new, Text::from("new file"));
    }

    #[test]
    fn three_hundred_files_are_a_cap_and_no_total() {
        let files: Vec<ChangedFile> = (0..300).map(|n| file(&n.to_string(), "modified", None)).collect();
        assert_eq!(totals(&files), None);
        assert_eq!(totals(&files[1..]).unwrap().files, 299);
    }
}
