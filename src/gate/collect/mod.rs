//! Collects by itself what an approver can look at, and what the request binds.

pub mod actions;
pub mod ci;
pub mod diff;
pub mod env;
pub mod files;
pub mod fit;
pub mod program;
#[cfg(test)]
mod tests;
pub mod tree;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::api::{Recheck, Submission};
use crate::domain::evidence::{Base, BaseKind, Cut, Evidence};
use crate::domain::ids::CommitSha;
use crate::domain::principal::{Identity, IdentityKind, Role, Source};
use crate::domain::request::{Ask, Command};
use crate::domain::text::Text;
use crate::safe;
use crate::sys::git::{Fault, Git, repository_id};

use super::Options;
use ci::Ci;
use env::Env;
use program::{NoProgram, Program};

/// Bytes of a subject or a name; git sets no limit.
const LINE: usize = 1 << 10;
/// Commits that are listed one by one, and writers that are named.
const COMMITS: usize = 500;
const WRITERS: usize = 500;

/// Where the gate stands, before anybody is asked anything.
pub struct Scene {
    /// The environment.
    pub env: Env,
    /// What the CI system says.
    pub ci: Ci,
    /// The working tree; absent outside of one.
    pub git: Option<Git>,
    /// Why git gives nothing though there may be a repository.
    pub no_git: Option<Fault>,
    /// The working folder.
    pub folder: PathBuf,
    /// The command.
    pub argv: Vec<OsString>,
    /// The program, as found first.
    pub program: Program,
    /// The commit that is checked out.
    pub head: Option<CommitSha>,
}

/// A submission, and the evidence to put before it.
pub struct Collected {
    /// What is asked.
    pub submission: Submission,
    /// The compressed diff.
    pub diff: Option<diff::Packed>,
}

impl Scene {
    /// Looks around.
    ///
    /// # Errors
    /// Where the command is not there or cannot be executed.
    pub fn look(argv: Vec<OsString>, folder: &Path) -> Result<Self, NoProgram> {
        let env = Env::of_process();
        let program = program::resolve(&argv, env.os("PATH"), folder)?;
        let (git, no_git) = match Git::open(folder) {
            Ok(git) => (git, None),
            Err(fault) => (None, Some(fault)),
        };
        let head = git.as_ref().and_then(|git| git.head().ok().flatten());
        Ok(Self { ci: ci::detect(&env), env, git, no_git, folder: folder.to_owned(), argv, program, head })
    }

    /// The repository's id: as stated, as the CI system says, of the remote, or else the folder's name.
    pub fn repository(&self, options: &Options) -> Text {
        let remote = || self.git.as_ref()?.remote().ok()?.as_ref().and_then(repository_id);
        let folder = || {
            let top = self.git.as_ref().map_or(self.folder.as_path(), Git::top);
            top.file_name().map(Text::from)
        };
        let stated = options.repository.clone().or_else(|| self.ci.repository.clone());
        stated.or_else(remote).or_else(folder).unwrap_or_else(|| Text::from("/"))
    }

    /// The environment: as stated, as the CI system says, or `default`.
    pub fn environment(&self, options: &Options) -> Text {
        options.environment.clone().or_else(|| self.ci.environment.clone()).unwrap_or_else(|| Text::from("default"))
    }

    /// The state of the world as a start needs it.
    ///
    /// # Errors
    /// Where the command has gone.
    pub fn recheck(&self) -> Result<Recheck, NoProgram> {
        let program = program::resolve(&self.argv, self.env.os("PATH"), &self.folder)?;
        let head = self.git.as_ref().and_then(|git| git.head().ok().flatten());
        let tree = self.git.as_ref().and_then(|git| tree::snapshot(git).ok()).map(|s| s.tree.digest);
        Ok(Recheck { head, tree, program: program.digest })
    }

