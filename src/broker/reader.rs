//! What is not kept in memory is read here, on a connection of its own and off the threads that others wait for.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::api::Problem;
use crate::domain::ids::NativeId;
use crate::domain::text::Text;
use crate::safe;

use super::problem::degraded;
use super::store;

/// Reads the database.
#[derive(Clone)]
pub struct Reader {
    db: Arc<Mutex<Connection>>,
}

impl Reader {
    /// Over a connection.
    pub fn new(db: Connection) -> Self {
        Self { db: Arc::new(Mutex::new(db)) }
    }

    /// The evidence of a request, as it was stored.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn evidence(&self, id: NativeId) -> Result<Option<String>, Problem> {
        self.read(move |db| store::evidence(db, id.as_str())).await
    }

    /// Lines of the audit log after a number.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn audit(&self, after: u64, limit: u32) -> Result<Vec<(u64, String)>, Problem> {
        self.read(move |db| store::audit_lines(db, after, limit)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let db = Arc::clone(&self.db);
        let done = tokio::task::spawn_blocking(move || read(&db.lock().unwrap_or_else(PoisonError::into_inner))).await;
        done.map_err(|_| degraded("the broker is shutting down"))?
            .map_err(|e| degraded(safe!("the database cannot be read: {}", Text::from(e.to_string()).prose())))
    }
}
