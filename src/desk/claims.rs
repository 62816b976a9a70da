//! Who carries an open decision: a list for each process, locked as long as the process lives, which the kernel frees
//! when it is gone. So a start can tell decisions of a dead process from those of a colleague's console on the same log.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;

use crate::domain::ids::DecisionId;
use crate::sys::files::{self, Lock};
use crate::sys::random;

/// The folder of lists.
#[derive(Debug)]
pub(super) struct Claims(Arc<Folder>);

/// Held while a decision is on its way. One that is dropped without a release stays on the list.
#[derive(Debug)]
pub(super) struct Claim {
    folder: Arc<Folder>,
    id: DecisionId,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Taken by whoever begins a list or takes a decision over: nobody else looks at the lists meanwhile.
    lock: PathBuf,
    /// There is one while it names something.
    ours: Mutex<Option<List>>,
}

/// What one process carries: a line `+ID` for each decision that it took, and `-ID` where that is over.
#[derive(Debug)]
struct List {
    path: PathBuf,
    lock: Lock,
    names: HashSet<DecisionId>,
}

impl Claims {
    /// The folder is made with the first claim: where nothing can be written, everything can still be looked at.
    pub(super) fn of(state: &Path) -> Self {
        let (path, lock) = (state.join("intents"), state.join("intents.lock"));
        Self(Arc::new(Folder { path, lock, ours: Mutex::default() }))
    }

    /// Decisions that some process claimed and did not release: carried still, or left behind.
    pub(super) fn left(&self) -> HashSet<DecisionId> {
        let texts = self.0.lists().into_iter().filter_map(|path| std::fs::read_to_string(path).ok());
        texts.flat_map(|text| named(&text)).collect()
    }

    /// Claims a decision of our own.
    pub(super) fn take(&self, id: &DecisionId) -> io::Result<Claim> {
        self.0.take(&mut self.0.ours(), id)?;
        Ok(self.claim(id))
    }

    /// Claims a decision whose process is gone; `None` where somebody carries it.
    pub(super) fn take_over(&self, id: &DecisionId) -> io::Result<Option<Claim>> {
        let mut ours = self.0.ours();
        let _alone = self.0.alone()?;
        let mut left = Vec::new();
        for path in self.0.lists() {
            if !std::fs::read_to_string(&path).is_ok_and(|text| named(&text).contains(id)) {
                continue;
            }
            match List::left(path)? {
                Some(list) => left.push(list),
                None => return Ok(None),
            }
        }
        self.0.begin(&mut ours)?.add(id)?;
        left.into_iter().for_each(|mut list| list.strike(id));
        Ok(Some(self.claim(id)))
    }

    fn claim(&self, id: &DecisionId) -> Claim {
        Claim { folder: Arc::clone(&self.0), id: id.clone() }
    }
}

impl Claim {
    /// The decision is closed: nothing of it needs to stay.
    pub(super) fn release(self) {
        let mut ours = self.folder.ours();
        if let Some(list) = ours.as_mut() {
            list.strike(&self.id);
        }
        ours.take_if(|list| list.names.is_empty());
    }
}

impl Folder {
    fn ours(&self) -> MutexGuard<'_, Option<List>> {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> io::Result<Lock> {
        files::private_dir(&self.path)?;
        Lock::wait(&self.lock)
    }

    fn take(&self, ours: &mut Option<List>, id: &DecisionId) -> io::Result<()> {
        if ours.is_none() {
            let _alone = self.alone()?;
            self.begin(ours)?;
        }
        ours.as_mut().map_or(Ok(()), |list| list.add(id))
    }

    /// Our list, begun where there is none.
    fn begin<'a>(&self, ours: &'a mut Option<List>) -> io::Result<&'a mut List> {
        match ours {
            Some(list) => Ok(list),
            none => {
                let name = HEXLOWER.encode(&random::bytes::<8>()?);
                Ok(none.insert(List::new(self.path.join(name))?))
            }
        }
    }

    fn lists(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }
}

impl List {
    fn new(path: PathBuf) -> io::Result<Self> {
        let lock = Lock::wait(&path)?;
        Ok(Self { path, lock, names: HashSet::new() })
    }

    /// The list of a process that is gone; `None` where it lives.
    fn left(path: PathBuf) -> io::Result<Option<Self>> {
        let Some(lock) = Lock::try_take(&path)? else { return Ok(None) };
        let mut text = String::new();
        lock.file().read_to_string(&mut text)?;
        Ok(Some(Self { path, lock, names: named(&text) }))
    }

    fn add(&mut self, id: &DecisionId) -> io::Result<()> {
        write(self.lock.file(), '+', id)?;
        self.names.insert(id.clone());
        Ok(())
    }

