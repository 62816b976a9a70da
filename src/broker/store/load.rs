//! The state as the database has it: every row is absorbed as the change that once wrote it.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use serde::de::DeserializeOwned;

use crate::domain::digest::Digest;
use crate::domain::record::Record;
use crate::domain::time::Ms;
use crate::sys::clock::Now;

use super::super::machine::{Change, Fixed, Held, HeldGrant, Live, Setup, State};
use super::{StoreError, meta};

/// What was found at start.
#[derive(Debug)]
pub struct Loaded {
    /// Memory as it was.
    pub state: State,
    /// The broker's identity; absent in a new database.
    pub broker: Option<String>,
    /// The policy that was in force.
    pub policy: Option<Digest>,
    /// After another boot: what still waits or runs, with its deadlines on this boot's clock; to be written before
    /// the boot is noted.
    pub rebased: Vec<Change>,
}

/// A moment of another boot, taken over into this one; nothing where the boot is the same.
type Rebase<'a> = &'a dyn Fn(crate::sys::clock::Deadline) -> crate::sys::clock::Deadline;

impl Loaded {
    /// Reads all of it.
    ///
    /// # Errors
    /// Where a row cannot be read: nothing is skipped.
    pub fn read(db: &Connection, setup: Arc<Setup>, now: Now, boot: &str) -> Result<Self, StoreError> {
        let sqlite = |cause| StoreError::Sqlite { path: db.path().unwrap_or_default().into(), cause };
        let same_boot = meta(db, "boot").map_err(sqlite)?.is_some_and(|known| known == boot && !boot.is_empty());
        let rebase = |d: crate::sys::clock::Deadline| if same_boot { d } else { d.in_another_boot(now) };
        let mut state = State::new(setup);
        requests(db, &mut state, &rebase)?;
        grants(db, &mut state, &rebase)?;
        rest(db, &mut state)?;
        let mark = meta(db, "mark").map_err(sqlite)?.and_then(|m| m.parse().ok()).map(Ms);
        state.absorb(&Change::Mark(mark));
        state.clock.last = last_seen(db, now).map_err(sqlite)?;
        let rebased = if same_boot { Vec::new() } else { alive(&state, now) };
        Ok(Self {
            rebased,
            state,
            broker: meta(db, "broker").map_err(sqlite)?,
            policy: meta(db, "policy").map_err(sqlite)?.and_then(|d| d.parse().ok()),
        })
    }
}

fn alive(state: &State, now: Now) -> Vec<Change> {
    let waiting = state.all_requests().filter(|h| h.is_pending());
    let waiting = waiting.map(|held| Change::Request { held: Arc::clone(held), evidence: None });
    let grants = state.all_grants().filter(|g| g.is_alive(now)).map(|g| Change::Grant(Arc::clone(g)));
    waiting.chain(grants).collect()
}

/// The last moment on record, if the clock lies before it: then it was set back while the broker was down.
fn last_seen(db: &Connection, now: Now) -> rusqlite::Result<Now> {
    let lines = super::audit_lines(db, super::audit_head(db)?.seq.saturating_sub(1), 1)?;
    let at = lines.first().and_then(|(_, line)| serde_json::from_str::<Record>(line).ok()).map(|r| r.at);
    Ok(Now { wall: at.map_or(now.wall, |at| at.max(now.wall)), boot: now.boot })
}

fn rows(db: &Connection, sql: &str) -> Result<Vec<(String, String)>, StoreError> {
    let read = || {
        let mut statement = db.prepare(sql)?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|cause| StoreError::Sqlite { path: db.path().unwrap_or_default().into(), cause })
}

fn parse<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|cause| StoreError::Row { table, cause })
}

fn requests(db: &Connection, state: &mut State, rebase: Rebase<'_>) -> Result<(), StoreError> {
    let mut lives: HashMap<String, String> = rows(db, "SELECT id, body FROM lives")?.into_iter().collect();
    for (id, fixed) in rows(db, "SELECT id, fixed FROM requests")? {
        let fixed: Fixed = parse("requests", &fixed)?;
        let mut live: Live = parse("lives", &lives.remove(&id).unwrap_or_default())?;
        live.due = rebase(live.due);
        live.half = live.half.map(rebase);
        state.absorb(&Change::Request { held: Arc::new(Held { fixed: Arc::new(fixed), live }), evidence: None });
    }
    Ok(())
}

