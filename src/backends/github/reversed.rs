//! A unified diff the other way round: GitHub compares from the common ancestor only, so what a rollback takes back is
//! asked for as the way there and turned. Pure, byte for byte.

/// Turns a unified diff as git writes it. Turned twice it is itself again, but for the order of the lines that one
/// change removes and adds.
pub(super) fn reversed(diff: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(diff.len());
    let mut turner = Turner::default();
    for line in diff.split_inclusive(|b| *b == b'\n') {
        turner.take(line, &mut out);
    }
    turner.end_change(&mut out);
    out
}

#[derive(Default)]
struct Turner {
    /// Lines of the hunk that are still to come, old and new side.
    left: (u64, u64),
    removed: Vec<u8>,
    added: Vec<u8>,
    last: Option<u8>,
    /// `--- a/x`, until its `+++ b/y` comes.
    from: Option<Vec<u8>>,
}

impl Turner {
    fn take(&mut self, line: &[u8], out: &mut Vec<u8>) {
        match line.first() {
            Some(b'\\') => self.note(line, out),
            Some(side @ (b'-' | b'+' | b' ')) if self.left != (0, 0) => self.content(*side, line, out),
            _ => self.header(line, out),
        }
    }

    fn content(&mut self, side: u8, line: &[u8], out: &mut Vec<u8>) {
        let rest = line.get(1..).unwrap_or_default();
        self.last = Some(side);
        match side {
            b'-' => {
                self.left.0 = self.left.0.saturating_sub(1);
                self.added.push(b'+');
                self.added.extend_from_slice(rest);
            }
            b'+' => {
                self.left.1 = self.left.1.saturating_sub(1);
                self.removed.push(b'-');
                self.removed.extend_from_slice(rest);
            }
            _ => {
                self.left = (self.left.0.saturating_sub(1), self.left.1.saturating_sub(1));
                self.end_change(out);
                out.extend_from_slice(line);
            }
        }
    }

    /// `\ No newline at end of file` belongs to the line before it.
    fn note(&mut self, line: &[u8], out: &mut Vec<u8>) {
        match self.last {
            Some(b'-') => self.added.extend_from_slice(line),
            Some(b'+') => self.removed.extend_from_slice(line),
            _ => out.extend_from_slice(line),
        }
    }

    fn end_change(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.removed);
        out.append(&mut self.added);
    }

    fn header(&mut self, line: &[u8], out: &mut Vec<u8>) {
        self.end_change(out);
        self.last = None;
        if let Some(turned) = hunk(line, &mut self.left) {
            return out.extend_from_slice(&turned);
        }
        if line.starts_with(b"--- ") {
            self.from = Some(line.to_vec());
            return;
        }
        if let (Some(to), Some(from)) = (line.strip_prefix(b"+++ "), self.from.take()) {
            let side = |mark: &[u8], name: &[u8], prefix: u8| [mark, &prefixed(name, prefix)].concat();
            out.extend_from_slice(&side(b"--- ", to, b'a'));
            out.extend_from_slice(&side(b"+++ ", from.get(4..).unwrap_or_default(), b'b'));
            return;
        }
        out.extend_from_slice(&named(line).unwrap_or_else(|| line.to_vec()));
    }
}

/// `b/x` as `a/x` and back, in quotes too; `/dev/null` stays.
fn prefixed(name: &[u8], prefix: u8) -> Vec<u8> {
    let mut name = name.to_vec();
    let at = usize::from(name.first() == Some(&b'"'));
    if name.get(at + 1) == Some(&b'/')
        && let Some(slot) = name.get_mut(at).filter(|b| matches!(**b, b'a' | b'b'))
    {
        *slot = prefix;
    }
    name
}

/// `@@ -1,2 +3,4 @@ section`: its sides change places, and how many lines it has is noted.
fn hunk(line: &[u8], left: &mut (u64, u64)) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(line.get(..line.len().min(120))?)
        .or_else(|e| std::str::from_utf8(line.get(..e.valid_up_to()).unwrap_or_default()));
    let (old, rest) = text.ok()?.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let tail = line.get("@@ -".len() + old.len() + " +".len() + new.len()..)?;
    *left = (count(old)?, count(new)?);
    Some([b"@@ -", new.as_bytes(), b" +", old.as_bytes(), tail].concat())
}

fn count(range: &str) -> Option<u64> {
    let count = range.split_once(',').map_or("1", |(_, count)| count);
    count.parse().ok()
}

/// Headers that name one side.
fn named(line: &[u8]) -> Option<Vec<u8>> {
    const PAIRS: &[(&[u8], &[u8])] =
        &[(b"new file mode ", b"deleted file mode "), (b"old mode ", b"new mode "), (b"rename from ", b"rename to ")];
    for (one, other) in PAIRS {
        for (from, to) in [(one, other), (other, one)] {
            if let Some(rest) = line.strip_prefix(*from) {
                return Some([to, rest].concat());
            }
        }
    }
    let ids = line.strip_prefix(b"index ")?;
    let end = ids.iter().position(|b| *b == b' ' || *b == b'\n').unwrap_or(ids.len());
    let (both, tail) = ids.split_at_checked(end)?;
    let dots = both.windows(2).position(|w| w == b"..")?;
    let (old, new) = (both.get(..dots)?, both.get(dots + 2..)?);
    Some([b"index ", new, b"..", old, tail].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diff;

    const THERE: &str = "\
diff --git a/x b/x
index 1111111..2222222 100644
--- a/x
+++ b/x
@@ -1,3 +1,2 @@ fn
 same
--- looks like a header
-old
+new
\\ No newline at end of file
diff --git a/n b/n
new file mode 100755
index 0000000..3333333
--- /dev/null
+++ b/n
@@ -0,0 +1 @@
+++ looks like one too
diff --git a/f b/t
similarity index 100%
rename from f
rename to t
";
    const BACK: &str = "\
diff --git a/x b/x
index 2222222..1111111 100644
--- a/x
+++ b/x
@@ -1,2 +1,3 @@ fn
 same
-new
\\ No newline at end of file
+-- looks like a header
+old
diff --git a/n b/n
deleted file mode 100755
index 3333333..0000000
--- a/n
+++ /dev/null
@@ -1 +0,0 @@
-++ looks like one too
diff --git a/f b/t
similarity index 100%
rename to f
rename from t
";

    #[test]
    fn what_a_rollback_takes_back_is_the_way_there_turned() {
        assert_eq!(String::from_utf8(reversed(THERE.as_bytes())).unwrap(), BACK);
        let (there, back) = (diff::parse(THERE.as_bytes()), diff::parse(&reversed(THERE.as_bytes())));
        assert_eq!((there.totals.added, there.totals.removed), (back.totals.removed, back.totals.added));
        assert_eq!(there.totals.files, back.totals.files);
    }

    proptest! {
        #[test]
        fn turned_twice_it_adds_and_removes_as_before(
            lines in proptest::collection::vec("(-[-+ a]{0,4}|\\+[-+ a]{0,4}| [a]{0,3})\n", 1..30)
        ) {
            let count = |side: [char; 2]| lines.iter().filter(|l| side.contains(&l.chars().next().unwrap())).count();
            let head = format!("--- a/x\n+++ b/x\n@@ -1,{} +1,{} @@\n", count(['-', ' ']), count(['+', ' ']));
            let text = format!("diff --git a/x b/x\n{head}{}", lines.concat());
            let twice = reversed(&reversed(text.as_bytes()));
            let sorted = |bytes: &[u8]| {
                let mut all: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                all.sort();
                all
            };
            prop_assert_eq!(sorted(&twice), sorted(text.as_bytes()));
        }
    }
}
