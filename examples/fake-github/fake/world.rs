//! What the fake knows, and how it moves: a run waits in waves, an answer takes its environments out of the wave, the
//! next wave asks again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use jiff::Timestamp;

use super::Reply;

/// An environment of a repository.
#[derive(Clone, Debug)]
pub struct Environment {
    pub id: u64,
    pub name: String,
    pub reviewers: Vec<String>,
    pub prevent_self: bool,
    /// In minutes.
    pub wait_timer: u32,
    /// The app that holds it.
    pub app: Option<String>,
    pub branch_policy: bool,
}

/// A deployment: which environment, of what, when, and the states that it went through.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub id: u64,
    pub environment: String,
    pub sha: String,
    pub at: Timestamp,
    pub states: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub struct Repo {
    pub id: u64,
    pub full_name: String,
    pub old_names: Vec<String>,
    pub archived: bool,
    /// Whether this token may see it.
    pub visible: bool,
    pub push: bool,
    pub environments: Vec<Environment>,
    pub deployments: Vec<Deployment>,
    /// Commits from old to new.
    pub commits: Vec<(String, String)>,
    /// Files at every commit: path and text.
    pub files: Vec<(String, String)>,
    /// What one commit has instead: commit, path, and its text, or that there is none.
    pub files_at: Vec<(String, String, Option<String>)>,
    /// Branches beside `main`, with their commits.
    pub branches: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    /// Commits that only forks have: the API gives them for this repository all the same.
    pub strays: Vec<String>,
}

impl Repo {
    pub fn files_of(&self, commit: &str) -> BTreeMap<String, String> {
        let mut files: BTreeMap<String, String> = self.files.iter().cloned().collect();
        for (_, path, text) in self.files_at.iter().filter(|(at, ..)| at == commit) {
            match text {
                Some(text) => drop(files.insert(path.clone(), text.clone())),
                None => drop(files.remove(path)),
            }
        }
        files
    }

    /// The commit of an id, of `main`, `heads/main` or `tags/v1`.
    pub fn commit_of(&self, name: &str) -> Option<String> {
        let known = |id: &str| self.commits.iter().any(|(sha, _)| sha == id) || self.strays.iter().any(|s| s == id);
        let find =
            |list: &[(String, String)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, id)| id.clone());
        let branch = |name: &str| match name {
            "main" => self.commits.last().map(|(sha, _)| sha.clone()),
            name => find(&self.branches, name),
        };
        match (name.strip_prefix("heads/"), name.strip_prefix("tags/")) {
            (Some(name), _) => branch(name),
            (_, Some(name)) => find(&self.tags, name),
            _ if known(name) => Some(name.to_owned()),
            _ => branch(name),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Review {
    pub approved: bool,
    pub comment: String,
    pub user: String,
    pub environments: Vec<u64>,
}

#[derive(Clone, Debug)]
pub struct Run {
    pub id: u64,
    pub repo: u64,
    pub attempt: u32,
    pub event: String,
    pub sha: String,
    pub branch: String,
    pub title: String,
    pub actor: String,
    pub fork: bool,
    pub started: Timestamp,
    pub updated: Timestamp,
    /// Environments that wait together, wave after wave.
    pub waves: Vec<BTreeSet<u64>>,
    pub reviews: Vec<Review>,
    pub status: &'static str,
    pub conclusion: Option<&'static str>,
}

/// One of the two budgets.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub limit: u32,
    pub remaining: u32,
    pub reset: Timestamp,
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub status: u16,
    pub bytes: usize,
}

/// What goes wrong with the next call that fits.
#[derive(Clone, Debug)]
pub enum Fault {
    Status(u16, Vec<(&'static str, String)>, String),
    Slow(Duration),
    /// It takes effect at once, and its answer comes so much later.
    Late(Duration),
    /// It takes effect, and its answer is cut off.
    Lost,
    /// An answer that is cut off.
    Cut,
    /// A body without an end.
    Endless,
}

#[derive(Debug)]
pub struct World {
    pub login: String,
    pub scopes: String,
    pub repos: Vec<Repo>,
    pub runs: Vec<Run>,
    pub rest: Limit,
    pub graphql: Limit,
    /// Off = as an old Enterprise Server: GraphQL knows none of the fields.
    pub has_graphql: bool,
    pub has_fork_approval: bool,
    pub latency: Duration,
    pub calls: Vec<Call>,
    /// So far its clock is ahead of ours.
    pub ahead: jiff::SignedDuration,
    /// The token that is not taken.
    pub bad_token: Option<String>,
    /// What goes wrong next, how often.
    pub faults: Vec<(Method, String, u32, Fault)>,
}

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);
const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

impl Default for World {
    fn default() -> Self {
        let limit = Limit { limit: 5000, remaining: 5000, reset: Timestamp::now() + HOUR };
        Self {
            login: "alice".to_owned(),
            scopes: "repo, read:org".to_owned(),
            repos: Vec::new(),
            runs: Vec::new(),
            rest: limit,
            graphql: limit,
            has_graphql: true,
            has_fork_approval: true,
            latency: Duration::ZERO,
            calls: Vec::new(),
            ahead: jiff::SignedDuration::ZERO,
            bad_token: None,
            faults: Vec::new(),
        }
    }
}

/// A commit id that looks like one, the same for the same words.
pub fn sha(words: &str) -> String {
    let mut state = super::fnv(words.as_bytes());
    let mut out = String::new();
    while out.len() < 40 {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        out.push_str(&format!("{:08x}", state >> 32));
    }
    out.truncate(40);
    out
}

/// The commit that the workflow pins.
const CHECKOUT: &str = "11bd71901bbe5b1630ceea73d27597364c9af683";

const WORKFLOW: &str = "\
name: Deploy
on: [push, workflow_dispatch]
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      - uses: aquasecurity/trivy-action@0.33.1
      - run: ./deploy.sh
";

impl World {
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }

