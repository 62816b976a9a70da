//! The folder of all mirrors: which of them is in use, and which are removed because nobody used them for long or
//! because they take too much room. What is removed is fetched again when it is asked for.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::mirror::size;
use crate::sys::files::Lock;

/// How long a mirror is kept that nobody uses.
pub(super) const KEEP: Duration = Duration::from_secs(90 * 86_400);
/// How much room all of them take at most; the one that was not used for longest goes first.
pub(super) const QUOTA: u64 = 4 << 30;

/// How a mirror is called while it is removed: what is half removed is no mirror.
const GONE: &str = ".gone-";

/// A mirror on disk.
struct Kept {
    name: String,
    used: SystemTime,
    size: u64,
}

/// Takes a mirror into use, and notes when: nobody removes it before the lock is dropped.
///
/// # Errors
/// Where the lock beside it cannot be made.
pub(super) fn take(root: &Path, name: &str) -> io::Result<Lock> {
    let path = root.join(lock_of(name));
    loop {
        let lock = Lock::shared(&path)?;
        // Whoever removed the mirror meanwhile has removed its lock as well.
        let own = lock.file().metadata()?.ino();
        if std::fs::metadata(&path).is_ok_and(|meta| meta.ino() == own) {
            lock.file().set_modified(SystemTime::now())?;
            return Ok(lock);
        }
    }
}

/// Removes mirrors that are in nobody's use: those that were not used for `keep`, and beyond `quota` bytes in all those
/// that were not used for longest.
///
/// # Errors
/// Where the folder cannot be read; a mirror that cannot be removed stays.
pub(super) fn sweep(root: &Path, keep: Duration, quota: u64, now: SystemTime) -> io::Result<()> {
    let mut kept = kept(root)?;
    kept.sort_by_key(|mirror| std::cmp::Reverse(mirror.used));
    let mut total = 0u64;
    for mirror in kept {
        total = total.saturating_add(mirror.size);
        let age = now.duration_since(mirror.used).unwrap_or_default();
        if age > keep || total > quota {
            // The next sweep comes by it again.
            drop(remove(root, &mirror));
        }
    }
    Ok(())
}

fn kept(root: &Path) -> io::Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // One that is gone by now needs no sweeping.
        let Ok(meta) = entry.metadata() else { continue };
        if name.starts_with(GONE) {
            drop(std::fs::remove_dir_all(entry.path()));
        } else if meta.is_dir() && is_mirror(&name) {
            let used = used(root, &name).or_else(|_| meta.modified())?;
            kept.push(Kept { used, size: size(&entry.path()), name });
        }
    }
    Ok(kept)
}

/// When a mirror was taken into use last.
fn used(root: &Path, name: &str) -> io::Result<SystemTime> {
    std::fs::metadata(root.join(lock_of(name)))?.modified()
}

fn remove(root: &Path, mirror: &Kept) -> io::Result<()> {
    let path = root.join(lock_of(&mirror.name));
    let known = path.exists();
    let Some(_lock) = Lock::try_take(&path)? else { return Ok(()) };
    // Somebody has used it since it was looked at.
    if known && used(root, &mirror.name)? > mirror.used {
        return Ok(());
    }
    let gone = root.join(format!("{GONE}{}", mirror.name));
    std::fs::rename(root.join(&mirror.name), &gone)?;
    std::fs::remove_file(&path)?;
    std::fs::remove_dir_all(gone)
}

/// The file beside a mirror that says whether it is in use.
fn lock_of(name: &str) -> String {
    format!("{name}.used")
}

