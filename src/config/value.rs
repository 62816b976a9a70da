//! What the value of a key can be: read from a document with its faults, printed as the file has it.

use std::path::PathBuf;

use crate::domain::document::{Data, Diagnostic, Node};
use crate::domain::spelling;
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;

/// A value of a key.
pub trait Value: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// Where it is of another kind, or out of its bounds.
    fn read(node: &Node) -> Result<Self, Diagnostic>;

    /// As the file has it; absent where there is nothing to print.
    fn print(&self) -> Option<String>;
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

impl Value for bool {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        match node.data {
            Data::Bool(bit) => Ok(bit),
            _ => Err(node.expected("true or false", node.data.kind())),
        }
    }

    fn print(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for String {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let text = node.text()?;
        match text.chars().find(|c| c.is_control()) {
            Some(c) => {
                let shown = Text::from(c.to_string()).ident();
                Err(node.place.wrong(safe!("a control character, {}, in a text", shown), "leave it out"))
            }
            None => Ok(text.to_owned()),
        }
    }

    fn print(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Value for PathBuf {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        match String::read(node)? {
            text if text.is_empty() => Err(node.place.wrong("this path is empty", "leave the key out")),
            text => Ok(PathBuf::from(text)),
        }
    }

    fn print(&self) -> Option<String> {
        self.to_str().map(quoted)
    }
}

impl<V: Value> Value for Vec<V> {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        match &node.data {
            Data::List(items) => items.iter().map(V::read).collect(),
            other => Err(node.expected("a list in [ ]", other.kind())),
        }
    }

    fn print(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(Value::print).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

impl<V: Value> Value for Option<V> {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        V::read(node).map(Some)
    }

    fn print(&self) -> Option<String> {
        self.as_ref().and_then(Value::print)
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Count<MIN, MAX> {
    /// The nearest to `n` within the bounds.
    pub const fn of(n: u32) -> Self {
        Self(if n < MIN {
            MIN
        } else if n > MAX {
            MAX
        } else {
            n
        })
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Value for Count<MIN, MAX> {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let Data::Int(n) = node.data else { return Err(node.expected("a number", node.data.kind())) };
        match u32::try_from(n) {
            Ok(n) if (MIN..=MAX).contains(&n) => Ok(Self(n)),
            _ => Err(node.place.wrong(safe!("{} is out of bounds", n), safe!("write {} to {}", MIN, MAX))),
        }
    }

    fn print(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A length of time within bounds, given in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time<const MIN: u32, const MAX: u32>(Span);

impl<const MIN: u32, const MAX: u32> Time<MIN, MAX> {
    /// So many seconds, or the nearest bound.
    pub const fn secs(n: u32) -> Self {
        Self(Span::secs(Count::<MIN, MAX>::of(n).get()))
    }

    /// The length.
    pub const fn get(self) -> Span {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Value for Time<MIN, MAX> {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let text = node.text().map_err(|wrong| Diagnostic { mend: SafeText::lit("write it like \"90s\""), ..wrong })?;
        let span: Span = text.parse().map_err(|_| {
            let what = safe!("`{}` is no length of time", Text::from(text).ident());
            node.place.wrong(what, "write it like \"45m\", \"1h30m\" or \"90s\"")
        })?;
        if (MIN..=MAX).contains(&span.as_secs()) {
            return Ok(Self(span));
        }
        let mend = safe!("write {} to {}", Span::secs(MIN), Span::secs(MAX));
        Err(node.place.wrong(safe!("{} is out of bounds", span), mend))
    }

    fn print(&self) -> Option<String> {
        Some(quoted(&self.0.to_string()))
    }
}

/// The word among those known, or which was meant.
///
/// # Errors
/// Where it is none of them.
pub fn choose<T: Copy>(node: &Node, known: &[(&'static str, T)]) -> Result<T, Diagnostic> {
    let word = node.text()?;
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let mend = spelling::mend(word, known.iter().map(|(name, _)| *name));
        node.place.wrong(safe!("`{}` is not among the choices", Text::from(word).ident()), mend)
    })
}

/// The word of a value among those known, as the file has it.
pub fn chosen<T: PartialEq>(value: &T, known: &[(&'static str, T)]) -> Option<String> {
    known.iter().find(|(_, known)| known == value).map(|(word, _)| quoted(word))
}