fn grants(db: &Connection, state: &mut State, rebase: Rebase<'_>) -> Result<(), StoreError> {
    for (_, body) in rows(db, "SELECT id, body FROM grants")? {
        let mut grant: HeldGrant = parse("grants", &body)?;
        grant.start_by = rebase(grant.start_by);
        for clock in &mut grant.clocks {
            (clock.ends, clock.lost) = (rebase(clock.ends), rebase(clock.lost));
        }
        state.absorb(&Change::Grant(Arc::new(grant)));
    }
    Ok(())
}

fn rest(db: &Connection, state: &mut State) -> Result<(), StoreError> {
    for (place, body) in rows(db, "SELECT place, body FROM bases")? {
        state.absorb(&Change::Base(parse("bases", &place)?, parse("bases", &body)?));
    }
    for (what, body) in rows(db, "SELECT what, body FROM deployed")? {
        state.absorb(&Change::Deployed(parse("deployed", &what)?, Arc::new(parse("deployed", &body)?)));
    }
    for (log, body) in rows(db, "SELECT log, body FROM heads")? {
        state.absorb(&Change::Head(parse("heads", &log)?, parse("heads", &body)?));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::machine::tests::{TEAM, pipeline, setup, submission};
    use super::super::super::machine::{Answer, Command, Create, apply};
    use super::super::{Store, open};
    use super::*;
    use crate::domain::ids::NativeId;
    use crate::domain::time::Span;
    use crate::findings::DiffScan;

    fn at(wall: i64, boot: i64) -> Now {
        Now { wall: Ms(1_800_000_000_000 + wall * 1000), boot: Ms(boot * 1000) }
    }

    /// A database with one request that was asked at second 0 and waits an hour.
    fn asked(folder: &std::path::Path) -> (Store, NativeId) {
        let mut store = Store::new(open(&folder.join("state/b.db")).unwrap()).unwrap();
        let create = Create {
            caller: pipeline("ci"),
            key: "k".into(),
            body: Digest::of(b"k"),
            submission: submission("prod"),
            diff: DiffScan::default(),
            id: NativeId::from_bits([7; 16]),
            nonce: "n".into(),
        };
        let state = State::new(setup(TEAM));
        let effects = apply(&state, &Command::Create(Box::new(create)), at(0, 5_000)).unwrap();
        store.commit(&effects.changes, effects.records).unwrap();
        store.note("boot", "first").unwrap();
        let Answer::Request(id) = effects.answer else { panic!() };
        (store, id)
    }

    fn due(store: &Store, now: Now, boot: &str) -> (Span, usize) {
        let loaded = Loaded::read(store.db(), setup(TEAM), now, boot).unwrap();
        let held = loaded.state.all_requests().next().unwrap().clone();
        (held.live.due.left(now), loaded.rebased.len())
    }

    #[test]
    fn deadlines_stand_over_a_restart_and_over_another_boot() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = asked(folder.path());
        assert_eq!(due(&store, at(600, 5_600), "first"), (Span::mins(50), 0));
        // The boot clock began anew and shows more than it did at the asking: the wall clock alone counts.
        assert_eq!(due(&store, at(600, 99_000), "second"), (Span::mins(50), 1));
        let loaded = Loaded::read(store.db(), setup(TEAM), at(600, 10), "second").unwrap();
        store.commit(&loaded.rebased, vec![]).unwrap();
        store.note("boot", "second").unwrap();
        assert_eq!(due(&store, at(1200, 610), "second"), (Span::mins(40), 0));
        assert_eq!(due(&store, at(0, 3_700), "second").0, Span::ZERO, "either clock past means over");
    }

    #[test]
    fn a_clock_that_lies_before_the_last_record_is_seen_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = asked(folder.path());
        let loaded = Loaded::read(store.db(), setup(TEAM), at(-3_600, 9_000), "first").unwrap();
        let (change, record) = super::super::super::machine::observe(&loaded.state.clock, at(-3_600, 9_000));
        assert!(matches!(change, Some(Change::Mark(Some(Ms(1_800_000_000_000))))));
        assert!(record.is_some());
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error_and_not_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = asked(folder.path());
        store.db().execute("UPDATE lives SET body = '{}'", []).unwrap();
        let said = Loaded::read(store.db(), setup(TEAM), at(0, 0), "first").unwrap_err().to_string();
        assert!(said.starts_with("lives of the broker's database"), "{said}");
    }
}