    /// The last one takes the list with it. One that stays is harmless: it names a decision that the log says is
    /// closed.
    fn strike(&mut self, id: &DecisionId) {
        self.names.remove(id);
        if self.names.is_empty() {
            drop(std::fs::remove_file(&self.path));
        } else {
            drop(write(self.lock.file(), '-', id));
        }
    }
}

/// The file stands at its end: only who holds the lock writes. A line that was cut off is left behind by the newline.
fn write(mut file: &File, sign: char, id: &DecisionId) -> io::Result<()> {
    file.write_all(format!("\n{sign}{id}").as_bytes())
}

/// What a list names still. A line that was cut off is of a decision that had not begun, or is over.
fn named(text: &str) -> HashSet<DecisionId> {
    let mut names = HashSet::new();
    for line in text.lines() {
        match (line.strip_prefix('+').map(str::parse), line.strip_prefix('-').map(str::parse)) {
            (Some(Ok(id)), _) => drop(names.insert(id)),
            (_, Some(Ok(id))) => drop(names.remove(&id)),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Ms;

    fn id(n: u8) -> DecisionId {
        DecisionId::new(Ms(1), [n; 10])
    }

    fn lists(state: &Path) -> usize {
        std::fs::read_dir(state.join("intents")).into_iter().flatten().count()
    }

    #[test]
    fn a_decision_of_a_process_that_lives_is_nobody_elses() {
        let state = tempfile::tempdir().unwrap();
        let [one, other] = [(), ()].map(|()| Claims::of(state.path()));
        let claim = one.take(&id(1)).unwrap();
        assert!(other.take_over(&id(1)).unwrap().is_none());
        assert!(one.take_over(&id(1)).unwrap().is_none(), "nor our own once more");
        assert_eq!(other.left(), HashSet::from([id(1)]));
        claim.release();
        assert_eq!((other.left(), lists(state.path())), (HashSet::new(), 0));
    }

    #[test]
    fn what_a_dead_process_carried_is_taken_over_by_one() {
        let state = tempfile::tempdir().unwrap();
        let dead = Claims::of(state.path());
        let (over, left) = (dead.take(&id(1)).unwrap(), [2, 3].map(|n| dead.take(&id(n)).unwrap()));
        over.release();
        drop((dead, left));
        let [one, other] = [(), ()].map(|()| Claims::of(state.path()));
        assert_eq!(one.left(), HashSet::from([id(2), id(3)]));
        let two = one.take_over(&id(2)).unwrap().unwrap();
        assert!(other.take_over(&id(2)).unwrap().is_none());
        let three = other.take_over(&id(3)).unwrap().unwrap();
        assert_eq!(lists(state.path()), 2, "the dead one's list went with its last name");
        [two, three].into_iter().for_each(Claim::release);
        assert_eq!(lists(state.path()), 0);
    }

    #[test]
    fn a_claim_that_is_not_released_is_found_when_its_process_is_gone() {
        let state = tempfile::tempdir().unwrap();
        let claims = Claims::of(state.path());
        drop(claims.take(&id(1)).unwrap());
        claims.take(&id(2)).unwrap().release();
        drop(claims);
        let next = Claims::of(state.path());
        assert_eq!(next.left(), HashSet::from([id(1)]));
        next.take_over(&id(1)).unwrap().unwrap().release();
        assert_eq!((next.left(), lists(state.path())), (HashSet::new(), 0));
    }

    #[test]
    fn what_the_log_says_is_open_can_be_claimed_where_its_list_is_lost() {
        let state = tempfile::tempdir().unwrap();
        let [one, other] = [(), ()].map(|()| Claims::of(state.path()));
        let claim = one.take_over(&id(1)).unwrap().unwrap();
        assert!(other.take_over(&id(1)).unwrap().is_none());
        claim.release();
    }

    #[test]
    fn a_line_that_was_cut_off_by_a_kill_names_nobody() {
        let state = tempfile::tempdir().unwrap();
        let whole = format!("+{}\n+{}\n-{}\n", id(1), id(2), id(1));
        assert_eq!(named(&whole), HashSet::from([id(2)]));
        assert_eq!(named(&format!("{whole}+{}", id(3).as_str().get(..20).unwrap())), HashSet::from([id(2)]));
        // Who strikes names off it goes on behind the line that was cut off.
        std::fs::create_dir(state.path().join("intents")).unwrap();
        let path = state.path().join("intents/dead");
        std::fs::write(&path, format!("{whole}+{}\n+01", id(4))).unwrap();
        let claims = Claims::of(state.path());
        claims.take_over(&id(2)).unwrap().unwrap().release();
        assert_eq!(claims.left(), HashSet::from([id(4)]));
    }
}
