//! Reading a diff: jumps, search, what is copied, and the diff without a console around it.

use std::sync::Arc;

use crate::app::screens::diff;
use crate::app::screens::request;
use crate::app::testing::{DIFF, Sample, Stage, count, evidence, sha};
use crate::app::{Alone, Effect, Reader, State};
use crate::desk::news::{Errand, Exhibit, News, Other};
use crate::desk::source;
use crate::domain::finding::{Finding, FindingId, Place};
use crate::domain::text::{SafeText, Text};

/// `jit-tui diff` with a diff that is read whole.
fn alone(text: &str) -> Stage {
    let (source, news) = source::indexed(text.as_bytes());
    let mut stage = Stage::with(|s| {
        s.alone = Some(Alone {
            name: SafeText::lit("a.diff"),
            source,
            numbers: true,
            colours: false,
            beside: false,
            list: true,
        });
    });
    for news in news {
        stage.news(news);
    }
    stage
}

fn long() -> String {
    let file = |name: &str, lines: usize| {
        let body: String = (0..lines).map(|i| format!("+{name} line {i}\n")).collect();
        format!(
            "diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{lines} @@\n{body}"
        )
    };
    [file("src/a.rs", 300), file("Dockerfile", 3), file("src/b.rs", 900)].concat()
}

fn top(state: &State) -> String {
    let view = diff::view(state).unwrap();
    let row = view.rows().first().unwrap();
    format!("{} {}", row.spot.file, row.spot.row)
}

#[test]
fn keys_go_by_files_and_hunks_and_what_must_be_seen_comes_first() {
    let mut stage = alone(&long());
    assert_eq!(top(&stage.state), "1 0", "the Dockerfile");
    for (key, place) in
        [("]", "0 0"), ("}", "2 0"), ("j", "2 1"), ("[", "2 0"), ("[", "0 0"), ("{", "1 0"), ("g", "1 0")]
    {
        stage.press(key);
        assert_eq!(top(&stage.state), place, "{key}");
    }
    stage.press("G");
    let rows = diff::view(&stage.state).unwrap().rows();
    assert_eq!(rows.last().unwrap().spot.row, 901);
    let bottom = top(&stage.state);
    stage.press("pgdn");
    assert_eq!(top(&stage.state), bottom, "nothing comes after the last page");
    stage.press("pgup pgup pgdn pgdn");
    assert_eq!(top(&stage.state), bottom);
}

#[test]
fn a_search_is_asked_of_the_desk_and_goes_to_its_matches_in_the_order_of_reading() {
    let text = long();
    let mut stage = alone(&text);
    stage.press("/");
    stage.types("line (2");
    let asked = stage.press("enter");
    assert_eq!(count(&asked, |e| matches!(e, Errand::Search { .. })), 0, "the bracket is not closed");
    stage.types("99)");
    let asked = stage.press("enter");
    let generation = asked.iter().find_map(|e| match e {
        Effect::Errand(Errand::Search { generation, pattern, .. }) if *pattern == *"line (299)" => Some(*generation),
        _ => None,
    });
    let places: Vec<u64> = text.match_indices("line 299").map(|(at, _)| at as u64).collect();
    assert_eq!(places.len(), 2);
    let generation = generation.unwrap();
    stage.news(News::Found { generation: 0, places: vec![1], count: 1, whole: true });
    assert_eq!(top(&stage.state), "1 0", "an answer to nobody");
    stage.news(News::Found { generation, places, count: 2, whole: true });
    let shows = |stage: &Stage, row: u64| diff::view(&stage.state).unwrap().rows().iter().any(|r| r.spot.row == row);
    assert!(top(&stage.state).starts_with("0 ") && shows(&stage, 301));
    stage.press("ctrl-n");
    assert!(top(&stage.state).starts_with("2 ") && shows(&stage, 301));
    stage.press("ctrl-n");
    assert_eq!(stage.state.note.as_ref().unwrap().as_str(), "no match after this");
    stage.press("ctrl-p");
    assert!(top(&stage.state).starts_with("0 "));
    assert_eq!(count(&stage.press("ctrl-e"), |e| matches!(e, Errand::EndSearch { .. })), 1);
}

