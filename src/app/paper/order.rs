//! The order of reading: files that must be seen first, otherwise as the diff has them.

use crate::diff::Index;

/// Files by their place in the order of reading, and the other way round.
#[derive(Debug, Default)]
pub struct Order {
    places: Vec<u32>,
    files: Vec<u32>,
    must_see: usize,
}

impl Order {
    /// The order of what was read so far.
    pub fn of(index: &Index) -> Self {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let is_must = |n: &usize| index.files.get(*n).is_some_and(|f| f.must_see().is_some());
        let (first, rest): (Vec<usize>, Vec<usize>) = (0..index.files.len()).partition(is_must);
        let files: Vec<u32> = first.iter().chain(&rest).map(|n| narrow(*n)).collect();
        let mut places = vec![0; files.len()];
        for (place, file) in files.iter().enumerate() {
            if let Some(slot) = places.get_mut(*file as usize) {
                *slot = narrow(place);
            }
        }
        Self { places, files, must_see: first.len() }
    }

    /// The file at a place.
    pub fn file(&self, place: usize) -> Option<usize> {
        self.files.get(place).map(|n| *n as usize)
    }

    /// The place of a file.
    pub fn place(&self, file: usize) -> Option<usize> {
        self.places.get(file).map(|n| *n as usize)
    }

    /// The file that is read after this one.
    pub fn after(&self, file: usize) -> Option<usize> {
        self.file(self.place(file)? + 1)
    }

    /// The file that is read before this one.
    pub fn before(&self, file: usize) -> Option<usize> {
        self.file(self.place(file)?.checked_sub(1)?)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// How many of them must be seen; they come first.
    pub fn must_see(&self) -> usize {
        self.must_see
    }
}
