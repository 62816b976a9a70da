use super::*;
use crate::domain::time::Span;
use crate::keymap::Verb;
use crate::theme::Depth;

crate::section! {
    /// A backend for tests.
    Fake {
        /// Where it is.
        url: Option<String> = None => "\"https://ci.example\"";
        /// How much at once.
        page: Count<1, 100> = Count::of(50);
    }
}

const KINDS: &[&str] = &["fake", "other"];
const FAKE: Kind = Kind { name: "fake", doc: "A backend for tests.", rows: Fake::ROWS };

fn layers(text: &str, env: &[(&str, &str)]) -> Result<Config, Faults> {
    let env: Vec<_> = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let mut layers = layers::Layers::new(KINDS);
    layers.file("c.toml".into(), text);
    layers.environment(&env);
    layers.finish()
}

fn faults(text: &str) -> String {
    layers(text, &[]).unwrap_err().to_string()
}

#[test]
fn the_example_says_the_defaults_and_parses_with_every_key_uncommented() {
    let text = example(&[FAKE]);
    let as_printed = layers(&text, &[]).unwrap();
    assert_eq!(as_printed.console, Console::default());

    let is_key = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    let keys = text.lines().filter(is_key).count();
    let rows =
        [Console::ROWS, Audit::ROWS, Actions::ROWS, Local::ROWS, Broker::ROWS, Guard::ROWS, Backend::ROWS, Fake::ROWS]
            .concat()
            .len();
    assert_eq!(keys, rows + crate::keymap::VERBS.len() + "[[backend]]".lines().count());

    let lines: Vec<&str> = text.lines().map(|l| if is_key(&l) { l.trim_start_matches('#') } else { l }).collect();
    let (own_keys, rest): (Vec<&str>, Vec<&str>) =
        lines.iter().partition(|l| crate::keymap::VERBS.iter().any(|v| l.starts_with(&format!("{} = ", v.name))));
    assert!(!own_keys.is_empty());
    let all = layers(&rest.join("\n"), &[]).unwrap();
    assert_eq!((all.console, all.audit, all.local), (Console::default(), Audit::default(), Local::default()));
    assert_eq!(all.backends[0].read::<Fake>().unwrap().page, Count::of(50));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[console]\ntheme = \"light\"\nbell = false\n[broker]\nhook = [\"/bin/tell\", \"--now\"]\n";
    let env = [
        ("JIT_TUI_CONSOLE_THEME", "dark"),
        ("JIT_TUI_CONSOLE_PRODUCTION", "[\"live\"]"),
        ("JIT_TUI_AUDIT_EVIDENCE_DAYS", "7"),
        ("JIT_TUI_BROKER_LISTEN", "unix:/run/b"),
        ("JIT_TUI_STATE_DIR", "/elsewhere"),
        ("HOME", "/home/alice"),
    ];
    let config = layers(file, &env).unwrap();
    assert_eq!(config.console.theme, "dark");
    assert_eq!(config.console.production, ["live"]);
    assert_eq!(config.console.bell_every(), None);
    assert_eq!(config.audit.evidence_days.get(), 7);
    assert_eq!(config.broker.listen, "unix:/run/b");
    assert_eq!(config.broker.hook, ["/bin/tell", "--now"]);
    assert_eq!(config.local.idle.get(), Span::mins(10));
}

#[test]
fn every_fault_is_told_with_its_place_and_how_to_mend_it() {
    let cases = [
        ("[console]\nthem = 1\n", "c.toml:2:1: unknown key `them`\n  did you mean `theme`?"),
        ("[consol]\n", "c.toml:1:2: no table [consol]\n  did you mean `console`?"),
        ("theme = \"dark\"\n", "c.toml:1:1: no table [theme]"),
        ("[console]\nbell = \"yes\"\n", "c.toml:2:8: this is a text\n  write true or false"),
        ("[console]\nbell_interval = \"soon\"\n", "`soon` is no length of time\n  write it like \"45m\""),
        ("[console]\nbell_interval = \"48h\"\n", "48h is out of bounds\n  write 1s to 24h"),
        ("[console]\ncolours = \"265\"\n", "`265` is not among the choices\n  did you mean `256`?"),
        ("[console]\ntheme = \"\\u001b[2J\"\n", "a control character, \\u{1b}, in a text"),
        ("[audit]\nevidence_days = 0\n", "0 is out of bounds\n  write 1 to 3650"),
        ("[broker]\npolicy = \"\"\n", "this path is empty"),
        ("[[backend]]\nkind = \"fkae\"\nname = \"x\"\n", "no kind of backend `fkae`\n  did you mean `fake`?"),
        ("[[backend]]\nkind = \"fake\"\nname = \"a b\"\n", "`a b` is no name of a backend"),
        ("[backend]\nkind = \"fake\"\n", "a table [[backend]], in two brackets"),
        ("[keys]\napprove = 3\n", "this is a number\n  write a key like"),
        ("[keys]\nfly = \"x\"\n", "no verb is called fly"),
        ("a = [\n", "c.toml:"),
    ];
    for (text, said) in cases {
        let told = faults(text);
        assert!(told.contains(said), "{text}\n{told}");
    }
    let both = faults("[console]\nbell = 1\n[audit]\nx = 1\n");
    assert_eq!(both.lines().filter(|line| line.starts_with("c.toml")).count(), 2, "{both}");
}

