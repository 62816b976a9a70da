//! What asks in the demo: one row a kind of request, each a real gate process in a real worktree.

use super::forge::Forge;
use super::repo::{self, Repo};

/// A kind of request.
#[derive(Clone)]
pub struct Scene {
    /// Worktree and branch.
    pub branch: &'static str,
    /// Subject of its commit.
    pub subject: &'static str,
    /// What the commit changes.
    pub change: repo::Change,
    /// `--environment`.
    pub environment: &'static str,
    /// `--name`.
    pub name: &'static str,
    /// `--reason`.
    pub reason: &'static str,
    /// Who started the run, as the CI system says.
    pub actor: &'static str,
    /// The command.
    pub command: &'static [&'static str],
    /// So many legs of one run.
    pub legs: u32,
    /// Files are changed after the commit.
    pub dirty: bool,
    /// The second approver has already said yes.
    pub seconded: bool,
}

/// What most have in common.
pub const PLAIN: Scene = Scene {
    branch: "",
    subject: "",
    change: repo::everyday,
    environment: "production",
    name: "",
    reason: "",
    actor: "bob",
    command: &[],
    legs: 1,
    dirty: false,
    seconded: false,
};

/// Every kind; the console shows all of them within a second or two.
pub const SCENES: &[Scene] = &[
    Scene {
        branch: "roll-forward",
        subject: "Wait longer for slow clients",
        name: "deploy-api",
        reason: "INC-2291 roll forward",
        command: &["./deploy.sh", "--region", "eu"],
        seconded: true,
        ..PLAIN
    },
    Scene {
        branch: "add-region",
        subject: "Add the region of an order",
        change: repo::migration,
        name: "migrate-0142",
        reason: "needed before Thursday's release",
        actor: "carol",
        command: &["./migrate.sh", "0142"],
        ..PLAIN
    },
    Scene {
        branch: "scan",
        subject: "Update the scanner",
        change: repo::moved_action,
        environment: "staging",
        name: "e2e",
        reason: "new scanner",
        command: &["./deploy.sh", "--stage"],
        ..PLAIN
    },
    Scene {
        branch: "faster",
        subject: "Deploy faster",
        change: repo::impostor,
        environment: "staging",
        name: "publish",
        reason: "faster deploys",
        command: &["./deploy.sh", "--publish"],
        ..PLAIN
    },
    Scene {
        branch: "hotfix",
        subject: "Fix the port",
        name: "deploy-web",
        reason: "hot fix by hand",
        command: &["./deploy.sh", "--web"],
        dirty: true,
        ..PLAIN
    },
    Scene {
        branch: "matrix",
        subject: "Test every region",
        environment: "staging",
        name: "region-test",
        actor: "carol",
        reason: "nightly",
        command: &["./deploy.sh", "--dry-run"],
        legs: 30,
        ..PLAIN
    },
    Scene {
        branch: "catalog",
        subject: "Import the winter catalog",
        change: repo::big,
        name: "import-catalog",
        actor: "carol",
        reason: "winter catalog",
        command: &["./deploy.sh", "--catalog"],
        ..PLAIN
    },
    Scene {
        branch: "helper",
        subject: "ok\u{1b}[2J\u{1b}[1;1HAPPROVED\u{7}",
        change: repo::hostile,
        environment: "staging",
        name: "de\u{202e}yolp",
        reason: "harmless\r\u{1b}[2K::add-mask::secret",
        command: &["./deploy.sh", "ok\u{1b}[31m"],
        ..PLAIN
    },
];

/// Makes the worktrees of all scenes.
pub fn prepare(repo: &Repo, forge: &Forge) -> color_eyre::Result<()> {
    for scene in SCENES {
        repo.branch(scene.branch, scene.subject, scene.change, forge)?;
        if scene.dirty {
            std::fs::write(repo.at(scene.branch).join("api/server.py"), "PORT = 80\n")?;
            std::fs::write(repo.at(scene.branch).join("hotfix.env"), "DEBUG=1\n")?;
        }
    }
    Ok(())
}
