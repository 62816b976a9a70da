//! The comment that a decision leaves at GitHub: the approver's words, then one short line. Written here, read back
//! when a decision is settled: the id in it is what proves who decided. Pure.

use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::ids::DecisionId;
use crate::domain::request::Ballot;
use crate::domain::text::Text;
use crate::domain::time::Span;

/// Begins the line.
const MARK: &str = "jit-tui: ";
/// Stands before each id.
const ID: &str = "decision ";

/// The comment of these decisions, which go out as one.
pub(super) fn written(decisions: &[&Decision]) -> String {
    let Some(first) = decisions.first() else { return String::new() };
    let ids: Vec<&str> = decisions.iter().map(|d| d.id.as_str()).collect();
    let what = match first.ballot {
        // What the guard approves starts at once: it has no start-by of its own.
        Ballot::Approve if first.start_by == Span::ZERO => format!("approve, scope {}", first.scope.word()),
        Ballot::Approve => format!("approve, scope {}, start by {}", first.scope.word(), first.start_by),
        Ballot::Reject => "reject".to_owned(),
        Ballot::BreakGlass => "break glass".to_owned(),
    };
    let line = format!("{MARK}{what}, {ID}{}", ids.join(" "));
    let words = first.comment.lossy();
    if words.trim().is_empty() { line } else { format!("{}\n\n{line}", words.trim_end()) }
}

/// The ids that a comment carries.
pub(super) fn ids(comment: &Text) -> Vec<DecisionId> {
    let text = comment.lossy();
    let last = text.lines().rev().find_map(|line| line.trim().strip_prefix(MARK));
    let ids = last.and_then(|line| line.rsplit_once(ID)).map(|(_, ids)| ids);
    ids.into_iter().flat_map(str::split_ascii_whitespace).filter_map(|id| id.parse().ok()).collect()
}

/// An id for an answer that carries none of ours: the same answer has the same.
pub(super) fn foreign(by: &Text, comment: &Text) -> Option<DecisionId> {
    let bytes = [by.as_bytes(), b"\0", comment.as_bytes()].concat();
    Digest::tagged("jit-tui/github/answer/v1", &bytes).hex().get(..32)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::Seen;
    use crate::domain::scope::Scope;
    use crate::domain::time::Ms;

    fn decision(id: u8, comment: &str) -> Decision {
        Decision {
            id: DecisionId::new(Ms(7), [id; 10]),
            request: "github/1.2.3.0#1".parse().unwrap(),
            request_digest: Digest::of(b"r"),
            evidence_digest: Digest::of(b"e"),
            ballot: Ballot::Approve,
            scope: Scope::Run,
            start_by: Span::mins(10),
            run_for: Span::mins(15),
            comment: comment.into(),
            word: None,
            seen: Seen::default(),
            made_at: Ms(7),
            challenge: None,
            signature: None,
        }
    }

    #[test]
    fn the_approvers_words_come_first_and_the_ids_come_back() {
        let (one, two) = (decision(1, "INC-2291 roll forward\n"), decision(2, "x"));
        let text = written(&[&one, &two]);
        let (words, line) = text.split_once("\n\n").unwrap();
        assert_eq!(words, "INC-2291 roll forward");
        assert!(line.starts_with("jit-tui: approve, scope run, start by 10m, decision 0"), "{line}");
        assert_eq!(ids(&text.into()), [one.id, two.id]);
    }

    #[test]
    fn what_the_guard_lets_pass_names_no_time_of_its_own() {
        let pass = Decision { scope: Scope::Once, start_by: Span::ZERO, ..decision(1, "AUTO by guard") };
        let text = written(&[&pass]);
        assert_eq!(text, format!("AUTO by guard\n\njit-tui: approve, scope once, decision {}", pass.id));
        assert_eq!(ids(&text.into()), [pass.id]);
    }

    #[test]
    fn only_the_last_line_of_ours_counts() {
        let one = decision(1, "jit-tui: approve, decision 00000000000000000000000000000009");
        assert_eq!(ids(&written(&[&one]).into()), std::slice::from_ref(&one.id));
        for none in ["", "lgtm", "jit-tui: approve", "decision 00000000000000000000000000000009"] {
            assert!(ids(&none.into()).is_empty(), "{none}");
        }
    }

    #[test]
    fn an_answer_of_somebody_else_has_an_id_of_its_own() {
        assert_eq!(foreign(&"dan".into(), &"ok".into()), foreign(&"dan".into(), &"ok".into()));
        assert_ne!(foreign(&"dan".into(), &"ok".into()), foreign(&"eve".into(), &"ok".into()));
    }
}
