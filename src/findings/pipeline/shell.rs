//! Scripts of a shell: which variables they use, which of these are secrets by their name, and where text of outsiders
//! becomes code.

/// Words of a name that stand for a secret, and those that do so only at its end: `AUTH_SERVICE_HOST` is none.
const SECRET: &[&str] = &[
    "TOKEN",
    "TOKENS",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "KEY",
    "KEYS",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "KUBECONFIG",
];
const SECRET_LAST: &[&str] = &["AUTH", "PASS", "PAT"];
/// Words beside which a key opens nothing, and those that make a name one of something else: `VAULT_TOKEN_ADDR`.
const HARMLESS: &[&str] = &["CACHE", "PUBLIC", "PUB", "PRIMARY", "FOREIGN"];
const HARMLESS_LAST: &[&str] =
    &["ADDR", "ADDRESS", "URL", "URI", "HOST", "PORT", "NAME", "ID", "USER", "USERNAME", "TTL", "LENGTH", "VERSION"];
/// Programs that take code as an argument behind one of these options.
const TAKES_CODE: &[(&str, char)] = &[
    ("sh", 'c'),
    ("bash", 'c'),
    ("dash", 'c'),
    ("zsh", 'c'),
    ("ash", 'c'),
    ("ksh", 'c'),
    ("python", 'c'),
    ("python3", 'c'),
    ("perl", 'e'),
    ("ruby", 'e'),
    ("node", 'e'),
    ("psql", 'c'),
];
/// Words before a command that are not the command.
const BEFORE: &[&str] =
    &["sudo", "env", "exec", "time", "then", "do", "else", "if", "while", "until", "!", "{", "command"];

/// Whether a name is that of a secret: `DEPLOY_TOKEN`, `sonarToken`; not `CACHE_KEY`.
pub(super) fn is_secret(name: &str) -> bool {
    let words = words(name);
    let any = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
    let last = |of: &[&str]| words.last().is_some_and(|word| of.contains(&word.as_str()));
    // `DOCKER_AUTH_CONFIG` holds the passwords of registries.
    let config = words.ends_with(&["AUTH".to_owned(), "CONFIG".to_owned()]);
    (any(SECRET) || last(SECRET_LAST) || config) && !any(HARMLESS) && !last(HARMLESS_LAST)
}

/// The words of a name, in capitals.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut lower) = (vec![String::new()], false);
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (lower && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_uppercase());
        }
        lower = c.is_ascii_lowercase();
    }
    words
}

/// The variables that a text uses: `$NAME`, `${NAME…}`, `$env:NAME`; a `$$` stands for the sign itself.
pub(super) fn used(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').filter_map(move |(at, _)| {
        let doubled = text.get(..at).is_some_and(|before| before.ends_with('$'));
        let rest = text.get(at + 1..).filter(|_| !doubled)?;
        name_at(rest)
    })
}

/// The name behind a `$`.
fn name_at(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix("env:").or_else(|| rest.strip_prefix('{')).unwrap_or(rest);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))
}

/// The variables that a script gives a value at the beginning of a line.
pub(super) fn assigned(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let (name, _) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        (name_at(name) == Some(name)).then_some(name)
    })
}

/// A script as it is walked through.
#[derive(Default)]
struct Walk<'t> {
    quote: Option<char>,
    word: String,
    /// The command of this part of the line, once it is known.
    command: Option<String>,
    /// Its arguments are read as code.
    code: bool,
    /// Nothing but options so far: a shell reads code from its input then.
    bare: bool,
    /// Text of outsiders in this command, and in those that write into its input.
    own: Option<&'t str>,
    piped: Option<&'t str>,
    /// The text that follows the line and is this command's input.
    here: Option<Here<'t>>,
    found: Vec<&'t str>,
}

/// A text that stands in the script as the input of a command: `<<EOF`.
struct Here<'t> {
    /// The line that ends it.
    end: &'t str,
    /// Variables are put in, and what reads it runs it.
    code: bool,
}

