//! The order of reading: files that must be seen first, otherwise as the diff has them. Folders can be folded away from
//! it; files that must be seen never go with them.

use std::collections::BTreeSet;

use crate::diff::{File, Index};
use crate::domain::text::Text;

/// Files by their place in the order of reading, and the other way round.
#[derive(Debug, Default)]
pub struct Order {
    places: Vec<u32>,
    files: Vec<u32>,
    must_see: usize,
    folders: BTreeSet<Vec<u8>>,
    folded: Vec<Folded>,
}

/// Files next to each other that are folded away with their folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The folder, with the slash at its end.
    pub folder: Text,
    /// The place of the first file.
    pub first: usize,
    /// The place of the last one.
    pub last: usize,
}

impl Order {
    /// Works the order of what was read so far out.
    pub fn renew(&mut self, index: &Index) {
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
        (self.places, self.files, self.must_see) = (places, files, first.len());
        self.fold_again(index);
    }

    /// Folds the folder of a file away, or shows again what is folded there. Whether it lies in one that folds.
    pub fn fold(&mut self, index: &Index, file: usize) -> bool {
        if self.unfold(index, file) {
            return true;
        }
        let folder = index.files.get(file).filter(|file| file.must_see().is_none()).map(|file| folder(file.name()));
        let Some(folder) = folder.filter(|folder| !folder.is_empty()) else { return false };
        self.folders.insert(folder.to_vec());
        self.fold_again(index);
        true
    }

    /// Shows a file again that is folded away with a folder. Whether it was.
    pub fn unfold(&mut self, index: &Index, file: usize) -> bool {
        let was = self.folded(file).is_some();
        if was {
            let own = index.files.get(file).map(|file| file.name().clone()).unwrap_or_default();
            self.folders.retain(|folder| !own.as_bytes().starts_with(folder));
            self.fold_again(index);
        }
        was
    }

    fn fold_again(&mut self, index: &Index) {
        self.folded.clear();
        if self.folders.is_empty() {
            return;
        }
        for place in self.must_see..self.files.len() {
            let file = self.file(place).and_then(|number| index.files.get(number));
            let Some(folder) = file.and_then(|file| outermost(&self.folders, file)) else { continue };
            match self.folded.last_mut().filter(|b| b.last + 1 == place && b.folder.as_bytes() == folder) {
                Some(before) => before.last = place,
                None => self.folded.push(Folded { folder: Text::new(folder), first: place, last: place }),
            }
        }
    }

    /// What a file is folded away with.
    pub fn folded(&self, file: usize) -> Option<&Folded> {
        self.folded_at(self.place(file)?)
    }

    /// What the file at a place is folded away with.
    pub fn folded_at(&self, place: usize) -> Option<&Folded> {
        let next = self.folded.partition_point(|folded| folded.last < place);
        self.folded.get(next).filter(|folded| folded.first <= place)
    }

    /// The file at a place.
    pub fn file(&self, place: usize) -> Option<usize> {
        self.files.get(place).map(|n| *n as usize)
    }

    /// The place of a file.
    pub fn place(&self, file: usize) -> Option<usize> {
        self.places.get(file).map(|n| *n as usize)
    }

    /// The file that comes after this one.
    pub fn after(&self, file: usize) -> Option<usize> {
        self.file(self.place(file)? + 1)
    }

    /// The file that comes before this one.
    pub fn before(&self, file: usize) -> Option<usize> {
        self.file(self.place(file)?.checked_sub(1)?)
    }

    /// The file that is read after this one, or after all that this one is folded away with.
    pub fn read_after(&self, file: usize) -> Option<usize> {
        let place = self.place(file)?;
        self.file(self.folded_at(place).map_or(place, |folded| folded.last) + 1)
    }

    /// The file that is read before this one, or before all that this one is folded away with.
    pub fn read_before(&self, file: usize) -> Option<usize> {
        let place = self.place(file)?;
        self.file(self.folded_at(place).map_or(place, |folded| folded.first).checked_sub(1)?)
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

/// The folder that a name lies in, with the slash at its end; empty at the top.
pub(super) fn folder(name: &Text) -> &[u8] {
    let bytes = name.as_bytes();
    let end = memchr::memrchr(b'/', bytes).map_or(0, |at| at + 1);
    bytes.get(..end).unwrap_or_default()
}

/// The outermost of these folders that a file lies in.
fn outermost<'f>(folders: &BTreeSet<Vec<u8>>, file: &'f File) -> Option<&'f [u8]> {
    let path = file.name().as_bytes();
    memchr::memchr_iter(b'/', path).filter_map(|at| path.get(..=at)).find(|folder| folders.contains(*folder))
}
