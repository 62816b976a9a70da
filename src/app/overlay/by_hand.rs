//! How a request is decided without this program: the page and the command lines, shown uncut and copied where the
//! config lets text out.

use super::Overlay;
use crate::app::line::Line;
use crate::app::message::Effect;
use crate::app::state::State;
use crate::app::words;
use crate::backends::port::ByHand;
use crate::domain::ids::RequestKey;
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::theme::Role;

/// What the layer shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its lines; what is to be copied stands on lines of its own, uncut.
    pub lines: Vec<Line>,
}

/// Opens the layer, unless another one came meanwhile.
pub fn show(state: &mut State, key: &RequestKey, approve: &ByHand, reject: &ByHand, fx: &mut Vec<Effect>) {
    if state.overlay.is_some() {
        return;
    }
    state.note = None;
    state.overlay = Some(Overlay::ByHand(sheet(state, key, approve, reject)));
    state.dirty = true;
    fx.extend(clip(approve).filter(|_| state.setup.clipboard).map(Effect::Copy));
}

/// The page, and the line that approves without the Enter behind it: whoever pastes it still has to send it.
fn clip(approve: &ByHand) -> Option<SafeText> {
    let parts: Vec<SafeText> = [&approve.page, &approve.command].into_iter().flatten().map(Text::ident).collect();
    (!parts.is_empty()).then(|| SafeText::join(&parts, "\n"))
}

fn sheet(state: &State, key: &RequestKey, approve: &ByHand, reject: &ByHand) -> Sheet {
    let title = state.queue.get(key).map_or_else(|| safe!("{}", key), |e| words::title(&e.request.core));
    let mut lines = vec![Line::new().and_marked(Role::Strong, &title).and(Role::Dim, safe!("  {}", key))];
    let parts = [("PAGE", &approve.page), ("APPROVE", &approve.command), ("REJECT", &reject.command)];
    for (label, text) in parts.into_iter().filter_map(|(label, text)| Some((label, text.as_ref()?))) {
        lines.extend([Line::new(), Line::of(Role::Dim, label), copied(text)]);
    }
    if lines.len() == 1 {
        lines.extend([Line::new(), Line::of(Role::Warn, "this backend has neither a page nor a command for it")]);
    } else {
        let note = "Deciding by hand passes by this console: no policy of it, no audit record, no grant of the guard.";
        let copied = if state.setup.clipboard {
            "PAGE and APPROVE are copied, where the terminal lets programs do that."
        } else {
            "Nothing is copied: `clipboard = true` under [console] lets text out."
        };
        lines.extend([Line::new(), Line::of(Role::Dim, copied), Line::of(Role::Warn, note)]);
    }
    Sheet { lines }
}

fn copied(text: &Text) -> Line {
    Line::new().and_marked(Role::Text, &text.ident())
}
