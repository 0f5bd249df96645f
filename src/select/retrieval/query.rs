//! A request in words, read into the terms whose postings the ranking needs.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::lexicon::lexicon;
use super::neighbour;
use super::postings::{Lists, PostingList};
use super::words::{Analyzer, name_key};

/// What a word in parentheses weighs: an aside explains the request more than it is the request.
const ASIDE_WEIGHT: f64 = 0.5;

/// What the nearest known word weighs in the place of an unknown one.
const NEIGHBOUR_WEIGHT: f64 = 0.8;

/// What a phrase of the lexicon weighs beside the words that it is made of.
const PHRASE_WEIGHT: f64 = 0.5;

/// Most words in a name that a request is searched for.
const NAME_WORDS: usize = 3;

/// Longest name in quotes, in bytes.
const LONGEST_NAME: usize = 100;

/// Most words of a request that are read; the rest of a longer one is ignored.
const MAX_WORDS: usize = 64;

/// A word of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryWord {
    /// The word as written, in lower case.
    pub surface: String,
    /// Its term.
    pub term: String,
    /// Its weight: 1, or less for an aside.
    pub weight: f64,
    /// An identifier as a whole whose parts are words of their own: it counts only if it is known.
    pub optional: bool,
    /// The term of the identifier that the word is only a part of: it counts only where that one is unknown.
    pub part_of: Option<String>,
    /// Other terms that may stand for the word, with the share of its weight that they count for.
    pub alternatives: Vec<(String, f64)>,
    /// Two adjacent terms that may stand for it ("file system" for "filesystem").
    pub splits: Vec<(String, String)>,
    /// The term that an unknown word was read as.
    pub read: Option<String>,
}

/// Two adjacent words of the request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QueryPair {
    pub first: String,
    pub second: String,
    /// The term of both written as one word.
    pub joined: Option<String>,
}

/// Words of the request that may be a tool's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    /// The name's key.
    pub key: String,
    /// The terms of its words; none for a name of stop words.
    pub terms: Vec<String>,
}

/// A request, analysed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    words: Vec<QueryWord>,
    pub(super) pairs: Vec<QueryPair>,
    pub(super) names: Vec<String>,
    pub(super) mentions: Vec<Mention>,
    pub(super) asked: Asked,
}

/// What a request says as a whole, stop words included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// As it was written.
    pub whole: String,
    /// Its words in lower case between single spaces.
    pub text: String,
    /// Their terms.
    pub terms: HashSet<Arc<str>>,
}

struct Unit {
    surface: String,
    term: String,
    aside: bool,
}

impl Query {
    /// Reads a request. One without any word has no terms and no hits.
    pub fn parse(analyzer: &mut Analyzer, text: &str) -> Query {
        let aside = asides(text);
        let mut words = analyzer.words(text);
        words.truncate(MAX_WORDS);
        let asked = Asked {
            whole: text.to_owned(),
            text: joined(words.iter().map(|(_, word)| &*word.surface)),
            terms: words.iter().map(|(_, word)| word.term.clone()).collect(),
        };
        if !words.iter().all(|(_, word)| word.stop) {
            words.retain(|(_, word)| !word.stop);
        }
        let is_aside = |start: usize| aside.iter().any(|&(from, to)| (from..to).contains(&start));
        let all_aside = words.iter().all(|&(start, _)| is_aside(start));
        let mut query = Query {
            names: names(text),
            mentions: mentions(analyzer, text),
            asked,
            ..Query::default()
        };
        let mut units: Vec<Unit> = Vec::new();
        for (start, word) in &words {
            let aside = !all_aside && is_aside(*start);
            let weight = if aside { ASIDE_WEIGHT } else { 1.0 };
            query.add_word(analyzer, &word.surface, &word.term, weight, None);
            if let Some(whole) = query.words.iter_mut().find(|w| *w.term == *word.term) {
                whole.optional = !word.parts.is_empty();
            }
            if word.parts.is_empty() {
                units.push(Unit {
                    surface: word.surface.to_string(),
                    term: word.term.to_string(),
                    aside,
                });
            }
            for (surface, term) in &word.parts {
                if *term != word.term {
                    query.add_word(analyzer, surface, term, weight, Some(&word.term));
                }
                units.push(Unit {
                    surface: surface.to_string(),
                    term: term.to_string(),
                    aside,
                });
            }
        }
        for pair in units.windows(2) {
            let [first, second] = pair else { continue };
            if first.aside != second.aside {
                continue;
            }
            let known = query
                .pairs
                .iter()
                .any(|p| p.first == first.term && p.second == second.term);
            if known {
                continue;
            }
            let letters = |s: &str| s.chars().all(char::is_alphabetic);
            let joined = (letters(&first.surface) && letters(&second.surface)).then(|| {
                analyzer
                    .term(&format!("{}{}", first.surface, second.surface))
                    .to_string()
            });
            query.pairs.push(QueryPair {
                first: first.term.clone(),
                second: second.term.clone(),
                joined,
            });
        }
        query.add_phrases();
        query
    }

