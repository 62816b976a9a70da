//! A real git repository made on the spot: what runs in production, and a worktree for every kind of change.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use color_eyre::eyre::{Context, bail};

/// Third-party action of the demo, before and after somebody moved it.
const ACTION_BEFORE: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334";
const ACTION_AFTER: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a099887766";

/// A program of the repository: prints a line a second, as deployments do.
const DEPLOY: &str = "#!/bin/sh\nfor step in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n  echo \"$0 $*: step $step of 20\"\n  sleep 1\ndone\n";

const MIGRATE: &str = "#!/bin/sh\necho \"migration $1: adding column\"; sleep 5; echo \"migration $1: done\"\n";

/// Where everything lies.
pub struct Repo {
    root: PathBuf,
}

impl Repo {
    /// Makes the repository with what is deployed now on `main`.
    pub fn make(root: &Path) -> color_eyre::Result<Self> {
        let repo = Self { root: root.to_owned() };
        let main = repo.at("main");
        std::fs::create_dir_all(&main)?;
        repo.git(&main, &["init", "--quiet", "--initial-branch", "main"])?;
        for (key, value) in [("user.name", "Carol"), ("user.email", "carol@acme.example"), ("commit.gpgsign", "false")]
        {
            repo.git(&main, &["config", key, value])?;
        }
        repo.git(&main, &["remote", "add", "origin", "https://git.acme.example/acme/shop.git"])?;
        script(&main.join("deploy.sh"), DEPLOY)?;
        script(&main.join("migrate.sh"), MIGRATE)?;
        script(&main.join("smoke.sh"), "#!/bin/sh\necho 'smoke test: ok'\n")?;
        write(&main.join("api/server.py"), "PORT = 8080\nTIMEOUT = 30\n\n\ndef start():\n    listen(PORT)\n")?;
        write(&main.join(".github/workflows/deploy.yml"), &workflow(ACTION_BEFORE))?;
        repo.commit(&main, "Serve the shop")?;
        Ok(repo)
    }

    /// The worktree of a branch.
    pub fn at(&self, branch: &str) -> PathBuf {
        self.root.join(branch)
    }

    /// A new worktree with its own branch off `main`, changed by `change` and committed with `subject`.
    pub fn branch(
        &self,
        branch: &str,
        subject: &str,
        change: fn(&Path) -> std::io::Result<()>,
    ) -> color_eyre::Result<()> {
        let tree = self.at(branch);
        let path = tree.to_string_lossy().into_owned();
        self.git(&self.at("main"), &["worktree", "add", "--quiet", "-b", branch, &path])?;
        change(&tree)?;
        self.commit(&tree, subject)
    }

    fn commit(&self, tree: &Path, subject: &str) -> color_eyre::Result<()> {
        self.git(tree, &["add", "--all"])?;
        self.git(tree, &["commit", "--quiet", "--message", subject])
    }

    fn git(&self, tree: &Path, args: &[&str]) -> color_eyre::Result<()> {
        let out = Command::new("git")
            .arg("-C")
            .arg(tree)
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .wrap_err("the demo makes a git repository: install git")?;
        if !out.status.success() {
            bail!("git {} failed: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).escape_debug());
        }
        Ok(())
    }
}

/// A change of the kind that happens every day.
pub fn everyday(tree: &Path) -> std::io::Result<()> {
    write(
        &tree.join("api/server.py"),
        "PORT = 8080\nTIMEOUT = 45\nRETRIES = 3\n\n\ndef start():\n    listen(PORT, retries=RETRIES)\n",
    )?;
    write(&tree.join("Dockerfile"), "FROM python:3.13-slim\nCOPY api /api\nCMD [\"python\", \"/api/server.py\"]\n")
}

/// A migration.
pub fn migration(tree: &Path) -> std::io::Result<()> {
    write(&tree.join("db/0142_add_region.sql"), "ALTER TABLE orders ADD COLUMN region text NOT NULL DEFAULT 'eu';\n")
}

/// The same tag of a third-party action, another commit behind it.
pub fn moved_action(tree: &Path) -> std::io::Result<()> {
    write(&tree.join(".github/workflows/deploy.yml"), &workflow(ACTION_AFTER))
}

/// More files and lines than anybody reads.
pub fn big(tree: &Path) -> std::io::Result<()> {
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
pub fn hostile(tree: &Path) -> std::io::Result<()> {
    write(
        &tree.join("api/auth.py"),
        "def allowed(user):\n    access = 'user\u{202e} \u{2066}# only admins\u{2069} \u{2066}'\n    return True  \x1b[2K\x1b[1A\n",
    )
}

fn workflow(sha: &str) -> String {
    format!(
        "name: deploy\non: [push]\njobs:\n  scan:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
         aquasecurity/trivy-action@{sha} # 0.33.1\n      - run: ./deploy.sh --region eu\n"
    )
}

fn script(path: &Path, text: &str) -> std::io::Result<()> {
    write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
