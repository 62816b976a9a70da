//! References taken apart: what is written before and behind the `@`, and whether that names one content for ever.

use crate::domain::action::{Action, ActionKind};
use crate::domain::ids::CommitSha;
use crate::domain::text::Text;

/// Takes a reference apart. Its own form outweighs where it stands: `docker://` is an image in a step too.
pub(super) fn action(kind: ActionKind, text: &str, comment: Option<&str>, place: Text) -> Action {
    if let Some(image) = text.strip_prefix("docker://") {
        return image_of(image, comment, place);
    }
    if kind == ActionKind::Local || ["./", "../", "$/"].iter().any(|start| text.starts_with(start)) {
        return made(ActionKind::Local, text, "", comment, place);
    }
    if kind == ActionKind::Image {
        return image_of(text, comment, place);
    }
    let (name, reference) = text.split_once('@').unwrap_or((text, ""));
    made(kind, name, reference, comment, place)
}

/// `registry:5000/name:tag@sha256:…`; beside a digest the tag is only a claim.
pub(super) fn image_of(image: &str, comment: Option<&str>, place: Text) -> Action {
    let (tagged, digest) = image.split_once('@').unwrap_or((image, ""));
    let (name, tag) = match tagged.rsplit_once(':') {
        // An expression and a registry's port have a colon too.
        Some((name, tag)) if !tag.contains(['/', '}']) => (name, tag),
        _ => (tagged, ""),
    };
    if digest.is_empty() {
        return made(ActionKind::Image, name, tag, comment, place);
    }
    made(ActionKind::Image, name, digest, comment.or(Some(tag).filter(|t| !t.is_empty())), place)
}

pub(super) fn made(kind: ActionKind, name: &str, reference: &str, comment: Option<&str>, place: Text) -> Action {
    Action {
        comment: comment.map(Text::from),
        sha: is_whole(kind, reference).then(|| reference.into()),
        ..Action::new(kind, name, reference, place)
    }
}

/// Whether a reference names one content for ever.
fn is_whole(kind: ActionKind, reference: &str) -> bool {
    match kind {
        ActionKind::Local => false,
        ActionKind::Image => {
            reference.strip_prefix("sha256:").is_some_and(|digest| digest.len() == 64 && is_commit(digest))
        }
        ActionKind::Action | ActionKind::Workflow | ActionKind::Include => is_commit(reference),
    }
}

fn is_commit(hex: &str) -> bool {
    hex.parse::<CommitSha>().is_ok()
}
