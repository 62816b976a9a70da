//! The overview: everything that a decision should know, in words.

use crate::app::line::Line;
use crate::app::state::State;
use crate::app::{evidence::Reading, words};
use crate::desk::news::GuardState;
use crate::domain::evidence::Course;
use crate::domain::finding::{Finding, Severity};
use crate::domain::grant::Enforcer;
use crate::domain::principal::Source;
use crate::domain::request::{Can, Core, Request, Vote};
use crate::domain::scope::Scope;
use crate::domain::text::{SafeText, counted};
use crate::domain::time::Ms;
use crate::domain::verdict::{Effect, SeenDemand, Verdict};
use crate::safe;
use crate::theme::Role;

/// So many files that were not seen are named.
const UNSEEN: usize = 6;

/// All lines, not yet wrapped.
pub fn lines(state: &State, request: &Request) -> Vec<Line> {
    let core = &request.core;
    let mut lines = who(state, core);
    lines.push(Line::labelled("WHAT", Role::Text, "").and_marked(Role::Strong, &words::runs(core)));
    lines.extend(core.reason.prose_lines().enumerate().map(|(i, line)| {
        Line::labelled(if i == 0 { "WHY" } else { "" }, Role::Text, "").and_marked(Role::Text, &line)
    }));
    lines.extend(place(core));
    // Only our gate prints the words; elsewhere they are for people who compare screens.
    let elsewhere = if core.command.is_some() { "the gate's log shows" } else { "another console shows" };
    lines.push(
        Line::labelled("CODE", Role::Strong, safe!("{}", request.digest().code()))
            .and(Role::Dim, safe!("  {} the same four words", elsewhere)),
    );
    lines.push(Line::labelled("DIFF", Role::Text, "").followed_by(diff_line(state, request)));
    lines.extend(unseen_files(state, request));
    lines.push(Line::new());
    lines.extend(clocks(state, request));
    lines.push(Line::new());
    lines.extend(policy(request));
    lines.extend(request.votes.iter().map(vote));
    lines.push(can(request));
    lines.extend(looks(state, request));
    lines.extend(facts(request));
    lines.push(Line::new());
    lines.extend(findings(state, request));
    lines.push(Line::new());
    lines.push(Line::labelled("NOT BOUND", Role::Warn, words::not_bound(request)));
    lines.push(enforcer(state, request));
    lines
}

fn who(state: &State, core: &Core) -> Vec<Line> {
    let you = state.you(&core.key.backend);
    let mut lines: Vec<Line> = Vec::new();
    for identity in &core.identities {
        let label = if lines.is_empty() { "WHO" } else { "" };
        let role = if identity.source.is_verified() { Role::Strong } else { Role::Warn };
        let part = match identity.role {
            crate::domain::principal::Role::Requester => "asks",
            crate::domain::principal::Role::Trigger => "started the run",
            crate::domain::principal::Role::Author => "wrote or committed the change",
            crate::domain::principal::Role::Credential => "credential it was asked with",
        };
        let line = Line::labelled(label, role, "").and_marked(role, &identity.shown());
        let line = line.and(Role::Dim, safe!("  {} ({})", part, identity.source.word()));
        let is_you = you.is_some_and(|you| words::is_you(identity, you));
        lines.push(if is_you { line.and(Role::Warn, "  = YOU") } else { line });
    }
    if lines.is_empty() {
        lines.push(Line::labelled("WHO", Role::Unknown, "UNKNOWN: nobody is named"));
    }
    lines
}

fn place(core: &Core) -> Vec<Line> {
    let line = Line::labelled("WHERE", Role::Text, "").and_marked(Role::Strong, &core.repository.value.ident());
    let source = core.repository.source.word();
    let line = match core.environment.value.is_empty() {
        true => line.and(Role::Dim, safe!(" ({})  no environment", source)),
        false => line
            .and(Role::Dim, safe!(" ({})  environment ", source))
            .and_marked(Role::Strong, &core.environment.value.ident())
            .and(Role::Dim, safe!(" ({})", core.environment.source.word())),
    };
    let mut lines = vec![line];
    if let Some(branch) = &core.branch {
        // A forge names repository and branch alike; to a broker the pipeline says its branch, whatever its token says.
        let source = if core.repository.source == Source::Forge { Source::Forge } else { Source::Claimed };
        lines.push(
            Line::labelled("", Role::Dim, "branch ")
                .and_marked(Role::Text, &branch.ident())
                .and(Role::Dim, safe!(" ({})", source.word())),
        );
    }
    if let Some(run) = &core.run {
        let job = if run.job.is_empty() { SafeText::default() } else { safe!(" job {}", run.job.ident()) };
        let text = safe!("{} run {} attempt {}{}", run.system.ident(), run.id.ident(), run.attempt, job);
        lines.push(Line::labelled("", Role::Text, "").and_marked(Role::Text, &text));
        lines.extend(run.url.iter().map(|u| Line::labelled("", Role::Dim, "").and_marked(Role::Dim, &u.ident())));
    }
    lines.push(Line::labelled("", Role::Dim, safe!("request {}", core.key)));
    lines
}

