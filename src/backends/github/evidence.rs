//! Evidence of one request: what is deployed, what would change, which actions the workflow names, and what GitHub tells
//! besides. Read when somebody looks; a list of five hundred reads none of it.

use futures_util::join;

use super::call::Api;
use super::change::{self, Change};
use super::files::{self, At};
use super::gates::Gate;
use super::graphql::{CONTEXT, Context};
use super::name::{Part, escaped};
use super::select::is_about_one;
use super::wire::{Deployment, DeploymentStatus, Job, Jobs, Run, Runs};
use super::words::Facts;
use crate::backends::port::{Fault, Trouble};
use crate::diff::{self, LineKind};
use crate::domain::action::{Action, ActionKind, PipelineFault, PipelineTrouble};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Base, BaseKind, Blob, Cut, Evidence, PipelineFact};
use crate::domain::finding::{Finding, FindingId};
use crate::domain::ids::CommitSha;
use crate::domain::request::{Core, Fact};
use crate::domain::text::{SafeText, Text};
use crate::findings::pipeline;
use crate::findings::{self, Changes, DiffScan};
use crate::provenance::{self, Tree};
use crate::safe;

/// Deployments that are looked through for one that succeeded.
const DEPLOYMENTS: usize = 10;

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) evidence: Evidence,
    pub(super) diff: Option<Vec<u8>>,
    pub(super) findings: Vec<Finding>,
    pub(super) facts: Vec<Fact>,
}

/// What the evidence is about.
pub(super) struct About<'a> {
    pub(super) files: At<'a>,
    pub(super) run: &'a Run,
    pub(super) part: Part,
    pub(super) gate: Option<&'a Gate>,
    pub(super) environment: &'a Text,
    pub(super) core: &'a Core,
}

/// Reads it all. What cannot be read is said in the evidence; only a limit or a lost connection is a fault.
///
/// # Errors
/// Where nothing can be read now.
pub(super) async fn read(about: &About<'_>) -> Result<Read, Fault> {
    let (api, mut cuts) = (about.files.api, Vec::new());
    let (base, behind) = ends(api, about, &mut cuts).await?;
    let mut facts = Facts::default();
    let (change, named, context) =
        join!(change_of(api, about, base.as_ref()), named(about, base.as_ref()), context(api, about));
    context.map(|told| facts.0.extend(told.0))?;
    let change = told(change, &mut cuts, "the change")?.flatten().unwrap_or_default();
    let mut named = named?;
    cuts.append(&mut named.cuts);
    Ok(put_together(about, (base, behind), change, named, cuts, facts))
}

