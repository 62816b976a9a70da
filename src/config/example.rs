//! The example config, printed from the tables: every key with its meaning and its default.

use super::schema::{Actions, Audit, Backend, Broker, Console, Guard, Local};
use super::section::KeyRow;
use crate::keymap::VERBS;

/// A kind of backend, as its adapter describes it.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// `kind = "…"`.
    pub name: &'static str,
    /// What it is, in one line.
    pub doc: &'static str,
    /// Its own keys.
    pub rows: &'static [KeyRow],
}

const HEAD: &str = "\
# The config of jit-tui. Every key stands here with its default; take the # away and change it.
# `jit-tui config path` says where this file goes, `jit-tui config check` what is wrong with it.
# A key can also be set in the environment: JIT_TUI_CONSOLE_THEME=dark. That wins.
# Paths are relative to this file.
";

/// The text of `config.example.toml`.
pub fn example(kinds: &[Kind]) -> String {
    let mut out = String::from(HEAD);
    table(&mut out, "console", Console::ROWS);
    keys(&mut out);
    table(&mut out, "audit", Audit::ROWS);
    table(&mut out, "actions", Actions::ROWS);
    table(&mut out, "local", Local::ROWS);
    table(&mut out, "broker", Broker::ROWS);
    table(&mut out, "guard", Guard::ROWS);
    kinds.iter().for_each(|kind| backend(&mut out, kind));
    out
}

fn table(out: &mut String, name: &str, rows: &[KeyRow]) {
    out.push_str(&format!("\n[{name}]\n"));
    rows.iter().for_each(|row| key(out, row.doc, row.name, &(row.shown)()));
}

fn key(out: &mut String, doc: &[&str], name: &str, value: &str) {
    doc.iter().for_each(|line| out.push_str(&format!("#{line}\n")));
    out.push_str(&format!("#{name} = {value}\n"));
}

fn keys(out: &mut String) {
    out.push_str(
        "\n# Keys are added to those of the program; \"-x\" takes x away. These are the program's own.\n[keys]\n",
    );
    for row in VERBS {
        let keys: Vec<String> = row.keys.iter().map(|k| format!("{k:?}")).collect();
        let doc = format!(" {}", row.long);
        key(out, &[&doc], row.name, &format!("[{}]", keys.join(", ")));
    }
}

/// Commented out as a whole: a backend that is not there must not be asked.
fn backend(out: &mut String, kind: &Kind) {
    out.push_str(&format!("\n# {}\n#[[backend]]\n", kind.doc));
    for row in Backend::ROWS {
        let value = match row.name {
            "kind" | "name" => format!("{:?}", kind.name),
            _ => (row.shown)(),
        };
        key(out, row.doc, row.name, &value);
    }
    kind.rows.iter().for_each(|row| key(out, row.doc, row.name, &(row.shown)()));
}