    /// Collects the whole submission. `offered` is the base that the broker knows.
    pub fn collect(&self, options: &Options, offered: Option<Base>) -> Collected {
        let mut gathered = Gathered::default();
        if let Some(fault) = &self.no_git {
            gathered.fail("repository", fault);
        }
        if let Some(git) = &self.git {
            gathered.tree(git);
            if let Some(head) = &self.head {
                gathered.history(git, head, options, offered);
            }
        }
        let mut identities = self.requesters();
        identities.extend(gathered.writers.iter().map(Identity::author));
        fit::fit(&mut gathered.evidence, fit::MOST);
        let submission = Submission {
            repository: self.repository(options),
            environment: self.environment(options),
            name: options.name.clone().unwrap_or_else(|| self.default_name()),
            head: self.head.clone(),
            branch: self.branch(),
            command: self.command(options),
            run: self.ci.run.clone(),
            identities,
            reason: options.reason.clone(),
            ask: Ask { scope: options.scope, run_for: options.run_for },
            evidence: gathered.evidence,
            wait: options.wait,
        };
        Collected { submission, diff: gathered.diff }
    }

    fn branch(&self) -> Option<Text> {
        self.ci.branch.clone().or_else(|| self.git.as_ref()?.branch().ok().flatten())
    }

    fn default_name(&self) -> Text {
        let job = self.ci.run.as_ref().map(|run| run.job.clone()).filter(|job| !job.is_empty());
        job.unwrap_or_else(|| self.program.path.file_name().map(Text::from).unwrap_or_default())
    }

    fn command(&self, options: &Options) -> Command {
        Command {
            argv: self.argv.iter().map(|arg| Text::from(arg.as_os_str())).collect(),
            folder: Text::from(self.folder.as_path()),
            program: Text::from(self.program.path.as_path()),
            program_digest: self.program.digest,
            env_digest: self.env.digest(),
            stop_signal: options.stop_signal.clone(),
            grace: options.grace,
        }
    }

    /// In CI whom the system names; else this user, by mail address and uid.
    fn requesters(&self) -> Vec<Identity> {
        if self.ci.run.is_some() {
            return self.ci.people.clone();
        }
        let claimed = |kind, name| Identity { role: Role::Requester, kind, name, source: Source::Claimed };
        let email = self.git.as_ref().and_then(|git| git.email().ok().flatten());
        let uid = rustix::process::getuid().as_raw().to_string();
        email
            .map(|name| claimed(IdentityKind::Email, name))
            .into_iter()
            .chain([claimed(IdentityKind::Uid, uid.into())])
            .collect()
    }
}

/// Evidence as it comes together; what cannot be had is a cut, never silence.
#[derive(Default)]
struct Gathered {
    evidence: Evidence,
    diff: Option<diff::Packed>,
    writers: Vec<Text>,
}

impl Gathered {
    fn cut(&mut self, what: &str, kept: u64, of: u64) {
        self.evidence.cuts.push(Cut { what: Text::from(what), kept, of });
    }

    fn fail(&mut self, what: &'static str, fault: &Fault) {
        self.evidence.cuts.push(Cut { what: safe!("{}: {}", what, fault).into(), kept: 0, of: 1 });
    }

    fn tree(&mut self, git: &Git) {
        match tree::snapshot(git) {
            Ok(snapshot) => {
                self.evidence.cuts.extend(snapshot.cut);
                self.evidence.tree = Some(snapshot.tree);
            }
            Err(fault) => self.fail("working tree", &fault),
        }
    }

