//! From text to terms: words, the parts of identifiers, stop words, stems.

use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

/// Longest term kept, in bytes: longer ones are cut, so that a key always fits a database index.
const MAX_TERM_BYTES: usize = 64;

/// English function words, after the Snowball project's list, without the adverbs of place that tell commands
/// apart (up, down, over, under, before, after) and with the helper words of requests and manuals.
const STOP_WORDS: &[&str] = &[
    "a",
    "about",
    "again",
    "against",
    "all",
    "am",
    "an",
    "and",
    "any",
    "are",
    "arent",
    "as",
    "at",
    "be",
    "because",
    "been",
    "being",
    "both",
    "but",
    "by",
    "can",
    "cannot",
    "cant",
    "could",
    "did",
    "do",
    "does",
    "doesnt",
    "doing",
    "dont",
    "during",
    "each",
    "eg",
    "etc",
    "e",
    "few",
    "for",
    "from",
    "further",
    "g",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "ie",
    "if",
    "im",
    "in",
    "into",
    "is",
    "isnt",
    "it",
    "its",
    "itself",
    "may",
    "me",
    "more",
    "most",
    "must",
    "my",
    "myself",
    "need",
    "no",
    "nor",
    "not",
    "of",
    "on",
    "once",
    "only",
    "or",
    "other",
    "ought",
    "our",
    "ours",
    "ourselves",
    "own",
    "please",
    "same",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "until",
    "use",
    "used",
    "using",
    "very",
    "via",
    "want",
    "was",
    "wasnt",
    "we",
    "were",
    "werent",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "wont",
    "would",
    "you",
    "your",
    "youre",
    "yours",
    "yourself",
    "yourselves",
];

/// One word of a text at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word in lower case, as written otherwise.
    pub surface: String,
    /// Its term: the stem.
    pub term: String,
    /// The parts of an identifier (camelCase, letters and digits), as (surface, term); empty for a plain word.
    pub parts: Vec<(String, String)>,
    /// Whether the word is a stop word.
    pub stop: bool,
    /// Byte offset in the text.
    pub start: usize,
}

/// Turns words into terms and remembers the stems it has computed.
pub struct Analyzer {
    stemmer: Stemmer,
    stems: HashMap<String, String>,
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new()
    }
}

impl Analyzer {
    /// An analyzer for English.
    pub fn new() -> Self {
        Self {
            stemmer: Stemmer::create(Algorithm::English),
            stems: HashMap::new(),
        }
    }

    /// The term of a word in lower case: its stem, cut to 64 bytes.
    pub fn term(&mut self, surface: &str) -> String {
        if let Some(stem) = self.stems.get(surface) {
            return stem.clone();
        }
        let mut stem = self.stemmer.stem(surface).into_owned();
        cut(&mut stem);
        self.stems.insert(surface.to_owned(), stem.clone());
        stem
    }

    /// The words of a text in order, stop words included.
    pub(super) fn words(&mut self, text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        for (start, raw) in runs(text) {
            let surface = lower(&raw);
            if surface.is_empty() {
                continue;
            }
            let pieces = identifier_parts(&raw);
            let parts = if pieces.len() > 1 {
                pieces
                    .iter()
                    .filter(|part| part.chars().nth(1).is_some())
                    .map(|part| {
                        let part = lower(part);
                        let term = self.term(&part);
                        (part, term)
                    })
                    .collect()
            } else {
                Vec::new()
            };
            words.push(Word {
                term: self.term(&surface),
                stop: is_stop_word(&surface),
                surface,
                parts,
                start,
            });
        }
        words
    }
}

/// The whole name as one key, apart from every word: lower case, single spaces, after an equals sign.
pub(super) fn name_key(name: &str) -> String {
    let mut key = String::from("=");
    for (i, word) in name.split_whitespace().enumerate() {
        if i > 0 {
            key.push(' ');
        }
        key.push_str(&word.to_lowercase());
    }
    cut(&mut key);
    key
}

fn is_stop_word(surface: &str) -> bool {
    STOP_WORDS.contains(&surface)
}

fn lower(raw: &str) -> String {
    raw.to_lowercase()
}

fn cut(term: &mut String) {
    if term.len() > MAX_TERM_BYTES {
        let mut end = MAX_TERM_BYTES;
        while !term.is_char_boundary(end) {
            end -= 1;
        }
        term.truncate(end);
    }
}

