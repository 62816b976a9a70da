//! Where lines end. A needle that comes every forty bytes is not what `memchr` is made for: here eight bytes are looked
//! at in one word, and what was found in 64 of them is a word too.

/// Every bit of a byte but the highest.
const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
const NEWLINES: u64 = u64::from_le_bytes([b'\n'; 8]);
/// Times this, the highest bits of eight bytes stand side by side at the top.
const GATHER: u64 = 0x0002_0408_1020_4081;

/// The places of all newlines, in order.
pub(super) fn newlines(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut last = [0; 64];
    last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    let masks = blocks.iter().map(mask).chain(std::iter::once_with(move || mask(&last)));
    masks.enumerate().flat_map(|(at, mask)| Ones(mask).map(move |bit| at * 64 + bit))
}

/// A bit for each newline, the first byte lowest.
fn mask(block: &[u8; 64]) -> u64 {
    let words = block.as_chunks::<8>().0.iter();
    words.rev().fold(0, |mask, word| mask << 8 | in_word(u64::from_le_bytes(*word)))
}

fn in_word(word: u64) -> u64 {
    let others = word ^ NEWLINES;
    // The highest bit of a byte is clear where any bit of it is set.
    let zero = !(((others & LOW) + LOW) | others | LOW);
    zero.wrapping_mul(GATHER) >> 56
}

/// The places of the set bits.
struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let at = self.0.trailing_zeros();
        self.0 &= self.0.checked_sub(1)?;
        Some(at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_are_found_and_nothing_else(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\x0b'), Just(0x8a), any::<u8>()], 0..400)) {
            let expected: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
            prop_assert_eq!(newlines(&bytes).collect::<Vec<_>>(), expected);
        }
    }
}
