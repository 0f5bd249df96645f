//! The lexicon of the field: words that stand for one another, acts that undo one another, and acts by which
//! something is lost. `lexicon.txt` beside this file holds it, in a form that a person can read and extend; the build
//! puts stems in the place of its words, so that a request needs to find none but its own.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

/// The lexicon with stems in the place of words.
const STEMS: &str = include_str!(concat!(env!("OUT_DIR"), "/lexicon.txt"));

/// Terms with the share of a word's weight that each counts for.
pub(super) type StandIns = Vec<(String, f64)>;

/// What the words of the field have to do with one another, by their stems.
#[derive(Default)]
pub(super) struct Lexicon {
    groups: Vec<Group>,
    phrases: Vec<(String, StandIns)>,
    opposites: Vec<[&'static str; 2]>,
    destroys: HashSet<&'static str>,
    asks: HashSet<&'static str>,
    asking_phrases: Vec<String>,
    learns: HashSet<&'static str>,
    changes: HashSet<&'static str>,
    fillers: HashSet<&'static str>,
    filling_phrases: Vec<String>,
}

/// Words that may be read as others, both between single spaces.
struct Group {
    words: &'static str,
    others: &'static str,
    share: f64,
}

/// The lexicon, read once.
pub(super) fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(STEMS));
    &LEXICON
}

impl Lexicon {
    fn read(text: &'static str) -> Self {
        let mut lexicon = Self::default();
        let mut section = "";
        let mut share = 0.0;
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
                let (name, number) = heading.split_once(' ').unwrap_or((heading, "0"));
                section = name;
                share = number.parse().unwrap_or(0.0);
                continue;
            }
            lexicon.line(section, share, line);
        }
        lexicon
    }

    fn line(&mut self, section: &str, share: f64, line: &'static str) {
        match section {
            "opposites" => {
                if let Some((one, other)) = line.split_once('|') {
                    self.opposites.push([one.trim(), other.trim()]);
                }
            }
            "destroys" => self.destroys.extend(line.split(' ')),
            "learns" => self.learns.extend(line.split(' ')),
            "changes" => self.changes.extend(line.split(' ')),
            "fillers" => {
                let (phrases, words) = parted_by_kind(line);
                self.fillers.extend(words);
                self.filling_phrases.extend(phrases);
            }
            "asks" => {
                let (phrases, words) = parted_by_kind(line);
                self.asks.extend(words);
                self.asking_phrases.extend(phrases);
            }
            _ => match line.split_once('>') {
                Some((phrase, others)) if phrase.contains('_') => {
                    let others = others.split_whitespace();
                    let others = others.map(|it| (it.to_owned(), share)).collect();
                    self.phrases.push((phrase.trim().replace('_', " "), others));
                }
                Some((words, others)) => self.groups.push(Group {
                    words: words.trim(),
                    others: others.trim(),
                    share,
                }),
                None => self.groups.push(Group {
                    words: line,
                    others: line,
                    share,
                }),
            },
        }
    }

    /// The terms that may stand for a term.
    pub fn stand_ins(&self, term: &str) -> StandIns {
        let mut known: StandIns = Vec::new();
        for group in self.groups.iter().filter(|group| has(group.words, term)) {
            for other in group.others.split(' ').filter(|other| *other != term) {
                match known.iter_mut().find(|(it, _)| it == other) {
                    Some((_, present)) => *present = present.max(group.share),
                    None => known.push((other.to_owned(), group.share)),
                }
            }
        }
        known
    }

    /// The phrases of a text, given as its words between single spaces, and what stands for them.
    pub fn phrases<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a [(String, f64)])> {
        let held = |phrase: &str| holds(text, phrase);
        (self.phrases.iter())
            .filter(move |(phrase, _)| held(phrase))
            .map(|(phrase, others)| (phrase.as_str(), others.as_slice()))
    }

    /// How many words at the beginning of a request say nothing of what it asks for; it is given by its first term
    /// and as its words between single spaces.
    pub fn fillers(&self, first: &str, text: &str) -> usize {
        let begins = |phrase: &&String| {
            let after = text.strip_prefix(phrase.as_str());
            after.is_some_and(|it| it.starts_with(' '))
        };
        let phrase = self.filling_phrases.iter().find(begins);
        let phrase = phrase.map(|it| it.split(' ').count());
        phrase.unwrap_or(usize::from(self.fillers.contains(first)))
    }

    /// Whether a term is a word of the field, so that it is not taken for a slip.
    pub fn knows(&self, term: &str) -> bool {
        let in_group = |it: &Group| has(it.words, term) || has(it.others, term);
        let undoes = |[one, other]: &[&str; 2]| has(one, term) || has(other, term);
        self.groups.iter().any(in_group)
            || self.opposites.iter().any(undoes)
            || self.learns(term)
            || self.changes(term, "")
    }

    /// Whether a request that begins with a term asks to learn something.
    pub fn learns(&self, first: &str) -> bool {
        self.learns.contains(first)
    }

    /// Whether a request that begins with a term, and with these words, asks to change something.
    pub fn changes(&self, first: &str, text: &str) -> bool {
        let begins = |phrase: &String| text.starts_with(phrase.as_str());
        self.changes.contains(first)
            || self.destroys.contains(first)
            || self.asks.contains(first)
            || self.asking_phrases.iter().any(begins)
    }

    /// What undoes what is asked for, by the terms of a request and its words between single spaces.
    pub fn opposites(&'static self, asked: &HashSet<Arc<str>>, text: &str) -> Opposites {
        let word_said = |word: &str| match word.contains('_') {
            true => says(text, &word.replace('_', " ")),
            false => asked.contains(word),
        };
        let said = |side: &str| side.split(' ').any(word_said);
        let pairs = self.opposites.iter();
        let both = pairs.flat_map(|[one, other]| [(*one, *other), (*other, *one)]);
        Opposites(both.filter(|(yes, no)| said(yes) && !said(no)).collect())
    }

    /// Whether any of the terms is an act by which something is lost.
    pub fn destroys<'a>(&self, terms: impl IntoIterator<Item = &'a str>) -> bool {
        terms.into_iter().any(|term| self.destroys.contains(term))
    }

    /// Whether a request, given by its terms and as its words between single spaces, asks for such an act.
    pub fn asks_to_destroy(&self, terms: &HashSet<Arc<str>>, text: &str) -> bool {
        let asks = |term: &Arc<str>| self.destroys.contains(&**term) || self.asks.contains(&**term);
        let said = |phrase: &String| says(text, phrase);
        terms.iter().any(asks) || self.asking_phrases.iter().any(said)
    }
}