/// Runs of letters and digits with their byte offsets; an apostrophe inside a word is dropped with a following
/// possessive s. A letter of a script without spaces between words is a run of its own.
fn runs(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut start = 0;
    let mut current = String::new();
    let mut chars = text.char_indices().peekable();
    let mut flush = |start: usize, current: &mut String| {
        if !current.is_empty() {
            out.push((start, std::mem::take(current)));
        }
    };
    while let Some((at, c)) = chars.next() {
        // U+0000 cannot be stored as text in a database, nor is it part of a word.
        if c.is_alphanumeric() {
            if unspaced(c) {
                flush(start, &mut current);
                current.push(c);
                flush(at, &mut current);
                continue;
            }
            if current.is_empty() {
                start = at;
            }
            current.push(c);
        } else if matches!(c, '\'' | '\u{2019}') && !current.is_empty() {
            let mut ahead = chars.clone();
            let next = ahead.next().map(|(_, c)| c);
            let after = ahead.next().map(|(_, c)| c);
            let possessive =
                matches!(next, Some('s' | 'S')) && !after.is_some_and(char::is_alphanumeric);
            if possessive {
                chars.next();
                flush(start, &mut current);
            } else if !next.is_some_and(char::is_alphanumeric) {
                flush(start, &mut current);
            }
        } else {
            flush(start, &mut current);
        }
    }
    flush(start, &mut current);
    out
}

/// Han, Hiragana, Katakana: scripts written without spaces between words.
fn unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The parts of an identifier: `NodeVersions` is Node, Versions; `HTTPServer2` is HTTP, Server, 2.
fn identifier_parts(word: &str) -> Vec<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Upper,
        Lower,
        Digit,
    }
    let kind = |c: char| {
        if c.is_numeric() {
            Kind::Digit
        } else if c.is_uppercase() {
            Kind::Upper
        } else {
            Kind::Lower
        }
    };
    let chars: Vec<char> = word.chars().collect();
    let mut parts: Vec<String> = Vec::new();
    for (i, &c) in chars.iter().enumerate() {
        let boundary = i > 0 && {
            let (before, here) = (kind(chars[i - 1]), kind(c));
            match (before, here) {
                (Kind::Lower, Kind::Upper) => true,
                (Kind::Upper, Kind::Upper) => {
                    // The last capital of a run starts the next part, except before a plural s (URLs).
                    let next_is_lower = chars.get(i + 1).is_some_and(|&n| kind(n) == Kind::Lower);
                    let plural = chars.get(i + 1) == Some(&'s') && i + 2 == chars.len();
                    next_is_lower && !plural
                }
                (Kind::Digit, Kind::Digit) => false,
                (Kind::Digit, _) | (_, Kind::Digit) => true,
                _ => false,
            }
        };
        match parts.last_mut() {
            Some(part) if !boundary => part.push(c),
            _ => parts.push(c.to_string()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surfaces(text: &str) -> Vec<String> {
        Analyzer::new()
            .words(text)
            .into_iter()
            .map(|w| w.surface)
            .collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            surfaces("Get-NodeVersions (v1.2)"),
            ["get", "nodeversions", "v1", "2"]
        );
        assert_eq!(
            surfaces("user's file; don't, hosts'"),
            ["user", "file", "dont", "hosts"]
        );
        assert_eq!(surfaces("a_b/c.d"), ["a", "b", "c", "d"]);
        assert_eq!(surfaces("\u{4e2d}\u{6587}x"), ["\u{4e2d}", "\u{6587}", "x"]);
        assert_eq!(surfaces(" ' '' \u{0} "), Vec::<String>::new());
    }

    #[test]
    fn identifiers_have_parts() {
        assert_eq!(identifier_parts("NodeVersions"), ["Node", "Versions"]);
        assert_eq!(identifier_parts("HTTPServer2"), ["HTTP", "Server", "2"]);
        assert_eq!(identifier_parts("base64"), ["base", "64"]);
        assert_eq!(identifier_parts("URLs"), ["URLs"]);
        assert_eq!(identifier_parts("plain"), ["plain"]);
    }

    #[test]
    fn stems_join_forms_of_a_word() {
        let mut analyzer = Analyzer::new();
        assert_eq!(analyzer.term("compressed"), analyzer.term("compress"));
        assert_eq!(analyzer.term("directories"), analyzer.term("directory"));
        assert_eq!(analyzer.term(&"\u{e9}".repeat(100)).len(), 64);
    }

    #[test]
    fn a_name_is_one_key() {
        assert_eq!(name_key("Get-NodeVersions"), "=get-nodeversions");
        assert_eq!(name_key(" git  Diff "), "=git diff");
    }

    #[test]
    fn stop_words_tell_nothing() {
        assert!(is_stop_word("the"));
        assert!(!is_stop_word("under"));
    }
}
