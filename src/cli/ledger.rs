//! `jit-tui ledger`: the ledger of action SHAs on the command line.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::eyre::{WrapErr, eyre};
use serde::Serialize;

use super::{Exit, open, out};
use crate::audit;
use crate::audit::ledger::{self, Book, LedgerFault, Line, Row, What, ledger_file};
use crate::domain::lookup::Known;
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// Which commit an action's reference stood for, since when, and who approved what with it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    open: open::Args,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List every reference and the SHAs that it stood for, your own and the team's
    List {
        /// Only actions whose name begins so
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// One row a line as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one action in full: every sighting and vote, oldest first
    Show {
        /// Its name, as `list` prints it
        action: String,
        /// One line of the ledger a line as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write your own ledger for others: a team ledger, or another machine
    Export {
        /// A new file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Add what another ledger has and yours has not
    Import {
        /// What `ledger export` wrote
        file: PathBuf,
    },
}

/// Runs the subcommand.
///
/// # Errors
/// What cannot be read or written, with the way to mend it.
pub fn run(args: Args) -> Exit {
    let paths = open::paths(&args.open)?;
    match args.command {
        Command::Export { output } => export(&paths.state, output.as_deref())?,
        Command::Import { file } => import(&paths.state, &file)?,
        Command::List { name, json } => list(&lines_of(&args.open)?, &name.unwrap_or_default(), json)?,
        Command::Show { action, json } => show(lines_of(&args.open)?, &action.into(), json)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Lines of the own ledger and of the team's; what is wrong with either is said, the rest goes on.
fn lines_of(args: &open::Args) -> color_eyre::Result<Vec<Line>> {
    let paths = open::paths(args)?;
    let config = args.config.load(&paths)?;
    let mut lines = Vec::new();
    for file in [Some(ledger_file(&paths.state)), open::team_ledger(&config)].into_iter().flatten() {
        match ledger::read(&file) {
            Ok((read, fault)) => {
                fault.iter().for_each(complain);
                lines.extend(read);
            }
            Err(fault) => complain(&fault),
        }
    }
    Ok(lines)
}

fn complain(fault: &LedgerFault) {
    out::complain(&Text::from(fault.to_string()).prose());
}

fn book_of(lines: &[Line]) -> Book {
    let mut book = Book::default();
    book.add(lines.iter().cloned());
    book
}

/// A row as `--json` prints it.
#[derive(Serialize)]
struct Told<'a> {
    action: &'a Text,
    reference: &'a Text,
    sha: &'a Text,
    known: &'a Known,
}

fn list(lines: &[Line], name: &str, json: bool) -> io::Result<()> {
    for row in book_of(lines).rows().iter().filter(|row| row.action.as_bytes().starts_with(name.as_bytes())) {
        let Row { action, reference, sha, known } = row;
        if json {
            out::json(&Told { action, reference, sha, known })?;
        } else {
            out::line(&row_line(row))?;
        }
    }
    Ok(())
}

/// `acme/scan@v1  4f1c9ab…  first 2026-11-24 by alice  last 2026-11-26  approved 3x`.
fn row_line(row: &Row) -> SafeText {
    let Known { first, last, by, approved, approval, moved, .. } = &row.known;
    let first = first.map(|at| safe!("  first {}", at.iso())).unwrap_or_default();
    let by = by.as_ref().map(|by| safe!(" by {}", by.ident())).unwrap_or_default();
    let last = last.map(|at| safe!("  last {}", at.iso())).unwrap_or_default();
    let votes = match approval {
        Some((who, at)) => safe!("  approved {}x, last by {} {}", *approved, who.ident(), at.iso()),
        None => SafeText::lit("  never approved"),
    };
    let moved = moved.as_ref().map(|was| safe!("  MOVED from {}", was.sha.ident())).unwrap_or_default();
    let (action, reference) = (row.action.ident(), row.reference.ident());
    safe!("{}@{}  {}{}{}{}{}{}", action, reference, row.sha.ident(), first, by, last, votes, moved)
}

fn show(lines: Vec<Line>, action: &Text, json: bool) -> color_eyre::Result<()> {
    let mut lines: Vec<Line> = lines.into_iter().filter(|line| line.action == *action).collect();
    lines.sort_by_key(|line| line.at);
    if lines.is_empty() {
        return Err(eyre!("the ledger does not know this action: `jit-tui ledger list` names those that it does"));
    }
    for line in &lines {
        if json {
            out::json(line)?;
        } else {
            out::line(&told(line))?;
        }
    }
    Ok(())
}

fn told(line: &Line) -> SafeText {
    let what = SafeText::lit(match line.what {
        What::Seen => "seen",
        What::Approved => "approved",
        What::Rejected => "rejected",
    });
    let by = line.by.as_ref().map(|by| safe!(" by {}", by.shown())).unwrap_or_default();
    let decision = line.decision.as_ref().map(|id| safe!(" in decision {}", id)).unwrap_or_default();
    let (reference, sha) = (line.reference.ident(), line.sha.ident());
    let place = safe!("{} in {}", line.repository.ident(), line.environment.ident());
    safe!("{} {}{}  @{} = {}  for {}{}", line.at.iso(), what, by, reference, sha, place, decision)
}

fn export(state: &Path, output: Option<&Path>) -> color_eyre::Result<()> {
    let (lines, fault) = ledger::read(&ledger_file(state))?;
    fault.iter().for_each(complain);
    match output {
        Some(path) => ledger::export(&lines, &mut BufWriter::new(audit::create(path)?))?,
        None => ledger::export(&lines, &mut io::stdout().lock())?,
    }
    Ok(())
}

fn import(state: &Path, file: &Path) -> color_eyre::Result<()> {
    if !file.exists() {
        return Err(eyre!("{} is not there: give a file that `jit-tui ledger export` wrote", Text::from(file).ident()));
    }
    let (theirs, fault) = ledger::read(file)?;
    fault.iter().for_each(complain);
    let (ours, _) = ledger::read(&ledger_file(state))?;
    let mut known: std::collections::HashSet<Line> = ours.into_iter().collect();
    let new: Vec<Line> = theirs.into_iter().filter(|line| known.insert(line.clone())).collect();
    ledger::append(state, &new).wrap_err("nothing was imported")?;
    out::line(&safe!("{} lines added", new.len()))?;
    io::stdout().flush()?;
    Ok(())
}