/// Words for what a request asks, each with those for what undoes it.
pub(super) struct Opposites(Vec<(&'static str, &'static str)>);

impl Opposites {
    /// Whether terms say the opposite of what is asked for, and not what is asked for.
    pub fn in_what<'a>(&self, terms: impl Iterator<Item = &'a str> + Clone) -> bool {
        let says = |side: &str| terms.clone().any(|term| has(side, term));
        self.0.iter().any(|(yes, no)| says(no) && !says(yes))
    }
}

/// The phrases of a line, with spaces between their words, and its words.
fn parted_by_kind(line: &'static str) -> (Vec<String>, Vec<&'static str>) {
    let (phrases, words): (Vec<&str>, Vec<&str>) =
        line.split(' ').partition(|word| word.contains('_'));
    (
        phrases.iter().map(|it| it.replace('_', " ")).collect(),
        words,
    )
}

/// Whether a word is among words between single spaces.
fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|it| it == word)
}

/// Whether a text of words between single spaces holds a phrase.
fn holds(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        before.is_none_or(|it| it == ' ') && after.is_none_or(|it| it == ' ')
    })
}

/// Whether a text of words between single spaces says a phrase, or a verb of two words with others between them.
fn says(text: &str, phrase: &str) -> bool {
    holds(text, phrase) || parted(text, phrase)
}

/// So many words may stand within a verb of two words: "switch the old printer off".
const BETWEEN: usize = 4;

/// Whether a text of words between single spaces has the two words of a verb with others between them.
fn parted(text: &str, phrase: &str) -> bool {
    let Some((verb, particle)) = phrase.split_once(' ') else {
        return false;
    };
    let words: Vec<&str> = text.split(' ').collect();
    (words.iter().enumerate())
        .filter(|(_, word)| **word == verb)
        .any(|(at, _)| {
            words
                .iter()
                .skip(at + 1)
                .take(BETWEEN + 1)
                .any(|it| *it == particle)
        })
}

