//! Jobs across a revision: what each takes from those that it extends, who can start it, which gates stand before it,
//! and which of these stood at the base and do no longer.

use std::collections::BTreeSet;

use super::rights::Permissions;
use super::{Workflow, text};
use crate::domain::evidence::{PipelineFact, PipelineSays};
use crate::domain::finding::Place;
use crate::domain::text::{SafeText, Text};
use crate::provenance::System;
use crate::safe;

/// So many jobs that one job extends, or waits for, are followed.
const FOLLOWED: usize = 100;

/// A job, as far as it says so itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) line: u64,
    pub(super) permissions: Permissions,
    /// Identities that it can prove elsewhere: `VAULT_TOKEN for https://vault.example`.
    pub(super) tokens: BTreeSet<String>,
    /// Secrets that others gave: not those that every job has by itself.
    pub(super) secrets: BTreeSet<String>,
    /// Where it deploys to: approvals hang on that.
    pub(super) environment: Option<String>,
    pub(super) starts: Option<Starts>,
    /// Which runners take it.
    pub(super) tags: Option<Vec<String>>,
    /// Jobs that it waits for.
    pub(super) needs: Vec<String>,
    /// Jobs whose keys it takes where it has none of its own; the last one counts first.
    pub(super) extends: Vec<String>,
    /// It is only there to be extended.
    pub(super) hidden: bool,
}

/// How a job is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Starts {
    /// Conditions under which it waits for a person; empty text = always.
    pub(super) by_hand: BTreeSet<String>,
    /// Conditions under which it does not.
    pub(super) alone: BTreeSet<String>,
    /// What follows waits until a person has started it.
    pub(super) holds: bool,
    /// It runs in pipelines of merge requests.
    pub(super) outside: bool,
}

impl Starts {
    /// A step at which all that follows waits for a person.
    pub(super) fn gate() -> Self {
        Self { by_hand: BTreeSet::from([String::new()]), holds: true, ..Self::default() }
    }
}

/// Jobs that run as one pipeline: those of a file, and at GitLab those of all its files.
struct Pipeline<'a> {
    /// The file; absent = all of GitLab's.
    of: Option<&'a Text>,
    jobs: Vec<(&'a Text, &'a Job)>,
}

fn pipelines(files: &[Workflow]) -> Vec<Pipeline<'_>> {
    let (gitlab, others): (Vec<&Workflow>, Vec<&Workflow>) = files.iter().partition(|f| f.system == System::GitLab);
    let mut all: Vec<Pipeline> =
        others.into_iter().map(|file| Pipeline { of: Some(&file.path), jobs: file.each_job().collect() }).collect();
    if !gitlab.is_empty() {
        all.push(Pipeline { of: None, jobs: gitlab.into_iter().flat_map(Workflow::each_job).collect() });
    }
    all
}

impl Workflow {
    fn each_job(&self) -> impl Iterator<Item = (&Text, &Job)> {
        self.jobs.iter().map(|job| (&self.path, job))
    }
}

/// What jobs say only together with others, at head and against the base.
pub(super) fn facts(head: &[Workflow], base: Option<&[Workflow]>) -> Vec<PipelineFact> {
    let old = base.map(pipelines).unwrap_or_default();
    let mut facts = Vec::new();
    for now in pipelines(head) {
        let was = old.iter().find(|old| old.of == now.of);
        let stood = was.map(Pipeline::standing).unwrap_or_default();
        facts.extend(now.standing().into_iter().map(|fact| {
            let same = |old: &PipelineFact| {
                (old.says, &old.place.path, &old.detail) == (fact.says, &fact.place.path, &fact.detail)
            };
            let was = stood.iter().any(same);
            PipelineFact { was, ..fact }
        }));
        facts.extend(was.iter().flat_map(|was| now.weaker(was)));
    }
    facts
}

fn fact(says: PipelineSays, path: &Text, line: Option<u64>, detail: SafeText) -> PipelineFact {
    PipelineFact { says, place: Place { path: path.clone(), line }, detail: text(detail), was: false }
}

