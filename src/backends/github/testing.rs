//! A run and a gate for tests: ordinary ones, to be changed where a story needs it.

use super::gates::Gate;
use super::wire::{Moment, Run, RunRepo, User};
use crate::domain::time::{Ms, Span};

pub(super) const NOW: Ms = Ms(1_795_417_927_000);

pub(super) fn run(id: u64) -> Run {
    Run {
        id,
        node_id: format!("WFR_{id}"),
        name: Some("Deploy".into()),
        display_title: "Roll forward".into(),
        event: "push".into(),
        status: Some("waiting".into()),
        conclusion: None,
        head_branch: Some("main".into()),
        head_sha: "4f1c9ab0".repeat(5).into(),
        path: ".github/workflows/deploy.yml".into(),
        run_number: 42,
        run_attempt: Some(1),
        workflow_id: 5,
        html_url: format!("https://github.com/acme/shop/actions/runs/{id}").into(),
        created_at: Moment(Some(NOW - Span::mins(4))),
        run_started_at: Moment(Some(NOW - Span::mins(4))),
        updated_at: Moment(Some(NOW - Span::mins(3))),
        actor: Some(User { login: "bob".into() }),
        triggering_actor: Some(User { login: "bob".into() }),
        head_commit: None,
        pull_requests: None,
        repository: RunRepo { id: 1, node_id: "R_1".into(), full_name: "acme/shop".into() },
        head_repository: Some(RunRepo { id: 1, node_id: "R_1".into(), full_name: "acme/shop".into() }),
        referenced_workflows: None,
    }
}

pub(super) fn gate(name: &str) -> Gate {
    Gate {
        id: 9,
        node: Some("EN_9".into()),
        name: name.into(),
        can_approve: true,
        timer: None,
        reviewers: vec!["acme/platform".into()],
        no_self: Some(false),
        live: None,
        branch_policy: Some(false),
    }
}
