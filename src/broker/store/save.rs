//! One batch, one transaction: rows and audit lines together, or nothing.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::Serialize;

use crate::domain::json;
use crate::domain::record::{Entry, Head};

use super::super::machine::Change;
use super::{audit_head, set_meta};

/// The database of the writer thread.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    head: Head,
}

impl Store {
    /// Takes over a connection.
    ///
    /// # Errors
    /// Where the audit log cannot be read.
    pub fn new(db: Connection) -> rusqlite::Result<Self> {
        let head = audit_head(&db)?;
        Ok(Self { db, head })
    }

    /// Head of the audit log after the last commit.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The connection, for reading at start.
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// Writes a batch. When it returns well, the disk has it.
    ///
    /// # Errors
    /// Where anything of it cannot be written: then nothing of it is.
    pub fn commit(&mut self, changes: &[Change], records: Vec<Entry>) -> rusqlite::Result<()> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for change in changes {
            save(&tx, change)?;
        }
        let head = append(&tx, self.head, records)?;
        tx.commit()?;
        self.head = head;
        Ok(())
    }

    /// Notes something that is no part of the machine's state.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn note(&self, key: &str, value: &str) -> rusqlite::Result<()> {
        set_meta(&self.db, key, value)
    }

    /// Folds the write-ahead log into the database.
    pub fn close(self) {
        // What is in the write-ahead log is durable already; failing to fold it in loses nothing.
        let _ = self.db.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        let _ = self.db.close();
    }
}

fn append(tx: &Transaction<'_>, known: Head, records: Vec<Entry>) -> rusqlite::Result<Head> {
    if records.is_empty() {
        return Ok(known);
    }
    // The token commands write here too.
    let last: Option<i64> = tx.prepare_cached("SELECT max(seq) FROM audit")?.query_row([], |row| row.get(0))?;
    let mut head = if last.unwrap_or(0).cast_unsigned() == known.seq { known } else { audit_head(tx)? };
    for entry in records {
        let (line, next) = head.chain(entry).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        insert_line(tx, next.seq, &line)?;
        head = next;
    }
    Ok(head)
}

pub(super) fn insert_line(db: &Connection, seq: u64, line: &str) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO audit(seq, line) VALUES (?1, ?2)")?
        .execute(params![seq.cast_signed(), line])
        .map(drop)
}

fn save(tx: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Request { held, evidence } => {
            if let Some(evidence) = evidence {
                let sql = "INSERT INTO requests(id, fixed, evidence) VALUES (?1, ?2, ?3)";
                let row = params![held.id().as_str(), line(&*held.fixed)?, &**evidence];
                tx.prepare_cached(sql)?.execute(row)?;
            }
            upsert(
                tx,
                "INSERT INTO lives(id, body) VALUES (?1, ?2) ON CONFLICT(id) DO UPDATE SET body = ?2",
                held.id().as_str(),
                &held.live,
            )
        }
        Change::Grant(grant) => {
            let sql =
                "INSERT INTO grants(id, request, body) VALUES (?1, ?2, ?3) ON CONFLICT(id) DO UPDATE SET body = ?3";
            let row = params![grant.grant.id.as_str(), grant.grant.bound.request.id.as_str(), line(&**grant)?];
            tx.prepare_cached(sql)?.execute(row).map(drop)
        }
        Change::Forget(id) => forget(tx, id.as_str()),
        Change::Base(place, base) => upsert(
            tx,
            "INSERT INTO bases(place, body) VALUES (?1, ?2) ON CONFLICT(place) DO UPDATE SET body = ?2",
            &line(place)?,
            base,
        ),
        Change::Deployed(what, deployed) => upsert(
            tx,
            "INSERT INTO deployed(what, body) VALUES (?1, ?2) ON CONFLICT(what) DO UPDATE SET body = ?2",
            &line(what)?,
            &**deployed,
        ),
        Change::Head(log, head) => upsert(
            tx,
            "INSERT INTO heads(log, body) VALUES (?1, ?2) ON CONFLICT(log) DO UPDATE SET body = ?2",
            &line(log)?,
            head,
        ),
        Change::Policy(digest) => set_meta(tx, "policy", &digest.hex()),
        Change::Mark(mark) => set_meta(tx, "mark", &mark.map_or_else(String::new, |m| m.0.to_string())),
    }
}

fn upsert<T: Serialize + ?Sized>(tx: &Transaction<'_>, sql: &str, key: &str, body: &T) -> rusqlite::Result<()> {
    tx.prepare_cached(sql)?.execute(params![key, line(body)?]).map(drop)
}

fn line<T: Serialize + ?Sized>(value: &T) -> rusqlite::Result<String> {
    json::to_line(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn forget(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM requests WHERE id = ?1",
        "DELETE FROM lives WHERE id = ?1",
        "DELETE FROM grants WHERE request = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}