    pub fn date(&self) -> String {
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.now()).unwrap()
    }

    /// Day of the last push of every repository.
    pub fn date_of_push(&self) -> String {
        format!("{}T00:00:00Z", self.now().strftime("%Y-%m-%d"))
    }

    /// A repository with a production and a staging environment, and one deployment of each.
    pub fn add_repo(&mut self, full_name: &str) -> u64 {
        let id = 1000 + self.repos.len() as u64;
        let environment = |n: u64, name: &str| Environment {
            id: id * 100 + n,
            name: name.to_owned(),
            reviewers: vec![self.login.clone()],
            prevent_self: false,
            wait_timer: 0,
            app: None,
            branch_policy: false,
        };
        let commits: Vec<(String, String)> =
            (0..6).map(|n| (sha(&format!("{full_name} {n}")), format!("Change number {n}"))).collect();
        let at = self.now() - DAY * 2;
        let deployed = |n: u64, environment: &str| Deployment {
            id: id * 1000 + n,
            environment: environment.to_owned(),
            sha: commits[2].0.clone(),
            at,
            states: vec!["queued", "in_progress", "success"],
        };
        self.repos.push(Repo {
            id,
            full_name: full_name.to_owned(),
            old_names: Vec::new(),
            archived: false,
            visible: true,
            push: true,
            environments: vec![environment(1, "production"), environment(2, "staging")],
            deployments: vec![deployed(1, "production"), deployed(2, "staging")],
            files: vec![(".github/workflows/deploy.yml".to_owned(), WORKFLOW.to_owned())],
            files_at: Vec::new(),
            branches: Vec::new(),
            tags: Vec::new(),
            strays: Vec::new(),
            commits,
        });
        id
    }

    /// The repositories of the actions that every workflow here names, at the commits that their tags stand for.
    pub fn add_actions(&mut self) {
        for (name, tag, commit) in [
            ("actions/checkout", "v4.2.2", CHECKOUT.to_owned()),
            ("aquasecurity/trivy-action", "0.33.1", sha("aquasecurity/trivy-action 4")),
        ] {
            let id = self.add_repo(name);
            let repo = self.repo_mut(id);
            repo.push = false;
            repo.commits[4].0 = commit.clone();
            (repo.environments, repo.deployments) = (Vec::new(), Vec::new());
            repo.tags = vec![(tag.to_owned(), commit)];
            repo.files = vec![("action.yml".to_owned(), "runs: {using: node24, main: index.js}\n".to_owned())];
        }
    }

    pub fn repo(&self, id: u64) -> &Repo {
        self.repos.iter().find(|r| r.id == id).unwrap()
    }

    pub fn repo_mut(&mut self, id: u64) -> &mut Repo {
        self.repos.iter_mut().find(|r| r.id == id).unwrap()
    }

    /// A run of the newest commit that waits for these environments, wave after wave.
    pub fn add_run(&mut self, repo: u64, waves: &[&[&str]]) -> u64 {
        let id = 880_000 + self.runs.len() as u64;
        let of = self.repo(repo);
        let environment = |name: &&str| of.environments.iter().find(|e| e.name == *name).unwrap().id;
        let now = self.now();
        let run = Run {
            id,
            repo,
            attempt: 1,
            event: "push".to_owned(),
            sha: of.commits.last().unwrap().0.clone(),
            branch: "main".to_owned(),
            title: of.commits.last().unwrap().1.clone(),
            actor: "bob".to_owned(),
            fork: false,
            started: now - jiff::SignedDuration::from_mins(4),
            updated: now - jiff::SignedDuration::from_mins(3),
            waves: waves.iter().map(|wave| wave.iter().map(environment).collect()).collect(),
            reviews: Vec::new(),
            status: "waiting",
            conclusion: None,
        };
        self.runs.push(run);
        id
    }

    /// A run of an outside pull request that nobody has allowed yet.
    pub fn add_fork_run(&mut self, repo: u64) -> u64 {
        let id = self.add_run(repo, &[]);
        let run = self.run_mut(id).unwrap();
        run.event = "pull_request".to_owned();
        run.fork = true;
        run.actor = "mallory".to_owned();
        (run.status, run.conclusion) = ("completed", Some("action_required"));
        id
    }

