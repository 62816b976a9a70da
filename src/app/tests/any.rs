//! Whatever comes in whatever order: nothing breaks, and nothing is sent that no dialog said.

use proptest::prelude::*;

use crate::app::overlay::Overlay;
use crate::app::queue::View;
use crate::app::testing::{DIFF, Sample, Stage, WALL, backend, fault, grant, later, sent};
use crate::app::{Effect, Msg};
use crate::desk::news::{AuditState, Errand, Health, News, Step};
use crate::domain::digest::Digest;
use crate::domain::ids::DecisionId;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Can, Request, State};
use crate::domain::time::Span;

#[derive(Clone, Debug)]
enum Do {
    Press(&'static str),
    Wait(u16),
    Paste(String),
    Resize(u16, u16),
    Lists(Vec<(u8, u8)>, bool),
    Exhibit(bool),
    Decision(u8),
    Other(u8),
    Draw,
    Lost,
}

const KEYS: &[&str] = &[
    "a",
    "r",
    "g",
    "x",
    "B",
    "v",
    "u",
    "!",
    "space",
    "enter",
    "esc",
    "tab",
    "backtab",
    "left",
    "right",
    "up",
    "down",
    "pgup",
    "pgdn",
    "home",
    "end",
    "j",
    "k",
    "m",
    "M",
    "z",
    "n",
    "c",
    "R",
    "L",
    "/",
    ":",
    "?",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "e",
    "o",
    "q",
    "y",
    "[",
    "]",
    "d",
    "ctrl-o",
    "ctrl-z",
    "ctrl-r",
    "ctrl-c",
    "ctrl-u",
    "f5",
    "P",
    "O",
    "D",
    "backspace",
    "del",
];

fn doing() -> impl Strategy<Value = Do> {
    prop_oneof![
        12 => (0..KEYS.len()).prop_map(|i| Do::Press(KEYS[i])),
        2 => (0u16..5000).prop_map(Do::Wait),
        1 => ".{0,8}".prop_map(Do::Paste),
        1 => (0u16..200, 0u16..60).prop_map(|(w, h)| Do::Resize(w, h)),
        3 => (proptest::collection::vec((0u8..6, 0u8..8), 0..6), any::<bool>()).prop_map(|(l, w)| Do::Lists(l, w)),
        1 => any::<bool>().prop_map(Do::Exhibit),
        1 => (0u8..4).prop_map(Do::Decision),
        1 => (0u8..6).prop_map(Do::Other),
        2 => Just(Do::Draw),
        1 => Just(Do::Lost),
    ]
}

fn sample(id: u8, state: u8, seq: u64) -> Sample {
    let name = format!("job-{}", id / 2);
    let base = if id.is_multiple_of(2) { Sample::stage("shop", &name) } else { Sample::prod("shop", &name) };
    let base = base.id(&format!("id{id}")).seq(seq);
    match state {
        0 => base.cannot("no"),
        1 => base.decided(State::Rejected, "dan", Ballot::Reject),
        2 => base.granted(true),
        3 => base.core(|c| c.head = Some("7".repeat(40).parse().unwrap())),
        4 => base.with(|r| r.evidence.digest = Digest::of(b"other")),
        5 => base.with(|r| r.can = Can::Unknown),
        6 => base.decided(State::Approved, "dan", Ballot::BreakGlass).with(|r| r.unreviewed = true),
        _ => base,
    }
}

/// What the dialogs that are open say: request and evidence digests.
fn shown(stage: &Stage) -> Vec<(Digest, Digest)> {
    match &stage.state.overlay {
        Some(Overlay::Dialog(d)) => d.targets().iter().map(|t| (t.shown.digest(), t.shown.evidence.digest)).collect(),
        _ => Vec::new(),
    }
}

struct Run {
    stage: Stage,
    seq: u64,
    asked: Option<(u64, crate::domain::ids::RequestKey)>,
    allowed: Vec<(Digest, Digest)>,
}

impl Run {
    fn act(&mut self, act: Do) -> Vec<Effect> {
        self.allowed.extend(shown(&self.stage));
        let effects = match act {
            Do::Press(key) => self.stage.press(key),
            Do::Wait(ms) => self.stage.waits(i64::from(ms)),
            Do::Paste(text) => self.stage.send(Msg::Paste(text.into())),
            Do::Resize(w, h) => self.stage.send(Msg::Resize(w, h)),
            Do::Lists(list, whole) => self.list(&list, whole),
            Do::Exhibit(ok) => self.exhibit(ok),
            Do::Decision(step) => self.decision(step),
            Do::Other(n) => self.other(n),
            Do::Lost => self.stage.send(Msg::Lost),
            Do::Draw => {
                self.stage.draws();
                Vec::new()
            }
        };
        self.allowed.extend(shown(&self.stage));
        for effect in &effects {
            if let Effect::Errand(Errand::Exhibit { generation, key }) = effect {
                self.asked = Some((*generation, key.clone()));
            }
        }
        effects
    }