#[test]
fn a_setting_of_the_environment_that_is_not_known_is_refused() {
    let told = layers("", &[("JIT_TUI_CONSOLE_THEEM", "dark")]).unwrap_err().to_string();
    assert_eq!(told, "environment: unknown setting JIT_TUI_CONSOLE_THEEM\n  did you mean `theme`?");
    let told = layers("", &[("JIT_TUI_CONSOLE_BELL", "maybe")]).unwrap_err().to_string();
    assert!(told.starts_with("environment: JIT_TUI_CONSOLE_BELL: this is a text"), "{told}");
}

#[test]
fn keys_are_laid_over_those_of_the_program() {
    let config = layers("[keys]\nrefresh = [\"f9\"]\n", &[]).unwrap();
    let keys: Vec<String> = config.keymap.keys(Verb::Refresh).iter().map(ToString::to_string).collect();
    assert!(keys.contains(&"f9".to_owned()) && keys.len() > 1, "{keys:?}");
}

#[test]
fn adapters_read_their_own_keys_and_refuse_the_rest() {
    let table = |more: &str| format!("[[backend]]\nkind = \"fake\"\nname = \"ci\"\ninterval = \"5s\"\n{more}");
    let config = layers(&table("url = \"https://x\"\n"), &[]).unwrap();
    let backend = &config.backends[0];
    assert_eq!((backend.kind, backend.name.as_str(), backend.interval), ("fake", "ci", Span::secs(5)));
    assert_eq!(backend.read::<Fake>().unwrap().url.as_deref(), Some("https://x"));
    let wrong = layers(&table("ulr = 1\n"), &[]).unwrap().backends[0].read::<Fake>().unwrap_err();
    assert!(wrong.to_string().starts_with("c.toml:5:1: unknown key `ulr`"), "{wrong}");
    assert!(faults(&format!("{}{}", table(""), table(""))).contains("two backends are called ci"));
}

#[test]
fn no_color_wins_over_the_config() {
    let env = |pairs: &'static [(&'static str, &'static str)]| {
        move |name: &str| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned())
    };
    let chosen = Colours(Some(Depth::True));
    assert_eq!(chosen.depth(env(&[("TERM", "xterm")])), Depth::True);
    assert_eq!(chosen.depth(env(&[("TERM", "xterm"), ("NO_COLOR", "1")])), Depth::Mono);
    assert_eq!(Colours(None).depth(env(&[("TERM", "xterm-256color")])), Depth::Indexed);
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let usual = FileChoice::Usual(path.clone());
    let ours = |_: &Path, _: &std::fs::Metadata| Ok(());
    assert!(read_file(&usual, &ours).unwrap().is_none());
    assert!(read_file(&FileChoice::Named(path.clone()), &ours).unwrap_err().mend.as_str().contains("config init"));

    std::fs::write(&path, "[console]\n").unwrap();
    assert_eq!(read_file(&usual, &ours).unwrap().unwrap().text, "[console]\n");
    let theirs = |path: &Path, _: &std::fs::Metadata| match path.is_dir() {
        true => Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "others may write to it")),
        false => Ok(()),
    };
    let fault = read_file(&usual, &theirs).unwrap_err().to_string();
    assert!(fault.contains("others may write to it") && fault.contains("as its folder"), "{fault}");

    std::fs::write(&path, b"\xff").unwrap();
    assert!(read_file(&usual, &ours).unwrap_err().to_string().contains("save it as UTF-8"));
    std::fs::write(&path, "#".repeat(1 << 21)).unwrap();
    assert!(read_file(&usual, &ours).unwrap_err().to_string().contains("at most 1 MiB"));
}