    /// Adds the phrases of the lexicon, as words of their own that count only where what they mean is known.
    fn add_phrases(&mut self) {
        for (phrase, others) in lexicon().phrases(&self.asked.text) {
            self.words.push(QueryWord {
                surface: phrase.to_owned(),
                term: phrase.to_owned(),
                weight: PHRASE_WEIGHT,
                optional: true,
                part_of: None,
                alternatives: others.to_vec(),
                splits: Vec::new(),
                read: None,
            });
        }
    }

    fn add_word(
        &mut self,
        analyzer: &mut Analyzer,
        surface: &str,
        term: &str,
        weight: f64,
        part_of: Option<&str>,
    ) {
        if let Some(word) = self.words.iter_mut().find(|word| word.term == term) {
            word.weight = word.weight.max(weight);
            if part_of.is_none() {
                word.part_of = None;
            }
            return;
        }
        self.words.push(QueryWord {
            surface: surface.to_owned(),
            term: term.to_owned(),
            weight,
            optional: false,
            part_of: part_of.map(str::to_owned),
            alternatives: lexicon().stand_ins(term),
            splits: splits(analyzer, surface),
            read: None,
        });
    }

    /// The words that carry meaning, each once, in the order of the request.
    pub fn words(&self) -> &[QueryWord] {
        &self.words
    }

    /// Whether the request holds no word at all.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.names.is_empty()
    }

    /// Every key whose postings [`rank`](super::rank) may read, in byte order.
    pub fn terms(&self) -> Vec<String> {
        let mut keys = BTreeSet::new();
        for word in &self.words {
            keys.insert(&word.term);
            keys.extend(word.alternatives.iter().map(|(term, _)| term));
            for (first, second) in &word.splits {
                keys.extend([first, second]);
            }
        }
        keys.extend(self.pairs.iter().filter_map(|pair| pair.joined.as_ref()));
        keys.extend(&self.names);
        for mention in &self.mentions {
            keys.insert(&mention.key);
            keys.extend(&mention.terms);
        }
        keys.into_iter().cloned().collect()
    }

    /// The words that no document holds, nor anything that stands for them, and that are no words of the field. For each, the terms that begin with
    /// one of its [`beginnings`](super::beginnings) are worth a second look: see [`relate`](Self::relate).
    pub fn unknown(&self, postings: &impl Lists) -> Vec<String> {
        let known = |term: &String| postings.get(term).is_some_and(|list| !list.is_empty());
        self.words
            .iter()
            .filter(|word| {
                !(word.optional
                    || lexicon().knows(&word.term)
                    || word.part_of.as_ref().is_some_and(known)
                    || known(&word.term)
                    || word.alternatives.iter().any(|(term, _)| known(term))
                    || word.splits.iter().any(|(first, second)| {
                        match (postings.get(first), postings.get(second)) {
                            (Some(first), Some(second)) => !adjacent(first, second).is_empty(),
                            _ => false,
                        }
                    }))
            })
            .map(|word| word.term.clone())
            .collect()
    }

    /// Lets the nearest of the collection's terms stand for an unknown word (another form of it, or a slip of the
    /// pen), if one is near. Returns the term taken; its postings are then needed too.
    pub fn relate<'a>(
        &mut self,
        unknown: &str,
        vocabulary: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let written = self.words.iter().find(|word| word.term == unknown)?;
        let near = neighbour::nearest(unknown, &written.surface, vocabulary)?;
        if self.words.iter().any(|word| word.term == near) {
            return None;
        }
        let word = self.words.iter_mut().find(|word| word.term == unknown)?;
        word.alternatives.push((near.to_owned(), NEIGHBOUR_WEIGHT));
        let kin = lexicon().stand_ins(near).into_iter();
        (word.alternatives).extend(kin.map(|(term, share)| (term, share * NEIGHBOUR_WEIGHT)));
        word.read = Some(near.to_owned());
        Some(near)
    }
}

/// The documents that hold two terms side by side, with how often.
pub(super) fn adjacent(first: &PostingList, second: &PostingList) -> Vec<(super::Entry, u32)> {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while let (Some(a), Some(b)) = (first.entries().get(i), second.entries().get(j)) {
        match a.doc.cmp(&b.doc) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                let after = second.positions(b);
                let times = first
                    .positions(a)
                    .iter()
                    .filter(|&&p| {
                        p.checked_add(1)
                            .is_some_and(|next| after.binary_search(&next).is_ok())
                    })
                    .count();
                if times > 0 {
                    out.push((*a, times as u32));
                }
                i += 1;
                j += 1;
            }
        }
    }
    out
}

