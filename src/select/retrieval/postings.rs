//! Posting lists: which documents hold a term, how often and where.

use std::collections::HashMap;

use super::document::TermUse;

/// The postings of the terms a query asks for; a term that no document holds is absent.
pub type Postings = HashMap<String, PostingList>;

/// Where the postings of a term are looked up.
pub trait Lists {
    /// The postings of the term, if any document holds it.
    fn get(&self, term: &str) -> Option<&PostingList>;
}

impl Lists for Postings {
    fn get(&self, term: &str) -> Option<&PostingList> {
        HashMap::get(self, term)
    }
}

/// What ranking knows about the whole collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// The number of documents.
    pub documents: u64,
    /// The sum of their lengths, in words.
    pub total_length: u64,
}

impl Stats {
    /// The average length of a document in words; 1 for an empty collection.
    pub fn average_length(&self) -> f64 {
        if self.documents == 0 || self.total_length == 0 {
            1.0
        } else {
            self.total_length as f64 / self.documents as f64
        }
    }
}

/// One document in a posting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The document's number: its place in an [`Index`](super::Index), or a key of the database. Not negative.
    pub doc: i64,
    /// How often it holds the term, see [`TermUse::frequency`].
    pub frequency: u32,
    /// The document's length in words. Kept here so that ranking needs nothing but postings.
    pub length: u32,
    start: u32,
    end: u32,
}

/// The documents that hold one term, by ascending document number.
#[derive(Debug, Clone, Default)]
pub struct PostingList {
    entries: Vec<Entry>,
    positions: Vec<u32>,
}

impl PartialEq for PostingList {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.entries.iter().zip(&other.entries).all(|(a, b)| {
                (a.doc, a.frequency, a.length) == (b.doc, b.frequency, b.length)
                    && self.positions(a) == other.positions(b)
            })
    }
}

impl PostingList {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for that many documents more.
    pub fn reserve(&mut self, documents: usize) {
        self.entries.reserve(documents);
        self.positions.reserve(documents);
    }

    /// The number of documents: the term's document frequency.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no document holds the term.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The documents by ascending number.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where the term stands in a document of this list, ascending.
    pub fn positions(&self, entry: &Entry) -> &[u32] {
        self.positions
            .get(entry.start as usize..entry.end as usize)
            .unwrap_or(&[])
    }

    /// The entry of a document.
    pub fn get(&self, doc: i64) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&doc, |e| e.doc).ok()?;
        self.entries.get(at)
    }

    /// Puts a document in its place; one with the same number is replaced.
    pub fn insert(&mut self, doc: i64, length: u32, frequency: u32, positions: &[u32]) {
        self.positions.extend_from_slice(positions);
        self.place(doc, length, frequency, positions.len());
    }

    /// Notes a position of the document that is [placed](Self::place) next.
    pub(super) fn note(&mut self, position: u32) {
        self.positions.push(position);
    }

    /// The same as [`insert`](Self::insert), where the positions have been noted already.
    pub(super) fn place(&mut self, doc: i64, length: u32, frequency: u32, positions: usize) {
        let end = self.positions.len();
        let entry = Entry {
            doc,
            frequency,
            length,
            start: (end - positions) as u32,
            end: end as u32,
        };
        match self.entries.last() {
            Some(last) if last.doc >= doc => {
                match self.entries.binary_search_by_key(&doc, |e| e.doc) {
                    Ok(at) => self.entries[at] = entry,
                    Err(at) => self.entries.insert(at, entry),
                }
            }
            _ => self.entries.push(entry),
        }
    }

    /// Puts a document's use of the term in its place.
    pub fn insert_use(&mut self, doc: i64, length: u32, term: &TermUse) {
        self.insert(doc, length, term.frequency, &term.positions);
    }

    /// Takes a document out; says whether it was there.
    pub fn remove(&mut self, doc: i64) -> bool {
        match self.entries.binary_search_by_key(&doc, |e| e.doc) {
            Ok(at) => {
                self.entries.remove(at);
                true
            }
            Err(_) => false,
        }
    }

    /// Adds every document of another list.
    pub fn merge(&mut self, other: &PostingList) {
        for entry in &other.entries {
            self.insert(
                entry.doc,
                entry.length,
                entry.frequency,
                other.positions(entry),
            );
        }
    }
}
