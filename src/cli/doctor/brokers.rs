//! Whether the backends can be reached, and who we are to them. Nothing is started for it.

use std::time::Duration;

use super::super::setup;
use super::{Found, Here};
use crate::backends;
use crate::backends::port::{Fault, Session};
use crate::config::{BackendTable, Config};
use crate::domain::ids::BackendName;
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::local;

/// So long a backend may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks all of them.
pub(super) fn brokers(here: &Here<'_>) -> Vec<Found> {
    let Ok(config) = &here.config else { return vec![] };
    if config.backends.is_empty() {
        return vec![own(&here.paths.state)];
    }
    match setup::runtime() {
        Ok(runtime) => config.backends.iter().flat_map(|table| runtime.block_on(one(config, table))).collect(),
        Err(e) => vec![Found::bad(Text::from(format!("{e:#}")).prose(), "")],
    }
}

fn own(state: &std::path::Path) -> Found {
    match local::running(state) {
        Ok(Some(address)) => Found::ok(safe!("your own answers at {}", address.shown())),
        Ok(None) => Found::ok(safe!("none runs: a console or a gate starts your own")),
        Err(e) => Found::bad(Text::from(e.to_string()).prose(), "remove it if it is not yours"),
    }
}

async fn one(config: &Config, table: &BackendTable) -> Vec<Found> {
    let name = &table.name;
    let backend = match backends::open(table, &|path| config.resolve(path)) {
        Ok(backend) => backend,
        Err(faults) => return vec![Found::bad(safe!("{}: {}", name, Text::from(faults.to_string()).prose()), "")],
    };
    match tokio::time::timeout(PATIENCE, backend.session()).await {
        Ok(Ok(session)) => answered(name, session),
        Ok(Err(Fault { message, mend, .. })) => vec![Found::bad(safe!("{}: {}", name, message), mend)],
        Err(_) => {
            let what = safe!("{}: no answer in {} s", name, PATIENCE.as_secs());
            vec![Found::bad(what, "check the address and the network")]
        }
    }
}

fn answered(name: &BackendName, session: Session) -> Vec<Found> {
    let mut found = vec![Found::ok(safe!("{}: {}", name, known(&session)))];
    found.extend(session.notes.into_iter().map(|note| {
        let what = safe!("{}: {}", name, note.what);
        if note.mend.as_str().is_empty() { Found::ok(what) } else { Found::note(what, note.mend) }
    }));
    found
}

fn known(session: &Session) -> SafeText {
    let may = if session.approver { "may approve" } else { "may look only" };
    safe!("answers, you are {} and {}", session.you.shown(), may)
}