#[test]
fn without_a_console_a_key_leaves_and_nothing_can_be_decided() {
    let mut stage = alone(DIFF);
    for keys in ["a", "R", "L", "o", "ctrl-r", "esc"] {
        let effects = stage.press(keys);
        assert!(effects.is_empty() && stage.state.overlay.is_none(), "{keys}: {effects:?}");
    }
    assert_eq!(stage.press("q"), [Effect::Quit(0)]);
}

#[test]
fn paths_and_hunks_are_copied_only_where_the_config_says_so() {
    let mut stage = alone(DIFF);
    assert!(stage.press("P").is_empty());
    stage.state.setup.clipboard = true;
    assert_eq!(stage.press("P"), [Effect::Copy(SafeText::lit(".github/workflows/deploy.yml"))]);
    let copied = stage.press("] C");
    let [Effect::Copy(text)] = copied.as_slice() else { panic!("{copied:?}") };
    assert_eq!(text.as_str(), "@@ -1,3 +1,3 @@\n-FROM debian:12\n+FROM debian:13\n COPY . /srv\n CMD [\"/srv/run\"]\n");
    assert!(matches!(stage.press("p").as_slice(), [Effect::Show(_, Reader::Pager)]));
}

#[test]
fn a_file_that_its_source_cut_is_never_seen_in_full() {
    let mut stage = Stage::busy();
    let asked = stage.press("enter");
    // Its evidence says 3 files +5 -3.
    let cut = DIFF.replace("@@ -10,4 +10,6 @@", "@@ -10,4 +10,5 @@").replace("+\tlet tax = sum * 19 / 100;\n", "");
    stage.evidence_with(&asked, cut.as_bytes());
    for key in ["2", "]", "]"] {
        stage.press(key);
        stage.draws();
    }
    let seen = stage.state.evidences.seen(request::viewed(&stage.state).unwrap());
    assert_eq!((seen.files, seen.of), (2, 3));
    assert_eq!(seen.must_see_unseen, [Text::from("src/price.rs")]);
    assert!(diff::complaints(&stage.state).iter().any(|c| c.as_str().starts_with("NOT WHOLE")));
}

#[test]
fn a_diff_that_comes_piece_by_piece_is_shown_before_it_is_whole() {
    let (source, news) = source::indexed(DIFF.as_bytes());
    let mut stage = Stage::with(|s| {
        s.alone =
            Some(Alone { name: SafeText::lit("-"), source, numbers: true, colours: false, beside: false, list: false });
    });
    let rows = |stage: &Stage| diff::view(&stage.state).unwrap().rows().len();
    assert_eq!(rows(&stage), 0);
    let mut news = news.into_iter();
    stage.news(news.next().unwrap());
    assert!(rows(&stage) > 10);
    stage.news(News::Unreadable { source: u64::MAX, why: "of another diff".into() });
    assert!(diff::complaints(&stage.state).is_empty());
    news.for_each(|news| drop(stage.news(news)));
    assert_eq!(top(&stage.state), "0 0");
}

#[test]
fn the_change_is_read_against_the_request_before_and_the_decision_stays_about_its_own_base() {
    let mut stage = Stage::new();
    let before = Sample::prod("shop", "deploy-api").id("before").ages(50, 10).core(|c| {
        c.head = Some("7".repeat(40).parse().unwrap());
    });
    let now = Sample::prod("shop", "deploy-api").ages(4, 11);
    stage.lists(vec![now, before]);
    let key = stage.state.queue.all().iter().find(|e| e.request.core.head != Some(sha('7'))).unwrap().key().clone();
    let mut asked = Vec::new();
    request::open(&mut stage.state, &key, None, &mut asked);
    stage.evidence_comes(&asked);
    let asked = stage.press("2 V");
    let Some(Effect::Errand(Errand::Compare { evidence, other, .. })) = asked.first().cloned() else {
        panic!("{asked:?}")
    };
    assert_eq!(other, Other::Base(sha('7')));
    let (source, news) = source::indexed(long().as_bytes());
    stage.news(News::Compared { evidence, other, result: Ok(source) });
    news.into_iter().for_each(|news| drop(stage.news(news)));
    stage.draws();
    assert_eq!(top(&stage.state), "1 0", "the other diff is on the screen");
    let seen = stage.state.evidences.seen(request::viewed(&stage.state).unwrap());
    assert_eq!((seen.files, seen.of), (0, 3), "what is seen of it counts for nothing");
    stage.press("V");
    stage.draws();
    assert_eq!(top(&stage.state), "0 0");
}

