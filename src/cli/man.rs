//! `jit-tui man`: the manual pages, from the same tables as the help.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;
use color_eyre::eyre::WrapErr;

use super::{Cli, Exit, out};

/// Print the manual page, or write the pages of all commands into a folder.
#[derive(clap::Args)]
pub struct Args {
    /// Write jit-tui.1 and one page a command here
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: Args) -> Exit {
    let command = Cli::command();
    match args.dir {
        Some(dir) => clap_mangen::generate_to(command, &dir)
            .wrap_err_with(|| format!("cannot write the pages to {}", dir.display()))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            out::own(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