/// `88d1f02 live 2d -> 4f1c9ab  3 commits 12 files +340 -22  2 must-see unseen`.
pub fn diff_line(state: &State, request: &Request) -> Line {
    unseen(state, request, diff_sizes(state, request))
}

/// The same without what was seen of it.
pub fn diff_sizes(state: &State, request: &Request) -> Line {
    let (core, evidence) = (&request.core, &request.evidence);
    let head = core.head.as_ref().map_or(SafeText::lit("no commit"), |h| h.short());
    let line = match &evidence.base {
        Some(base) => {
            let age = base.deployed_at.map(|t| safe!(" {}", words::ago(state.label, t))).unwrap_or_default();
            Line::of(Role::Text, safe!("{} {}{} -> ", base.sha.short(), base.kind.word(), age)).and(Role::Strong, head)
        }
        None => Line::of(Role::Unknown, "nothing to compare with -> ").and(Role::Strong, head),
    };
    let line = match evidence.course {
        Some(Course::Behind) => line.and(Role::Warn, "  ROLLBACK"),
        Some(Course::Diverged) => line.and(Role::Warn, "  DIVERGED"),
        _ => line,
    };
    let line = match &evidence.totals {
        Some(t) => line.and(
            Role::Text,
            safe!(
                "  {} {} +{} -{}",
                counted(evidence.commits, "commit", "commits"),
                counted(t.files, "file", "files"),
                t.added,
                t.removed
            ),
        ),
        None => line.and(Role::Unknown, "  size UNKNOWN"),
    };
    if evidence.cut { line.and(Role::Bad, "  CUT") } else { line }
}

fn unseen(state: &State, request: &Request, line: Line) -> Line {
    match state.evidences.of(request) {
        Some(Reading::Asked(_)) => line.and(Role::Dim, "  reading"),
        Some(Reading::Failed(fault)) => line.and(Role::Bad, safe!("  NOT READ: {}", fault.message)),
        Some(Reading::Here(shown)) if shown.is_reading() => line.and(Role::Dim, "  reading"),
        Some(Reading::Here(_)) => {
            let seen = state.evidences.counts(request);
            match seen.must_see_unseen {
                0 if seen.of == 0 => line,
                0 if seen.files == seen.of => line.and(Role::Good, "  all seen"),
                0 => line.and(Role::Dim, safe!("  {} of {} seen", seen.files, seen.of)),
                n => line.and(Role::Warn, safe!("  {} must-see unseen", n)),
            }
        }
        None => line,
    }
}

/// What was not on the screen in full, those that must be seen first.
fn unseen_files(state: &State, request: &Request) -> Vec<Line> {
    let (files, more) = state.evidences.unseen(request, UNSEEN);
    let mut lines: Vec<Line> = files
        .iter()
        .enumerate()
        .map(|(i, (name, begun))| {
            let line = Line::labelled(if i == 0 { "UNSEEN" } else { "" }, Role::Text, "").and_marked(Role::Text, name);
            if *begun { line.and(Role::Dim, "  in part") } else { line }
        })
        .collect();
    if more > 0 {
        lines.push(Line::labelled("", Role::Dim, safe!("and {} more", more)));
    }
    lines
}

