//! The table of findings: id, severity, whether it blocks, what it says, why it matters, how to check and how to mend.

use super::{Meaning, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes the ids and the table from one list, so that neither can lack what the other has.
macro_rules! findings {
    ($($(#[$doc:meta])* $id:ident = $word:literal, $severity:ident, $blocks:literal, $what:literal,
        why: $why:literal, check: $check:literal, mend: $mend:literal;)*) => {
        /// The ids of the table below.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum FindingId { $($(#[$doc])* #[serde(rename = $word)] $id,)* }

        /// Every finding there is; `docs/findings.md` is printed from it.
        pub const TABLE: &[&Meaning] = &[$(FindingId::$id.meaning(),)*];

        impl FindingId {
            /// Its row of the table.
            pub const fn meaning(self) -> &'static Meaning {
                match self { $(FindingId::$id => &Meaning {
                    id: FindingId::$id,
                    word: $word,
                    severity: Severity::$severity,
                    blocks: $blocks,
                    what: $what,
                    why: $why,
                    check: $check,
                    mend: $mend,
                },)* }
            }
        }
    };
}

findings! {

    // What runs: actions and the SHAs that they resolve to.

    /// An action resolves to another SHA than at the last approved deployment.
    ActionShaChanged = "action-sha-changed", High, false, "action SHA changed",
        why: "a third-party action now runs other code than at the last approved deployment here",
        check: "read the action's own diff between both SHAs",
        mend: "pin the SHA that you reviewed";
    /// The same reference of an action resolved to another SHA before.
    TagMoved = "tag-moved", High, false, "action tag moved",
        why: "the name under which the action was reviewed points at other code now: that is how hijacked actions spread",
        check: "compare both SHAs, and ask the action's owner whether the tag was meant to move",
        mend: "pin the SHA that was reviewed; do not follow the tag";
    /// The SHA is on no branch and no tag of the repository that it is named with.
    ImpostorCommit = "impostor-commit", High, true, "impostor commit",
        why: "the commit comes out of somebody's fork: anybody can make one that bears this repository's name",
        check: "look for the commit on the branches and tags of the action's own repository",
        mend: "pin a SHA that a branch or a release tag of that repository holds";
    /// A reference that may move after approval.
    ActionMovable = "action-movable", Unknown, false, "may move after approval",
        why: "a tag or branch can point elsewhere by the time that the step runs",
        check: "see which SHA it resolves to now, in the actions of this request",
        mend: "pin the action to a full commit SHA";
    /// What an action resolves to, or whether its SHA belongs to its repository, could not be looked up.
    ActionNotProven = "action-not-proven", Unknown, false, "action not proven",
        why: "nobody could tell which code would run, or whose it is",
        check: "look the reference up in the action's own repository",
        mend: "give the console a way to it (network, token), and look again";
    /// The comment behind a pinned SHA names a version that is another commit.
    VersionComment = "version-comment-mismatch", Medium, false, "SHA is another version",
        why: "readers trust the comment, the pipeline runs the SHA: the two say different things",
        check: "resolve the version in the comment and compare it with the SHA",
        mend: "write the SHA of the version that is meant, or the version of the SHA that is meant";
    /// An action that the ledger does not know.
    FirstSeenAction = "first-seen-action", Medium, false, "action never seen here",
        why: "nobody here has run or reviewed this action before",
        check: "read the action and who publishes it",
        mend: "approve it knowingly; from then on the ledger knows it";
    /// An action that is known, at a SHA that nobody here has approved.
    ShaNeverApproved = "sha-never-approved", Low, false, "SHA not approved yet",
        why: "this very code was not part of any approved request here",
        check: "read what changed since the SHA that was approved last",
        mend: "approve it knowingly; from then on the ledger knows it";
    /// No lock file covers the workflow's actions.
    LockFileMissing = "lock-file-missing", Low, false, "no lock of actions",
        why: "what an action calls in turn is resolved when the job starts, by whatever the tags say then",
        check: "see whether the repository has `.github/workflows/actions.lock`",
        mend: "lock the workflow's actions where the forge can";
    /// The lock file does not say what the workflow says.
    LockFileStale = "lock-file-stale", Medium, false, "lock file is stale",
        why: "the workflow names actions that the lock file does not, so they run unlocked",
        check: "compare the workflow's `uses:` with the lock file",
        mend: "write the lock file anew in the same change";
    /// The lock file's commit is another one than the reference resolves to.
    LockFileMismatch = "lock-file-mismatch", High, false, "lock differs from tag",
        why: "the lock keeps one commit while the tag points at another: one of them was moved",
        check: "compare both commits, and ask which of them was reviewed",
        mend: "write the lock file anew once it is known why they differ";

    // What the pipeline's own files say.

    /// A pipeline file could not be read or understood.
    PipelineUnreadable = "pipeline-file-unreadable", Unknown, false, "pipeline file not read",
        why: "what it would run is not known",
        check: "open the file at head; the finding says the line",
        mend: "make it valid YAML within the bounds, then ask again";
    /// The request changes workflow, policy or owner files itself.
    PipelineChanged = "pipeline-file-changed", Medium, false, "changes own pipeline",
        why: "a change that steers its own checks can switch them off",
        check: "read these files first: they decide what else runs",
        mend: "have such changes reviewed apart from the rest";
    /// The workflow runs with the repository's rights on somebody else's change.
    DangerousTrigger = "dangerous-trigger", High, false, "dangerous trigger",
        why: "`pull_request_target`, `workflow_run` and jobs with secrets in merge request pipelines hand rights to runs that outsiders can start",
        check: "see whether it checks out or runs code of the change",
        mend: "use `pull_request`, or split off the part that needs secrets";
    /// The token of a job may do more than at the base.
    PermissionsWidened = "permissions-widened", High, false, "permissions widened",
        why: "whatever runs in the job can use what its token may do",
        check: "see which step needs it",
        mend: "grant it to the one job that needs it, `read` everywhere else";
    /// A job can read secrets that it could not at the base.
    SecretsReachable = "secrets-reachable", Medium, false, "reaches more secrets",
        why: "every step of the job, third-party actions included, can read them",
        check: "see which steps stand in the same job",
        mend: "move the step that needs the secret into a job of its own";
    /// A script holds an expression that outsiders can fill.
    TemplateInjection = "template-injection", High, false, "template injection",
        why: "titles, branch names and comments are pasted into the script, or run by it as code: they can be commands",
        check: "look at the expression at its place",
        mend: "give it to the step as an environment variable and quote that, with no `eval` or `sh -c` around it";
    /// Code of outsiders can run on a self-hosted runner.
    SelfHostedRunner = "self-hosted-runner", Medium, false, "own runner, their code",
        why: "what runs once on such a machine can stay there and see later jobs",
        check: "see who can start this workflow and on which machine",
        mend: "use throw-away runners for changes of outsiders";
    /// A step that waited for a person at the base does so no longer.
    GateWeakened = "gate-weakened", High, false, "pipeline gate weakened",
        why: "what a person had to start, or an environment kept back, starts by itself from now on",
        check: "compare the job with the base: `when:`, `rules:`, `environment:`, what it needs, and its approval steps",
        mend: "put the gate back, or have its end agreed on apart from this change";
    /// A pipeline file of a kind of which not everything is judged.
    PipelineNotJudged = "pipeline-not-judged", Low, false, "pipeline not judged",
        why: "for files of this kind few rules exist or none: that no other finding stands there says little",
        check: "read the file; the finding names what was not looked at",
        mend: "read it whenever it changes; keep what runs in it small";

    // What the change holds.

    /// Characters that hide, reorder or imitate blank.
    HiddenText = "hidden-text", High, false, "hidden characters",
        why: "control, bidirectional or invisible characters make text look like something else",
        check: "look at the markers; the finding names class and code point",
        mend: "have the text written without them";
    /// A word that mixes scripts so that it looks like another word.
    ConfusableText = "confusable-text", Medium, false, "look-alike characters",
        why: "a letter of another script can stand for a Latin one: two names that look alike are not the same",
        check: "compare the code points that the finding names",
        mend: "have the word written in one script";
    /// Code behind so much blank that it is off the screen.
    FarRight = "far-right-text", High, false, "text far to the right",
        why: "what stands far to the right of a line is easily approved without having been seen",
        check: "scroll to the column that the finding names, or wrap the line",
        mend: "have it written on a line of its own";
    /// An added line that no screen shows whole.
    OverlongLine = "overlong-line", Low, false, "overlong line",
        why: "most of the line is off the screen",
        check: "wrap it and read on, or open the file elsewhere",
        mend: "have generated content kept apart from written one";
    /// Added code that was made by a program to be short.
    MinifiedChange = "minified-change", Low, false, "minified code",
        why: "nobody can review it by reading",
        check: "ask for the source that it was made from and make it again",
        mend: "keep made files out of the change, or have the pipeline make them";
    /// A file whose content cannot be shown was changed.
    BinaryChange = "binary-change", Medium, false, "binary content changed",
        why: "a diff of lines shows nothing of it",
        check: "ask where the file comes from and compare its digest",
        mend: "fetch it by digest from where it is made";
    /// The working tree differs from head.
    DirtyTree = "dirty-tree", High, false, "tree is dirty",
        why: "what runs is not what the head commit says: files were changed or added",
        check: "look at the list of files",
        mend: "commit or remove them, then ask again";

    // How the change came about.

    /// Commits of the change bear no signature.
    UnsignedCommit = "unsigned-commit", Low, false, "unsigned commits",
        why: "anybody can write any name into a commit",
        check: "see whether this repository signs its commits elsewhere",
        mend: "sign commits, and let the forge refuse others";
    /// Commits of the change bear a signature that nobody has verified.
    UnverifiedCommit = "unverified-commit", Low, false, "signature not verified",
        why: "a signature that nobody checks proves nothing",
        check: "look at the commits at the forge, which knows the keys",
        mend: "register the key, or have the commit signed with a known one";
    /// None of those who wrote the change is who asks.
    AuthorNotRequester = "author-not-requester", Low, false, "others wrote the change",
        why: "who asks may not know what the change does",
        check: "ask the authors whether it is meant to go out now",
        mend: "let an author ask, or name why not";
    /// What was deployed last is no longer part of the branch's history.
    HistoryRewritten = "history-rewritten", High, false, "history was rewritten",
        why: "commits that ran here are gone from the branch: a force-push or a rebase took them away",
        check: "compare what was deployed with head, in both directions",
        mend: "have the lost commits named, and why they went";
    /// Base and head each have commits that the other lacks.
    Diverged = "diverged", Medium, false, "history diverged",
        why: "what it is compared with has commits that head lacks: they would be lost",
        check: "compare both sides",
        mend: "rebase, or say why";
    /// Head lies before the base.
    Rollback = "rollback", Medium, false, "rollback",
        why: "head lies before what runs now: changes are taken back",
        check: "check that taking them back is what is meant",
        mend: "say so in the reason";
    /// The branch lacks commits of the branch that it is for.
    BaseBehind = "base-behind", Low, false, "behind its target",
        why: "it was tested without them, and deploys without them",
        check: "see which commits are missing",
        mend: "update the branch, then ask again";
    /// Nothing to compare with.
    NoBase = "no-base", Unknown, false, "nothing to compare with",
        why: "no run ended with success here yet, or its commit is not at hand",
        check: "read the whole of what would run",
        mend: "the first success gives a base; at a gate, fetch the history in the job";
    /// The evidence is not whole.
    EvidenceTruncated = "evidence-truncated", High, false, "evidence is cut",
        why: "part of the change is not on this screen",
        check: "read the rest at its source before you approve",
        mend: "make the change smaller; let the gate see all of it, or git (`git_url` under `[console]`)";
    /// No evidence of this kind could be had.
    EvidenceMissing = "evidence-missing", Unknown, false, "no evidence",
        why: "it could not be collected or read, so nothing was compared",
        check: "look at the source by hand",
        mend: "run a gate inside a git checkout with its history; at a forge, let the token read the repository; pin an action to its SHA";

    // Who asks, and how often.

    /// Nobody but the pipeline says who asks.
    RequesterUnverified = "requester-unverified", Low, false, "requester only claimed",
        why: "nobody but the pipeline says who asks",
        check: "ask the person by another way",
        mend: "bind the pipeline's token to a person, or demand `verified = true` in a rule";
    /// A name that looks like the name of somebody known here.
    ConfusableIdentity = "confusable-identity", High, false, "name imitates another",
        why: "a look-alike letter makes a stranger pass for a colleague",
        check: "compare the names letter by letter; the finding shows the code points",
        mend: "refuse it, and find out who made the account";
    /// Somebody approved whose name is that of the requester, though policy does not know them as one person.
    ApproverIsRequester = "approver-is-requester", High, false, "approver = requester?",
        why: "one person with two names could approve their own request",
        check: "ask who is behind both names",
        mend: "enter all names of a person under `[people]`";
    /// The same request was rejected, or ran out of time, a short while ago.
    RequestRepeated = "request-repeated", Low, false, "asked again",
        why: "asking until somebody says yes is a way around a no",
        check: "read why it was refused before",
        mend: "decide by the earlier reason; reject with a reason that settles it";
    /// Many requests of one requester or credential within ten minutes.
    RequestBurst = "request-burst", Medium, false, "burst of requests",
        why: "whoever is asked too often approves without reading",
        check: "look at what the others have asked, and take your time",
        mend: "hold the pipeline back until it is known why";
}
