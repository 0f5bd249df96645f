//! Retrieval by words: which documents (one per tool) a request in plain words means.
//!
//! The ranking is Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
//! Beyond", 2009) over stems, all fields alike, with adjacent pairs of stems scored the same way at a fifth of
//! the weight and a small gain for a tool that the request mentions by name.
//! It reads only the *postings* of the request's own terms and two numbers about the collection, so the
//! same [`rank`] serves an index built in memory and one that a database keeps:
//!
//! 1. [`Query::parse`] reads the request; [`Query::terms`] lists the keys whose postings it needs.
//! 2. The caller supplies [`Postings`] (from [`Index`] or from packed rows, [`PostingList::decode`]) and
//!    [`Stats`].
//! 3. [`rank`] returns the hits. Sums are made in the order of the request's words, so that both sources
//!    give the same bits.

mod acts;
mod document;
mod encoder;
mod index;
mod lexicon;
mod meaning;
mod neighbour;
mod packed;
mod pattern;
mod postings;
mod query;
mod rank;
mod stop_words;
mod words;

pub use document::{Analyzed, CapabilityText, PatternText, TermUse, Text, analyze};
pub use encoder::{Encoder, Encoding, Kept};
pub use index::Index;
pub use neighbour::{beginnings, nearest};
pub use packed::PackedError;
pub use pattern::{PatternFit, Reader, WordMemory, surface};
pub use postings::{Entry, Lists, PostingList, Postings, Stats};
pub use query::{Asked, Query, QueryWord};
pub use rank::{Hit, Hits, Ranking, TermWeight, order, rank};
pub use words::Analyzer;
