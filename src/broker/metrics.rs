//! Figures for Prometheus: counters kept here, gauges read from the state when asked.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::clock;

use super::shared::Shared;

/// Counters since the start.
#[derive(Default)]
pub struct Metrics {
    answers: [AtomicU64; 6],
    commits: AtomicU64,
    commands: AtomicU64,
    failed_commits: AtomicU64,
    refused_tokens: AtomicU64,
    hooks: AtomicU64,
    failed_hooks: AtomicU64,
}

impl Metrics {
    /// A call was answered with this status.
    pub fn answered(&self, status: u16) {
        if let Some(counter) = self.answers.get(usize::from(status / 100)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A transaction of so many commands.
    pub fn commit(&self, commands: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commands.fetch_add(commands as u64, Ordering::Relaxed);
    }

    /// A transaction that failed.
    pub fn failed_commit(&self) {
        self.failed_commits.fetch_add(1, Ordering::Relaxed);
    }

    /// A call without a credential that holds.
    pub fn refused_token(&self) {
        self.refused_tokens.fetch_add(1, Ordering::Relaxed);
    }

    /// The hook command was run.
    pub fn hook(&self, well: bool) {
        self.hooks.fetch_add(1, Ordering::Relaxed);
        if !well {
            self.failed_hooks.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Figure {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: u64,
}

/// All figures in Prometheus' text format.
pub fn text(shared: &Shared) -> String {
    let mut out = String::new();
    for Figure { name, kind, help, value } in figures(shared) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# HELP jit_tui_{name} {help}\n# TYPE jit_tui_{name} {kind}\njit_tui_{name} {value}");
    }
    let _ = writeln!(
        out,
        "# HELP jit_tui_answers_total Calls answered, by class of status.\n# TYPE jit_tui_answers_total counter"
    );
    for (class, counter) in shared.metrics.answers.iter().enumerate().skip(2) {
        let _ = writeln!(out, "jit_tui_answers_total{{class=\"{class}xx\"}} {}", counter.load(Ordering::Relaxed));
    }
    out
}

fn figures(shared: &Shared) -> Vec<Figure> {
    let m = &shared.metrics;
    let state = shared.state();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let gauge = |name, help, value| Figure { name, kind: "gauge", help, value };
    let count = |name, help, counter| Figure { name, kind: "counter", help, value: read(counter) };
    let untrusted = state.clock.mark.is_some_and(|mark| clock::now().wall < mark);
    vec![
        gauge("up", "1 while it can write, 0 while nothing is granted.", u64::from(shared.degraded().is_none())),
        gauge("clock_trusted", "0 after the clock was set back.", u64::from(!untrusted)),
        gauge("requests_pending", "Requests that wait for a decision.", state.pending_count() as u64),
        gauge("grants_running", "Grants under which something runs.", state.running_count() as u64),
        gauge("break_glass_unreviewed", "Break-glasses that nobody has looked at.", state.unreviewed_count() as u64),
        gauge("consoles", "Consoles that listen to events.", u64::from(shared.watching.load(Ordering::Relaxed))),
        gauge("audit_records", "Records of the audit log.", shared.head().seq),
        count("commits_total", "Transactions.", &m.commits),
        count("commands_total", "Commands in those transactions.", &m.commands),
        count("failed_commits_total", "Transactions that could not be written.", &m.failed_commits),
        count("refused_credentials_total", "Calls without a credential that holds.", &m.refused_tokens),
        count("hooks_total", "Runs of the hook command.", &m.hooks),
        count("failed_hooks_total", "Runs of the hook command that failed.", &m.failed_hooks),
    ]
}