#[test]
fn the_change_of_an_action_is_one_key_away_and_the_decision_is_not_about_it() {
    let (mut stage, asked) = with_findings(&[]);
    stage.evidence_comes(&asked);
    let asked = stage.press("3 D");
    let compare = asked.iter().find_map(|effect| match effect {
        Effect::Errand(Errand::Compare { evidence, other: Other::Action(changed), .. }) => Some((*evidence, changed)),
        _ => None,
    });
    let Some((evidence, changed)) = compare.map(|(evidence, changed)| (evidence, changed.clone())) else {
        panic!("{asked:?}")
    };
    let ends = (changed.old.short(), changed.new.short());
    assert_eq!(
        (&*changed.action.name.lossy(), ends),
        ("aquasecurity/trivy-action", ("a1b2c3d".into(), "9f8e7d6".into()))
    );
    let (source, news) = source::indexed(long().as_bytes());
    stage.news(News::Compared { evidence, other: Other::Action(changed), result: Ok(source) });
    news.into_iter().for_each(|news| drop(stage.news(news)));
    stage.draws();
    assert_eq!(top(&stage.state), "1 0", "the action's diff is on the screen");
    let seen = stage.state.evidences.seen(request::viewed(&stage.state).unwrap());
    assert_eq!((seen.files, seen.of), (0, 3), "what is seen of it counts for nothing");
    stage.press("D");
    stage.draws();
    assert!(stage.state.evidences.beside(request::viewed(&stage.state).unwrap()).is_none(), "and back to its own");
}

#[test]
fn without_two_commits_of_an_action_there_is_nothing_to_compare() {
    let (mut stage, _) = with_findings(&[]);
    stage.press("D");
    assert_eq!(note(&stage), "the evidence is not here yet");
}

#[test]
fn findings_of_actions_are_gone_through_in_their_tree() {
    let of = |subject: &str, detail: &str, place: &str| {
        Finding::new(FindingId::ActionNotProven, subject, detail).at(Place::parse(&Text::from(place)))
    };
    let trivy = of("aquasecurity/trivy-action@0.33.1", "HTTP 403", ".github/workflows/deploy.yml:31");
    let setup = of("aquasecurity/setup-trivy@v0.2.2", "offline", "aquasecurity/trivy-action@9f8e7d6/action.yaml:12");
    let mut stage = Stage::new();
    stage.lists(vec![Sample::prod("shop", "deploy-api").with(|r| r.findings = vec![trivy, setup])]);
    let asked = stage.press("enter");
    stage.evidence_comes(&asked);
    let evidence = request::viewed(&stage.state).unwrap().evidence.digest;
    let look_ups = Arc::new(crate::app::testing::look_ups());
    stage.news(News::LookedUp { evidence, look_ups, findings: Arc::new([]) });
    stage.press("3 )");
    assert_eq!(note(&stage), "?? action not proven: aquasecurity/trivy-action@0.33.1 HTTP 403");
    stage.press(")");
    assert_eq!(note(&stage), "?? action not proven: aquasecurity/setup-trivy@v0.2.2 offline");
    stage.press(")");
    assert!(note(&stage).starts_with("no finding comes after this in the tree"));
    stage.press("(");
    assert!(note(&stage).contains("HTTP 403"));
    assert_eq!(stage.state.request_screen().unwrap().tab, request::Tab::Actions);
}

/// A request with findings at these places, `path:line` or a path, and its diff on the way.
fn with_findings(places: &[&str]) -> (Stage, Vec<Effect>) {
    let finding = |place: &&str| Finding::new(FindingId::HiddenText, *place, "").at(Place::parse(&Text::from(*place)));
    let findings: Vec<Finding> = places.iter().map(finding).collect();
    let mut stage = Stage::new();
    stage.lists(vec![Sample::prod("shop", "deploy-api").with(|r| r.findings = findings)]);
    let asked = stage.press("enter");
    (stage, asked)
}

fn note(stage: &Stage) -> &str {
    stage.state.note.as_ref().unwrap().as_str()
}

