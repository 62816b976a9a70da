//! Where lines end. A needle that comes every forty bytes is not what `memchr` is made for: here what is found in 64
//! bytes is one word.

use wide::u8x16;

/// The places of all newlines, in order. Quickest where it is walked from inside (`try_for_each`).
pub(super) fn newlines(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut last = [0; 64];
    last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    let masks = blocks.iter().map(mask).chain(std::iter::once_with(move || mask(&last)));
    masks.enumerate().flat_map(|(at, mask)| Ones(mask).map(move |bit| at * 64 + bit))
}

/// A bit for each newline, the first byte lowest.
#[inline]
fn mask(block: &[u8; 64]) -> u64 {
    let newline = u8x16::splat(b'\n');
    let found = block.as_chunks::<16>().0.iter().map(|bytes| u8x16::from(*bytes).simd_eq(newline).to_bitmask());
    found.rev().fold(0, |mask, bits| mask << 16 | u64::from(bits))
}

/// The places of the set bits.
struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    #[inline]
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