/// Variables of these that a shell puts into code: in arguments of `eval`, `sh -c`, `ssh` and the like, or into the pipe
/// of a shell. In single quotes nothing is put in, and what is an argument of another command stays text.
pub(super) fn becomes_code<'t>(text: &'t str, filled: &[&str]) -> Vec<&'t str> {
    let mut walk = Walk::default();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (walk.quote, c) {
            (_, '\\') if walk.quote != Some('\'') => drop(chars.next()),
            (Some(quote), c) if c == quote => walk.quote = None,
            (Some('\''), c) => walk.word.push(c),
            (_, '$') => walk.variable(text.get(at + 1..).unwrap_or_default(), filled),
            (Some(_), c) => walk.word.push(c),
            (None, '\'' | '"') => walk.quote = Some(c),
            (None, '#') if walk.word.is_empty() => while chars.next_if(|(_, c)| *c != '\n').is_some() {},
            (None, '<') if text.get(at..).is_some_and(|rest| rest.starts_with("<<")) => {
                chars.next();
                walk.input(text.get(at + 2..).unwrap_or_default());
            }
            (None, '\n') => {
                walk.end();
                let to = at + 1 + walk.pass_over(text.get(at + 1..).unwrap_or_default(), filled);
                while chars.next_if(|(at, _)| *at < to).is_some() {}
            }
            (None, '|') if chars.next_if(|(_, next)| *next == '|').is_none() => walk.pipe(),
            (None, ';' | '&' | '|' | '(' | ')' | '`') => walk.end(),
            (None, c) if c.is_whitespace() => walk.end_word(),
            (None, c) => walk.word.push(c),
        }
    }
    walk.end();
    walk.found
}

impl<'t> Walk<'t> {
    fn variable(&mut self, rest: &'t str, filled: &[&str]) {
        let Some(name) = name_at(rest).filter(|name| filled.contains(name)) else { return };
        self.own = Some(name);
        if self.code {
            self.found.push(name);
        }
    }

    /// Whether the command runs what it reads.
    fn runs_input(&self) -> bool {
        self.command.as_deref().is_some_and(|name| name == "ssh" || (name.ends_with("sh") && self.bare))
    }

    /// What stands behind `<<`: the name of the line that ends the input, or behind `<<<` the input itself.
    fn input(&mut self, rest: &'t str) {
        self.end_word();
        let runs = self.runs_input();
        if rest.starts_with('<') {
            self.code |= runs;
            return;
        }
        let name = rest.trim_start_matches('-').trim_start_matches(' ');
        let name =
            name.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | ')')).next().unwrap_or_default();
        let end = name.trim_matches(['\'', '"']).trim_start_matches('\\');
        self.here = Some(Here { end, code: runs && end == name });
    }

    /// Passes over the input that begins here, if there is one; how many bytes.
    fn pass_over(&mut self, text: &'t str, filled: &[&str]) -> usize {
        let Some(here) = self.here.take() else { return 0 };
        let mut bytes = 0;
        for line in text.split_inclusive('\n') {
            bytes += line.len();
            if line.trim() == here.end {
                break;
            }
            self.found.extend(used(line).filter(|name| here.code && filled.contains(name)));
        }
        bytes
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let name = word.rsplit('/').next().unwrap_or_default();
        let program = TAKES_CODE.iter().any(|(program, _)| *program == name);
        match &self.command {
            None if BEFORE.contains(&name) || word.contains('=') => {}
            None => self.command(name),
            // One that another runs: `docker exec web sh -c …`.
            Some(_) if program => self.command(name),
            Some(command) => {
                let option = TAKES_CODE.iter().find(|(program, _)| program == command).map(|(_, option)| *option);
                let options = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
                self.code |= option.zip(options).is_some_and(|(option, all)| all.contains(option));
                self.bare &= word.starts_with('-');
            }
        }
    }

    fn command(&mut self, name: &str) {
        self.code = matches!(name, "eval" | "ssh");
        self.bare = true;
        self.command = Some(name.to_owned());
    }

    /// A command ends, and its output goes nowhere.
    fn end(&mut self) {
        self.pipe();
        self.piped = None;
    }

    /// A command ends; the next one reads what it writes.
    fn pipe(&mut self) {
        self.end_word();
        let shell = self.command.take().is_some_and(|name| name.ends_with("sh") && name != "ssh");
        self.found.extend(self.piped.filter(|_| shell && self.bare && !self.code));
        self.piped = self.piped.or(self.own.take());
        (self.own, self.code) = (None, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_by_the_words_of_its_name() {
        for name in [
            "DEPLOY_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "sonarToken",
            "DB_PASSWORD_PROD",
            "NPM_AUTH",
            "GITHUB_PAT",
            "SSH_KEY_FILE",
            "DOCKER_AUTH_CONFIG",
            "API_KEY",
            "ApiKey",
            "MYSQL_PASS",
            "PROD_KUBECONFIG",
            "SECRET_KEY_BASE",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "CACHE_KEY",
            "PUBLIC_KEY",
            "VAULT_TOKEN_ADDR",
            "AWS_ACCESS_KEY_ID",
            "KEY_VAULT_NAME",
            "AUTH_SERVICE_IMAGE",
            "PASS_COUNT",
            "MONKEY",
            "KEYBOARD",
            "AUTHOR",
            "COMPASS",
            "PATH",
            "HOME",
            "TARGET",
            "REGISTRY_USER",
            "TOKEN_URL",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
