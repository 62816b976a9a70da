//! The hook command: told on stdin in JSON what happened and who may decide, with some seconds for it. It never
//! keeps anything waiting; what came of it goes on record.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command as Process;
use tokio::sync::{Semaphore, mpsc};

use crate::domain::digest::Digest;
use crate::domain::finding::Finding;
use crate::domain::ids::{CommitSha, RequestKey};
use crate::domain::json;
use crate::domain::principal::Identity;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Ms;
use crate::safe;

use super::machine::{Command, Notice};
use super::problem::text;
use super::shared::Shared;
use super::writer::Writer;

/// Hooks at once.
const AT_ONCE: usize = 4;

/// The command and its time.
#[derive(Clone, Debug)]
pub struct Hook {
    program: String,
    args: Vec<String>,
    time: Duration,
}

impl Hook {
    /// Program and arguments; absent where there is no program.
    pub fn new(command: &[String], time: Duration) -> Option<Self> {
        let (program, args) = command.split_first()?;
        Some(Self { program: program.clone(), args: args.to_vec(), time })
    }
}

/// What a hook reads on its stdin.
#[derive(Serialize)]
struct Told<'a> {
    occasion: &'a str,
    broker: &'a str,
    request: &'a RequestKey,
    digest: Digest,
    code: String,
    repository: &'a Text,
    environment: &'a Text,
    name: &'a Text,
    head: &'a Option<CommitSha>,
    requester: Option<&'a Identity>,
    reason: &'a Text,
    verdict: &'a Text,
    state: Text,
    due: Ms,
    findings: &'a [Finding],
    eligible: &'a [Text],
}

/// Runs the hook for every notice until the broker ends.
pub async fn run(hook: Hook, mut notices: mpsc::Receiver<Notice>, writer: Writer, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(notice) = notices.recv().await {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let (hook, writer, shared) = (hook.clone(), writer.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let said = tell(&hook, &told(&notice, &shared.broker)).await;
            shared.metrics.hook(said.is_ok());
            let result = text(said.unwrap_or_else(|why| why));
            let id = notice.held.id().clone();
            // A record that cannot be written makes the broker say so by itself.
            let _ = writer.apply(Command::Notified(id, notice.occasion, notice.eligible, result)).await;
            drop(place);
        });
    }
}

fn told(notice: &Notice, broker: &str) -> String {
    let core = notice.held.core();
    let live = &notice.held.live;
    json::to_line(&Told {
        occasion: notice.occasion.word(),
        broker,
        request: &core.key,
        digest: core.digest(),
        code: core.digest().code().to_string(),
        repository: &core.repository.value,
        environment: &core.environment.value,
        name: &core.name,
        head: &core.head,
        requester: core.requester(),
        reason: &core.reason,
        verdict: &live.verdict.words,
        state: text(live.state.word()),
        due: live.due.wall(),
        findings: &live.findings,
        eligible: &notice.eligible,
    })
    .unwrap_or_default()
}

async fn tell(hook: &Hook, json: &str) -> Result<SafeText, SafeText> {
    let failed = |e: std::io::Error| safe!("could not be run: {}", Text::from(e.to_string()).prose());
    let mut process = Process::new(&hook.program);
    let mut child = process
        .args(&hook.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let stdin = child.stdin.take();
    let run = async {
        if let Some(mut stdin) = stdin {
            // A hook that does not read is no fault of it.
            let _ = stdin.write_all(json.as_bytes()).await;
            let _ = stdin.write_all(b"\n").await;
        }
        child.wait().await
    };
    match tokio::time::timeout(hook.time, run).await {
        Ok(Ok(status)) => in_words(status),
        Ok(Err(e)) => Err(failed(e)),
        Err(_) => {
            // What a shell started is in its group and ends with it.
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
            Err(safe!("took longer than {} s and was ended", hook.time.as_secs()))
        }
    }
}

fn in_words(status: ExitStatus) -> Result<SafeText, SafeText> {
    match status.code() {
        Some(0) => Ok("done".into()),
        Some(code) => Err(safe!("failed with exit code {}", code)),
        None => Err("was ended by a signal".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(command: &str) -> Hook {
        Hook::new(&["sh".into(), "-c".into(), command.into()], Duration::from_secs(10)).unwrap()
    }

    #[tokio::test]
    async fn a_hook_reads_its_json_and_its_end_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("told");
        let command = format!("cat > {}", out.display());
        assert_eq!(tell(&sh(&command), r#"{"a":1}"#).await.unwrap().as_str(), "done");
        assert_eq!(std::fs::read_to_string(out).unwrap(), "{\"a\":1}\n");
        assert_eq!(tell(&sh("exit 3"), "{}").await.unwrap_err().as_str(), "failed with exit code 3");
        assert!(tell(&sh("kill -9 $$"), "{}").await.unwrap_err().as_str().contains("signal"));
    }

    #[tokio::test]
    async fn a_hook_that_hangs_is_ended() {
        let hasty = Hook { time: Duration::from_millis(50), ..sh("sleep 1000") };
        let said = tell(&hasty, "{}").await.unwrap_err();
        assert!(said.as_str().contains("took longer"), "{said}");
    }
}
