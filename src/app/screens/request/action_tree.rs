//! The tree of actions: what is written, what it stands for now and whether that is proven, what it was before, what
//! the ledger knows. A state is a word, never a colour alone.

use crate::app::line::{Line, spaces};
use crate::app::words;
use crate::domain::action::{Action, ActionKind};
use crate::domain::evidence::{Course, Evidence};
use crate::domain::lookup::{Change, Claim, Known, LookUp, LookUps, Reach};
use crate::domain::text::{SafeText, Text, counted};
use crate::domain::time::Ms;
use crate::safe;
use crate::theme::Role;

/// Digits of a short hash.
const SHORT: usize = 7;
/// Deeper levels are not moved further to the right.
const DEEPEST: usize = 6;

/// How the tree is shown.
#[derive(Clone, Copy)]
pub struct View {
    /// Hashes are whole.
    pub whole: bool,
    /// The minute that labels show.
    pub now: Ms,
}

/// The tree in lines.
pub struct Drawn {
    /// Not yet wrapped.
    pub lines: Vec<Line>,
    /// Which line each action begins at, in the order of the lines.
    pub titles: Vec<(usize, Action)>,
}

/// The actions of the evidence, as far as they are looked up.
pub fn drawn(evidence: &Evidence, looked: Option<&LookUps>, view: View) -> Drawn {
    let begun: Vec<LookUp>;
    let list = match looked {
        Some(looked) => looked.list.as_slice(),
        None => {
            begun = evidence.actions.iter().cloned().map(LookUp::begun).collect();
            begun.as_slice()
        }
    };
    let looking = looked.is_none_or(|l| !l.done);
    let mut tree = Tree { list, view, looking, lines: Vec::new(), titles: Vec::new() };
    tree.head(looked);
    tree.below(None, 0);
    Drawn { lines: tree.lines, titles: tree.titles }
}

struct Tree<'a> {
    list: &'a [LookUp],
    view: View,
    looking: bool,
    lines: Vec<Line>,
    titles: Vec<(usize, Action)>,
}

impl Tree<'_> {
    fn head(&mut self, looked: Option<&LookUps>) {
        if self.list.is_empty() {
            return self.lines.push(Line::labelled("ACTIONS", Role::Dim, "none that the pipeline's files name"));
        }
        let own = (0..).zip(self.list).filter(|(at, l)| parent_of(*at, l).is_none()).count();
        let head =
            Line::labelled("ACTIONS", Role::Text, safe!("{} named, {} called in turn", own, self.list.len() - own));
        self.lines.push(if self.looking { head.and(Role::Unknown, "  looking them up") } else { head });
        if let Some(why) = looked.and_then(|looked| looked.ledger.as_ref()) {
            self.lines.push(Line::labelled("LEDGER", Role::Bad, "").and_marked(Role::Bad, &why.prose()));
        }
    }

    fn below(&mut self, parent: Option<u32>, level: usize) {
        let list = self.list;
        for (at, look_up) in (0..).zip(list).filter(|(at, l)| parent_of(*at, l) == parent) {
            self.one(look_up, level);
            self.below(Some(at), level + 1);
        }
    }

    fn one(&mut self, look_up: &LookUp, level: usize) {
        let indent = spaces(2 * level.min(DEEPEST));
        let action = &look_up.action;
        let said = if level == 0 { SafeText::default() } else { SafeText::lit("calls ") };
        self.titles.push((self.lines.len(), action.clone()));
        let title = Line::labelled("", Role::Dim, safe!("{}{}{} ", indent, said, action.kind.word()));
        self.lines.push(title.and_marked(Role::Strong, &self.written(action)).followed_by(standing(action)));
        let details = [
            Some(self.sha(look_up)),
            self.reach(look_up),
            look_up.known.as_ref().and_then(|known| self.moved(known)),
            change(look_up.change.as_ref()),
            self.claim(look_up),
            look_up.known.as_ref().map(|known| self.ledger(known)),
            look_up.unread.as_ref().map(|why| not_proven("what it calls is not known", why)),
        ];
        for detail in details.into_iter().flatten() {
            self.lines.push(Line::labelled("", Role::Dim, safe!("{}  ", indent)).followed_by(detail));
        }
    }

    fn written(&self, action: &Action) -> SafeText {
        if action.reference.is_empty() {
            return action.name.ident();
        }
        safe!("{}@{}", action.name.ident(), self.hash(&action.reference))
    }

    fn hash(&self, hash: &Text) -> SafeText {
        shown(hash, self.view.whole)
    }

    /// `9f8e7d6  was a1b2c3d (v1)  .github/workflows/x.yml:3`.
    fn sha(&self, look_up: &LookUp) -> Line {
        let action = &look_up.action;
        let before = action.before.as_ref().filter(|b| b.sha != action.sha || b.reference != action.reference);
        let old = before.and_then(|before| before.sha.as_ref());
        // Two hashes that begin alike are not to be taken for one.
        let alike = |a: &Text, b: &Text| a != b && shown(a, false) == shown(b, false);
        let whole = self.view.whole || matches!((&action.sha, old), (Some(now), Some(old)) if alike(now, old));
        let line = match &action.sha {
            Some(sha) => Line::of(Role::Text, shown(sha, whole)),
            None => Line::of(Role::Unknown, "SHA not proven"),
        };
        let line = match before {
            Some(before) => {
                let sha = old.map_or(SafeText::lit("SHA not known"), |old| shown(old, whole));
                let line = line.and(Role::Removed, safe!("  was {}", sha));
                // A whole SHA that is written says nothing more than the SHA that it stands for.
                match Some(&before.reference) == old {
                    true => line,
                    false => line.and_marked(Role::Removed, &safe!(" ({})", before.reference.ident())),
                }
            }
            None => line,
        };
        line.and(Role::Dim, "  ").and_marked(Role::Dim, &action.place.ident())
    }

    fn reach(&self, look_up: &LookUp) -> Option<Line> {
        let action = &look_up.action;
        if let (Some(locked), Some(now)) = (&action.lock, &look_up.now)
            && locked != now
        {
            let text = safe!("the lock file holds {}, the reference stands for {}", self.hash(locked), self.hash(now));
            return Some(Line::of(Role::Bad, safe!("!! {}", text)));
        }
        if let Some(why) = &look_up.unresolved {
            return Some(not_proven("not proven", why));
        }
        match &look_up.reach {
            Some(Reach::Proven { on }) => Some(Line::of(Role::Good, "proven on ").and_marked(Role::Good, &on.ident())),
            Some(Reach::Impostor) => {
                Some(Line::of(Role::Bad, "!! IMPOSTOR: on no branch and no tag of its repository"))
            }
            Some(Reach::NotProven { why }) => Some(not_proven("not proven", why)),
            None if self.looking && remote(action) => Some(Line::of(Role::Unknown, "?? being looked up")),
            None => None,
        }
    }

    fn claim(&self, look_up: &LookUp) -> Option<Line> {
        let says = look_up.action.comment.as_ref()?.prose();
        Some(match &look_up.claim {
            Claim::None => Line::of(Role::Dim, "says it is ").and_marked(Role::Dim, &says),
            Claim::Holds => Line::of(Role::Good, "is what its comment says: ").and_marked(Role::Good, &says),
            Claim::Differs { sha } => Line::of(Role::Bad, "!! its comment says ")
                .and_marked(Role::Bad, &says)
                .and(Role::Bad, safe!(", which is {}", self.hash(&sha.as_str().into()))),
            Claim::NotProven { why } => Line::of(Role::Unknown, "?? says it is ")
                .and_marked(Role::Unknown, &says)
                .followed_by(not_proven(", not proven", why)),
        })
    }

    /// `approved 3x, last by alice 2d ago; first seen 5d ago by alice`.
    fn ledger(&self, known: &Known) -> Line {
        let line = match &known.approval {
            Some((who, at)) => {
                let text = safe!("approved {}x, last by {} {}", known.approved, who.ident(), self.ago(*at));
                Line::of(Role::Text, text)
            }
            None if known.action => Line::of(Role::Warn, "this SHA was never approved here"),
            None => Line::of(Role::Warn, "no SHA of it was ever approved here"),
        };
        match (known.first, &known.by) {
            (Some(at), Some(by)) => line.and(Role::Dim, safe!("; first seen {} by {}", self.ago(at), by.ident())),
            (Some(at), None) => line.and(Role::Dim, safe!("; first seen {}", self.ago(at))),
            (None, _) => line.and(Role::Dim, "; first seen now"),
        }
    }

    fn moved(&self, known: &Known) -> Option<Line> {
        let was = known.moved.as_ref()?;
        let text = safe!("!! MOVED: it stood for {} {}", self.hash(&was.sha), self.ago(was.at));
        Some(Line::of(Role::Bad, text))
    }

    /// `2d ago`, or `now`.
    fn ago(&self, then: Ms) -> SafeText {
        let ago = words::ago(self.view.now, then);
        if ago == SafeText::lit("now") { ago } else { safe!("{} ago", ago) }
    }
}