fn clocks(state: &State, request: &Request) -> Vec<Line> {
    let now = state.label;
    let asked = safe!("{}, {}", words::moment(now, request.created_at), words::since(now, request.created_at));
    let waits = match (request.due, request.decided_at) {
        (_, Some(at)) => safe!("{} at {}", request.state.word(), words::moment(now, at)),
        (Some(due), None) if request.enforcer != Enforcer::Broker => {
            safe!("until {}, {} left, as backend or guard keep it", words::moment(now, due), words::until(now, due))
        }
        (Some(due), None) => {
            safe!("until {}, {} left, then it is `timed out`", words::moment(now, due), words::until(now, due))
        }
        (None, None) => SafeText::lit("without an end that we know of"),
    };
    let verdict = &request.verdict;
    let run_for = match request.enforcer {
        Enforcer::Guard => SafeText::lit("not kept: the guard ends nothing that runs"),
        _ => safe!("asks {}, at most {}, from each start", request.core.ask.run_for, verdict.run_for),
    };
    let start_by = if words::is_once_only(request) {
        SafeText::lit("not kept: it starts at once, and later gates ask again")
    } else {
        safe!("at most {} after the decision", verdict.start_by)
    };
    let mut lines = vec![
        Line::labelled("ASKED", Role::Text, asked),
        Line::labelled("WAITS", Role::Text, waits),
        Line::labelled("START BY", Role::Text, start_by),
        Line::labelled("RUN FOR", Role::Text, run_for),
    ];
    if let Some(gate) = request.gate_waits {
        let (role, text) = if gate {
            (Role::Good, "is there and waits")
        } else {
            (Role::Bad, "not heard of for 30 s: it may be gone")
        };
        lines.push(Line::labelled("GATE", role, text));
    }
    if let Some(grant) = &request.grant {
        let standing = crate::app::screens::grants::standing_line(grant, now);
        lines.push(Line::labelled("GRANT", Role::Text, "").and(standing.1, standing.0));
    }
    lines
}

fn policy(request: &Request) -> Vec<Line> {
    let verdict = &request.verdict;
    let rules: Vec<SafeText> = verdict.rules.iter().map(|r| r.ident()).collect();
    let rules = match rules.is_empty() {
        false => SafeText::join(&rules, ", "),
        true if words::only_its_own_rules(request) => SafeText::lit("the backend's own; none of this console's"),
        true => SafeText::lit("no rule: the default"),
    };
    let effect = match verdict.effect {
        Effect::Allow => "allows without a person",
        Effect::Approve => "needs people",
        Effect::Deny => "DENIES",
    };
    let mut lines = vec![Line::labelled("RULE", Role::Strong, rules).and(Role::Text, safe!("  {}", effect))];
    lines.extend(
        verdict
            .words
            .prose_lines()
            .filter(|l| !l.as_str().is_empty())
            .map(|l| Line::labelled("", Role::Text, "").and_marked(Role::Text, &l)),
    );
    lines.push(Line::labelled("NEED", Role::Text, verdict.needs_in_words()).and(Role::Text, demands(verdict)));
    // A backend of others lets its own people vote; the rule's words name them.
    let broker = request.enforcer == Enforcer::Broker;
    let anybody = SafeText::lit(if broker { "anybody" } else { "those that the backend lets" });
    for need in &request.needs {
        let group = need.group.as_ref().map_or(anybody.clone(), |g| safe!("{}", g));
        let role = if need.have >= need.need { Role::Good } else { Role::Text };
        lines.push(Line::labelled("", role, safe!("{} of {} votes of {}", need.have, need.need, group)));
    }
    lines
}

fn demands(verdict: &Verdict) -> SafeText {
    let mut parts = Vec::new();
    if verdict.reason {
        parts.push(SafeText::lit("reason"));
    }
    parts.extend(verdict.word.as_ref().map(|w| safe!("type {}", w.ident())));
    match verdict.seen {
        SeenDemand::Nothing => {}
        SeenDemand::MustSee => parts.push(SafeText::lit("must-see files seen")),
        SeenDemand::All => parts.push(SafeText::lit("every file seen")),
    }
    if !verdict.bulk {
        parts.push(SafeText::lit("one by one"));
    }
    if parts.is_empty() { SafeText::default() } else { safe!(", {}", SafeText::join(&parts, ", ")) }
}

fn vote(vote: &Vote) -> Line {
    let line = Line::labelled("VOTE", Role::Text, safe!("{} ", vote.at.clock())).and(Role::Strong, vote.by.shown());
    let line = line.and(
        Role::Text,
        safe!(" {} ({}), {} ", words::ballot(vote.ballot), vote.by.assurance.word(), vote.scope.word()),
    );
    let mut line = line.and_marked(Role::Text, &vote.comment.prose());
    if vote.self_unproven {
        line = line.and(Role::Warn, "  self: unproven");
    }
    line
}

fn can(request: &Request) -> Line {
    match &request.can {
        Can::Yes { starts: true } => Line::labelled("YOU", Role::Strong, "may decide; your approval STARTS it"),
        Can::Yes { starts: false } => Line::labelled("YOU", Role::Text, "may decide; other votes are needed as well"),
        Can::No { why } => Line::labelled("YOU", Role::Warn, "may not decide: ").and_marked(Role::Warn, &why.prose()),
        Can::Unknown => {
            Line::labelled("YOU", Role::Unknown, "UNKNOWN: the backend does not say whether you may decide")
        }
    }
}