    fn history(&mut self, git: &Git, head: &CommitSha, options: &Options, offered: Option<Base>) {
        let base = match self.base(git, head, options, offered) {
            Ok(base) => base,
            Err(fault) => return self.fail("base", &fault),
        };
        let sha = base.as_ref().map(|base| base.sha.clone());
        match git.default_branch().and_then(|target| target.map(|target| git.count(head, &target)).transpose()) {
            Ok(behind) => self.evidence.behind = behind,
            Err(fault) => self.fail("commits that the default branch has and head lacks", &fault),
        }
        // A change can also be read against where its branch began; that is no base where there is none at all.
        let other = base.as_ref().and_then(|_| began(git, head).ok().flatten());
        self.evidence.other_bases.extend(other.filter(|other| Some(&other.sha) != sha.as_ref()));
        self.evidence.base = base;
        match actions::collect(git, head, sha.as_ref()) {
            Ok(found) => {
                self.evidence.actions = found.tree.actions;
                self.evidence.faults = found.tree.faults;
                self.evidence.pipeline = found.facts;
                self.evidence.cuts.extend(found.cuts);
            }
            Err(fault) => self.fail("actions and pipeline files", &fault),
        }
        if let Some(base) = &sha {
            if let Err(fault) = self.commits(git, base, head) {
                self.fail("commits", &fault);
            }
            if let Err(why) = self.changes(git, base, head) {
                self.cut(&format!("diff: {why}"), 0, 1);
            }
        }
    }

    /// As stated, else as the broker offers, else where the branch left the default one.
    fn base(
        &mut self,
        git: &Git,
        head: &CommitSha,
        options: &Options,
        offered: Option<Base>,
    ) -> Result<Option<Base>, Fault> {
        if let Some(stated) = &options.base {
            let sha = git.resolve(stated)?;
            if sha.is_none() {
                self.cut(&format!("base {stated}: not in this checkout, fetch more history"), 0, 1);
            }
            return Ok(sha.map(|sha| Base { sha, kind: BaseKind::Stated, deployed_at: None }));
        }
        if let Some(base) = offered {
            let there = git.resolve(base.sha.as_str())?.is_some();
            if !there {
                self.cut(&format!("base {}: not in this checkout, fetch more history", base.sha), 0, 1);
            }
            return Ok(there.then_some(base));
        }
        began(git, head)
    }

    fn commits(&mut self, git: &Git, base: &CommitSha, head: &CommitSha) -> Result<(), Fault> {
        self.evidence.course = Some(git.course(base, head)?);
        self.evidence.commits = git.commits(base, head, COMMITS)?;
        let long =
            self.evidence.commits.iter_mut().flat_map(|c| [&mut c.subject, &mut c.author]).filter_map(shorten).count();
        if long > 0 {
            self.cut("long subjects and names of commits", 0, long as u64);
        }
        let (kept, of) = (self.evidence.commits.len() as u64, git.count(base, head)?);
        if kept < of {
            self.cut("commits", kept, of);
        }
        self.writers = git.writers(base, head)?;
        if self.writers.len() > WRITERS {
            self.cut("authors", WRITERS as u64, self.writers.len() as u64);
            self.writers.truncate(WRITERS);
        }
        Ok(())
    }

    fn changes(&mut self, git: &Git, base: &CommitSha, head: &CommitSha) -> Result<(), diff::NoDiff> {
        self.evidence.totals = Some(git.totals(base, head)?);
        let packed = diff::collect(git, base, head, diff::CAPS)?;
        self.evidence.diff = Some(packed.blob.clone());
        self.evidence.cuts.extend(packed.cut.clone());
        self.diff = Some(packed);
        Ok(())
    }
}

/// Where the branch left the default one. Where head is on that itself there is nothing to compare with: an empty
/// diff would mislead.
fn began(git: &Git, head: &CommitSha) -> Result<Option<Base>, Fault> {
    let Some(target) = git.default_branch()? else { return Ok(None) };
    let common = git.merge_base(&target, head)?.filter(|common| common != head);
    Ok(common.map(|sha| Base { sha, kind: BaseKind::MergeBase, deployed_at: None }))
}

/// Cuts a text that is too long for a list, between characters.
fn shorten(text: &mut Text) -> Option<()> {
    let bytes = text.as_bytes();
    let starts = |at: &usize| bytes.get(*at).is_some_and(|b| b & 0xc0 != 0x80);
    let end = (0..=LINE).rev().find(starts).filter(|_| bytes.len() > LINE)?;
    *text = Text::new(bytes.get(..end).unwrap_or_default());
    Some(())
}
