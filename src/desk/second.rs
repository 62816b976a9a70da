//! A second source for a diff that the first one cut or did not give: git itself, from a mirror of the repository in
//! the state folder. It is budgeted in time and bytes, and called off when nobody listens any more.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::news::{Changed, News, Other, Source};
use super::polls::within;
use super::{Inner, look_ups, source};
use crate::backends::resolver::Repository;
use crate::domain::digest::Digest;
use crate::domain::evidence::Evidence;
use crate::domain::ids::{CommitSha, RequestKey};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::git::{Cancel, Limits, Mirror};
use crate::sys::process::bounded::Flow;

/// What may be spent on one diff.
const LIMITS: Limits = Limits { time: Duration::from_secs(120), bytes: 1 << 30 };
/// What the name of the repository takes the place of in the URL.
pub const PLACE: &str = "{repository}";

/// Where repositories lie.
#[derive(Clone, Debug)]
pub struct Origin {
    /// `https://git.example/{repository}.git`.
    pub url: String,
    /// The folder of the mirrors.
    pub mirrors: PathBuf,
}

impl Origin {
    /// The URL of a repository; absent where its name could lead elsewhere.
    fn of(&self, repository: &Text) -> Option<String> {
        let repository = Repository::of_project(repository)?;
        Some(self.url.replace(PLACE, repository.name()))
    }
}

/// Whether evidence lacks some of its diff, or all of it.
fn lacks(evidence: &Evidence) -> bool {
    evidence.diff.is_none() || evidence.cuts.iter().any(|cut| cut.what.as_bytes().starts_with(b"diff"))
}

/// Fills the diff of a request from git, where it lacks something and git can be asked; the answer is news.
pub(super) async fn fill(desk: &Arc<Inner>, key: &RequestKey, evidence: &Evidence) {
    let Some(base) = evidence.base.as_ref().map(|base| base.sha.clone()).filter(|_| lacks(evidence)) else { return };
    if desk.origin.is_none() {
        return;
    }
    let (asked, digest) = match asked(desk, key, base).await {
        Ok(asked) => asked,
        // What cannot even be asked is said by the evidence itself: it is cut.
        Err(_) => return,
    };
    let from = Text::from(asked.url.as_str()).ident();
    let Some(result) = fetched(desk, asked).await else { return };
    let source = result.as_ref().ok().cloned();
    desk.tell(News::Filled { evidence: digest, result: result.map(|source| (source, from)) }).await;
    read(desk, source);
}

/// Reads another change than that of a request's evidence; the answer is news.
pub(super) async fn compare(desk: &Arc<Inner>, key: &RequestKey, evidence: Digest, other: Other) {
    let result = match &other {
        Other::Base(base) => match asked(desk, key, base.clone()).await {
            Ok((asked, _)) => fetched(desk, asked).await,
            Err(why) => Some(Err(why)),
        },
        Other::Action(changed) => tokio::select! {
            result = of_action(desk, key, changed) => Some(result),
            () = desk.news.closed() => None,
        },
    };
    let Some(result) = result else { return };
    let source = result.as_ref().ok().cloned();
    desk.tell(News::Compared { evidence, other, result }).await;
    read(desk, source);
}

/// The change of an action in a spool, from whoever looks actions up.
async fn of_action(desk: &Inner, key: &RequestKey, changed: &Changed) -> Result<Source, SafeText> {
    let bytes = look_ups::diff(desk, key, changed).await.map_err(|fault| fault.message)?;
    let put = tokio::task::spawn_blocking(move || {
        let source = Source::new()?;
        source.spool().put(&bytes, 0)?;
        Ok::<_, std::io::Error>(source)
    });
    let kept = put.await.map_err(|_| SafeText::lit("the diff was lost"))?;
    kept.map_err(|e| safe!("no room for the diff: {}", Text::from(e.to_string()).prose()))
}

/// What is asked of git.
struct Asked {
    mirrors: PathBuf,
    url: String,
    base: CommitSha,
    head: CommitSha,
}

/// What there is to ask about a request, and the digest of its evidence; or why nothing can be asked.
async fn asked(desk: &Inner, key: &RequestKey, base: CommitSha) -> Result<(Asked, Digest), SafeText> {
    let origin = desk.origin.as_ref().ok_or("only the base of the evidence is here: set git_url under [console]")?;
    let backend = desk.backend(&key.backend).ok_or("its backend is not in the config")?;
    let request = within(backend.read(key)).await.map_err(|fault| fault.message)?;
    let url =
        origin.of(&request.core.repository.value).ok_or("the name of its repository cannot be a part of a URL")?;
    let head = request.core.head.clone().ok_or("it names no commit")?;
    Ok((Asked { mirrors: origin.mirrors.clone(), url, base, head }, request.evidence.digest))
}