fn looks(state: &State, request: &Request) -> Option<Line> {
    let now = state.now.wall;
    let names: Vec<SafeText> = request.looks.iter().filter(|l| l.until > now).map(|l| l.by.shown()).collect();
    (!names.is_empty()).then(|| Line::labelled("LOOKS", Role::Text, SafeText::join(&names, ", ")))
}

/// What the backend tells besides: unbound, so apart from what is.
fn facts(request: &Request) -> impl Iterator<Item = Line> + '_ {
    let no_reject = request
        .no_reject
        .iter()
        .map(|why| Line::labelled("", Role::Warn, "cannot be rejected: ").and_marked(Role::Warn, &why.prose()));
    let told = request.facts.iter().enumerate().map(|(i, fact)| {
        let line = Line::labelled(if i == 0 { "BACKEND" } else { "" }, Role::Dim, "");
        line.and(Role::Dim, safe!("{} ", fact.label.ident())).and_marked(Role::Text, &fact.value.prose())
    });
    no_reject.chain(told)
}

fn findings(state: &State, request: &Request) -> Vec<Line> {
    let mut all: Vec<&Finding> = request.findings.iter().collect();
    all.sort_by_key(|f| (!f.blocks, !f.counts(state.label), std::cmp::Reverse(f.severity)));
    if all.is_empty() {
        return vec![Line::labelled("FINDINGS", Role::Good, "none")];
    }
    all.iter().enumerate().flat_map(|(i, f)| finding(f, if i == 0 { "FINDINGS" } else { "" }, state.label)).collect()
}

/// The role of a finding by how bad it is.
pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::High => Role::Bad,
        Severity::Medium => Role::Warn,
        Severity::Low => Role::Text,
        Severity::Unknown => Role::Unknown,
    }
}

fn finding(finding: &Finding, label: &'static str, now: Ms) -> Vec<Line> {
    let meaning = finding.id.meaning();
    let role = severity_role(finding.severity);
    let line = Line::labelled(label, role, safe!("{} {} ", finding.severity.mark(), meaning.what));
    let line = if finding.blocks { line.and(Role::Bad, "BLOCKS ") } else { line };
    let line = line.and(Role::Dim, if finding.new { "NEW " } else { "old " });
    let line = line.and_marked(Role::Text, &words::about(finding));
    let line = match finding.place.as_ref().filter(|place| place.line.is_some() || place.path != finding.subject) {
        Some(place) => line.and(Role::Dim, "  at ").and_marked(Role::Dim, &place.shown()),
        None => line,
    };
    if let Some(accepted) = finding.accepted_at(now) {
        let words = safe!("   accepted by {} until {}: ", accepted.by.ident(), accepted.until.iso());
        return vec![line, Line::labelled("", Role::Dim, words).and_marked(Role::Dim, &accepted.reason.prose())];
    }
    if !finding.counts(now) {
        return vec![line];
    }
    vec![
        line,
        Line::labelled("", Role::Dim, safe!("   {}; check: {}; mend: {}", meaning.why, meaning.check, meaning.mend)),
    ]
}

fn enforcer(state: &State, request: &Request) -> Line {
    let once_only = words::is_once_only(request);
    let reach = words::reach_of(request.enforcer, if once_only { Scope::Once } else { Scope::Run });
    let line = Line::labelled("ENFORCED", Role::Strong, safe!("{}: ", words::enforced(request))).and(Role::Text, reach);
    let kept = request.enforcer == Enforcer::Guard && !once_only;
    let line = if kept { line.followed_by(guard(state)) } else { line };
    let binds = state.backends.get(&request.key().backend).is_none_or(|b| b.capabilities.binds_digest);
    if binds { line } else { line.and(Role::Warn, "; the backend does not bind the decision to what was shown") }
}

/// Whether anybody keeps a grant of the guard just now.
fn guard(state: &State) -> Line {
    match &state.guard {
        Some(GuardState::Here) => Line::of(Role::Text, "; this console is the guard"),
        Some(GuardState::Elsewhere) => Line::of(Role::Text, "; another process is the guard"),
        Some(GuardState::Broken { why }) => Line::of(Role::Bad, safe!("; the guard is BROKEN: {}", why)),
        None => Line::of(Role::Warn, "; no guard runs, so nothing passes by itself"),
    }
}
