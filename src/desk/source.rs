//! Diffs as they are read: put into a spool and indexed as they come, then read by windows and searched. Whoever
//! holds the source keeps it; nobody holds it any more = reading stops and the spool is gone.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use regex::bytes::Regex;
use tokio::sync::mpsc;

use super::news::{Errand, News};
use crate::diff::{self, Piece, Reader};
use crate::domain::text::{SafeText, Text};
use crate::safe;
use crate::sys::process::step_back;
use crate::sys::spool::Spool;

/// So much is read at once.
const READ: usize = 256 << 10;
/// So much at first: a page is on the screen the sooner.
const FIRST: usize = 128 << 10;
/// The first piece of the index is told after the first read; the next ones this often.
const OFTEN: Duration = Duration::from_millis(25);
/// In a diff of so many bytes nobody looks for lines that moved.
const LARGE: u64 = 2 << 20;
/// So many places of matches are kept; all are counted.
const PLACES: usize = 100_000;
/// A search looks at so many bytes at once.
const WINDOW: usize = 1 << 20;
/// So many bytes of a longer line are looked at twice.
const OVERLAP: usize = 64 << 10;
/// So many bytes before those are kept in sight: whether a word begins there can be told.
const BEFORE: usize = 64;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A diff that lies in a spool. Two are the same only where they are one.
#[derive(Clone, Debug)]
pub struct Source(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    id: u64,
    spool: Spool,
    search: AtomicU64,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Source {}

impl Source {
    /// A source whose bytes are still to come.
    ///
    /// # Errors
    /// Where no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self::over(Spool::new()?))
    }

    /// A source that lies in a spool already.
    pub fn over(spool: Spool) -> Self {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Kept { id, spool, search: AtomicU64::new(0) }))
    }

    /// Its number: no other source of this process has it.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Where its bytes lie.
    pub fn spool(&self) -> &Spool {
        &self.0.spool
    }

    fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// The bytes of a spool in their order.
struct InOrder<'a> {
    spool: &'a Spool,
    at: u64,
}

impl Read for InOrder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.spool.read(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// Indexes a source that lies in its spool already. Blocks until it is read.
pub fn index(source: &Source, news: &mpsc::Sender<News>) {
    Indexer::new(source, news).read(InOrder { spool: source.spool(), at: 0 }, u64::MAX, false);
}

/// The same for a screen that shows nothing else: tells the first page and the index of it, and gives what indexes
/// the rest. That blocks until all is read; keys and pages go before it, on a thread of its own.
pub fn open(source: Source, news: mpsc::Sender<News>) -> impl FnOnce() + Send {
    // What cannot be read is told by what reads the rest.
    let first = source.spool().window(0, FIRST as u64).unwrap_or_default();
    let at = first.len() as u64;
    let mut indexer = Indexer::new(&source, &news);
    if at > 0 {
        indexer.reader.feed(&first);
        drop(news.blocking_send(News::Window { source: source.id(), from: 0, to: at, bytes: Ok(first) }));
        indexer.tell_what_came();
    }
    let Indexer { reader, told, .. } = indexer;
    move || {
        step_back();
        let indexer = Indexer { source: &source, news: &news, reader, told };
        indexer.read(InOrder { spool: source.spool(), at }, u64::MAX, false);
    }
}

/// Puts `input` into the spool of its source, at most `most` bytes, and indexes it. Blocks until it is read.
pub fn fill(source: &Source, input: impl Read, most: u64, news: &mpsc::Sender<News>) {
    Indexer::new(source, news).read(input, most, true);
}

/// Which lines only moved, where the diff is small enough to be looked at as a whole.
fn tell_moved(source: &Source, news: &mpsc::Sender<News>) {
    let Ok(diff) = source.spool().window(0, LARGE) else { return };
    if diff.len() as u64 >= LARGE || !source.is_wanted() {
        return;
    }
    let lines = diff::moved::places(&diff::parse(&diff), &diff);
    if !lines.is_empty() {
        drop(news.blocking_send(News::Moved { source: source.id(), lines }));
    }
}

/// A source while it is read.
struct Indexer<'a> {
    source: &'a Source,
    news: &'a mpsc::Sender<News>,
    reader: Reader,
    told: Option<Instant>,
}

impl<'a> Indexer<'a> {
    fn new(source: &'a Source, news: &'a mpsc::Sender<News>) -> Self {
        Self { source, news, reader: Reader::default(), told: None }
    }

