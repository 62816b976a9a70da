//! Tokens: 256 random bits, shown once, stored as SHA-256 only, compared in constant time. They lie in the
//! broker's database; the command line changes them there while the broker runs, and it notices.

use data_encoding::BASE64URL_NOPAD;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::domain::digest::Digest;
use crate::domain::ids::Person;
use crate::domain::principal::{Assurance, IdentityKind, Principal, Source};
use crate::domain::record::{Entry, Event};
use crate::domain::time::Ms;
use crate::safe;

use super::identity::{Binding, Caller, Patterns, requesters};
use super::problem::text;
use super::store::append_audit;

/// What every token begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "jt_";

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Use {
    /// Asks, for these repositories and environments only.
    Pipeline {
        /// Globs over repositories.
        repositories: Vec<String>,
        /// Globs over environments.
        environments: Vec<String>,
        /// Who is behind it, where it belongs to one person.
        person: Option<Person>,
    },
    /// Decides, as this person.
    Approver {
        /// Who.
        person: Person,
    },
}

/// A token as it is stored, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its name, unique.
    pub name: String,
    /// What for.
    #[serde(flatten)]
    pub use_: Use,
    /// When it was made.
    pub created_at: Ms,
    /// When it expires.
    pub expires: Option<Ms>,
    /// When it was revoked.
    pub revoked_at: Option<Ms>,
}

/// A new secret and the hash that is stored of it.
fn secret() -> std::io::Result<(String, Digest)> {
    let bits = crate::sys::random::bytes::<32>()?;
    let text = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bits));
    let hash = Digest::of(text.as_bytes());
    Ok((text, hash))
}

/// Every token of a database with its hash.
///
/// # Errors
/// Where the database cannot be read.
pub fn all(db: &Connection) -> rusqlite::Result<Vec<(Digest, Token)>> {
    let mut rows = db.prepare_cached("SELECT hash, body FROM tokens ORDER BY name")?;
    let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut tokens = Vec::new();
    for row in rows {
        let (hash, body) = row?;
        let bad = |e: Box<dyn std::error::Error + Send + Sync>| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e)
        };
        tokens.push((
            hash.parse().map_err(|e| bad(Box::new(e)))?,
            serde_json::from_str(&body).map_err(|e| bad(Box::new(e)))?,
        ));
    }
    Ok(tokens)
}

/// Rises with every change of the tokens.
///
/// # Errors
/// Where the database cannot be read.
pub(super) fn generation(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT value FROM meta WHERE key = 'tokens'")?
        .query_row([], |row| row.get::<_, String>(0))
        .optional()
        .map(|value| value.and_then(|v| v.parse().ok()).unwrap_or(0))
}

/// Why a token command does nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is taken.
    #[error("there is a token named {0} already; give another --name, names of revoked tokens are not used again")]
    Taken(String),
    /// Nobody has that name.
    #[error("there is no token named {0}; `jit-tui broker token list` shows those that are")]
    Unknown(String),
    /// A pattern is no glob.
    #[error("{0}")]
    Glob(#[from] globset::Error),
    /// The kernel.
    #[error("no random bits: {0}")]
    Random(#[from] std::io::Error),
    /// The database.
    #[error("the broker's database cannot be written: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Stores a new token and gives its secret, this once. A running broker knows it within a second.
///
/// # Errors
/// Where its name is taken, a pattern is no glob, or it cannot be stored.
pub fn add(db: &mut Connection, token: &Token, by: Principal) -> Result<String, TokenError> {
    if let Use::Pipeline { repositories, environments, .. } = &token.use_ {
        Patterns::new(repositories)?;
        Patterns::new(environments)?;
    }
    let (text, hash) = secret()?;
    change(db, hash, token, "added", by, |known| match known {
        Some(_) => Err(TokenError::Taken(token.name.clone())),
        None => Ok(()),
    })?;
    Ok(text)
}

/// Takes a token back: from now on it is refused.
///
/// # Errors
/// Where there is none of this name, or it cannot be written.
pub fn revoke(db: &mut Connection, name: &str, now: Ms, by: Principal) -> Result<(), TokenError> {
    let known = all(db)?.into_iter().find(|(_, t)| t.name == name);
    let (hash, token) = known.ok_or_else(|| TokenError::Unknown(name.to_owned()))?;
    let token = Token { revoked_at: token.revoked_at.or(Some(now)), ..token };
    change(db, hash, &token, "revoked", by, |_| Ok(()))
}

fn change(
    db: &mut Connection,
    hash: Digest,
    token: &Token,
    what: &str,
    by: Principal,
    check: impl FnOnce(Option<&Token>) -> Result<(), TokenError>,
) -> Result<(), TokenError> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let known = all(&tx)?;
    check(known.iter().map(|(_, t)| t).find(|t| t.name == token.name))?;
    put(&tx, hash, token)?;
    let event = Event::Token { change: what.into(), name: token.name.as_str().into() };
    append_audit(&tx, Entry { at: crate::sys::clock::now().wall, by: Some(by), request: None, event })?;
    Ok(tx.commit()?)
}

/// Puts a token under its hash and counts the change up.
fn put(db: &Connection, hash: Digest, token: &Token) -> rusqlite::Result<()> {
    let body = crate::domain::json::to_line(token).unwrap_or_default();
    db.execute(
        "INSERT INTO tokens(hash, name, body) VALUES (?1, ?2, ?3) ON CONFLICT(hash) DO UPDATE SET body = ?3",
        params![hash.hex(), token.name, body],
    )?;
    let next = generation(db)? + 1;
    db.execute(
        "INSERT INTO meta(key, value) VALUES ('tokens', ?1) ON CONFLICT(key) DO UPDATE SET value = ?1",
        [next.to_string()],
    )?;
    Ok(())
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody has it.
    Unknown,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
}

/// Whose token that is. Every hash is compared, each in constant time.
///
/// # Errors
/// Why it is not taken.
pub(super) fn find<'a>(tokens: &'a [(Digest, Token)], given: &str, now: Ms) -> Result<&'a Token, Refusal> {
    let hash = Digest::of(given.as_bytes());
    let mut found = None;
    for (known, token) in tokens {
        if bool::from(known.as_bytes().ct_eq(hash.as_bytes())) {
            found = Some(token);
        }
    }
    let token = found.ok_or(Refusal::Unknown)?;
    if token.revoked_at.is_some() {
        return Err(Refusal::Revoked);
    }
    if token.expires.is_some_and(|at| now >= at) {
        return Err(Refusal::Expired);
    }
    Ok(token)
}

