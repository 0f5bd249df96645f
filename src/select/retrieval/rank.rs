//! The ranking: BM25 over stems, with pairs of stems.

use super::postings::{Entry, Lists, Stats};
use crate::select::search::Read;

use super::query::{Asked, Query, QueryWord, adjacent};

/// BM25's saturation of repeated terms; the usual value.
const K1: f64 = 1.2;

/// BM25's share of length normalisation. Less than the usual 0.75: a tool with many patterns has a long text, and
/// is not worse for that (measured on four catalogs: better on one, no worse on three).
const B: f64 = 0.4;

/// What an adjacent pair counts, against a word.
const PAIR_WEIGHT: f64 = 0.2;

/// What the mention of a tool's name counts, against a word: a name is often an ordinary word too.
const MENTION_WEIGHT: f64 = 0.3;

/// The same for a name that is a stop word elsewhere (`who`, `at`): the word gains nothing else.
const STOP_NAME_WEIGHT: f64 = 0.5;

/// A document that shares something with the request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The document's number, see [`Entry::doc`].
    pub doc: i64,
    /// The BM25 score, 0 or more. Comparable within one ranking only.
    pub score: f64,
    /// The score as a share of what a text full of the request's words would have; 0 to 1 but for names and pairs.
    pub strength: f64,
    /// The score as a share of the best hit's, 0..=1; 1 for a tool named exactly.
    pub relevance: f64,
    /// The share of the request's information (sum of inverse document frequencies) that the document shares, 0..=1.
    pub coverage: f64,
    /// The request names this tool exactly: it comes before all that it does not name.
    pub exact: bool,
}

/// What one word of the request told the ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct TermWeight {
    /// The word as written, in lower case.
    pub surface: String,
    /// Its term.
    pub term: String,
    /// Other terms that stood for it, with their share.
    pub alternatives: Vec<(String, f64)>,
    /// Its information: inverse document frequency times its weight in the request.
    pub weight: f64,
    /// Whether any document holds it, or something that stands for it.
    pub known: bool,
    /// The term that it was read as, where no document holds it.
    pub read: Option<String>,
}

/// The result of [`rank`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranking {
    /// Every hit.
    pub hits: Hits,
    /// The request's words with their information.
    pub weights: Vec<TermWeight>,
    /// How many of the request's words are known to the collection.
    pub known: usize,
    /// How many words the request has.
    pub words: usize,
    /// The request as a whole.
    pub asked: Asked,
}

impl Ranking {
    /// The coverage of the best hit, 0 without one: see [`Hit::coverage`].
    pub fn coverage(&self) -> f64 {
        self.hits.best().map_or(0.0, |hit| hit.coverage)
    }

    /// The words that were read as others.
    pub fn read(&self) -> Vec<Read> {
        let read = |weight: &TermWeight| {
            Some(Read {
                word: weight.surface.clone(),
                term: weight.read.clone()?,
            })
        };
        self.weights.iter().filter_map(read).collect()
    }

    /// The words that the collection does not know, as written in lower case.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.weights
            .iter()
            .filter(|weight| !weight.known)
            .map(|weight| weight.surface.as_str())
    }
}

/// What each document gains, by ascending document. Every list of the ranking ascends too, so that a list is added by
/// one walk along both.
struct Sums {
    docs: Vec<i64>,
    sums: Vec<Sum>,
}

impl Sums {
    /// Nothing yet, for every document that the query's lists hold.
    fn new(query: &Query, postings: &impl Lists) -> Self {
        let terms = query.terms();
        let lists = terms.iter().filter_map(|term| postings.get(term));
        let entries = lists.flat_map(|list| list.entries());
        let mut docs: Vec<i64> = entries.map(|entry| entry.doc).collect();
        // A few ascending runs: the sort merges them.
        docs.sort();
        docs.dedup();
        let sums = vec![Sum::default(); docs.len()];
        Self { docs, sums }
    }

    /// Adds to the documents of parts, which ascend.
    fn add<T>(
        &mut self,
        parts: impl IntoIterator<Item = T>,
        doc: impl Fn(&T) -> i64,
        mut add: impl FnMut(&mut Sum, T),
    ) {
        let mut places = self.docs.iter().zip(&mut self.sums);
        for part in parts {
            let wanted = doc(&part);
            if let Some((_, sum)) = places.find(|(doc, _)| **doc == wanted) {
                add(sum, part);
            }
        }
    }

    fn hits(self, information: f64) -> Vec<Hit> {
        let found = || {
            let found = self.docs.iter().zip(&self.sums);
            found.filter(|(_, sum)| sum.exact || sum.score > 0.0)
        };
        let best = self.sums.iter().map(|sum| sum.score).fold(0.0, f64::max);
        let share = |part: f64, whole: f64| match whole > 0.0 {
            true => (part / whole).min(1.0),
            false => 0.0,
        };
        let hit = |(doc, sum): (&i64, &Sum)| Hit {
            doc: *doc,
            score: sum.score,
            strength: share(sum.score, information * (K1 + 1.0)),
            relevance: if sum.exact {
                1.0
            } else {
                share(sum.score, best)
            },
            coverage: share(sum.covered, information),
            exact: sum.exact,
        };
        let mut hits = Vec::with_capacity(found().count());
        hits.extend(found().map(hit));
        hits
    }
}

