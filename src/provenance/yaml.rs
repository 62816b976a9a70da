//! YAML as a tree with line numbers and trailing comments, read within bounds: size, depth, one document, no
//! duplicate keys. An alias shares its node, so nothing is ever expanded.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, Span};

use super::Unreadable;

/// No pipeline file is larger.
const MAX_BYTES: usize = 10 << 20;
/// No pipeline file nests deeper.
const MAX_DEPTH: usize = 64;
const TOO_DEEP: &str = "nested deeper than 64 levels";

/// A value and the line that it begins on.
#[derive(Debug)]
pub struct Node {
    /// The line, counted from 1.
    pub line: u64,
    /// What stands there.
    pub value: Value,
    /// Levels below it and its own, those behind aliases included.
    levels: usize,
    /// Values in it and its own; one behind several aliases counts as often.
    values: u64,
}

/// What a node holds.
#[derive(Debug)]
pub enum Value {
    /// Text, and the comment behind it on its last line.
    Scalar(String, Option<String>),
    /// A sequence.
    List(Vec<Rc<Node>>),
    /// A mapping in the order of the file.
    Map(Vec<(String, Rc<Node>)>),
}

impl Node {
    /// The value of `key` where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Rc<Node>> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// How many values whoever follows every alias comes by.
    pub fn values(&self) -> u64 {
        self.values
    }

    /// Whether nothing is written here.
    pub fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, _) if text.is_empty() || text == "~" || text == "null")
    }
}

/// Whose rules a file is written by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Workflows and actions: one document, no merge keys.
    Actions,
    /// Others: a header document may stand before, and merge keys name what stands elsewhere in the file.
    Merging,
}

/// Reads the one document of a workflow, an action or a lock file.
///
/// # Errors
/// Where it is not YAML, or beyond the bounds, with the line.
pub fn read(bytes: &[u8]) -> Result<Rc<Node>, Unreadable> {
    let documents = documents(bytes, Dialect::Actions)?;
    documents.into_iter().next().ok_or_else(|| Unreadable::at(1, "nothing in it"))
}

/// Reads every document.
///
/// # Errors
/// As `read`.
pub fn documents(bytes: &[u8], dialect: Dialect) -> Result<Vec<Rc<Node>>, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::at(1, "larger than 10 MB"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| Unreadable::at(line_of(bytes, e.valid_up_to()), "bytes that are not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::new(text, dialect);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| Unreadable::at(e.marker().line() as u64, e.info()))?;
        builder.take(event, span)?;
    }
    Ok(builder.roots)
}

fn line_of(bytes: &[u8], offset: usize) -> u64 {
    1 + bytes.iter().take(offset).filter(|b| **b == b'\n').count() as u64
}

/// A mapping or sequence that is not closed yet.
struct Open {
    line: u64,
    anchor: usize,
    value: Value,
    key: Option<String>,
    keys: HashSet<String>,
    /// The most levels of what is in it so far.
    below: usize,
    /// How many values are in it so far.
    values: u64,
}

struct Builder<'a> {
    place: Cursor<'a>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    roots: Vec<Rc<Node>>,
    dialect: Dialect,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        let place = Cursor { rest: text, index: 0, line: 1 };
        Self { place, open: Vec::new(), anchors: HashMap::new(), roots: Vec::new(), dialect }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Unreadable> {
        match event {
            Event::Scalar(text, _, anchor, _) => {
                let line = self.place.line_at(span.start.index());
                let comment = self.place.comment_behind(&text);
                let value = Value::Scalar(text.into_owned(), comment);
                self.close(anchor, Node { line, value, levels: 1, values: 1 })
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, Value::List(Vec::new()), span),
            Event::MappingStart(anchor, _) => self.begin(anchor, Value::Map(Vec::new()), span),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { line, anchor, value, below, values, .. }) => {
                    self.close(anchor, Node { line, value, levels: below + 1, values: values.saturating_add(1) })
                }
                None => Err(Unreadable::at(span.start.line() as u64, "an end without a beginning")),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.put(node, span.start.line() as u64),
                None => Err(Unreadable::at(span.start.line() as u64, "an alias inside of what it stands for")),
            },
            Event::DocumentStart(_) if self.dialect == Dialect::Actions && !self.roots.is_empty() => {
                Err(Unreadable::at(span.start.line() as u64, "a second document"))
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, value: Value, span: Span) -> Result<(), Unreadable> {
        let line = self.place.line_at(span.start.index());
        if self.open.len() >= MAX_DEPTH {
            return Err(Unreadable::at(line, TOO_DEEP));
        }
        self.open.push(Open { line, anchor, value, key: None, keys: HashSet::new(), below: 0, values: 0 });
        Ok(())
    }

    fn close(&mut self, anchor: usize, node: Node) -> Result<(), Unreadable> {
        let (line, node) = (node.line, Rc::new(node));
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.put(node, line)
    }

    /// Puts a whole node where it belongs: the document, the next element, a key or its value. One behind an alias
    /// counts with all its levels, so that nobody who walks the tree can be led deeper than the bound.
    fn put(&mut self, node: Rc<Node>, line: u64) -> Result<(), Unreadable> {
        if self.open.len() + node.levels > MAX_DEPTH + 1 {
            return Err(Unreadable::at(line, TOO_DEEP));
        }
        let Some(parent) = self.open.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        parent.below = parent.below.max(node.levels);
        parent.values = parent.values.saturating_add(node.values);
        match (&mut parent.value, parent.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => entries.push((key, node)),
            _ => parent.key = Some(checked_key(&mut parent.keys, &node, self.dialect)?),
        }
        Ok(())
    }
}

fn checked_key(keys: &mut HashSet<String>, node: &Node, dialect: Dialect) -> Result<String, Unreadable> {
    match &node.value {
        Value::Scalar(text, _) if text == "<<" && dialect == Dialect::Actions => {
            Err(Unreadable::at(node.line, "a merge key, which pipelines do not have"))
        }
        Value::Scalar(text, _) if keys.insert(text.clone()) => Ok(text.clone()),
        Value::Scalar(..) => Err(Unreadable::at(node.line, "the same key twice in one mapping")),
        _ => Err(Unreadable::at(node.line, "a key that is not text")),
    }
}

/// Walks the text once beside the parser, which counts in characters, to find lines and comments.
struct Cursor<'a> {
    rest: &'a str,
    index: usize,
    line: u64,
}

impl Cursor<'_> {
    fn line_at(&mut self, index: usize) -> u64 {
        let mut chars = self.rest.chars();
        while self.index < index {
            match chars.next() {
                Some('\n') => self.line += 1,
                Some(_) => {}
                None => break,
            }
            self.index += 1;
        }
        self.rest = chars.as_str();
        self.line
    }

    /// The comment on the line of a scalar that begins here; the parser's own end of a quoted one lies behind it.
    fn comment_behind(&self, scalar: &str) -> Option<String> {
        let quote = if self.rest.starts_with('\'') { "'" } else { "\"" };
        let quoted = || self.rest.strip_prefix(quote)?.strip_prefix(scalar)?.strip_prefix(quote);
        let line = self.rest.strip_prefix(scalar).or_else(quoted)?.split('\n').next()?;
        let comment = line.trim_start().strip_prefix('#')?.trim();
        // `a@b#c` has no comment: white space stands before one.
        (line.starts_with([' ', '\t']) && !comment.is_empty()).then(|| comment.to_owned())
    }
}
