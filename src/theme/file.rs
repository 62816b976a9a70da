//! Theme files: `inherits`, `[palette]`, `[roles]`. A fault in an entry costs that entry and is told; only a
//! file that is no TOML, or that nobody has, gives no theme at all.

use ratatui::style::{Color, Modifier, Style};

use super::depth::hard_to_read;
use super::{Role, Theme};
use crate::domain::document::{Data, Diagnostic, Key, Node, Place, parse};
use crate::domain::spelling;
use crate::domain::text::{SafeText, Text};
use crate::safe;

/// The themes that come with the program. `terminal` and `mono` are always these.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
];

/// So many themes may stand on each other.
const GENERATIONS: usize = 4;

/// A theme file as the user has it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path, fit for a message.
    pub file: SafeText,
    /// What is in it.
    pub text: String,
}

/// A theme, and what of its files could not be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The theme, for any depth.
    pub theme: Theme,
    /// What was left out, with its place.
    pub warnings: Vec<Diagnostic>,
}

/// Whether this can name a theme: a word, so that it never leads out of the themes folder.
pub fn is_theme_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Loads a theme with all that it inherits. `own` gives the user's file of that name; it goes before a built-in
/// one of the same name, except for `terminal` and `mono`.
///
/// # Errors
/// Where there is no such theme, a file is no TOML, or themes inherit each other in a ring.
pub fn load(name: &str, own: &dyn Fn(&str) -> Option<Source>) -> Result<Loaded, Diagnostic> {
    load_generation(name, own, GENERATIONS, &Place::whole(SafeText::lit("theme")))
}

fn load_generation(
    name: &str,
    own: &dyn Fn(&str) -> Option<Source>,
    left: usize,
    wanted_at: &Place,
) -> Result<Loaded, Diagnostic> {
    match name {
        "terminal" => return Ok(Loaded { theme: Theme::terminal(), warnings: vec![] }),
        "mono" => return Ok(Loaded { theme: Theme::mono(), warnings: vec![] }),
        _ if left == 0 => return Err(wanted_at.wrong("themes inherit each other too deep", "inherit `terminal`")),
        _ => {}
    }
    let source = find(name, own).ok_or_else(|| no_such_theme(name, wanted_at))?;
    let root = parse(source.file, &source.text)?;
    let parent = match entry(&root, "inherits") {
        Some((_, node)) => load_generation(node.text()?, own, left - 1, &node.place)?,
        None => Loaded { theme: Theme::terminal(), warnings: vec![] },
    };
    let mut reader = Reader { palette: vec![], loaded: parent };
    reader.read(&root);
    reader.loaded.warnings.sort();
    Ok(reader.loaded)
}

fn find(name: &str, own: &dyn Fn(&str) -> Option<Source>) -> Option<Source> {
    let built_in = || {
        let (name, text) = BUILT_IN.iter().find(|(n, _)| *n == name)?;
        Some(Source { file: safe!("built-in theme {}", name), text: (*text).to_owned() })
    };
    if !is_theme_name(name) {
        return None;
    }
    own(name).or_else(built_in)
}

fn no_such_theme(name: &str, place: &Place) -> Diagnostic {
    let mend = spelling::mend(name, BUILT_IN.iter().map(|(n, _)| *n));
    let mend = safe!("{}; your own ones are themes/NAME.toml beside the config", mend);
    place.wrong(safe!("no theme `{}`", Text::from(name).ident()), mend)
}

fn entry<'n>(node: &'n Node, name: &str) -> Option<&'n (Key, Node)> {
    node.entries().ok()?.iter().find(|(key, _)| key.name == name)
}

struct Reader {
    palette: Vec<(String, Color)>,
    loaded: Loaded,
}

impl Reader {
    fn read(&mut self, root: &Node) {
        self.each(root, &["inherits", "palette", "roles"], |_, _, _| Ok(()));
        if let Some((_, palette)) = entry(root, "palette") {
            self.each_of_any_name(palette, |reader, key, node| {
                let color = color(node, &[])?;
                reader.palette.push((key.name.clone(), color));
                Ok(())
            });
        }
        if let Some((_, roles)) = entry(root, "roles") {
            self.each(roles, &Role::ALL.map(Role::name), Self::role);
        }
    }

    /// Reads every entry of a table that has a known name, and tells the rest.
    fn each(
        &mut self,
        table: &Node,
        known: &[&str],
        mut read: impl FnMut(&mut Self, &Key, &Node) -> Result<(), Diagnostic>,
    ) {
        self.each_of_any_name(table, |reader, key, node| {
            if known.contains(&key.name.as_str()) {
                return read(reader, key, node);
            }
            let mend = spelling::mend(&key.name, known.iter().copied());
            Err(key.place.wrong(safe!("unknown key `{}`", key.shown()), mend))
        });
    }