/// Rows that a finding's sign stands at: its number in the file now, 0 for the title.
fn marked(stage: &Stage) -> Vec<(usize, String)> {
    let view = diff::view(&stage.state).unwrap();
    let request = request::viewed(&stage.state).unwrap();
    let paper = stage.state.evidences.shown(request).unwrap().paper.as_ref().unwrap();
    let lines = view.lines(paper, &crate::app::paper::Watched::default(), &diff::places(&stage.state));
    let rows = view.rows().iter().zip(lines);
    let texts = rows.map(|(row, line)| (row.spot.file, line.text()));
    texts.filter(|(_, text)| text.contains("!")).collect()
}

#[test]
fn keys_go_to_the_places_of_findings_in_the_order_of_reading_and_say_which_they_are() {
    let (mut stage, asked) = with_findings(&[
        "src/price.rs:12",
        "Dockerfile",
        ".github/workflows/deploy.yml:30",
        "gone.rs:1",
        "src/price.rs:99",
    ]);
    stage.press(")");
    assert_eq!(note(&stage), "there is no diff yet");
    stage.press("1");
    stage.evidence_comes(&asked);
    for (key, told) in [
        (")", Some(".github/workflows/deploy.yml:30")),
        (")", Some("Dockerfile")),
        (")", Some("src/price.rs:99")),
        (")", Some("src/price.rs:12")),
        (")", None),
        ("(", Some("src/price.rs:99")),
        ("(", Some("Dockerfile")),
        ("(", Some(".github/workflows/deploy.yml:30")),
        ("(", None),
    ] {
        stage.press(key);
        match told {
            Some(place) => {
                assert!(note(&stage).ends_with(place), "{place}: {}", note(&stage));
                let shown = ["deploy.yml:30", "price.rs:12"].iter().any(|line| place.ends_with(line));
                assert_eq!(note(&stage).starts_with("line "), shown, "{}", note(&stage));
            }
            None => assert!(note(&stage).starts_with("no finding comes"), "{}", note(&stage)),
        }
    }
}

#[test]
fn a_sign_stands_where_findings_do() {
    let (mut stage, asked) = with_findings(&["src/price.rs:12", "src/price.rs:99", "Dockerfile"]);
    stage.evidence_comes(&asked);
    stage.press("2");
    stage.send(crate::app::Msg::Resize(100, 60));
    let rows = marked(&stage);
    let files: Vec<usize> = rows.iter().map(|(file, _)| *file).collect();
    assert_eq!(files, [1, 2, 2], "{rows:?}");
    assert!(rows[2].1.contains("+!") && rows[2].1.contains("let tax"), "{rows:?}");
}

#[test]
fn the_line_of_a_finding_is_found_deep_in_a_large_hunk() {
    let (mut stage, asked) = with_findings(&["src/b.rs:777"]);
    stage.evidence_with(&asked, long().as_bytes());
    stage.press("( )");
    let rows = diff::view(&stage.state).unwrap().rows();
    let at = |row: &crate::app::paper::Row| row.contents()[0].is_some_and(|c| c.new == 777);
    assert!(rows.iter().any(at), "{}", top(&stage.state));
}

#[test]
fn while_the_diff_is_read_a_finding_may_still_come() {
    let (mut stage, asked) = with_findings(&["gone.rs:1"]);
    let exhibit = asked.iter().find_map(|e| match e {
        Effect::Errand(Errand::Exhibit { generation, key }) => Some((*generation, key.clone())),
        _ => None,
    });
    let (generation, key) = exhibit.unwrap();
    let (source, mut pieces) = source::indexed(DIFF.as_bytes());
    let last = pieces.iter().rposition(|piece| matches!(piece, News::Indexed { .. })).unwrap();
    let rest = pieces.split_off(last);
    let exhibit = Exhibit { key: key.clone(), evidence: evidence(), diff: Some(source) };
    stage.news(News::Exhibit { generation, key, result: Ok(Arc::new(exhibit)) });
    pieces.into_iter().for_each(|piece| drop(stage.news(piece)));
    stage.press(")");
    assert!(note(&stage).contains("so far"), "{}", note(&stage));
    rest.into_iter().for_each(|piece| drop(stage.news(piece)));
    stage.press(")");
    assert!(note(&stage).starts_with("no finding comes"), "{}", note(&stage));
}