/// Fetches on a thread, and calls that off when nobody listens any more: then there is no answer.
async fn fetched(desk: &Inner, asked: Asked) -> Option<Result<Source, SafeText>> {
    let cancel = Cancel::default();
    let called_off = cancel.clone();
    let work =
        tokio::task::spawn_blocking(move || fetch(&asked.mirrors, &asked.url, (&asked.base, &asked.head), called_off));
    tokio::select! {
        fetched = work => fetched.ok(),
        () = desk.news.closed() => {
            cancel.cancel();
            None
        }
    }
}

fn read(desk: &Inner, source: Option<Source>) {
    let Some(source) = source else { return };
    let news = desk.news.clone();
    drop(tokio::task::spawn_blocking(move || source::index(&source, &news)));
}

/// The diff of two commits in a spool. Blocks.
fn fetch(
    mirrors: &std::path::Path,
    url: &str,
    ends: (&CommitSha, &CommitSha),
    cancel: Cancel,
) -> Result<Source, SafeText> {
    let told = |e: String| Text::from(e).prose();
    let source = Source::new().map_err(|e| safe!("no temporary file: {}", told(e.to_string())))?;
    let mirror = Mirror::open(mirrors, url, LIMITS, cancel).map_err(|e| told(e.to_string()))?;
    let (mut at, mut kept) = (0u64, Ok(()));
    mirror
        .diff(ends.0, ends.1, &mut |piece| {
            kept = source.spool().put(piece, at);
            at += piece.len() as u64;
            if kept.is_ok() { Flow::More } else { Flow::Stop }
        })
        .map_err(|e| told(e.to_string()))?;
    kept.map_err(|e| safe!("no room for the diff: {}", told(e.to_string())))?;
    Ok(source)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::desk::news::News;
    use crate::diff::Index;

    fn git(folder: &Path, args: &[&str]) -> String {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let out = Command::new("git").args(who).arg("-C").arg(folder).args(args).output().unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    fn commit(folder: &Path, files: &[(&str, &str)]) -> CommitSha {
        for (name, text) in files {
            std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.join(name), text).unwrap();
        }
        git(folder, &["add", "-A"]);
        git(folder, &["commit", "-q", "-m", "x"]);
        git(folder, &["rev-parse", "HEAD"]).parse().unwrap()
    }

    #[test]
    fn the_whole_diff_comes_from_a_partial_fetch_and_nothing_hides_in_it() {
        let home = tempfile::tempdir().unwrap();
        let shop = home.path().join("acme/shop.git");
        std::fs::create_dir_all(&shop).unwrap();
        git(&shop, &["init", "-q"]);
        git(&shop, &["config", "uploadpack.allowFilter", "true"]);
        git(&shop, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        let base = commit(&shop, &[("a/x.txt", "1\n"), ("b/y.txt", "1\n"), (".gitattributes", "*.txt -diff\n")]);
        let head = commit(&shop, &[("a/x.txt", "2\n"), ("c/z.txt", "3\n")]);
        let origin = Origin {
            url: format!("file://{}/{PLACE}.git", home.path().display()),
            mirrors: home.path().join("mirrors"),
        };
        let url = origin.of(&"acme/shop".into()).unwrap();
        let source = fetch(&origin.mirrors, &url, (&base, &head), Cancel::default()).unwrap();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(99);
        source::index(&source.clone(), &sender);
        let mut index = Index::default();
        while let Ok(News::Indexed { piece, .. }) = receiver.try_recv() {
            index.extend(*piece);
        }
        let names: Vec<_> = index.files.iter().map(|f| (f.title().as_str().to_owned(), f.added, f.binary)).collect();
        assert_eq!(names, [("a/x.txt".to_owned(), 1, false), ("c/z.txt".to_owned(), 1, false)]);
        let called_off = Cancel::default();
        called_off.cancel();
        let why = fetch(&origin.mirrors, &url, (&base, &"0".repeat(40).parse().unwrap()), called_off).unwrap_err();
        assert!(why.as_str().contains("called off"), "{why:?}");
    }

    #[test]
    fn only_what_lacks_something_is_filled_and_only_from_where_its_name_leads() {
        let whole =
            crate::domain::evidence::Blob { digest: crate::domain::digest::Digest::of(b""), size: 0, gzip: true };
        let mut evidence = Evidence { diff: Some(whole), ..Evidence::default() };
        assert!(!lacks(&evidence) && lacks(&Evidence::default()));
        evidence.cuts.push(crate::domain::evidence::Cut { what: "diff".into(), kept: 1, of: 2 });
        assert!(lacks(&evidence));
        let origin = Origin { url: "https://git.example/{repository}.git".into(), mirrors: "/".into() };
        assert_eq!(origin.of(&"acme/shop".into()).unwrap(), "https://git.example/acme/shop.git");
        assert_eq!(origin.of(&"../../etc".into()), None);
    }
}