/// What claims to be called by something that does not stand before it is shown by itself: nothing is left out.
fn parent_of(at: u32, look_up: &LookUp) -> Option<u32> {
    look_up.action.parent.filter(|parent| *parent < at)
}

fn remote(action: &Action) -> bool {
    matches!(action.kind, ActionKind::Action | ActionKind::Workflow | ActionKind::Include)
}

fn standing(action: &Action) -> Line {
    if action.lock.is_some() {
        return Line::of(Role::Text, "  locked");
    }
    match (action.kind, action.is_pinned()) {
        (ActionKind::Local, _) => Line::of(Role::Dim, "  of this repository"),
        (_, true) => Line::of(Role::Text, "  pinned"),
        (_, false) => Line::of(Role::Unknown, "  may move after approval"),
    }
}

fn not_proven(what: &'static str, why: &Text) -> Line {
    Line::of(Role::Unknown, safe!("?? {}: ", what)).and_marked(Role::Unknown, &why.prose())
}

/// `3 commits since: Bump dependencies https://…`.
fn change(change: Option<&Change>) -> Option<Line> {
    let change = change?;
    let course = match change.course {
        Course::Ahead => "since",
        Course::Behind => "since: it goes BACK",
        Course::Diverged => "since they part: it does NOT come after the old one",
        Course::Same => return None,
    };
    let role = if change.course == Course::Ahead { Role::Text } else { Role::Warn };
    let line = Line::of(role, safe!("{} {}", counted(change.count, "commit", "commits"), course));
    let newest = change.commits.first().map(|c| safe!(", newest: {} ", c.subject.prose())).unwrap_or_default();
    let line = line.and_marked(Role::Text, &newest);
    Some(match &change.link {
        Some(link) => line.and(Role::Dim, " ").and_marked(Role::Dim, &link.ident()),
        None => line,
    })
}

/// A hash short or whole; what is none of the usual length stays as it is.
fn shown(hash: &Text, whole: bool) -> SafeText {
    let text = hash.lossy();
    let (kind, digits) = text.split_once(':').map_or(("", &*text), |(kind, digits)| (kind, digits));
    let is_hash = digits.len() >= 40 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if whole || !is_hash {
        return hash.ident();
    }
    let digits = Text::from(digits.get(..SHORT).unwrap_or_default()).ident();
    if kind.is_empty() { digits } else { safe!("{}:{}", Text::from(kind).ident(), digits) }
}
