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
        let sqlite = |source| StoreError::Sqlite { path: db.path().unwrap_or_default().into(), source };
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
    read().map_err(|source| StoreError::Sqlite { path: db.path().unwrap_or_default().into(), source })
}

fn parse<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Row { table, source })
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
