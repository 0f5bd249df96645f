//! From text to terms: words, the parts of identifiers, stop words, stems.

use std::sync::Arc;

use rust_stemmers::{Algorithm, Stemmer};

use super::stop_words::STOP_WORDS;

/// A map by words of texts: each word of each text is looked up, mostly short ones.
pub(super) type ByWord<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// Longest term kept, in bytes: longer ones are cut, so that a key always fits a database index.
const MAX_TERM_BYTES: usize = 64;

/// A word as the analysis reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word in lower case, as written otherwise.
    pub surface: Arc<str>,
    /// Its term: the stem.
    pub term: Arc<str>,
    /// The parts of an identifier (camelCase, letters and digits), as (surface, term); empty for a plain word.
    pub parts: Vec<(Arc<str>, Arc<str>)>,
    /// Whether the word is a stop word.
    pub stop: bool,
    /// Which of the analyzer's words it is.
    pub number: usize,
}

/// Turns words into terms and remembers those it has met.
pub struct Analyzer {
    stemmer: Stemmer,
    stems: ByWord<Box<str>, Arc<str>>,
    words: ByWord<Box<str>, Arc<Word>>,
    letters: usize,
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
            stems: ByWord::default(),
            words: ByWord::default(),
            letters: 0,
        }
    }

    /// Bytes of the words that it has met.
    pub(super) fn letters(&self) -> usize {
        self.letters
    }

    /// The term of a word in lower case: its stem, cut to 64 bytes.
    pub fn term(&mut self, surface: &str) -> Arc<str> {
        if let Some(stem) = self.stems.get(surface) {
            return stem.clone();
        }
        let mut stem = self.stemmer.stem(surface).into_owned();
        cut(&mut stem);
        let stem: Arc<str> = stem.into();
        self.stems.insert(surface.into(), stem.clone());
        stem
    }

    /// The words of a text in order with their byte offsets, stop words included.
    pub(super) fn words(&mut self, text: &str) -> Vec<(usize, Arc<Word>)> {
        let mut words = Vec::new();
        runs(text, |start, raw| words.push((start, self.word(raw))));
        words
    }

    fn word(&mut self, raw: &str) -> Arc<Word> {
        if let Some(word) = self.words.get(raw) {
            return word.clone();
        }
        let surface = raw.to_lowercase();
        let pieces = identifier_parts(raw);
        let mut parts = Vec::new();
        if pieces.len() > 1 {
            for part in pieces.iter().filter(|part| part.chars().nth(1).is_some()) {
                let part = part.to_lowercase();
                let term = self.term(&part);
                parts.push((part.into(), term));
            }
        }
        let word = Arc::new(Word {
            term: self.term(&surface),
            stop: is_stop_word(&surface),
            surface: surface.into(),
            parts,
            number: self.words.len(),
        });
        self.letters += raw.len();
        self.words.insert(raw.into(), word.clone());
        word
    }
}

/// The whole name as one key, apart from every word: lower case, single spaces, after an equals sign.
pub(super) fn name_key(name: &str) -> String {
    let mut key = String::from("=");
    for (i, word) in name.split_whitespace().enumerate() {
        if i > 0 {
            key.push(' ');
        }
        key.extend(word.to_lowercase().chars().filter(|c| !c.is_control()));
    }
    cut(&mut key);
    key
}

fn is_stop_word(surface: &str) -> bool {
    STOP_WORDS.contains(&surface)
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

/// Visits the runs of letters and digits with their byte offsets. An apostrophe inside a word is dropped ("don't" is
/// "dont"), a possessive one with its s. A letter of a script without spaces between words is a run of its own.
fn runs(text: &str, mut visit: impl FnMut(usize, &str)) {
    // A run without apostrophes is a piece of the text; one with them is put together here.
    let mut joined = String::new();
    let mut start = None;
    let mut chars = text.char_indices().peekable();
    let mut end_run = |start: &mut Option<usize>, end: usize, joined: &mut String| {
        if let Some(from) = start.take() {
            if joined.is_empty() {
                visit(from, &text[from..end]);
            } else {
                visit(from, joined);
                joined.clear();
            }
        }
    };
    while let Some((at, c)) = chars.next() {
        if c.is_alphanumeric() && !unspaced(c) {
            start.get_or_insert(at);
            if !joined.is_empty() {
                joined.push(c);
            }
        } else if c.is_alphanumeric() {
            end_run(&mut start, at, &mut joined);
            start = Some(at);
            end_run(&mut start, at + c.len_utf8(), &mut joined);
        } else if let (Some(from), '\'' | '\u{2019}') = (start, c) {
            let mut ahead = chars.clone().map(|(_, c)| c);
            let next = ahead.next();
            let ends_after = !ahead.next().is_some_and(char::is_alphanumeric);
            if matches!(next, Some('s' | 'S')) && ends_after {
                end_run(&mut start, at, &mut joined);
                chars.next();
            } else if next.is_some_and(char::is_alphanumeric) {
                if joined.is_empty() {
                    joined.push_str(&text[from..at]);
                }
            } else {
                end_run(&mut start, at, &mut joined);
            }
        } else {
            end_run(&mut start, at, &mut joined);
        }
    }
    end_run(&mut start, text.len(), &mut joined);
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
            .map(|(_, w)| w.surface.to_string())
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
        assert_eq!(name_key(" git  Diff\u{0} "), "=git diff");
    }

    #[test]
    fn stop_words_tell_nothing() {
        assert!(is_stop_word("the"));
        assert!(!is_stop_word("under"));
    }
}