    fn list(&mut self, list: &[(u8, u8)], whole: bool) -> Vec<Effect> {
        self.seq += 1;
        let changed = list.iter().map(|(id, state)| sample(*id, *state, self.seq).build()).collect();
        self.stage.news(News::Requests { backend: "local".parse().unwrap(), changed, whole })
    }

    fn exhibit(&mut self, ok: bool) -> Vec<Effect> {
        let Some((generation, key)) = self.asked.clone() else { return Vec::new() };
        if ok {
            return self.stage.exhibit(generation, key, DIFF.as_bytes());
        }
        self.stage.news(News::Exhibit { generation, key, result: Err(fault("no route")) })
    }

    fn decision(&mut self, step: u8) -> Vec<Effect> {
        let step = match step {
            0 => Step::Sending,
            1 => Step::Settling,
            2 => Step::Done(Outcome::Unknown { why: "?".into() }),
            _ => Step::Done(Outcome::Counted { have: 1, need: 2 }),
        };
        let id = DecisionId::new(WALL, [9; 10]);
        let key = sample(1, 7, 1).core.key;
        self.stage.news(News::Decision { id, key, ballot: Ballot::Approve, step })
    }

    fn other(&mut self, n: u8) -> Vec<Effect> {
        let local = "local".parse().unwrap();
        let core = sample(1, 7, 1).core;
        self.stage.now = later(self.stage.now, 1);
        self.stage.news(match n {
            0 => News::Grants { backend: local, grants: vec![grant(&core, true)] },
            1 => News::Grants { backend: local, grants: vec![] },
            2 => News::Backend(Box::new(backend("local", Health::Stale { since: None, fault: fault("gone") }))),
            3 => News::AuditState(AuditState::Broken { why: "torn".into() }),
            4 => News::AuditState(AuditState::Ok { seq: 9, anchored: None }),
            _ => News::Backend(Box::new(backend("local", Health::Fresh { at: WALL + Span::secs(1) }))),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn nothing_breaks_and_no_decision_is_about_what_no_dialog_showed(
        acts in proptest::collection::vec(doing(), 0..60), hold_back in any::<bool>(),
    ) {
        let stage = Stage::with(|s| s.hold_back = hold_back);
        let mut run = Run { stage, seq: 1, asked: None, allowed: Vec::new() };
        run.list(&[(0, 7), (1, 7), (2, 7), (3, 7)], true);
        for act in acts {
            let effects = run.act(act.clone());
            for decision in sent(&effects) {
                let said = (decision.request_digest, decision.evidence_digest);
                prop_assert!(run.allowed.contains(&said), "{act:?}");
                prop_assert!(!matches!(act, Do::Paste(_) | Do::Resize(..) | Do::Lost | Do::Draw), "{act:?}");
            }
            let next = run.stage.state.next_deadline(run.stage.now);
            prop_assert!(next.is_some());
        }
    }
}

/// What every request is taken to be after these answers, and how many rows each view has.
fn known_after(answers: impl Iterator<Item = (usize, (u8, u8))>) -> (Vec<Option<Request>>, Vec<usize>) {
    let mut stage = Stage::new();
    for (seq, (id, state)) in answers {
        stage.comes(sample(id, state, seq as u64));
    }
    let queue = &stage.state.queue;
    let known = |id| queue.get(&sample(id, 7, 1).core.key).map(|entry| (*entry.request).clone());
    ((0..6).map(known).collect(), View::ALL.into_iter().map(|view| queue.count(view)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn what_comes_twice_or_late_ends_where_the_right_order_does(
        (order, answers) in proptest::collection::vec((0u8..6, 0u8..8), 1..20).prop_flat_map(|answers| {
            let twice: Vec<usize> = (0..answers.len()).chain(0..answers.len()).collect();
            (Just(twice).prop_shuffle(), Just(answers))
        }),
    ) {
        let right = known_after(answers.iter().copied().enumerate());
        let wrong = known_after(order.into_iter().map(|at| (at, answers[at])));
        prop_assert_eq!(wrong, right);
    }
}

fn cases() -> u32 {
    std::env::var("JIT_TUI_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}