    /// Reads at most `most` bytes, and tells what is in them; whether they are put into the spool as well.
    fn read(mut self, input: impl Read, most: u64, put: bool) {
        let end = self.all(input, most, put);
        if matches!(end, Ok(false)) {
            return;
        }
        let failed = end.err();
        // What came before is shown all the same. Nobody listens any more only when the program ends.
        let piece = if failed.is_none() { std::mem::take(&mut self.reader).end() } else { self.reader.piece() };
        self.tell(piece, true);
        if let Some(e) = failed {
            let why = Text::from(e.to_string()).prose();
            drop(self.news.blocking_send(News::Unreadable { source: self.source.id(), why }));
        }
        tell_moved(self.source, self.news);
    }

    /// Reads to the end; whether that was reached, or nobody wants it any more.
    fn all(&mut self, mut input: impl Read, most: u64, put: bool) -> io::Result<bool> {
        let (mut buffer, mut at) = (vec![0; READ], 0u64);
        loop {
            let room = if self.told.is_none() { FIRST } else { READ };
            let bytes = match input.read(buffer.get_mut(..room).unwrap_or_default()) {
                Ok(n) => buffer.get(..n).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if bytes.is_empty() {
                return Ok(true);
            }
            if put {
                self.source.spool().put(bytes, at)?;
            }
            at += bytes.len() as u64;
            if at > most {
                return Err(io::Error::other(format!("it is larger than {most} bytes: the rest was not read")));
            }
            self.reader.feed(bytes);
            if !self.source.is_wanted() || !self.tell_what_came() {
                return Ok(false);
            }
        }
    }

    /// Tells what was read, in small pieces: the memory of one serves the next. Whether anybody listens.
    fn tell_what_came(&mut self) -> bool {
        let look = self.told.is_none_or(|told| told.elapsed() > OFTEN);
        if look {
            self.told = Some(Instant::now());
        }
        let piece = self.reader.piece();
        self.tell(piece, look)
    }

    fn tell(&self, piece: Piece, look: bool) -> bool {
        let news = News::Indexed { source: self.source.id(), piece: Box::new(piece), look };
        self.news.blocking_send(news).is_ok()
    }
}

/// Does what is asked of a source; gives back what is not about one.
pub async fn serve(news: &mpsc::Sender<News>, errand: Errand) -> Option<Errand> {
    match errand {
        Errand::Window { source, from, to } => {
            let id = source.id();
            let read = tokio::task::spawn_blocking(move || source.spool().window(from, to)).await;
            let bytes = match read {
                Ok(Ok(bytes)) => Ok(bytes),
                Ok(Err(e)) => Err(safe!("the diff cannot be read: {}", Text::from(e.to_string()).prose())),
                Err(_) => Err(SafeText::lit("the diff could not be read")),
            };
            drop(news.send(News::Window { source: id, from, to, bytes }).await);
        }
        Errand::Search { generation, source, pattern } => {
            source.0.search.store(generation, Ordering::Relaxed);
            let news = news.clone();
            drop(tokio::task::spawn_blocking(move || search(&source, generation, &pattern, &news)).await);
        }
        Errand::EndSearch { source } => source.0.search.store(0, Ordering::Relaxed),
        other => return Some(other),
    }
    None
}

/// A pattern that the search takes: small letters match capital ones too.
///
/// # Errors
/// In words, what is wrong with it.
pub fn pattern(text: &str) -> Result<Regex, SafeText> {
    let small = !text.chars().any(char::is_uppercase);
    let built = regex::bytes::RegexBuilder::new(text).case_insensitive(small).size_limit(4 << 20).build();
    built.map_err(|e| {
        let words = e.to_string();
        let last = words.lines().last().unwrap_or("it cannot be read").trim_start_matches("error: ");
        Text::from(last).prose()
    })
}

/// What a search has found since it last told.
#[derive(Default)]
struct Found {
    places: Vec<u64>,
    kept: usize,
    count: u64,
}

impl Found {
    fn tell(&mut self, generation: u64, whole: bool, news: &mpsc::Sender<News>) -> bool {
        let places = std::mem::take(&mut self.places);
        news.blocking_send(News::Found { generation, places, count: self.count, whole }).is_ok()
    }

