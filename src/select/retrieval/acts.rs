//! What a request asks to be done: which of its verbs are asked for, and whether it wants to learn or to change something.

use std::collections::HashSet;
use std::sync::Arc;

use super::lexicon::lexicon;
use super::words::Analyzer;

/// So many words after a word that denies are denied with it: "cannot easily be recovered".
const DENIED: usize = 3;

/// Words that deny what follows them.
const DENIALS: &[&str] = &[
    "cannot", "cant", "couldnt", "didnt", "doesnt", "dont", "never", "nobody", "not", "nothing",
    "without", "wont", "wouldnt",
];

/// Words by which something is wanted done: "I want it deleted".
const WANTS: &[&str] = &["get", "have", "need", "needs", "want", "wants"];

/// Whether a request wants to learn something or to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Learn,
    Change,
}

/// What a request asks to be done.
#[derive(Debug, Default)]
pub(super) struct Acts {
    /// The terms of its words, without the acts that it only tells of.
    pub terms: HashSet<Arc<str>>,
    /// The same words in lower case between single spaces.
    pub text: String,
    /// What it is for, where its first words say so.
    pub purpose: Option<Purpose>,
}

impl Acts {
    /// The acts of a request, given by its words in lower case between single spaces.
    pub fn of(analyzer: &mut Analyzer, text: &str) -> Self {
        let words: Vec<(Arc<str>, Arc<str>)> = (text.split(' '))
            .map(|surface| (surface.into(), analyzer.term(surface)))
            .collect();
        let kept = (0..words.len()).filter(|&at| !denied(&words, at) && !told(&words, at));
        let kept: Vec<_> = kept.map(|at| words[at].clone()).collect();
        let surfaces: Vec<&str> = kept.iter().map(|(surface, _)| &**surface).collect();
        Self {
            text: surfaces.join(" "),
            terms: kept.iter().map(|(_, term)| term.clone()).collect(),
            purpose: purpose(&words),
        }
    }
}

/// Whether a word is denied: "so that nobody can restore it".
fn denied(words: &[(Arc<str>, Arc<str>)], at: usize) -> bool {
    let before = &words[at.saturating_sub(DENIED)..at];
    before.iter().any(|(word, _)| DENIALS.contains(&&**word))
}

/// Whether a word tells what was done, and does not ask for it: "a deleted file", but not "it must be deleted".
fn told(words: &[(Arc<str>, Arc<str>)], at: usize) -> bool {
    let (surface, term) = &words[at];
    if !surface.ends_with("ed") || surface == term {
        return false;
    }
    let wanted = words[..at].iter().enumerate().any(|(at, (word, _))| {
        let next = words.get(at + 1).map(|(word, _)| &**word);
        WANTS.contains(&&**word) && !matches!(next, Some("to" | "back"))
    });
    let be = at.checked_sub(1).is_some_and(|it| &*words[it].0 == "be");
    !wanted && !be
}

/// What the first words that say something say, unless a change is asked for besides ("find them and delete them").
fn purpose(words: &[(Arc<str>, Arc<str>)]) -> Option<Purpose> {
    let mut words = words;
    loop {
        let (_, first) = words.first()?;
        let surfaces: Vec<&str> = words.iter().map(|(surface, _)| &**surface).collect();
        let text = surfaces.join(" ");
        if lexicon().changes(first, &text) {
            return Some(Purpose::Change);
        }
        match lexicon().fillers(first, &text) {
            0 => break,
            skipped => words = words.get(skipped..)?,
        }
    }
    let (_, first) = words.first()?;
    let mut then = (words.windows(2)).filter(|pair| matches!(&*pair[0].0, "and" | "then"));
    let changes_too = then.any(|pair| lexicon().changes(&pair[1].1, ""));
    (lexicon().learns(first) && !changes_too).then_some(Purpose::Learn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::retrieval::Query;

    fn acts(text: &str) -> Acts {
        let mut analyzer = Analyzer::new();
        let query = Query::parse(&mut analyzer, text);
        Acts::of(&mut analyzer, &query.asked.text)
    }

    #[test]
    fn what_was_done_is_not_asked_for() {
        let asks = |text: &str| acts(text).terms.contains("delet");
        assert!(!asks("recover a deleted file"));
        assert!(!asks("I accidentally deleted a folder, get it back"));
        assert!(!asks("I need to bring back what was deleted"));
        assert!(!asks("list the files but do not delete them"));
        assert!(asks("delete a file"));
        assert!(asks("old logs should be deleted"));
        assert!(asks("I want the old logs deleted"));
    }

    #[test]
    fn what_is_denied_is_not_asked_for() {
        assert!(
            !acts("overwrite it so that it cannot be recovered")
                .terms
                .contains("recov")
        );
        assert!(
            !acts("so that nobody can restore it")
                .terms
                .contains("restor")
        );
    }

    #[test]
    fn a_word_that_only_ends_so_is_kept() {
        assert!(acts("shred the file").terms.contains("shred"));
    }

    #[test]
    fn the_first_words_tell_the_purpose() {
        let purpose = |text: &str| acts(text).purpose;
        for text in [
            "who is logged in",
            "please show me the disks",
            "is the server up",
            "Can you list all users?",
            "find the files and count them",
        ] {
            assert_eq!(purpose(text), Some(Purpose::Learn), "{text}");
        }
        for text in [
            "add a user",
            "how do I rename a folder",
            "I want to get rid of it",
            "delete old logs",
            "what is the best way to resize an image",
        ] {
            assert_eq!(purpose(text), Some(Purpose::Change), "{text}");
        }
        for text in ["", "please", "a new disk", "find old logs and delete them"] {
            assert_eq!(purpose(text), None, "{text}");
        }
    }
}
