//! The database: SQLite in WAL mode, synchronous, one writer. What it cannot understand it refuses by name.

mod load;
mod save;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use crate::sys::files;

pub use load::Loaded;
pub use save::Store;

/// `jtbr`: the database says whose it is.
const APPLICATION_ID: i32 = 0x6a74_6272;

/// How long to wait for another writer (the token commands) before giving up.
const BUSY: Duration = Duration::from_secs(5);

/// Each takes the database one version further; never changed once released.
const MIGRATIONS: &[&str] = &["
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE requests(id TEXT PRIMARY KEY, fixed TEXT NOT NULL, evidence TEXT NOT NULL) STRICT;
CREATE TABLE lives(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE grants(id TEXT PRIMARY KEY, request TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX grants_by_request ON grants(request);
CREATE TABLE bases(place TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE deployed(what TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE heads(log TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE tokens(hash TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
CREATE TABLE audit(seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT;
"];

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or the file.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// SQLite.
    #[error("{path}: {cause}; check the disk, its space and who else uses the file", path = .path.display())]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        cause: rusqlite::Error,
    },
    /// Not ours.
    #[error("{path}: not a database of the jit-tui broker; name another file", path = .0.display())]
    Foreign(PathBuf),
    /// Made by a newer program.
    #[error("{path}: made by a newer jit-tui (database version {found}, this one knows {known}); use that one", path = .path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A row cannot be read.
    #[error("{table} of the broker's database: {cause}; restore a backup, or move the file away to begin anew")]
    Row {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        cause: serde_json::Error,
    },
}

/// Opens (and makes) the database.
///
/// # Errors
/// Where it is not ours to use, foreign, newer, or broken.
pub fn open(path: &Path) -> Result<Connection, StoreError> {
    if let Some(folder) = path.parent() {
        files::private_dir(folder)?;
    }
    // Made by us, so that its mode is 0600; SQLite gives its own files the same.
    files::private_append(path)?;
    let sqlite = |cause| StoreError::Sqlite { path: path.to_owned(), cause };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    prepare(&db).map_err(sqlite)?;
    migrate(&mut db, path)?;
    Ok(db)
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(32);
    db.pragma_update(None, "trusted_schema", "OFF")?;
    db.pragma_update(None, "cell_size_check", "ON")?;
    db.pragma_update(None, "foreign_keys", "ON")
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |cause| StoreError::Sqlite { path: path.to_owned(), cause };
    let number = |db: &Connection, pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let (owner, version) = (number(db, "application_id").map_err(sqlite)?, number(db, "user_version").map_err(sqlite)?);
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    if owner != APPLICATION_ID && (owner != 0 || tables > 0) {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    let found = u32::try_from(version).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    // Only now is anything changed: a foreign or newer file stays as it was.
    durable(db).map_err(sqlite)?;
    if found < known {
        step(db, found, known).map_err(sqlite)?;
    }
    Ok(())
}

fn durable(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")
}

fn step(db: &mut Connection, found: u32, known: u32) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have been faster.
    let now: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if now == i64::from(found) {
        for sql in MIGRATIONS.iter().skip(found as usize) {
            tx.execute_batch(sql)?;
        }
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", known)?;
    }
    tx.commit()
}

/// A value of the `meta` table.
pub(super) fn meta(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

/// Sets a value of the `meta` table.
pub(super) fn set_meta(db: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2";
    db.prepare_cached(sql)?.execute([key, value]).map(drop)
}

/// The head of the audit log as the database has it.
pub(super) fn audit_head(db: &Connection) -> rusqlite::Result<crate::domain::record::Head> {
    use crate::domain::{digest::Digest, record::Head};
    let sql = "SELECT seq, line FROM audit ORDER BY seq DESC LIMIT 1";
    let last = db.prepare_cached(sql)?.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
    Ok(match last.optional()? {
        Some((seq, line)) => Head { seq: seq.cast_unsigned(), hash: Digest::of(line.as_bytes()) },
        None => Head::empty(),
    })
}

/// Puts one record at the end of the audit log; for the token commands, inside their transaction.
///
/// # Errors
/// Where the database cannot be written.
pub(super) fn append_audit(db: &Connection, entry: crate::domain::record::Entry) -> rusqlite::Result<()> {
    let json = |e: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(e));
    let (line, head) = audit_head(db)?.chain(entry).map_err(json)?;
    save::insert_line(db, head.seq, &line)
}

/// Lines of the audit log after a number, at most `limit`.
pub(super) fn audit_lines(db: &Connection, after: u64, limit: u32) -> rusqlite::Result<Vec<(u64, String)>> {
    let mut rows = db.prepare_cached("SELECT seq, line FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    let rows = rows.query_map((after.cast_signed(), limit), |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, String>(1)?))
    })?;
    rows.collect()
}

/// The evidence of a request as JSON.
pub(super) fn evidence(db: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT evidence FROM requests WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path) -> PathBuf {
        folder.join("state").join("broker.db")
    }

    #[test]
    fn a_new_folder_gets_a_private_durable_database() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&file(folder.path())).unwrap();
        let mode: String = db.pragma_query_value(None, "journal_mode", |r| r.get(0)).unwrap();
        let sync: i32 = db.pragma_query_value(None, "synchronous", |r| r.get(0)).unwrap();
        assert_eq!((mode.as_str(), sync), ("wal", 2));
        let meta = std::fs::metadata(file(folder.path())).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777, 0o600);
        drop(db);
        open(&file(folder.path())).unwrap();
    }

    #[test]
    fn a_newer_database_and_a_foreign_one_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        open(&file(folder.path())).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let said = open(&file(folder.path())).unwrap_err().to_string();
        assert!(said.contains("newer jit-tui (database version 99"), "{said}");

        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        Connection::open(file(folder.path())).unwrap().execute_batch("CREATE TABLE theirs(x)").unwrap();
        std::fs::set_permissions(file(folder.path()), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert!(matches!(open(&file(folder.path())), Err(StoreError::Foreign(_))));
    }

    #[test]
    fn what_is_no_database_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        files::private_dir(&folder.path().join("state")).unwrap();
        files::private_append(&file(folder.path())).unwrap();
        std::fs::write(file(folder.path()), "this is a shopping list, not a database at all").unwrap();
        let said = open(&file(folder.path())).unwrap_err().to_string();
        assert!(said.contains("broker.db"), "{said}");
    }
}