fn is_mirror(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::super::mirror::{Cancel, Limits, Mirror};
    use super::*;
    use crate::domain::ids::CommitSha;

    const DAY: Duration = Duration::from_secs(86_400);

    /// A mirror of so many bytes that was used so many days ago.
    fn mirror(root: &Path, digit: &str, bytes: usize, days: u32) -> String {
        let name = digit.repeat(32);
        std::fs::create_dir_all(root.join(&name).join("objects/pack")).unwrap();
        std::fs::write(root.join(&name).join("objects/pack/x.pack"), vec![0; bytes]).unwrap();
        let lock = take(root, &name).unwrap();
        lock.file().set_modified(SystemTime::now() - DAY * days).unwrap();
        name
    }

    fn left(root: &Path) -> Vec<String> {
        let names = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_not_used_for_long_goes_with_its_lock_and_what_is_none_of_ours_stays() {
        let root = tempfile::tempdir().unwrap();
        let (old, new) = (mirror(root.path(), "a", 10, 100), mirror(root.path(), "b", 10, 2));
        std::fs::create_dir(root.path().join("notes")).unwrap();
        std::fs::create_dir_all(root.path().join(format!("{GONE}{old}/objects"))).unwrap();
        sweep(root.path(), KEEP, QUOTA, SystemTime::now()).unwrap();
        assert_eq!(left(root.path()), [new.clone(), lock_of(&new), "notes".into()]);
    }

    #[test]
    fn beyond_the_quota_the_one_that_was_not_used_for_longest_goes_first() {
        let root = tempfile::tempdir().unwrap();
        let names: Vec<String> =
            [("a", 3), ("b", 1), ("c", 2)].map(|(name, days)| mirror(root.path(), name, 1_000, days)).to_vec();
        sweep(root.path(), KEEP, 2_500, SystemTime::now()).unwrap();
        assert!(!left(root.path()).contains(&names[0]), "{:?}", left(root.path()));
        assert!(left(root.path()).contains(&names[1]) && left(root.path()).contains(&names[2]));
        drop(take(root.path(), &names[2]).unwrap());
        sweep(root.path(), KEEP, 1_500, SystemTime::now()).unwrap();
        assert_eq!(left(root.path()), [names[2].clone(), lock_of(&names[2])], "used again, it is the newest");
    }

    #[test]
    fn one_in_use_stays_whatever_its_age_and_goes_once_it_is_free() {
        let root = tempfile::tempdir().unwrap();
        let name = mirror(root.path(), "a", 10, 100);
        let (one, other) = (take(root.path(), &name).unwrap(), take(root.path(), &name).unwrap());
        let later = SystemTime::now() + 2 * KEEP;
        for lock in [one, other] {
            sweep(root.path(), KEEP, 0, later).unwrap();
            assert_eq!(left(root.path()), [name.clone(), lock_of(&name)]);
            drop(lock);
        }
        sweep(root.path(), KEEP, QUOTA, later).unwrap();
        assert!(left(root.path()).is_empty());
        // A lock that was removed while somebody waited for it counts for nothing.
        let waited = take(root.path(), &name).unwrap();
        assert_eq!(left(root.path()), [lock_of(&name)]);
        drop(waited);
    }

    fn git(folder: &Path, args: &[&str]) -> String {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let out = std::process::Command::new("git").args(who).arg("-C").arg(folder).args(args).output().unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn a_fetch_sweeps_what_is_old_and_what_was_swept_is_fetched_again() {
        let (origin, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        git(origin.path(), &["init", "-q"]);
        git(origin.path(), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        git(origin.path(), &["config", "uploadpack.allowFilter", "true"]);
        git(origin.path(), &["commit", "-q", "--allow-empty", "-m", "one"]);
        let head: CommitSha = git(origin.path(), &["rev-parse", "HEAD"]).parse().unwrap();
        let url = format!("file://{}", origin.path().display());
        let limits = Limits { time: Duration::from_secs(60), bytes: 64 << 20 };
        let open = || Mirror::open(root.path(), &url, limits, Cancel::default()).unwrap();
        let old = mirror(root.path(), "a", 10, 100);
        let used = open();
        assert!(root.path().join(&old).exists(), "to open one fetches nothing, and sweeps nothing");
        used.fetch().unwrap();
        assert!(!root.path().join(&old).exists());
        let later = SystemTime::now() + 2 * KEEP;
        sweep(root.path(), KEEP, QUOTA, later).unwrap();
        assert!(used.containing(&head).unwrap().is_some(), "it is in use");
        drop(used);
        sweep(root.path(), KEEP, QUOTA, later).unwrap();
        assert!(left(root.path()).is_empty());
        let again = open();
        again.want(&head).unwrap();
        assert!(again.history().resolve(head.as_str()).unwrap().is_some());
    }

    #[test]
    fn several_at_once_leave_what_is_used_whole() {
        let root = tempfile::tempdir().unwrap();
        let name = mirror(root.path(), "a", 10, 100);
        let pack = root.path().join(&name).join("objects/pack/x.pack");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        drop(sweep(root.path(), Duration::ZERO, 0, SystemTime::now() + KEEP));
                    }
                });
                scope.spawn(|| {
                    for _ in 0..200 {
                        let lock = take(root.path(), &name).unwrap();
                        std::fs::create_dir_all(pack.parent().unwrap()).unwrap();
                        std::fs::write(&pack, b"x").unwrap();
                        assert!(pack.is_file(), "nobody removes what is in use");
                        drop(lock);
                    }
                });
            }
        });
    }
}
