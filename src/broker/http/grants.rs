//! What approvers do with grants: list, take back, vote for more time.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};

use crate::api::{Extend, Extension as Extended, Grants, Problem, Revoke};
use crate::domain::grant::Grant;
use crate::domain::ids::GrantId;
use crate::domain::time::Span;
use crate::sys::clock;

use super::super::identity::Caller;
use super::super::machine::{Answer, Command};
use super::super::problem::not_found;
use super::App;
use super::wire::{Reply, answer, parsed};

/// Grants that are over are listed so long.
const LISTED: Span = Span::hours(24);

/// Grants of one answer at most; what is alive comes first.
const MOST: usize = 1_000;

pub async fn list(State(app): State<Arc<App>>) -> Reply {
    let now = clock::now();
    let since = now.wall - LISTED;
    let mut grants: Vec<_> = {
        let state = app.shared.state();
        let kept = |g: &&Arc<super::super::machine::HeldGrant>| g.grant.decided_at > since || g.is_alive(now);
        state.all_grants().filter(kept).cloned().collect()
    };
    grants.sort_by_key(|g| std::cmp::Reverse((g.is_alive(now), g.grant.decided_at, g.grant.id.clone())));
    grants.truncate(MOST);
    grants.sort_by_key(|g| std::cmp::Reverse((g.grant.decided_at, g.grant.id.clone())));
    answer(&Grants { grants: grants.iter().map(|g| g.grant.clone()).collect() })
}

fn id(text: &str) -> Result<GrantId, Problem> {
    text.parse().map_err(|_| not_found("grant"))
}

fn read(app: &App, id: &GrantId) -> Result<Grant, Problem> {
    app.shared.state().grant(id).map(|g| g.grant.clone()).ok_or_else(|| not_found("grant"))
}

pub async fn revoke(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    body: Body,
) -> Reply {
    let (revoke, _) = parsed::<Revoke>(body).await?;
    let id = id(&path)?;
    app.writer.apply(Command::Revoke(caller, id.clone(), revoke.reason)).await?;
    answer(&read(&app, &id)?)
}

pub async fn extend(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    body: Body,
) -> Reply {
    let (extend, _) = parsed::<Extend>(body).await?;
    let command = Command::Extend(caller, id(&path)?, extend.run_for, extend.reason);
    let Answer::Extension(id, missing) = app.writer.apply(command).await? else {
        return Err(not_found("grant").into());
    };
    answer(&Extended { grant: read(&app, &id)?, missing })
}