    fn each_of_any_name(
        &mut self,
        table: &Node,
        mut read: impl FnMut(&mut Self, &Key, &Node) -> Result<(), Diagnostic>,
    ) {
        let entries = match table.entries() {
            Ok(entries) => entries,
            Err(wrong) => return self.loaded.warnings.push(wrong),
        };
        for (key, node) in entries {
            if let Err(wrong) = read(self, key, node) {
                self.loaded.warnings.push(wrong);
            }
        }
    }

    fn role(&mut self, key: &Key, node: &Node) -> Result<(), Diagnostic> {
        let Some(role) = Role::ALL.into_iter().find(|r| r.name() == key.name) else { return Ok(()) };
        let style = match &node.data {
            Data::Table(_) => self.style(node),
            _ => Some(Style::new().fg(color(node, &self.palette)?)),
        };
        let Some(style) = style else { return Ok(()) };
        if role == Role::Text && style.bg.is_some() {
            return Err(node.place.wrong("ordinary text has no fill", "leave `bg` out: the terminal's own stands"));
        }
        if let (Some(bg), Some(fg)) = (style.bg, style.fg)
            && hard_to_read(bg, fg)
        {
            return Err(node.place.wrong("this text cannot be read on its fill", "choose colours further apart"));
        }
        self.loaded.theme.set(role, style);
        Ok(())
    }

    /// Absent where a part of it is wrong: half a style could say something else.
    fn style(&mut self, node: &Node) -> Option<Style> {
        let (mut style, told) = (Style::new(), self.loaded.warnings.len());
        self.each(node, &["fg", "bg", "style"], |reader, key, node| {
            match key.name.as_str() {
                "fg" => style.fg = Some(color(node, &reader.palette)?),
                "bg" => style.bg = Some(color(node, &reader.palette)?),
                _ => style.add_modifier = modifiers(node)?,
            }
            Ok(())
        });
        (self.loaded.warnings.len() == told).then_some(style)
    }
}

/// A name of the palette, a name of the 16, a number of the 256, or `#rrggbb`.
fn color(node: &Node, palette: &[(String, Color)]) -> Result<Color, Diagnostic> {
    let mend = "write a palette name, one of the 16 names such as `light-red`, 0 to 255, or \"#rrggbb\"";
    let wrong = |what: SafeText| node.place.wrong(what, mend);
    match &node.data {
        Data::Int(n) => {
            u8::try_from(*n).map(Color::Indexed).map_err(|_| wrong(safe!("{} is not one of the 256 colours", *n)))
        }
        Data::Text(text) => {
            let own = palette.iter().find(|(name, _)| name == text).map(|(_, color)| *color);
            let known = || text.is_ascii().then(|| text.parse().ok()).flatten();
            own.or_else(known).ok_or_else(|| wrong(safe!("no colour `{}`", Text::from(text.as_str()).ident())))
        }
        other => Err(wrong(safe!("{} is no colour", other.kind()))),
    }
}

const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("italic", Modifier::ITALIC),
    ("crossed-out", Modifier::CROSSED_OUT),
];

fn modifiers(node: &Node) -> Result<Modifier, Diagnostic> {
    let Data::List(items) = &node.data else { return Err(node.expected("a list like [\"bold\"]", node.data.kind())) };
    items.iter().try_fold(Modifier::empty(), |all, item| {
        let word = item.text()?;
        match MODIFIERS.iter().find(|(name, _)| *name == word) {
            Some((_, modifier)) => Ok(all | *modifier),
            None => {
                let mend = spelling::mend(word, MODIFIERS.iter().map(|(name, _)| *name));
                Err(item.place.wrong(safe!("no style `{}`", Text::from(word).ident()), mend))
            }
        }
    })
}

#[cfg(test)]
pub(super) fn print_style(style: Style) -> String {
    let color = |c: Color| format!("{:?}", c.to_string().to_lowercase().replace("light", "light-"));
    let mut parts = vec![];
    parts.extend(style.fg.map(|c| format!("fg = {}", color(c))));
    parts.extend(style.bg.map(|c| format!("bg = {}", color(c))));
    let words: Vec<String> = MODIFIERS
        .iter()
        .filter(|(_, m)| style.add_modifier.contains(*m))
        .map(|(name, _)| format!("{name:?}"))
        .collect();
    if !words.is_empty() {
        parts.push(format!("style = [{}]", words.join(", ")));
    }
    if parts.is_empty() { "{}".into() } else { format!("{{ {} }}", parts.join(", ")) }
}