    /// Looks through a line that begins at `at`, for matches that begin from one byte of it up to another; where to
    /// go on in it.
    fn line(&mut self, regex: &Regex, (at, line): (u64, &[u8]), from: usize, to: usize) -> usize {
        let (mut next, mut end) = (from, None);
        while let Some(found) = (next <= line.len()).then(|| regex.find_at(line, next)).flatten() {
            if found.start() >= to {
                break;
            }
            next = found.end() + usize::from(found.is_empty());
            // Nothing right behind a match is none of its own.
            if found.is_empty() && end == Some(found.end()) {
                continue;
            }
            end = Some(found.end());
            self.count += 1;
            if self.kept < PLACES {
                self.kept += 1;
                self.places.push(at + found.start() as u64);
            }
        }
        next.max(to).min(line.len())
    }
}

/// How far a search is.
#[derive(Default)]
struct Reached {
    at: u64,
    /// It is inside of a long line, of which so many bytes were looked through already.
    inside: Option<usize>,
}

impl Reached {
    /// Looks through what lies there: whole lines, or as much of a longer one as the window holds. Of such a line
    /// the end of the window is looked at again in the next one, so that a match of less than `OVERLAP` bytes is
    /// found wherever it stands.
    fn look(&mut self, regex: &Regex, bytes: &[u8], found: &mut Found) {
        let end = memchr::memrchr(b'\n', bytes).map(|end| end + 1);
        let goes_on = end.is_none() && bytes.len() == WINDOW;
        let mut start = self.at;
        for line in bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default().split_inclusive(|b| *b == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            // The sign of a line is none of its content.
            let sign = usize::from(self.inside.is_none() && text.first().is_some_and(|b| b"+- \\".contains(b)));
            let content = (start + sign as u64, text.get(sign..).unwrap_or_default());
            let to = if goes_on { WINDOW - OVERLAP } else { usize::MAX };
            let next = found.line(regex, content, self.inside.take().unwrap_or_default(), to);
            if goes_on {
                self.at = content.0 + next.saturating_sub(BEFORE) as u64;
                self.inside = Some(next.min(BEFORE));
                return;
            }
            start += line.len() as u64;
        }
        self.at = start;
    }
}

/// Goes through the source until it is through or another search is wanted.
fn search(source: &Source, generation: u64, text: &Text, news: &mpsc::Sender<News>) {
    let Ok(regex) = pattern(&text.lossy()) else { return };
    let (mut found, mut reached, mut told) = (Found::default(), Reached::default(), Instant::now());
    let mut buffer = vec![0; WINDOW];
    loop {
        let n = source.spool().read(&mut buffer, reached.at).unwrap_or_default();
        reached.look(&regex, buffer.get(..n).unwrap_or_default(), &mut found);
        if source.0.search.load(Ordering::Relaxed) != generation || !source.is_wanted() {
            return;
        }
        if n == 0 {
            found.tell(generation, true, news);
            return;
        }
        if told.elapsed() > OFTEN {
            told = Instant::now();
            if !found.tell(generation, false, news) {
                return;
            }
        }
    }
}

/// A diff in its spool, and what is told while it is read.
#[cfg(test)]
pub(crate) fn indexed(diff: &[u8]) -> (Source, Vec<News>) {
    let (sender, mut receiver) = mpsc::channel(1_000);
    let source = Source::new().unwrap();
    fill(&source.clone(), diff, u64::MAX, &sender);
    (source, std::iter::from_fn(|| receiver.try_recv().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Index;

    const DIFF: &str = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-Old\n+new\n+newer new\n";

    fn drained(mut receiver: mpsc::Receiver<News>) -> Vec<News> {
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }

    #[test]
    fn a_source_is_indexed_while_it_is_put_into_its_spool() {
        let (news, receiver) = mpsc::channel(99);
        let source = Source::new().unwrap();
        let held = source.clone();
        fill(&source, DIFF.as_bytes(), 1 << 20, &news);
        let mut index = Index::default();
        for news in drained(receiver) {
            let News::Indexed { source, piece, .. } = news else { unreachable!() };
            assert_eq!(source, held.id());
            index.extend(*piece);
        }
        assert!(index.whole);
        assert_eq!((index.totals.files, index.totals.added), (1, 2));
        assert_eq!(held.spool().window(0, 99).unwrap(), DIFF.as_bytes());
    }

    #[test]
    fn what_nobody_holds_is_not_read_on_and_what_is_too_large_is_said() {
        let (news, receiver) = mpsc::channel(99);
        fill(&Source::new().unwrap(), DIFF.as_bytes(), 1 << 20, &news);
        assert!(drained(receiver).is_empty());
        let (news, receiver) = mpsc::channel(99);
        let source = Source::new().unwrap();
        let _held = source.clone();
        fill(&source, DIFF.as_bytes(), 10, &news);
        let last = drained(receiver).pop();
        assert!(matches!(last, Some(News::Unreadable { why, .. }) if why.as_str().contains("larger than 10")));
    }

    #[test]
    fn the_first_page_and_the_index_of_a_file_come_by_themselves_the_index_in_small_pieces() {
        let hunk = |i: usize| format!("diff --git a/{i} b/{i}\n--- a/{i}\n+++ b/{i}\n@@ -1 +1 @@\n-{i}\n+new\n");
        let diff: String = (0..20_000).map(hunk).collect();
        let (news, receiver) = mpsc::channel(999);
        let held = Source::new().unwrap();
        held.spool().put(diff.as_bytes(), 0).unwrap();
        open(held.clone(), news)();
        let mut told = drained(receiver);
        let News::Window { source, from: 0, to, bytes: Ok(bytes) } = told.remove(0) else { unreachable!() };
        assert_eq!((source, bytes.as_slice()), (held.id(), &diff.as_bytes()[..to as usize]));
        let pieces = told.into_iter().filter_map(|news| match news {
            News::Indexed { piece, .. } => Some(piece),
            _ => None,
        });
        let (mut index, mut largest) = (Index::default(), 0);
        for piece in pieces {
            let before = index.files.len();
            index.extend(*piece);
            largest = largest.max(index.files.len() - before);
        }
        assert_eq!(index, diff::parse(diff.as_bytes()));
        assert!(largest < 5_000, "{largest}");
    }

    #[test]
    fn small_letters_find_capital_ones_and_a_line_begins_behind_its_sign() {
        for (pattern, expected) in [
            ("^new", &["new", "newer new"][..]),
            ("old", &["Old"]),
            ("Old", &["Old"]),
            ("NEW", &[]),
            ("new", &["new", "newer new", "new"]),
        ] {
            let (news, receiver) = mpsc::channel(99);
            let source = Source::new().unwrap();
            let held = source.clone();
            source.spool().put(DIFF.as_bytes(), 0).unwrap();
            source.0.search.store(7, Ordering::Relaxed);
            search(&source, 7, &pattern.into(), &news);
            drop(held);
            let places = drained(receiver).into_iter().flat_map(|n| match n {
                News::Found { places, .. } => places,
                _ => Vec::new(),
            });
            let found: Vec<&str> = places.map(|at| DIFF.get(at as usize..).unwrap().lines().next().unwrap()).collect();
            assert_eq!(found, expected, "{pattern}");
        }
        assert!(super::pattern("(").is_err());
    }

    /// Places and their count.
    fn searched(diff: &[u8], pattern: &str) -> (Vec<u64>, u64) {
        let (news, receiver) = mpsc::channel(999);
        let source = Source::new().unwrap();
        let held = source.clone();
        source.spool().put(diff, 0).unwrap();
        source.0.search.store(7, Ordering::Relaxed);
        search(&source, 7, &pattern.into(), &news);
        drop(held);
        let (mut all, mut counted) = (Vec::new(), 0);
        for news in drained(receiver) {
            if let News::Found { places, count, .. } = news {
                all.extend(places);
                counted = count;
            }
        }
        (all, counted)
    }

    #[test]
    fn a_match_is_found_once_wherever_it_stands_in_a_line_longer_than_the_window() {
        let head = b"@@ -0,0 +1 @@\n";
        for at in [1, WINDOW - OVERLAP - 3, WINDOW - OVERLAP, WINDOW - 3, WINDOW, 2 * WINDOW - 3, 3 * WINDOW - 9] {
            let mut line = vec![b'.'; 3 * WINDOW];
            line[0] = b'+';
            line[at..at + 6].copy_from_slice(b"needle");
            for end in [&b""[..], b"\n context\n"] {
                let diff = [&head[..], &line, end].concat();
                let place = (head.len() + at) as u64;
                assert_eq!(searched(&diff, "needle"), (vec![place], 1), "at {at}");
                assert_eq!(searched(&diff, r"\bneedle\b"), (vec![place], 1), "at {at}");
                assert_eq!(searched(&diff, r"^\."), if at == 1 { (vec![], 0) } else { (vec![15], 1) }, "at {at}");
            }
        }
    }

    #[test]
    fn matches_of_nothing_are_those_between_other_matches() {
        let (places, count) = searched(b"+baab\n", "a*");
        assert_eq!((places, count), (vec![1, 2, 5], 3));
    }
}