/// The ways to read one word as two of at least three letters each.
fn splits(analyzer: &mut Analyzer, surface: &str) -> Vec<(String, String)> {
    if !(6..=24).contains(&surface.len()) || !surface.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Vec::new();
    }
    (3..=surface.len() - 3)
        .map(|at| {
            let (first, second) = surface.split_at(at);
            (
                analyzer.term(first).to_string(),
                analyzer.term(second).to_string(),
            )
        })
        .collect()
}

/// Words between single spaces.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// Byte ranges inside parentheses.
fn asides(text: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut open = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' => open.push(at),
            ')' => {
                if let Some(start) = open.pop()
                    && open.is_empty()
                {
                    out.push((start, at));
                }
            }
            _ => {}
        }
    }
    out
}

/// The runs of one to three words as possible names.
fn mentions(analyzer: &mut Analyzer, text: &str) -> Vec<Mention> {
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .collect();
    let mut out: Vec<Mention> = Vec::new();
    for length in 1..=NAME_WORDS {
        for run in words.windows(length) {
            let name = run.join(" ");
            let key = name_key(&name);
            if out.iter().any(|mention| mention.key == key) {
                continue;
            }
            let meaning = analyzer
                .words(&name)
                .into_iter()
                .filter(|(_, word)| !word.stop);
            let terms: Vec<String> = meaning.map(|(_, word)| word.term.to_string()).collect();
            out.push(Mention { key, terms });
        }
    }
    out
}

/// The keys of the names that the request gives exactly: the whole request, a word in quotes, and a word that can
/// only be an identifier (with a digit, an inner capital, a dash, dot or underscore).
fn names(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut add = |name: &str| {
        let key = name_key(name);
        if key.len() > 1 && !keys.contains(&key) {
            keys.push(key);
        }
    };
    add(text);
    for quote in ['`', '"', '\''] {
        let quoted = text.split(quote).skip(1).step_by(2);
        let quoted = quoted.filter(|it| it.len() <= LONGEST_NAME);
        quoted.take(MAX_WORDS).for_each(&mut add);
    }
    for word in text.split_whitespace().take(MAX_WORDS) {
        let word = word.trim_matches(|c: char| {
            matches!(
                c,
                ',' | ';' | ':' | '.' | '?' | '!' | '(' | ')' | '`' | '"' | '\''
            )
        });
        let inner_capital =
            word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
        if inner_capital
            || word
                .chars()
                .any(|c| c.is_numeric() || matches!(c, '-' | '_' | '.'))
        {
            add(word);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Query {
        Query::parse(&mut Analyzer::new(), text)
    }

    #[test]
    fn stop_words_are_left_out_unless_there_is_nothing_else() {
        let words: Vec<String> = parse("find the large files")
            .words()
            .iter()
            .map(|w| w.term.clone())
            .collect();
        assert_eq!(words, ["find", "larg", "file"]);
        assert_eq!(parse("who").words().len(), 1);
        assert!(parse("").is_empty());
        assert!(parse(" ?! ").words().is_empty());
    }

    #[test]
    fn an_identifier_is_optional_beside_its_parts() {
        let query = parse("Get-NodeVersions");
        let words: Vec<(&str, bool)> = query
            .words()
            .iter()
            .map(|w| (w.surface.as_str(), w.optional))
            .collect();
        assert_eq!(
            words,
            [
                ("get", false),
                ("nodeversions", true),
                ("node", false),
                ("versions", false)
            ]
        );
        assert_eq!(query.names, ["=get-nodeversions"]);
    }

    #[test]
    fn asides_weigh_less() {
        let query = parse("scan ports (all hosts)");
        assert_eq!(
            query.words().iter().map(|w| w.weight).collect::<Vec<_>>(),
            [1.0, 1.0, 0.5]
        );
        assert_eq!(parse("(scan)").words()[0].weight, 1.0);
    }

    #[test]
    fn names_are_the_request_quoted_words_and_identifiers() {
        assert_eq!(
            names("use `find` or ls-files"),
            ["=use `find` or ls-files", "=find", "=ls-files"]
        );
    }

    /// F4: every name is held against all before it.
    #[test]
    fn f4_a_request_of_names_alone_is_read_to_a_limit() {
        let quoted: Vec<String> = (0..10_000).map(|it| format!("'a{it}'")).collect();
        assert!(names(&quoted.concat()).len() <= 1 + 4 * MAX_WORDS);
    }
}
