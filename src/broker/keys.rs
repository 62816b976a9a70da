//! Tells who calls: by token, or by what the kernel says about the peer of a unix socket. Tokens are read again
//! when the token commands have changed them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::Connection;

use crate::api::{Code, Problem};
use crate::domain::digest::Digest;
use crate::domain::time::Ms;
use crate::sys::clock;

use super::identity::Caller;
use super::machine::State;
use super::problem::{degraded, problem};
use super::tokens::{self, Refusal, Token};

/// How old what is known of the tokens may be, in milliseconds.
const FRESH_MS: i64 = 250;

/// From where a call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Over TCP of this machine, in the clear.
    Loopback,
    /// Over TLS.
    Tls,
    /// A process of this machine, where the kernel names its user.
    Unix(Option<u32>),
}

/// Everything that a caller can prove themselves by.
pub struct Keys {
    db: Mutex<Connection>,
    known: RwLock<Arc<Known>>,
    checked: AtomicI64,
    owner: Option<u32>,
}

struct Known {
    generation: i64,
    tokens: Vec<(Digest, Token)>,
    callers: HashMap<String, Caller>,
}

impl Known {
    fn read(db: &Connection) -> rusqlite::Result<Self> {
        let generation = tokens::generation(db)?;
        let tokens = tokens::all(db)?;
        let callers = tokens.iter().filter_map(|(_, t)| Some((t.name.clone(), t.caller()?))).collect();
        Ok(Self { generation, tokens, callers })
    }
}

impl Keys {
    /// With a connection of its own; `owner` is set on a broker of one user.
    ///
    /// # Errors
    /// Where the tokens cannot be read.
    pub fn new(db: Connection, owner: Option<u32>) -> rusqlite::Result<Self> {
        let known = RwLock::new(Arc::new(Known::read(&db)?));
        Ok(Self { db: Mutex::new(db), known, checked: AtomicI64::new(clock::now().boot.0), owner })
    }

    /// Who calls.
    ///
    /// # Errors
    /// Why nobody knows.
    pub fn caller(&self, bearer: Option<&str>, peer: Peer, state: &State, now: Ms) -> Result<Caller, Problem> {
        match (bearer, peer) {
            (Some(token), _) => self.by_token(token, now),
            (None, Peer::Unix(Some(uid))) => self.by_peer(uid, state),
            _ => Err(unknown("this call brings no token")),
        }
    }

    fn by_peer(&self, uid: u32, state: &State) -> Result<Caller, Problem> {
        let person = state.setup.policy.person_of_uid(uid);
        let owner = self.owner == Some(uid);
        if owner || person.is_some() {
            return Ok(Caller::peer(uid, person, owner));
        }
        Err(unknown("the policy knows no person with your user id"))
    }

    fn by_token(&self, token: &str, now: Ms) -> Result<Caller, Problem> {
        let mut known = self.known(FRESH_MS).map_err(unread)?;
        let mut found = tokens::find(&known.tokens, token, now);
        if matches!(found, Err(Refusal::Unknown)) {
            // It may have been made a moment ago.
            known = self.known(0).map_err(unread)?;
            found = tokens::find(&known.tokens, token, now);
        }
        let token = found.map_err(|why| {
            unknown(match why {
                Refusal::Unknown => "this token is not known here",
                Refusal::Revoked => "this token was revoked",
                Refusal::Expired => "this token has expired",
            })
        })?;
        known.callers.get(&token.name).cloned().ok_or_else(|| unknown("this token holds a pattern that is no glob"))
    }

    /// The tokens as they were at most so many milliseconds ago.
    fn known(&self, fresh_ms: i64) -> rusqlite::Result<Arc<Known>> {
        let now = clock::now().boot.0;
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        if now - self.checked.load(Ordering::Relaxed) < fresh_ms {
            return Ok(known);
        }
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        self.checked.store(now, Ordering::Relaxed);
        if tokens::generation(&db)? == known.generation {
            return Ok(known);
        }
        let fresh = Arc::new(Known::read(&db)?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }
}

fn unread(_: rusqlite::Error) -> Problem {
    degraded("the tokens cannot be read")
}

fn unknown(why: &'static str) -> Problem {
    problem(
        Code::Unauthenticated,
        why,
        "make one with `jit-tui broker token add`; a gate takes it from JIT_TUI_TOKEN or --token-file, a console from its [[backend]] table",
    )
}
