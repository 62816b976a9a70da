use super::*;
use crate::domain::text::SafeText;
use proptest::prelude::*;
use ratatui::style::Color;

fn user(text: &str) -> impl Fn(&str) -> Option<Source> + use<> {
    let text = text.to_owned();
    move |name| (name == "mine").then(|| Source { file: SafeText::lit("mine.toml"), text: text.clone() })
}

fn mine(text: &str) -> Loaded {
    load("mine", &user(text)).unwrap()
}

fn printed(theme: &Theme, head: &str) -> String {
    let mut text = format!("{head}\n\n[roles]\n");
    for role in Role::ALL {
        text.push_str(&format!("# {}\n{} = {}\n", role.doc(), role.name(), file::print_style(theme.style(role))));
    }
    text
}

#[test]
fn the_files_of_the_built_in_themes_are_what_the_program_uses() {
    let heads = [
        (
            "terminal",
            Theme::terminal(),
            "# The terminal's own 16 colours. A copy to start from: this theme is built in.",
        ),
        ("mono", Theme::mono(), "# No colours at all. A copy to start from: this theme is built in."),
    ];
    for (name, theme, head) in heads {
        let path = format!("{}/themes/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let wanted = printed(&theme, head);
        if std::env::var_os("JIT_TUI_BLESS").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted, "run again with JIT_TUI_BLESS=1");
        assert_eq!(mine(&wanted).theme, theme);
    }
}

#[test]
fn every_built_in_theme_loads_without_a_word() {
    for (name, _) in BUILT_IN {
        let loaded = load(name, &|_| None).unwrap();
        assert_eq!(loaded.warnings, [], "{name}");
    }
}

#[test]
fn a_file_changes_the_roles_it_names_and_inherits_the_rest() {
    let loaded = mine("inherits = \"mono\"\n[palette]\nrose = \"#ff5f87\"\n[roles]\nprod = \"rose\"\ngood = 34\n");
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.theme.style(Role::Prod), Style::new().fg(Color::Rgb(255, 95, 135)).add_modifier(Modifier::BOLD));
    assert_eq!(loaded.theme.style(Role::Good), Style::new().fg(Color::Indexed(34)));
    assert_eq!(loaded.theme.style(Role::Warn), Theme::mono().style(Role::Warn));
}

#[test]
fn what_cannot_be_used_is_left_out_and_told_with_its_place() {
    let cases = [
        ("[roles]\nproduction = \"red\"\n", "mine.toml:2:1: unknown key `production`"),
        ("[roles]\nprd = \"red\"\n", "did you mean `prod`?"),
        ("[role]\nprod = \"red\"\n", "did you mean `roles`?"),
        ("[roles]\nprod = \"rde\"\n", "mine.toml:2:8: no colour `rde`"),
        ("[roles]\nprod = 300\n", "300 is not one of the 256 colours"),
        ("[roles]\nprod = 1.5\n", "a number with a fraction is no colour"),
        ("[roles]\nprod = \"\\u001b[31m\"\n", "no colour `\\u{1b}[31m`"),
        ("[roles]\nprod = { style = [\"blod\"] }\n", "did you mean `bold`?"),
        ("[roles]\nprod = { style = [\"hidden\"] }\n", "no style `hidden`"),
        ("[roles]\ntext = { bg = \"blue\" }\n", "ordinary text has no fill"),
        ("[roles]\nbar = { fg = \"#101010\", bg = \"#111111\" }\n", "cannot be read on its fill"),
    ];
    for (text, said) in cases {
        let loaded = mine(text);
        assert_eq!(loaded.warnings.len(), 1, "{text}");
        let warning = loaded.warnings[0].to_string();
        assert!(warning.contains(said), "{warning}");
        assert_eq!(loaded.theme, Theme::terminal(), "{text}");
    }
}

#[test]
fn no_theme_is_given_where_there_is_none() {
    let nobody = |_: &str| None;
    assert!(load("drak", &nobody).unwrap_err().to_string().contains("did you mean `dark`?"));
    assert!(load("../../etc/passwd", &|_| panic!("never asked for")).is_err());
    assert!(load("mine", &user("a b")).unwrap_err().to_string().starts_with("mine.toml:1:"));
    assert!(load("mine", &user("inherits = \"mine\"")).unwrap_err().to_string().contains("too deep"));
}

#[test]
fn without_colours_modifiers_remain() {
    let dark = load("dark", &|_| None).unwrap().theme;
    assert_eq!(dark.at(Depth::Mono), Theme::mono());
    assert_eq!(dark.at(Depth::Ansi).style(Role::Selected), Style::new().add_modifier(Modifier::REVERSED));
}

fn any_style() -> impl Strategy<Value = String> {
    let colors = prop_oneof![Just("black"), Just("white"), Just("reset"), Just("#000001"), Just("#fefefe")];
    let words = prop_oneof![Just(""), Just("\"dim\""), Just("\"italic\""), Just("\"bold\""), Just("\"crossed-out\"")];
    (colors.clone(), proptest::option::of(colors), words).prop_map(|(fg, bg, words)| {
        let bg = bg.map(|c| format!(", bg = \"{c}\"")).unwrap_or_default();
        format!("{{ fg = \"{fg}\"{bg}, style = [{words}] }}")
    })
}

proptest! {
    #[test]
    fn no_theme_makes_danger_look_like_text(styles in proptest::collection::vec(any_style(), Role::COUNT)) {
        let lines: Vec<String> =
            Role::ALL.iter().zip(styles).map(|(role, style)| format!("{} = {style}\n", role.name())).collect();
        let theme = mine(&format!("[roles]\n{}", lines.concat())).theme;
        for depth in [Depth::Mono, Depth::Ansi, Depth::Indexed, Depth::True] {
            let theme = theme.at(depth);
            for (role, _) in APART {
                let style = theme.style(role);
                prop_assert!(style.add_modifier.intersects(SEEN_ANYWHERE), "{role:?} at {depth:?}: {style:?}");
                prop_assert!(!style.add_modifier.intersects(Modifier::HIDDEN | Modifier::DIM));
            }
        }
    }
}
