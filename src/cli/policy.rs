//! `jit-tui policy check|explain|test`: what a policy says, without a broker.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::eyre::{WrapErr, eyre};

use super::Exit;
use crate::domain::finding::FindingId;
use crate::domain::ids::BackendName;
use crate::domain::text::{SafeText, Text};
use crate::domain::{digest::Digest, json};
use crate::policy::{Cases, Claimable, Diagnostic, Explanation, Policy, Said, Situation};
use crate::safe;
use crate::sys::paths::Paths;

/// Check, explain or test a policy.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read a policy and say every fault with its place and how to mend it (exit 1 if there is one).
    Check {
        /// The policy; without it the one in the config folder.
        file: Option<PathBuf>,
    },
    /// Say what the policy demands of a made-up request, and of every rule why it does or does not apply.
    Explain(Box<Explain>),
    /// Run a table of cases (exit 1 if one comes out otherwise).
    Test {
        /// A TOML file of [[case]] tables; docs/policy.md shows one.
        cases: PathBuf,
        /// The policy; without it the one in the config folder.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
struct Explain {
    /// The policy; without it the one in the config folder.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Repository id, `acme/shop`.
    #[arg(long, default_value = "", hide_default_value = true)]
    repository: String,
    /// Environment.
    #[arg(long, default_value = "", hide_default_value = true)]
    environment: String,
    /// Branch or tag.
    #[arg(long)]
    branch: Option<String>,
    /// What is done, as the request is named.
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// Who asks: a login. May be given again.
    #[arg(long)]
    requester: Vec<String>,
    /// Who wrote it: a mail address. May be given again.
    #[arg(long = "author", value_name = "EMAIL")]
    authors: Vec<String>,
    /// Name of the token that asks.
    #[arg(long)]
    credential: Option<String>,
    /// Path of a workflow file.
    #[arg(long)]
    workflow: Option<String>,
    /// Backend instance.
    #[arg(long, default_value = "local")]
    backend: BackendName,
    /// A finding that is there. May be given again.
    #[arg(long = "finding", value_parser = finding)]
    findings: Vec<FindingId>,
    /// Somebody vouches for the requester; left out, only the pipeline says who asks.
    #[arg(long)]
    verified: bool,
    /// What else nobody but the pipeline says.
    #[arg(long, value_delimiter = ',', value_enum, value_name = "FIELDS")]
    claimed: Vec<Claimable>,
    /// Verdict and rules as one line of JSON.
    #[arg(long)]
    json: bool,
    /// The gate's command.
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or output cannot be written.
pub fn run(args: Args) -> Exit {
    match args.command {
        Command::Check { file } => check(file),
        Command::Explain(explain) => explain.run(),
        Command::Test { cases, policy } => test(&cases, policy),
    }
}

fn finding(word: &str) -> Result<FindingId, String> {
    FindingId::from_word(word).ok_or_else(|| "no such finding: docs/policy.md lists them".to_owned())
}

fn check(file: Option<PathBuf>) -> Exit {
    let (path, text) = read(file)?;
    let name = shown(&path);
    with_policy(&path, &text, |policy| {
        let (rules, people, groups) = policy.size();
        let digest = Digest::of(text.as_bytes());
        out(&safe!("{}: ok, {} rules, {} people, {} groups, digest {}", name, rules, people, groups, digest))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn test(cases: &Path, policy: Option<PathBuf>) -> Exit {
    let (path, text) = read(policy)?;
    let (cases_path, cases_text) = read(Some(cases.to_owned()))?;
    with_policy(&path, &text, |policy| match Cases::parse(&cases_text, &cases_path.to_string_lossy()) {
        Err(fault) => refuse(&[fault]),
        Ok(cases) => report(&cases, policy),
    })
}

fn report(cases: &Cases, policy: &Policy) -> Exit {
    let results = cases.run(policy);
    let failed = results.iter().filter(|r| !r.differs.is_empty()).count();
    for result in &results {
        out(&safe!("{} {}", if result.differs.is_empty() { "ok    " } else { "FAILED" }, result.name))?;
        for line in &result.differs {
            out(&safe!("         {}", line))?;
        }
        if !result.differs.is_empty() {
            out(&safe!("         verdict: {}", result.words))?;
        }
    }
    out(&safe!("{} of {} cases as expected", results.len() - failed, results.len()))?;
    Ok(ExitCode::from(u8::from(failed > 0)))
}

impl Explain {
    fn run(self) -> Exit {
        let (path, text) = read(self.policy.clone())?;
        let json = self.json;
        let situation = self.situation();
        with_policy(&path, &text, |policy| {
            let said = situation.explain(policy);
            if json {
                out(&json::to_line(&said)?)?
            } else {
                print(&said)?
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    fn situation(mut self) -> Situation {
        if !self.verified {
            self.claimed.push(Claimable::Requester);
        }
        Situation {
            repository: self.repository,
            environment: self.environment,
            branch: self.branch,
            action: self.name,
            command: self.command,
            workflow: self.workflow,
            backend: self.backend,
            requester: self.requester,
            credential: self.credential,
            authors: self.authors,
            findings: self.findings,
            claimed: self.claimed,
        }
    }
}

fn print(said: &Explanation) -> color_eyre::Result<()> {
    out(&said.verdict.words.prose())?;
    for rule in &said.rules {
        let mark = match rule.said {
            Said::Applies => "applies     ",
            Said::TightensOnly => "tightens    ",
            Said::DoesNotApply => "not matched ",
        };
        out(&safe!("  {} {}: {}", mark, rule.name.ident(), rule.why.prose()))?;
    }
    Ok(())
}

fn with_policy(path: &Path, text: &str, then: impl FnOnce(&Policy) -> Exit) -> Exit {
    match Policy::parse(text, &path.to_string_lossy()) {
        Ok(policy) => then(&policy),
        Err(faults) => refuse(&faults),
    }
}

fn refuse(faults: &[Diagnostic]) -> Exit {
    let mut stderr = std::io::stderr().lock();
    for fault in faults {
        writeln!(stderr, "{fault}")?;
    }
    Ok(ExitCode::FAILURE)
}

fn out(line: &impl std::fmt::Display) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")
}

fn shown(path: &Path) -> SafeText {
    Text::from(path).ident()
}

/// The text of a policy: the file given, else `policy.toml` of the config folder.
fn read(file: Option<PathBuf>) -> color_eyre::Result<(PathBuf, String)> {
    let in_config = || Paths::of_user().map(|paths| paths.config.join("policy.toml"));
    let path = file.or_else(in_config).ok_or_else(|| eyre!("no home folder: name the policy file"))?;
    let bytes = std::fs::read(&path).wrap_err_with(|| {
        safe!("{}: cannot be read; name another file, or write this one", shown(&path)).to_string()
    })?;
    let text = String::from_utf8(bytes).map_err(|e| {
        eyre!("{}", safe!("{}: byte {} is not UTF-8: save it as UTF-8", shown(&path), e.utf8_error().valid_up_to()))
    })?;
    Ok((path, text))
}