#[cfg(test)]
mod tests {
    use super::super::words::Analyzer;
    use super::*;

    /// The file that the stems are made from.
    const TEXT: &str = include_str!("lexicon.txt");

    fn terms(words: &[&str]) -> HashSet<Arc<str>> {
        let mut analyzer = Analyzer::new();
        words.iter().map(|word| analyzer.term(word)).collect()
    }

    #[test]
    fn each_line_of_the_file_says_something() {
        let mut section = "";
        for line in TEXT.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(heading) = line.strip_prefix('[') {
                let heading = heading.strip_suffix(']').expect(line);
                section = heading.split(' ').next().expect(line);
                let known = [
                    "acts",
                    "things",
                    "symptoms",
                    "opposites",
                    "destroys",
                    "asks",
                    "learns",
                    "changes",
                    "fillers",
                ];
                assert!(known.contains(&section), "{line}");
                continue;
            }
            assert!(
                line.chars()
                    .all(|c| c.is_ascii_lowercase() || " _>|".contains(c)),
                "{line}"
            );
            match section {
                "opposites" => assert_eq!(line.matches('|').count(), 1, "{line}"),
                "destroys" | "asks" | "learns" | "changes" | "fillers" => {}
                "symptoms" => assert_eq!(line.matches('>').count(), 1, "{line}"),
                _ => assert!(line.split_whitespace().count() > 1, "{line}"),
            }
        }
    }

    #[test]
    fn the_stems_are_those_of_the_analysis() {
        let mut analyzer = Analyzer::new();
        let lines = |text: &'static str| {
            let lines = text.lines().map(str::trim);
            lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
        };
        assert_eq!(lines(TEXT).count(), lines(STEMS).count());
        for (words, stems) in lines(TEXT).zip(lines(STEMS)) {
            let stem = |word: &str| match word.contains('_') {
                true => word.to_owned(),
                false => analyzer.term(word).to_string(),
            };
            let expected: Vec<String> = words.split_whitespace().map(stem).collect();
            assert_eq!(stems, expected.join(" "));
        }
    }

    #[test]
    fn a_word_is_read_as_others_of_its_group() {
        let held = |word: &str, other: &str| {
            let mut analyzer = Analyzer::new();
            let other = analyzer.term(other);
            let of = lexicon().stand_ins(&analyzer.term(word));
            of.iter().any(|(term, _)| *term == *other)
        };
        assert!(held("folders", "directory") && held("directories", "folder"));
        assert!(held("slow", "latency") && !held("latency", "slow"));
        assert_eq!(lexicon().phrases("there is no space on it").count(), 1);
        assert_eq!(lexicon().phrases("there is no spaceship").count(), 0);
    }

    #[test]
    fn opposites_oppose_unless_both_are_said() {
        let opposed = |asked: &[&str], said: &[&str]| {
            let said = terms(said);
            let opposites = lexicon().opposites(&terms(asked), &asked.join(" "));
            opposites.in_what(said.iter().map(|it| &**it))
        };
        assert!(opposed(&["recover", "file"], &["delete", "file"]));
        assert!(opposed(&["unlock", "account"], &["lock"]));
        assert!(opposed(&["switch", "the", "guest", "off"], &["start"]));
        assert!(!opposed(&["switch", "it", "off", "and", "on"], &["start"]));
        assert!(!opposed(&["start", "stop"], &["stop"]));
        assert!(!opposed(&["start"], &["start", "stop"]));
        assert!(!opposed(&["file"], &["delete"]));
    }

    #[test]
    fn what_destroys_is_asked_for_in_many_words() {
        let asks = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            lexicon().asks_to_destroy(&terms(&words), text)
        };
        assert!(asks("get rid of old logs") && asks("throw away the cache") && asks("killing it"));
        assert!(asks("switch the old guest off") && asks("she can no longer sign in"));
        assert!(!asks("recover a file") && !asks("who is here"));
        assert!(!asks("turn it on when the battery of the machine is off"));
        assert!(lexicon().destroys(["delet"]));
        assert!(!lexicon().destroys(["list"]));
    }
}