impl Token {
    /// Who calls with it; absent where a pattern of it is no glob, which `token add` would have refused.
    pub(super) fn caller(&self) -> Option<Caller> {
        let person = match &self.use_ {
            Use::Pipeline { person, .. } => person.clone(),
            Use::Approver { person } => Some(person.clone()),
        };
        let pipeline = match &self.use_ {
            Use::Pipeline { repositories, environments, person } => Some(Binding {
                credential: text(safe!("token:{}", crate::domain::text::Text::from(self.name.as_str()).ident())),
                repositories: Patterns::new(repositories).ok()?,
                environments: Patterns::new(environments).ok()?,
                identities: requesters(self.name.as_str().into(), IdentityKind::Token, person.as_ref(), Source::Token),
            }),
            Use::Approver { .. } => None,
        };
        let principal = Principal {
            issuer: "broker".into(),
            subject: self.name.as_str().into(),
            assurance: Assurance::Bearer,
            person,
        };
        Some(Caller { principal, approver: pipeline.is_none(), pipeline, local_owner: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str, expires: Option<Ms>, revoked_at: Option<Ms>) -> (String, (Digest, Token)) {
        let (text, hash) = secret().unwrap();
        let use_ = Use::Approver { person: "alice".parse().unwrap() };
        (text, (hash, Token { name: name.into(), use_, created_at: Ms(1), expires, revoked_at }))
    }

    #[test]
    fn a_token_is_taken_until_it_expires_or_is_revoked() {
        let (good, a) = token("a", Some(Ms(100)), None);
        let (gone, b) = token("b", None, Some(Ms(50)));
        let tokens = vec![a, b];
        assert_eq!(find(&tokens, &good, Ms(99)).unwrap().name, "a");
        assert_eq!(find(&tokens, &good, Ms(100)), Err(Refusal::Expired));
        assert_eq!(find(&tokens, &gone, Ms(10)), Err(Refusal::Revoked));
        assert_eq!(find(&tokens, "jt_guess", Ms(10)), Err(Refusal::Unknown));
        assert_eq!(find(&tokens, "", Ms(10)), Err(Refusal::Unknown));
    }

    #[test]
    fn a_secret_has_256_bits_and_its_hash_does_not_hold_it() {
        let (text, hash) = secret().unwrap();
        assert_eq!(text.len(), 3 + 43);
        assert!(!hash.hex().contains(&text));
        assert_ne!(secret().unwrap().0, text);
    }

    #[test]
    fn a_pipeline_token_asks_and_an_approver_token_decides_never_both() {
        let use_ = Use::Pipeline {
            repositories: vec!["acme/*".into()],
            environments: vec!["prod".into()],
            person: "bob".parse().ok(),
        };
        let pipeline = Token { name: "shop".into(), use_, created_at: Ms(0), expires: None, revoked_at: None };
        let caller = pipeline.caller().unwrap();
        assert!(!caller.approver);
        assert_eq!(caller.pipeline.unwrap().identities.len(), 2);
        let (_, (_, approver)) = token("a", None, None);
        let caller = approver.caller().unwrap();
        assert!(caller.approver && caller.pipeline.is_none());
    }
}
