//! A real git repository made on the spot: what runs in production, and a worktree for every kind of change.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use color_eyre::eyre::{Context, bail};

use super::forge::Forge;

/// A program of the repository: prints a line a second, as deployments do.
const DEPLOY: &str = "#!/bin/sh\nfor step in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n  echo \"$0 $*: step $step of 20\"\n  sleep 1\ndone\n";

const MIGRATE: &str = "#!/bin/sh\necho \"migration $1: adding column\"; sleep 5; echo \"migration $1: done\"\n";

/// Where everything lies.
pub struct Repo {
    root: PathBuf,
}

impl Repo {
    /// Makes the repository with what is deployed now on `main`.
    pub fn make(root: &Path, forge: &Forge) -> color_eyre::Result<Self> {
        let repo = Self { root: root.to_owned() };
        let main = repo.at("main");
        std::fs::create_dir_all(&main)?;
        git(&main, &["init", "--quiet", "--initial-branch", "main"])?;
        for (key, value) in [("user.name", "Carol"), ("user.email", "carol@acme.example"), ("commit.gpgsign", "false")]
        {
            git(&main, &["config", key, value])?;
        }
        git(&main, &["remote", "add", "origin", "https://git.acme.example/acme/shop.git"])?;
        script(&main.join("deploy.sh"), DEPLOY)?;
        script(&main.join("migrate.sh"), MIGRATE)?;
        script(&main.join("smoke.sh"), "#!/bin/sh\necho 'smoke test: ok'\n")?;
        write(&main.join("api/server.py"), "PORT = 8080\nTIMEOUT = 30\n\n\ndef start():\n    listen(PORT)\n")?;
        write(&main.join(".github/workflows/deploy.yml"), &workflow(forge, &format!("{} # 0.33.0", forge.scanner)))?;
        write(&main.join(".github/actions/smoke/action.yml"), SMOKE)?;
        commit(&main, "Serve the shop")?;
        Ok(repo)
    }

    /// The worktree of a branch.
    pub fn at(&self, branch: &str) -> PathBuf {
        self.root.join(branch)
    }

    /// A new worktree with its own branch off `main`, changed by `change` and committed with `subject`.
    pub fn branch(&self, branch: &str, subject: &str, change: Change, forge: &Forge) -> color_eyre::Result<()> {
        let tree = self.at(branch);
        let path = tree.to_string_lossy().into_owned();
        git(&self.at("main"), &["worktree", "add", "--quiet", "-b", branch, &path])?;
        change(&tree, forge)?;
        commit(&tree, subject)
    }
}

/// What a commit changes in a tree; the forge says which commits there are to name.
pub type Change = fn(&Path, &Forge) -> std::io::Result<()>;

fn commit(tree: &Path, subject: &str) -> color_eyre::Result<()> {
    git(tree, &["add", "--all"])?;
    git(tree, &["commit", "--quiet", "--message", subject]).map(drop)
}

/// Runs git in a folder, with nobody's config; its answer without the newline.
pub fn git(folder: &Path, args: &[&str]) -> color_eyre::Result<String> {
    let out = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .wrap_err("the demo makes a git repository: install git")?;
    if !out.status.success() {
        bail!("git {} failed: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).escape_debug());
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim_end().to_owned())
}

/// A change of the kind that happens every day.
pub fn everyday(tree: &Path, _: &Forge) -> std::io::Result<()> {
    write(
        &tree.join("api/server.py"),
        "PORT = 8080\nTIMEOUT = 45\nRETRIES = 3\n\n\ndef start():\n    listen(PORT, retries=RETRIES)\n",
    )?;
    write(&tree.join("Dockerfile"), "FROM python:3.13-slim\nCOPY api /api\nCMD [\"python\", \"/api/server.py\"]\n")
}

/// A migration.
pub fn migration(tree: &Path, _: &Forge) -> std::io::Result<()> {
    write(&tree.join("db/0142_add_region.sql"), "ALTER TABLE orders ADD COLUMN region text NOT NULL DEFAULT 'eu';\n")
}

/// Another commit of a third-party action, and the same action by its tag, which somebody moved.
pub fn moved_action(tree: &Path, forge: &Forge) -> std::io::Result<()> {
    let steps = format!("{} # 0.33.1\n      - uses: aquasecurity/trivy-action@0.33.1", forge.update);
    write(&tree.join(".github/workflows/deploy.yml"), &workflow(forge, &steps))
}

/// An action by a commit that is on no branch and no tag of the repository that it is named with.
pub fn impostor(tree: &Path, forge: &Forge) -> std::io::Result<()> {
    let Forge { scanner, impostor, .. } = forge;
    let steps = format!("{scanner} # 0.33.0\n      - uses: acme/deploy-action@{impostor} # v1");
    write(&tree.join(".github/workflows/deploy.yml"), &workflow(forge, &steps))
}

/// More files and lines than anybody reads.
pub fn big(tree: &Path, _: &Forge) -> std::io::Result<()> {
    for file in 0..400 {
        let mut text = String::new();
        for line in 0..120 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{{\"id\": {}, \"price\": {}}}", file * 1000 + line, (file * 31 + line * 17) % 997);
        }
        write(&tree.join(format!("catalog/part-{file:03}.json")), &text)?;
    }
    Ok(())
}

/// Text that tries to act on a terminal and on its reader.
pub fn hostile(tree: &Path, _: &Forge) -> std::io::Result<()> {
    write(
        &tree.join("api/auth.py"),
        "def allowed(user):\n    access = 'user\u{202e} \u{2066}# only admins\u{2069} \u{2066}'\n    return True  \x1b[2K\x1b[1A\n",
    )
}

fn workflow(forge: &Forge, scanner: &str) -> String {
    let Forge { checkout, pipelines, .. } = forge;
    format!(
        "name: deploy\non: [push]\njobs:\n  scan:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
         actions/checkout@{checkout} # v4.2.2\n      - uses: aquasecurity/trivy-action@{scanner}\n      - uses: \
         ./.github/actions/smoke\n      - run: ./deploy.sh --region eu\n  notify:\n    uses: \
         acme/pipelines/.github/workflows/notify.yml@{pipelines} # v3\n"
    )
}

/// An action of the repository itself.
const SMOKE: &str = "name: smoke\nruns:\n  using: composite\n  steps:\n    - run: ./smoke.sh\n      shell: bash\n";

fn script(path: &Path, text: &str) -> std::io::Result<()> {
    write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
