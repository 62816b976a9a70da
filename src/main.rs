//! The `jit-tui` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    jit_tui::cli::main()
}
