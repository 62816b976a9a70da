//! `jit-tui audit`: the audit log on the command line.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args as ClapArgs, Subcommand};
use color_eyre::eyre::eyre;

use super::Exit;
use crate::audit::{self, AuditError, Filter, Format, Report, Subject};
use crate::domain::digest::Digest;
use crate::domain::ids::RequestKey;
use crate::domain::json;
use crate::domain::record::{Entry, Event, Head, Record};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;
use crate::sys::clock;
use crate::sys::paths::Paths;

/// Exit code of `verify` where the log is damaged.
const DAMAGED: u8 = 1;
/// Exit code of `verify` where it cannot be read.
const UNREADABLE: u8 = 2;

/// Look at, verify and export the audit log.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The state folder whose log is meant [default: this user's]
    #[arg(long, value_name = "DIR", global = true)]
    state: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List records, newest first
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many records; 0 = all
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
        /// Records before this number only: the next page
        #[arg(long, value_name = "SEQ")]
        before: Option<u64>,
        /// One record a line as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one record in full
    Show {
        /// Its number
        seq: u64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell the whole story of a request, oldest first
    Why {
        /// A request key, or the id of a decision or grant
        #[arg(value_name = "KEY")]
        subject: Subject,
        /// One record a line as JSON
        #[arg(long)]
        json: bool,
    },
    /// Verify the log, or an exported one (exit 0 sound, 1 damaged, 2 not readable)
    Verify {
        /// JSON lines that were exported here or by a broker [default: this folder's own log]
        file: Option<PathBuf>,
        /// The name under which this folder keeps heads of that log (see the `head-seen` records)
        #[arg(long, value_name = "NAME", requires = "file")]
        log: Option<String>,
        /// Exports of other logs that keep heads of this one
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        against: Vec<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write records for other programs, oldest first; JSON lines of the whole log verify elsewhere
    Export {
        #[command(flatten)]
        which: Which,
        /// JSON lines unchanged, or CSV in words
        #[arg(long, value_enum)]
        format: Format,
        /// A new file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Which records.
#[derive(Debug, ClapArgs)]
struct Which {
    /// Words that must all stand in the record
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Only this request
    #[arg(long, value_name = "KEY")]
    request: Option<RequestKey>,
    /// Only what this person did
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Only this kind
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(audit::KINDS), hide_possible_values = true)]
    kind: Option<String>,
    /// From this moment on: `2026-11-23T03:00:00Z`, or `2h` ago
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<Ms>,
    /// Before this moment
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<Ms>,
}

impl Which {
    fn filter(self) -> Filter {
        Filter {
            text: self.text.unwrap_or_default().into(),
            request: self.request,
            person: self.person.map(Text::from),
            kind: self.kind,
            since: self.since,
            until: self.until,
            ..Filter::default()
        }
    }
}

fn moment(text: &str) -> Result<Ms, String> {
    if let Ok(ago) = text.parse::<Span>() {
        return Ok(clock::now().wall - ago);
    }
    let at =
        text.parse::<jiff::Timestamp>().map_err(|_| "write it like 2026-11-23T03:00:00Z, or 2h for two hours ago")?;
    Ok(Ms(at.as_millisecond()))
}

/// Runs the subcommand; a reader that went away is no fault.
///
/// # Errors
/// What cannot be read or written, with the way to mend it.
pub fn run(args: Args) -> Exit {
    let state = match args.state {
        Some(state) => state,
        None => Paths::of_user().ok_or_else(|| eyre!("no home folder: say where the log is with --state DIR"))?.state,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let done = match args.command {
        Command::List { which, limit, before, json } => {
            list(&state, &Filter { limit, before, ..which.filter() }, json, &mut out)
        }
        Command::Show { seq, json } => show(&state, seq, json, &mut out),
        Command::Why { subject, json } => why(&state, &subject, json, &mut out),
        Command::Verify { file, log, against, json } => {
            let log = log.map(Text::from);
            return quietly(verify(&state, file.as_deref(), log.as_ref(), &against, json, &mut out));
        }
        Command::Export { which, format, output } => {
            export(&state, &which.filter(), format, output.as_deref(), &mut out)
        }
    };
    quietly(done.and_then(|()| Ok(out.flush()?)).map(|()| ExitCode::SUCCESS))
}

/// What goes wrong here: the log, or standard output.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    #[error("there is no record #{0} in this log: `jit-tui audit list` shows the last ones")]
    NoRecord(u64),
    #[error("nothing in this log is about that: copy the key from `jit-tui audit list`")]
    NoStory,
}

fn quietly(done: Result<ExitCode, Failure>) -> Exit {
    match done {
        Err(Failure::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(Failure::Audit(e)) if e.is_broken_pipe() => Ok(ExitCode::SUCCESS),
        done => Ok(done?),
    }
}

fn list(state: &Path, filter: &Filter, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    print(&audit::query(state, filter)?, json, out)
}

fn why(state: &Path, subject: &Subject, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let story = audit::why(state, subject)?;
    if story.is_empty() { Err(Failure::NoStory) } else { print(&story, json, out) }
}

fn print(records: &[Record], json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    for record in records {
        if json {
            writeln!(out, "{}", line_of(record)?)?;
        } else {
            writeln!(out, "{}", told(record))?;
        }
    }
    Ok(())
}

fn line_of(record: &Record) -> Result<String, Failure> {
    json::to_line(record).map_err(|e| Failure::Output(e.into()))
}

/// `#12 2026-11-23T03:12:07Z alice local/4f1c#1 granted …`.
fn told(record: &Record) -> SafeText {
    let who = record.by.as_ref().map_or(SafeText::lit("-"), |by| by.shown());
    let request = record.request.as_ref().map_or(SafeText::lit("-"), |key| safe!("{}", key));
    safe!("#{} {} {} {} {}", record.seq, record.at.iso(), who, request, audit::words(record))
}

fn show(state: &Path, seq: u64, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let (line, record) = audit::record(state, seq)?.ok_or(Failure::NoRecord(seq))?;
    if json {
        return Ok(writeln!(out, "{}", line_of(&record)?)?);
    }
    let by = record.by.as_ref().map_or(SafeText::lit("the program itself"), |by| {
        safe!("{} ({} of {}, {})", by.shown(), by.subject.ident(), by.issuer.ident(), by.assurance.word())
    });
    let about = record.request.as_ref().map_or(SafeText::lit("-"), |key| safe!("{}", key));
    let hash = Digest::of(line.as_bytes());
    writeln!(out, "record   #{seq}\nat       {}\nby       {by}\nrequest  {about}", record.at.iso())?;
    writeln!(out, "kind     {}\nwhat     {}", audit::kind(&record.event), audit::words(&record))?;
    writeln!(out, "hash     {hash}\nprevious {}\n\n{}", record.prev, line_of(&record)?)?;
    Ok(())
}

fn verify(
    state: &Path,
    file: Option<&Path>,
    log: Option<&Text>,
    against: &[PathBuf],
    json: bool,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let report = match file {
        Some(file) => audit::verify_foreign(state, file, log),
        None => audit::verify_own(state, against),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            drop(writeln!(io::stderr().lock(), "{}", Text::from(error.to_string()).prose()));
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    // In one's own log a torn line is a crash's, and the next append repairs it; in an export it is a cut.
    let sound = report.is_sound() && (file.is_none() || report.torn == 0);
    if json {
        writeln!(out, "{}", report_json(&report, sound)?)?;
    } else {
        for line in report.words() {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "this log is called {} by those who keep its heads", report.name.ident())?;
    }
    out.flush()?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

/// What `verify --json` prints.
#[derive(serde::Serialize)]
struct Verified<'a> {
    sound: bool,
    log: &'a Text,
    records: u64,
    head: Head,
    torn_bytes: u64,
    first_bad: Option<FirstBad<'a>>,
    anchored_to: Option<u64>,
    heads_compared: usize,
}

#[derive(serde::Serialize)]
struct FirstBad<'a> {
    seq: u64,
    line: u64,
    why: &'a str,
}

fn report_json(report: &Report, sound: bool) -> Result<String, Failure> {
    let bad = report.first_bad.as_ref();
    let verified = Verified {
        sound,
        log: &report.name,
        records: report.records,
        head: report.head,
        torn_bytes: report.torn,
        first_bad: bad.map(|bad| FirstBad { seq: bad.seq, line: bad.line, why: bad.why.as_str() }),
        anchored_to: report.anchored.as_ref().map(|anchor| anchor.head.seq),
        heads_compared: report.compared,
    };
    json::to_line(&verified).map_err(|e| Failure::Output(e.into()))
}

fn export(
    state: &Path,
    filter: &Filter,
    format: Format,
    output: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let records = match output {
        Some(path) => audit::export(state, filter, format, &mut BufWriter::new(audit::create(path)?))?,
        None => audit::export(state, filter, format, out)?,
    };
    if !audit::log_file(state).exists() {
        return Ok(());
    }
    let entry = Entry { at: clock::now().wall, by: None, request: None, event: Event::Exported { records } };
    // The records are out: that this is not on record is said, and no reason to take them back.
    if let Err(error) = audit::Log::open(state).and_then(|mut log| log.append(vec![entry], audit::Sync::Yes)) {
        let why = Text::from(error.to_string()).prose();
        drop(writeln!(io::stderr().lock(), "the export itself is not on record: {why}"));
    }
    Ok(())
}