    pub fn run(&self, id: u64) -> Option<&Run> {
        self.runs.iter().find(|r| r.id == id)
    }

    pub fn run_mut(&mut self, id: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|r| r.id == id)
    }

    /// The next `times` calls of this kind go wrong.
    pub fn break_next(&mut self, method: Method, path: &str, times: u32, fault: Fault) {
        self.faults.push((method, path.to_owned(), times, fault));
    }

    pub fn fault(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|(m, p, _, _)| m == method && path.contains(p.as_str()))?;
        self.faults[at].2 -= 1;
        let fault = self.faults[at].3.clone();
        if self.faults[at].2 == 0 {
            self.faults.remove(at);
        }
        Some(fault)
    }

    /// What time alone changes: a job that nobody answers fails after 30 days.
    pub fn tick(&mut self) {
        let now = self.now();
        for run in self.runs.iter_mut().filter(|r| r.status == "waiting" && now.duration_since(r.started) > DAY * 30) {
            (run.status, run.conclusion, run.updated) = ("completed", Some("failure"), now);
        }
        for limit in [&mut self.rest, &mut self.graphql] {
            if now >= limit.reset {
                (limit.remaining, limit.reset) = (limit.limit, now + HOUR);
            }
        }
    }

    /// Whether the call may be made at all.
    pub fn refusal(&self, graphql: bool, headers: &HeaderMap) -> Option<Reply> {
        let token = headers.get("authorization").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
        if token.is_none() || token == self.bad_token.as_deref() {
            return Some(Reply::message(401, "Bad credentials"));
        }
        let limit = if graphql { self.graphql } else { self.rest };
        (limit.remaining == 0).then(|| Reply::message(403, "API rate limit exceeded for user ID 1."))
    }

    pub fn spend(&mut self, graphql: bool) {
        let limit = if graphql { &mut self.graphql } else { &mut self.rest };
        limit.remaining = limit.remaining.saturating_sub(1);
    }

    pub fn budget_headers(&self, graphql: bool) -> Vec<(&'static str, String)> {
        let (limit, name) = if graphql { (self.graphql, "graphql") } else { (self.rest, "core") };
        vec![
            ("x-ratelimit-limit", limit.limit.to_string()),
            ("x-ratelimit-remaining", limit.remaining.to_string()),
            ("x-ratelimit-used", (limit.limit - limit.remaining).to_string()),
            ("x-ratelimit-reset", limit.reset.as_second().to_string()),
            ("x-ratelimit-resource", name.to_owned()),
        ]
    }

    /// Environments of the run that wait now.
    pub fn waiting(&self, run: &Run) -> Vec<Environment> {
        let wave = if run.status == "waiting" { run.waves.first() } else { None };
        let environments = &self.repo(run.repo).environments;
        wave.into_iter().flatten().filter_map(|id| environments.iter().find(|e| e.id == *id)).cloned().collect()
    }

    pub fn can_approve(&self, run: &Run, environment: &Environment) -> bool {
        environment.app.is_none()
            && environment.reviewers.contains(&self.login)
            && !(environment.prevent_self && run.actor == self.login)
    }

    /// Takes an answer in; what was refused says why.
    pub fn review(&mut self, id: u64, environments: &[u64], approved: bool, comment: &str) -> Result<(), &'static str> {
        let run = self.run(id).ok_or("Not Found")?.clone();
        let waiting = self.waiting(&run);
        let fits = |e: &u64| waiting.iter().any(|w| w.id == *e && self.can_approve(&run, w));
        if environments.is_empty() || !environments.iter().all(fits) {
            return Err("No pending deployment requests to approve or reject");
        }
        let (now, login) = (self.now(), self.login.clone());
        let run = self.run_mut(id).ok_or("Not Found")?;
        run.reviews.push(Review {
            approved,
            comment: comment.to_owned(),
            user: login,
            environments: environments.to_vec(),
        });
        run.updated = now;
        if !approved {
            (run.status, run.conclusion) = ("completed", Some("failure"));
            return Ok(());
        }
        let wave = run.waves.first_mut().ok_or("Not Found")?;
        wave.retain(|e| !environments.contains(e));
        if wave.is_empty() {
            run.waves.remove(0);
        }
        if run.waves.is_empty() {
            (run.status, run.conclusion) = ("in_progress", None);
        }
        Ok(())
    }

    /// Somebody else answers at their own console.
    pub fn answered_by(&mut self, other: &str, id: u64, environment: &str, approved: bool) {
        let run = self.run(id).unwrap().clone();
        let id_of = self.repo(run.repo).environments.iter().find(|e| e.name == environment).unwrap().id;
        let me = std::mem::replace(&mut self.login, other.to_owned());
        self.repo_mut(run.repo).environments.iter_mut().for_each(|e| e.reviewers.push(other.to_owned()));
        self.review(id, &[id_of], approved, "done at the page").unwrap();
        self.login = me;
    }

    /// Calls of the last while, and forgets them.
    pub fn take_calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }
}