impl<'a> Pipeline<'a> {
    fn named(&self, name: &str) -> Option<&'a Job> {
        self.jobs.iter().find(|(_, job)| job.name == name).map(|(_, job)| *job)
    }

    fn real(&self) -> impl Iterator<Item = (&'a Text, &'a Job)> + '_ {
        self.jobs.iter().copied().filter(|(_, job)| !job.hidden)
    }

    /// A job, and those that it leads to, the nearest first.
    fn followed(&self, job: &'a Job, next: fn(&'a Job) -> &'a [String]) -> Vec<&'a Job> {
        let (mut found, mut waiting): (Vec<&Job>, _) = (Vec::new(), vec![job]);
        while let Some(job) = waiting.pop().filter(|_| found.len() < FOLLOWED) {
            if found.iter().any(|known| std::ptr::eq(*known, job)) {
                continue;
            }
            found.push(job);
            // The last one is taken from the pile first.
            waiting.extend(next(job).iter().filter_map(|name| self.named(name)));
        }
        found
    }

    fn lineage(&self, job: &'a Job) -> Vec<&'a Job> {
        self.followed(job, |job| &job.extends)
    }

    fn starts(&self, job: &'a Job) -> Option<&'a Starts> {
        self.lineage(job).into_iter().find_map(|job| job.starts.as_ref())
    }

    fn environment(&self, job: &'a Job) -> Option<&'a str> {
        self.lineage(job).into_iter().find_map(|job| job.environment.as_deref())
    }

    /// Facts that need no base: what runs for outsiders with more than they should have.
    fn standing(&self) -> Vec<PipelineFact> {
        let outside = self.real().filter(|(_, job)| self.starts(job).is_some_and(|starts| starts.outside));
        outside.flat_map(|(path, job)| [self.reach(path, job), self.runner(path, job)]).flatten().collect()
    }

    /// What a job of a merge request pipeline reaches. An environment that is named after the change is one of its own.
    fn reach(&self, path: &Text, job: &'a Job) -> Option<PipelineFact> {
        let lineage = self.lineage(job);
        let secrets: BTreeSet<&str> =
            lineage.iter().flat_map(|job| job.secrets.iter().chain(&job.tokens)).map(String::as_str).collect();
        let environment = self
            .environment(job)
            .filter(|name| !name.contains('$'))
            .map(|name| safe!("environment {}", Text::from(name).ident()));
        let reached: Vec<SafeText> =
            secrets.into_iter().map(|name| Text::from(name).ident()).chain(environment).collect();
        let detail = safe!("job {} in merge request pipelines, with {}", job.shown(), SafeText::join(&reached, ", "));
        (!reached.is_empty()).then(|| fact(PipelineSays::Trigger, path, Some(job.line), detail))
    }

    fn runner(&self, path: &Text, job: &'a Job) -> Option<PipelineFact> {
        let tags = self.lineage(job).into_iter().find_map(|job| job.tags.as_ref())?;
        let own: Vec<SafeText> =
            tags.iter().filter(|tag| !tag.starts_with("saas-")).map(|tag| Text::from(tag.as_str()).ident()).collect();
        let detail = safe!("job {} in merge request pipelines: runners {}", job.shown(), SafeText::join(&own, ", "));
        (!own.is_empty()).then(|| fact(PipelineSays::Runner, path, Some(job.line), detail))
    }

    /// The gates of the base that stand no longer.
    fn weaker(&self, was: &Pipeline<'a>) -> Vec<PipelineFact> {
        let both =
            self.real().filter_map(|(path, job)| Some((path, job, was.real().find(|(_, w)| w.name == job.name)?.1)));
        let mut lost: Vec<PipelineFact> = both
            .flat_map(|(path, job, before)| {
                let all = self.less(job, was, before).into_iter().chain(self.fewer(job, was, before));
                all.map(move |what| {
                    fact(PipelineSays::Gate, path, Some(job.line), safe!("job {}: {}", job.shown(), what))
                })
            })
            .collect();
        lost.extend(self.gone(was));
        lost
    }

    /// In which ways a job waits less for a person than it did.
    fn less(&self, job: &'a Job, was: &Pipeline<'a>, before: &'a Job) -> Vec<SafeText> {
        let always = Starts { alone: BTreeSet::from([String::new()]), ..Starts::default() };
        let (now, old) = (self.starts(job).unwrap_or(&always), was.starts(before).unwrap_or(&always));
        let by_hand = match now.alone.difference(&old.alone).next() {
            _ if old.by_hand.is_empty() => None,
            _ if now.by_hand.is_empty() && !now.alone.is_empty() => {
                Some(SafeText::lit("no longer waits for a person to start it"))
            }
            Some(when) if when.is_empty() => Some(SafeText::lit("starts by itself unless a rule says otherwise")),
            Some(when) => Some(safe!("starts by itself where {}", Text::from(when.as_str()).ident())),
            None if old.holds && !now.holds => Some("what follows no longer waits for it (allow_failure)".into()),
            None => None,
        };
        let environment = match (was.environment(before), self.environment(job)) {
            (Some(old), Some(new)) if old != new => {
                Some(safe!("environment {} -> {}", Text::from(old).ident(), Text::from(new).ident()))
            }
            (Some(old), None) => Some(safe!("no longer in environment {}", Text::from(old).ident())),
            _ => None,
        };
        by_hand.into_iter().chain(environment).collect()
    }

    /// Gates that a job waited for through others, and does no longer.
    fn fewer(&self, job: &'a Job, was: &Pipeline<'a>, before: &'a Job) -> Vec<SafeText> {
        let (now, old) = (self.gates_before(job), was.gates_before(before));
        let lost = old.difference(&now);
        lost.map(|gate| safe!("no longer waits for job {}", Text::from(*gate).ident())).collect()
    }

    fn gates_before(&self, job: &'a Job) -> BTreeSet<&'a str> {
        let before = self.followed(job, |job| &job.needs).into_iter().skip(1);
        before.filter(|job| self.holds(job) || self.environment(job).is_some()).map(|job| job.name.as_str()).collect()
    }

    fn holds(&self, job: &'a Job) -> bool {
        self.starts(job).is_some_and(|starts| starts.holds && !starts.by_hand.is_empty())
    }

    /// Gates that are there no longer. Where there are as many as before, one was named anew.
    fn gone(&self, was: &Pipeline<'a>) -> Vec<PipelineFact> {
        let gates = |of: &Pipeline<'a>| of.real().filter(|(_, job)| of.holds(job)).collect::<Vec<_>>();
        let (now, old) = (gates(self), gates(was));
        let gone = old.iter().filter(|(_, job)| self.named(&job.name).is_none());
        let gone = gone.map(|(path, job)| {
            fact(PipelineSays::Gate, path, None, safe!("{} waited for a person and is gone", job.shown()))
        });
        if now.len() < old.len() { gone.collect() } else { Vec::new() }
    }
}

impl Job {
    fn shown(&self) -> SafeText {
        Text::from(self.name.as_str()).ident()
    }
}
