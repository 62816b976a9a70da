//! Wakes the writer at the next deadline, and does the housekeeping of an hour.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::domain::digest::Digest;
use crate::sys::clock;

use super::blobs::Blobs;
use super::machine::Command;
use super::shared::Shared;
use super::writer::Writer;

/// The timer of the runtime stands still in a suspend and knows nothing of clock steps: look at least so often
/// while anything waits.
const LOOK: Duration = Duration::from_secs(30);

/// How often a database that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(5);

const HOUR: Duration = Duration::from_secs(3600);

/// Runs until the broker ends.
pub async fn run(shared: Arc<Shared>, writer: Writer, blobs: Blobs) {
    let mut next_sweep = Instant::now() + HOUR;
    loop {
        tokio::select! {
            () = nap(&shared) => {
                // A refusal says that the database cannot be written; the next turn comes by itself.
                let _ = writer.apply(Command::Tick).await;
                shared.reckon();
            }
            () = shared.timer.notified() => {}
            () = tokio::time::sleep_until(next_sweep) => {
                sweep(&shared, &writer, &blobs).await;
                next_sweep = Instant::now() + HOUR;
            }
        }
    }
}

/// Until the next deadline; for ever where there is none.
async fn nap(shared: &Shared) {
    if shared.degraded().is_some() {
        return sleep(RETRY).await;
    }
    match shared.earliest() {
        Some(at) => {
            let left = at.0.saturating_sub(clock::now().boot.0).max(0);
            // At least a little, so that nothing can make it spin.
            sleep(LOOK.min(Duration::from_millis(left.cast_unsigned().max(5)))).await;
        }
        None => std::future::pending().await,
    }
}

async fn sweep(shared: &Shared, writer: &Writer, blobs: &Blobs) {
    let _ = writer.apply(Command::Sweep).await;
    shared.forget_gates();
    let named: HashSet<Digest> = shared.state().all_requests().flat_map(|h| h.fixed.blobs.iter().copied()).collect();
    let blobs = blobs.clone();
    let swept = tokio::task::spawn_blocking(move || blobs.sweep(&named)).await;
    if let Ok(Err(error)) = swept {
        tracing::warn!(%error, "evidence that nobody needs could not be removed");
    }
}