/// A part that cannot be read is a cut of the evidence, unless nothing can be read at all.
fn told<T>(result: Result<T, Fault>, cuts: &mut Vec<Cut>, what: &str) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(fault) if is_about_one(&fault) => {
            cuts.push(Cut {
                what: safe!("{}: {}", Text::from(what).ident(), fault.message).as_str().into(),
                kept: 0,
                of: 1,
            });
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

fn put_together(
    about: &About<'_>,
    (base, behind): (Option<Base>, Option<u64>),
    change: Change,
    named: Named,
    mut cuts: Vec<Cut>,
    facts: Facts,
) -> Read {
    cuts.extend(change.cuts);
    let diff = change.diff;
    let blob = diff.as_ref().map(|bytes| Blob { digest: Digest::of(bytes), size: bytes.len() as u64, gzip: false });
    let evidence = Evidence {
        base,
        course: change.course,
        diff: blob,
        totals: change.totals,
        commits: change.commits,
        actions: named.actions,
        pipeline: named.pipeline,
        faults: named.faults,
        behind,
        other_bases: Vec::new(),
        tree: None,
        cuts,
    };
    let scan = diff.as_deref().map(scanned).unwrap_or_default();
    let found = findings::scan(&findings::Facts::of(about.core, &evidence, &scan));
    let mut found = findings::now(&found, &evidence.actions, None);
    // A forge checks out the commit and nothing else: there is no tree to be dirty.
    found.retain(|f| !(f.id == FindingId::EvidenceMissing && f.subject == *"tree"));
    Read { evidence, diff, findings: found, facts: facts.0 }
}

/// What the lines and files of the diff show by themselves.
fn scanned(bytes: &[u8]) -> DiffScan {
    let (index, mut changes) = (diff::parse(bytes), Changes::default());
    for file in &index.files {
        changes.file(file.name(), file.must_see(), file.binary);
        for line in index.parts_of(file).iter().flat_map(|part| diff::lines(part, file.parents, bytes)) {
            match line.kind {
                LineKind::Added => changes.added(line.new, line.bytes, true),
                _ => changes.other(line.bytes),
            }
        }
    }
    let unread = index.problems.first().map(diff::Problem::words).unwrap_or_default();
    DiffScan { findings: changes.finish(), unread }
}

async fn change_of(api: &Api, about: &About<'_>, base: Option<&Base>) -> Result<Option<Change>, Fault> {
    match (base, about.core.head.as_ref()) {
        (Some(base), Some(head)) => change::read(api, about.files.repo, &base.sha, head).await.map(Some),
        _ => Ok(None),
    }
}

/// What the change starts from, and how many commits head lacks of the branch that it is for.
async fn ends(api: &Api, about: &About<'_>, cuts: &mut Vec<Cut>) -> Result<(Option<Base>, Option<u64>), Fault> {
    if about.part == Part::Fork {
        let point = told(fork_point(api, about).await, cuts, "where the pull request begins")?.flatten();
        let base = |sha| Base { sha, kind: BaseKind::MergeBase, deployed_at: None };
        return Ok(point.map_or((None, None), |point| (Some(base(point.merge_base_commit.sha)), point.behind_by)));
    }
    let (base, behind) = join!(base(api, about), behind(api, about));
    let behind = told(behind, cuts, "commits that its branch has and head lacks")?.flatten();
    Ok((told(base, cuts, "the last deployment")?.flatten(), behind))
}

/// What is deployed now; a request of this very run does not count.
async fn base(api: &Api, about: &About<'_>) -> Result<Option<Base>, Fault> {
    let own = |sha: &str, at| about.run.head_sha == *sha && at >= Some(about.run.started());
    let live = about.gate.and_then(|gate| gate.live.as_ref());
    if let Some(base) = live.filter(|live| live.success && !own(&live.sha, live.at)).and_then(|live| live.base()) {
        return Ok(Some(base));
    }
    let name = escaped(&about.environment.lossy());
    let path = about.files.repo.path(&format!("/deployments?environment={name}&per_page=30"));
    let deployments: Vec<Deployment> = api.read(&path).await?;
    if deployments.iter().all(|d| own(&d.sha, d.created_at.0)) {
        return last_good_run(api, about).await;
    }
    for deployment in deployments.iter().filter(|d| !own(&d.sha, d.created_at.0)).take(DEPLOYMENTS) {
        let path = about.files.repo.path(&format!("/deployments/{}/statuses?per_page=30", deployment.id));
        let statuses: Vec<DeploymentStatus> = api.read(&path).await?;
        // A later success makes this one inactive; that it once succeeded is what counts.
        if statuses.iter().any(|s| s.state == *"success") {
            let sha = deployment.sha.parse().ok();
            let made = |sha| Base { sha, kind: BaseKind::LastDeployed, deployed_at: deployment.created_at.0 };
            return Ok(sha.map(made));
        }
    }
    Ok(None)
}

/// An environment without any deployment (`deployment: false`): the last good run of the same workflow and branch.
async fn last_good_run(api: &Api, about: &About<'_>) -> Result<Option<Base>, Fault> {
    let branch = about.run.head_branch.as_ref().map(|b| escaped(&b.lossy())).unwrap_or_default();
    let workflow = about.run.workflow_id;
    let path =
        about.files.repo.path(&format!("/actions/workflows/{workflow}/runs?status=success&branch={branch}&per_page=5"));
    let runs: Runs = api.read(&path).await?;
    let last = runs.workflow_runs.iter().find(|run| run.id != about.run.id);
    Ok(last.and_then(|run| {
        let sha = run.head_sha.as_str()?.parse().ok()?;
        Some(Base { sha, kind: BaseKind::LastRun, deployed_at: run.updated_at.0 })
    }))
}

#[derive(serde::Deserialize)]
struct Branch {
    default_branch: Text,
}

#[derive(serde::Deserialize)]
struct Point {
    merge_base_commit: Sha,
    #[serde(default)]
    behind_by: Option<u64>,
}

#[derive(serde::Deserialize)]
struct Sha {
    sha: CommitSha,
}

/// Where head and a branch of the repository part. The second page: the files, which nobody needs here, stand on the
/// first.
async fn point(api: &Api, about: &About<'_>, branch: &Text) -> Result<Option<Point>, Fault> {
    let Some(head) = &about.core.head else { return Ok(None) };
    let branch = escaped(&branch.lossy());
    let path = format!("/compare/{branch}...{head}?per_page=1&page=2");
    api.read(&about.files.repo.path(&path)).await.map(Some)
}

/// Where an outside pull request left the default branch.
async fn fork_point(api: &Api, about: &About<'_>) -> Result<Option<Point>, Fault> {
    let branch: Branch = api.read(&about.files.repo.path("")).await?;
    point(api, about, &branch.default_branch).await
}

/// How many commits of its own branch head lacks. A branch that is gone, or a tag, tells nothing.
async fn behind(api: &Api, about: &About<'_>) -> Result<Option<u64>, Fault> {
    let Some(branch) = about.run.head_branch.as_ref().filter(|_| about.run.runs_file_of_head()) else {
        return Ok(None);
    };
    match point(api, about, branch).await {
        Err(fault) if fault.trouble == Trouble::NotFound => Ok(None),
        point => point.map(|point| point.and_then(|point| point.behind_by)),
    }
}

/// What the workflow names and says.
#[derive(Debug, Default)]
struct Named {
    actions: Vec<Action>,
    pipeline: Vec<PipelineFact>,
    faults: Vec<PipelineFault>,
    cuts: Vec<Cut>,
}

/// What the workflow names at head, with what it was at the base. The base is read after head: what is alike in both
/// is read once.
async fn named(about: &About<'_>, base: Option<&Base>) -> Result<Named, Fault> {
    let (Some(head), Some(path)) = (&about.core.head, about.run.workflow_path()) else {
        return Ok(Named::unread(&about.run.path, "the run names no file of this repository"));
    };
    let path = Text::from(path);
    let now = files::grow(&about.files, head, &path).await?;
    if !now.has_root {
        return Ok(Named::unread(&path, "there is no such file at head"));
    }
    let old = match base {
        Some(base) => Some(files::grow(&about.files, &base.sha, &path).await?),
        None => None,
    };
    let mut named = Named { cuts: now.tree.unread(), actions: now.tree.actions, ..Named::default() };
    if let Some(old) = &old {
        provenance::compare(&mut named.actions, &old.tree.actions);
        let at_base = |cut: Cut| Cut { what: Text::new([b"at the base, ", cut.what.as_bytes()].concat()), ..cut };
        named.cuts.extend(old.tree.unread().into_iter().map(at_base));
    }
    named.actions.iter_mut().for_each(|action| resolved_by_github(action, about.run));
    named.faults = now.tree.faults;
    named.pipeline = pipeline::facts(&now.workflows, old.as_ref().map(|old| old.workflows.as_slice()));
    Ok(named)
}

impl Named {
    /// Nothing is known of what a file names.
    fn unread(path: &Text, why: &str) -> Self {
        let what = PipelineTrouble::Unreadable { why: why.into() };
        let tree = Tree {
            actions: Vec::new(),
            faults: vec![PipelineFault { subject: path.clone(), place: path.clone(), what }],
        };
        Self { cuts: tree.unread(), faults: tree.faults, ..Self::default() }
    }
}

/// GitHub resolves the reusable workflows of a run when it starts: that is what runs.
fn resolved_by_github(action: &mut Action, run: &Run) {
    if action.kind != ActionKind::Workflow || action.sha.is_some() {
        return;
    }
    let written = [action.name.as_bytes(), b"@", action.reference.as_bytes()].concat();
    let found = run.referenced_workflows.iter().flatten().find(|r| r.path.as_bytes() == written);
    action.sha = found.map(|r| r.sha.clone()).filter(|sha| !sha.is_empty());
}

/// Jobs, pull requests and earlier deployments; what cannot be read is said and keeps nothing back.
async fn context(api: &Api, about: &About<'_>) -> Result<Facts, Fault> {
    let run = about.run;
    let path = about.files.repo.path(&format!("/actions/runs/{}/jobs?filter=latest&per_page=100", run.id));
    let variables = serde_json::json!({
        "run": run.node_id, "repository": run.repository.node_id, "environment": [about.environment.lossy()],
    });
    let (jobs, more) = join!(api.read::<Jobs>(&path), api.graphql::<Context>(CONTEXT, variables));
    let mut facts = Facts::default();
    match jobs {
        Ok(jobs) => jobs_told(&mut facts, &jobs),
        Err(fault) if fault.trouble == Trouble::Limited => return Err(fault),
        Err(fault) => facts.add("jobs", safe!("not read: {}", fault.message)),
    }
    match more {
        Ok(context) => context_told(&mut facts, context),
        Err(fault) => facts.add("pull requests", safe!("not read: {}", fault.message)),
    }
    Ok(facts)
}

fn jobs_told(facts: &mut Facts, jobs: &Jobs) {
    let state = |job: &Job| job.conclusion.clone().unwrap_or_else(|| job.status.clone());
    let mut counts: Vec<(Text, usize)> = Vec::new();
    for job in &jobs.jobs {
        match counts.iter_mut().find(|(known, _)| *known == state(job)) {
            Some((_, n)) => *n += 1,
            None => counts.push((state(job), 1)),
        }
    }
    let counts: Vec<SafeText> = counts.iter().map(|(state, n)| safe!("{} {}", n, state.ident())).collect();
    facts.add("jobs", safe!("{} in all: {}", jobs.total_count, SafeText::join(&counts, ", ")));
    let failed = |job: &&Job| job.conclusion.as_ref().is_some_and(|c| *c == *"failure");
    for job in jobs.jobs.iter().filter(failed).take(3) {
        facts.add("FAILED job", job.name.prose());
    }
}

fn context_told(facts: &mut Facts, context: Context) {
    let pulls = context.run.and_then(|run| run.check_suite).map(|suite| suite.commit.associated_pull_requests);
    for pull in pulls.into_iter().flat_map(|list| list.items()).take(5) {
        let by = pull.author.map_or(SafeText::lit("somebody"), |user| user.login.ident());
        let association = pull.author_association.ident();
        facts.add("pull request", safe!("#{} by {} ({}): {}", pull.number, by, association, pull.title.prose()));
    }
    let deployments = context.repository.map(|repository| repository.deployments);
    for deployment in deployments.into_iter().flat_map(|list| list.items()).take(5) {
        let by = deployment.creator.map_or(SafeText::lit("somebody"), |user| user.login.ident());
        let state = deployment.state.map_or(SafeText::lit("UNKNOWN"), |state| state.ident());
        let sha = Text::from(deployment.commit_oid).ident().cut(8);
        let at = deployment.created_at.0.map_or(SafeText::lit("?"), |at| at.iso());
        facts.add("deployed", safe!("{} {} by {} {}", at, sha, by, state));
    }
}