#[derive(Default, Clone, Copy)]
struct Sum {
    score: f64,
    covered: f64,
    exact: bool,
}

struct Bm25 {
    documents: f64,
    average: f64,
}

impl Bm25 {
    /// Inverse document frequency, always positive.
    fn idf(&self, documents_with: usize) -> f64 {
        let n = (documents_with as f64).min(self.documents);
        ((self.documents - n + 0.5) / (n + 0.5)).ln_1p()
    }

    fn saturation(&self, frequency: u32, length: u32) -> f64 {
        let frequency = f64::from(frequency);
        let norm = 1.0 - B + B * f64::from(length) / self.average;
        (K1 + 1.0) * frequency / (K1 * norm + frequency)
    }
}

/// One document's part of a word: its value and the share of the word's information that it covers.
struct Part {
    doc: i64,
    value: f64,
    share: f64,
}

/// Ranks the documents of the postings for a request. Needs the postings of [`Query::terms`]; a missing list is a
/// term that no document holds.
pub fn rank(query: &Query, stats: &Stats, postings: &impl Lists) -> Ranking {
    let bm25 = Bm25 {
        documents: stats.documents as f64,
        average: stats.average_length(),
    };
    let mut sums = Sums::new(query, postings);
    let mut weights: Vec<TermWeight> = Vec::with_capacity(query.words().len());
    for word in query.words() {
        let known = |term: &String| postings.get(term).is_some_and(|list| !list.is_empty());
        if word.part_of.as_ref().is_some_and(known) {
            continue;
        }
        let (parts, information) = word_parts(word, &bm25, postings);
        if word.optional && parts.is_empty() {
            continue;
        }
        let weight = word.weight * information;
        let known = !parts.is_empty();
        sums.add(
            parts,
            |part| part.doc,
            |sum, part| {
                sum.score += word.weight * part.value;
                sum.covered += weight * part.share;
            },
        );
        weights.push(TermWeight {
            surface: word.surface.clone(),
            term: word.term.clone(),
            alternatives: word.alternatives.clone(),
            weight,
            known,
            read: word.read.clone().filter(|_| known),
        });
    }
    let information: f64 = weights.iter().map(|weight| weight.weight).sum();
    add_pairs(query, &bm25, postings, &weights, &mut sums);
    for mention in &query.mentions {
        let Some(list) = postings.get(&mention.key) else {
            continue;
        };
        let frequencies = mention
            .terms
            .iter()
            .map(|term| postings.get(term).map_or(0, |list| list.len()));
        let gain = match frequencies.min() {
            Some(rarest) => MENTION_WEIGHT * bm25.idf(rarest),
            None => STOP_NAME_WEIGHT * bm25.idf(list.len()),
        };
        sums.add(
            list.entries(),
            |entry| entry.doc,
            |sum, _| sum.score += gain,
        );
    }
    for name in &query.names {
        let entries = postings.get(name).map_or(&[][..], |list| list.entries());
        sums.add(entries, |entry| entry.doc, |sum, _| sum.exact = true);
    }
    Ranking {
        hits: Hits::of(sums.hits(information)),
        known: weights.iter().filter(|weight| weight.known).count(),
        words: weights.len(),
        weights,
        asked: query.asked.clone(),
    }
}

/// The hits of a ranking: exact names come first, then higher scores. They are put in order as far as they are asked
/// for, since a request by common words hits much of the collection, and little of that is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hits {
    hits: Vec<Hit>,
    /// So many are in their place; all others come after them.
    placed: usize,
}

impl Hits {
    fn of(hits: Vec<Hit>) -> Self {
        let mut hits = Self { hits, placed: 0 };
        hits.place(1);
        hits
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.hits.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.hits.is_empty()
    }

    /// The best.
    pub fn best(&self) -> Option<&Hit> {
        self.hits.first()
    }

    /// The first `count`, and all that equal the last of them, by descending score, then by document number.
    /// [`order`] settles equal scores by name instead.
    pub fn top(&mut self, count: usize) -> &[Hit] {
        let count = count.min(self.hits.len());
        let Some(last) = count.checked_sub(1) else {
            return &[];
        };
        self.place(count);
        let last = self.hits[last];
        let equal = |hit: &&Hit| before(&last, hit).is_eq();
        let more = self.hits[count..self.placed].iter().take_while(equal);
        &self.hits[..count + more.count()]
    }

    /// All of them, in order.
    pub fn all(&mut self) -> &[Hit] {
        self.top(usize::MAX)
    }

    /// Settles all of them by a key, see [`order`].
    pub fn order<K: Ord>(&mut self, key: impl FnMut(i64) -> K) {
        order(&mut self.hits, key);
        self.placed = self.hits.len();
    }

    /// Those after the first `count`, in no order.
    pub fn after(&self, count: usize) -> &[Hit] {
        self.hits.get(count..).unwrap_or_default()
    }

    /// Puts so many in their place, and all that equal the last of them.
    fn place(&mut self, count: usize) {
        if count <= self.placed || count > self.hits.len() {
            return;
        }
        let rest = &mut self.hits[self.placed..];
        let wanted = count - self.placed;
        let (_, last, after) = rest.select_nth_unstable_by(wanted - 1, in_order);
        let mut end = count;
        for at in 0..after.len() {
            if before(last, &after[at]).is_eq() {
                after.swap(at, end - count);
                end += 1;
            }
        }
        self.hits[self.placed..end].sort_unstable_by(in_order);
        self.placed = end;
    }
}

fn before(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    b.exact.cmp(&a.exact).then(b.score.total_cmp(&a.score))
}

fn in_order(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    before(a, b).then(a.doc.cmp(&b.doc))
}

/// Settles equal scores by a key, such as (name, platform) in byte order: document numbers differ between an index in
/// memory and one in a database, names do not.
pub fn order<K: Ord>(hits: &mut [Hit], mut key: impl FnMut(i64) -> K) {
    hits.sort_by(|a, b| before(a, b).then_with(|| key(a.doc).cmp(&key(b.doc))));
}

/// What each document gains from a word, by ascending document, and the word's information.
fn word_parts(word: &QueryWord, bm25: &Bm25, postings: &impl Lists) -> (Vec<Part>, f64) {
    let own = postings.get(&word.term).filter(|list| !list.is_empty());
    let mut information = bm25.idf(own.map_or(0, |list| list.len()));
    let mut parts: Vec<Part> = Vec::with_capacity(own.map_or(0, |list| list.len()));
    let part = |entry: &Entry, frequency: u32, idf: f64, share: f64| Part {
        doc: entry.doc,
        value: share * idf * bm25.saturation(frequency, entry.length),
        share,
    };
    let own_entries = own.map_or(&[][..], |list| list.entries());
    parts.extend((own_entries.iter()).map(|entry| part(entry, entry.frequency, information, 1.0)));
    let mut stand_in = 0.0f64;
    for (first, second) in &word.splits {
        let (Some(first), Some(second)) = (postings.get(first), postings.get(second)) else {
            continue;
        };
        let documents = adjacent(first, second);
        if !documents.is_empty() {
            let idf = bm25.idf(documents.len());
            stand_in = stand_in.max(idf);
            parts.extend((documents.iter()).map(|(entry, times)| part(entry, *times, idf, 1.0)));
        }
    }
    for (term, share) in &word.alternatives {
        let Some(list) = postings.get(term).filter(|list| !list.is_empty()) else {
            continue;
        };
        let idf = bm25.idf(list.len()).min(information);
        stand_in = stand_in.max(idf);
        let entries = list.entries().iter();
        parts.extend(entries.map(|entry| part(entry, entry.frequency, idf, *share)));
    }
    if own.is_none() && stand_in > 0.0 {
        information = stand_in;
    }
    // A document counts once, with the best that it holds.
    if !parts.is_sorted_by(|a, b| a.doc < b.doc) {
        parts.sort_by(|a, b| a.doc.cmp(&b.doc).then(b.value.total_cmp(&a.value)));
        parts.dedup_by_key(|part| part.doc);
    }
    (parts, information)
}

/// Adds what adjacent words gain where a document holds them side by side, or written as one.
fn add_pairs(
    query: &Query,
    bm25: &Bm25,
    postings: &impl Lists,
    weights: &[TermWeight],
    sums: &mut Sums,
) {
    for pair in &query.pairs {
        if let (Some(first), Some(second)) = (postings.get(&pair.first), postings.get(&pair.second))
        {
            let documents = adjacent(first, second);
            let idf = bm25.idf(documents.len());
            sums.add(
                documents,
                |(entry, _)| entry.doc,
                |sum, (entry, times)| {
                    sum.score += PAIR_WEIGHT * idf * bm25.saturation(times, entry.length);
                },
            );
        }
        let Some(list) = pair.joined.as_ref().and_then(|joined| postings.get(joined)) else {
            continue;
        };
        let idf = bm25.idf(list.len());
        let gain = |sum: &mut Sum, entry: &Entry| {
            sum.score += idf * bm25.saturation(entry.frequency, entry.length);
            for (term, other) in [(&pair.first, &pair.second), (&pair.second, &pair.first)] {
                let held = |term: &String| {
                    postings
                        .get(term)
                        .is_some_and(|list| list.get(entry.doc).is_some())
                };
                if term != other && !held(term) {
                    let weight = weights.iter().find(|weight| weight.term == *term);
                    sum.covered += weight.map_or(0.0, |weight| weight.weight);
                }
            }
        };
        sums.add(list.entries(), |entry| entry.doc, gain);
    }
}
