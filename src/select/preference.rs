//! The preference that a request's words express.
//!
//! The rule: every keyword of a mode that stands in the request as a whole word is a hit; the mode with most hits
//! wins, ties go in the order fast, accurate, thorough, cheap, simple, and without a hit the mode is balanced. Two
//! kinds of words are no hits: those that are **negated** ("not urgent", "no need to be exact") and those that only
//! **look alike** because they belong to the thing asked for ("free disk space", "basic auth", "all hosts",
//! "every 5 minutes", a word in quotes).

mod lexicon;

use std::ops::Range;

use serde::Serialize;

use super::mode::Mode;
pub use lexicon::KEYWORDS;
use lexicon::{
    ANSWER_NOUNS, BASIC_THINGS, FILLERS, FREE_THINGS, FULL_THINGS, NEGATORS, NOT_PLURAL, SPEED_OF,
    STATE_VERBS, TIMES,
};

/// How a keyword was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A hit.
    Counted,
    /// Negated: no hit.
    Negated,
    /// Part of the thing asked for: no hit.
    LookAlike,
}

/// One keyword found in the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The mode that the keyword stands for.
    pub mode: Mode,
    /// The keyword.
    pub keyword: &'static str,
    /// How it was read at this place.
    pub reading: Reading,
    /// Where it begins in the request, in bytes.
    pub start: usize,
}

/// The preference found in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preference {
    /// The mode to use.
    pub mode: Mode,
    /// Every keyword found, in the order of the request.
    pub evidence: Vec<Evidence>,
}

/// Finds the preference in a request.
pub fn infer(query: &str) -> Preference {
    let words = words(query);
    let quoted = quoted(query);
    let mut evidence = Vec::new();
    for (mode, keywords) in KEYWORDS {
        for &keyword in keywords {
            let parts: Vec<&str> = keyword.split([' ', '-']).collect();
            for at in 0..words.len() {
                if !matches_at(query, &words, at, &parts, keyword.contains('-')) {
                    continue;
                }
                let span = at..at + parts.len();
                let start = words[at].start;
                let reading = if quoted.iter().any(|range| range.contains(&start))
                    || looks_alike(&words, &span, keyword)
                {
                    Reading::LookAlike
                } else if negated(&words, at) {
                    Reading::Negated
                } else {
                    Reading::Counted
                };
                evidence.push(Evidence {
                    mode,
                    keyword,
                    reading,
                    start,
                });
            }
        }
    }
    evidence.sort_by_key(|found| found.start);
    let hits = |mode: Mode| {
        let mut keywords: Vec<&str> = evidence
            .iter()
            .filter(|found| found.mode == mode && found.reading == Reading::Counted)
            .map(|found| found.keyword)
            .collect();
        keywords.sort_unstable();
        keywords.dedup();
        keywords.len()
    };
    let mut best = (Mode::Balanced, 0);
    for (mode, _) in KEYWORDS {
        let count = hits(mode);
        if count > best.1 {
            best = (mode, count);
        }
    }
    Preference {
        mode: best.0,
        evidence,
    }
}

struct Word {
    /// In lower case.
    text: String,
    start: usize,
    end: usize,
    /// Punctuation that ends a phrase stands before this word.
    after_break: bool,
    /// A dash joins it to the word before.
    after_dash: bool,
}

/// Runs of letters, digits, underscores and inner apostrophes.
fn words(query: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut start = None;
    let push = |out: &mut Vec<Word>, range: Range<usize>| {
        let raw = &query[range.clone()];
        let text = raw.trim_end_matches(['\'', '\u{2019}']);
        let before = &query[out.last().map_or(0, |word| word.end)..range.start];
        let (after_break, after_dash) = (
            before.contains([',', ';', ':', '.', '!', '?', '(', ')', '\n']),
            before == "-",
        );
        out.push(Word {
            text: text.to_lowercase().replace('\u{2019}', "'"),
            start: range.start,
            end: range.start + text.len(),
            after_break,
            after_dash,
        });
    };
    for (at, c) in query.char_indices() {
        let inside =
            c.is_alphanumeric() || c == '_' || (matches!(c, '\'' | '\u{2019}') && start.is_some());
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                push(&mut out, from..at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        push(&mut out, from..query.len());
    }
    out
}

fn matches_at(query: &str, words: &[Word], at: usize, parts: &[&str], dashed: bool) -> bool {
    let Some(span) = words.get(at..at + parts.len()) else {
        return false;
    };
    span.iter()
        .zip(parts)
        .all(|(word, part)| word.text == *part)
        && span.windows(2).all(|pair| {
            let between = &query[pair[0].end..pair[1].start];
            if dashed {
                between == "-"
            } else {
                between.chars().all(char::is_whitespace)
            }
        })
}

/// Ranges inside quotation marks or backticks, where something stands outside of them.
fn quoted(query: &str) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for mark in ['"', '`'] {
        let places: Vec<usize> = query.match_indices(mark).map(|(at, _)| at).collect();
        out.extend(places.chunks_exact(2).map(|pair| pair[0]..pair[1]));
    }
    let outside = query
        .char_indices()
        .any(|(at, c)| c.is_alphanumeric() && !out.iter().any(|range| range.contains(&at)));
    if outside { out } else { Vec::new() }
}

fn negated(words: &[Word], at: usize) -> bool {
    let mut here = at;
    while here > 0 && !words[here].after_break {
        here -= 1;
        let word = words[here].text.as_str();
        if NEGATORS.contains(&word) {
            return true;
        }
        // "rather than fast", "instead of fast"
        if word == "than" && here > 0 && words[here - 1].text == "rather" {
            return true;
        }
        if word == "of" && here > 0 && words[here - 1].text == "instead" {
            return true;
        }
        if !FILLERS.contains(&word) {
            return false;
        }
    }
    false
}

fn looks_alike(words: &[Word], span: &Range<usize>, keyword: &str) -> bool {
    let next = words
        .get(span.end)
        .filter(|word| !word.after_break)
        .map(|word| word.text.as_str());
    let before = span
        .start
        .checked_sub(1)
        .and_then(|i| words.get(i))
        .filter(|_| !words[span.start].after_break);
    let before_text = before.map(|word| word.text.as_str());
    let is = |word: Option<&str>, list: &[&str]| word.is_some_and(|word| list.contains(&word));
    if before_text == Some("how") {
        // "how full", "how fast": a measure is asked for.
        return true;
    }
    match keyword {
        "free" => is(next, FREE_THINGS) || words[span.start].after_dash,
        "basic" => is(next, BASIC_THINGS),
        "full" => is(next, FULL_THINGS) || is(before_text, STATE_VERBS),
        "complete" => is(before_text, &["to", "auto", "tab"]),
        "speed" => is(before_text, SPEED_OF) || is(next, &["test", "tests", "limit"]),
        "fast" | "quick" => is(next, &["forward"]),
        "simple" => is(next, &["mail"]),
        "all" => all_of_an_object(words, span.end),
        "every" => {
            is(next, TIMES)
                || next.is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        }
        _ => false,
    }
}

/// "all hosts", "all the running containers", "all of its files": a plural noun within three words.
fn all_of_an_object(words: &[Word], mut at: usize) -> bool {
    const BETWEEN: &[&str] = &[
        "of", "the", "my", "our", "your", "its", "their", "these", "those",
    ];
    let mut described = 0;
    while let Some(word) = words.get(at) {
        if word.after_break || described == 3 || word.text == "and" {
            return false;
        }
        let text = word.text.as_str();
        if ANSWER_NOUNS.contains(&text) {
            return false;
        }
        let plural = text.len() > 3
            && text.ends_with('s')
            && !text.ends_with("ss")
            && !NOT_PLURAL.contains(&text);
        if plural {
            return true;
        }
        if !BETWEEN.contains(&text) {
            described += 1;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mode(query: &str) -> Mode {
        infer(query).mode
    }

    #[test]
    fn whole_words_count_and_most_hits_win() {
        assert_eq!(mode("quick check of the disk"), Mode::Fast);
        assert_eq!(mode("fast but accurate, precise"), Mode::Accurate);
        assert_eq!(mode("fast but accurate"), Mode::Fast);
        assert_eq!(mode("breakfast report"), Mode::Balanced);
        assert_eq!(mode("QUICKLY! asap"), Mode::Fast);
        assert_eq!(mode("double-check the dns"), Mode::Accurate);
        assert_eq!(mode("double check the dns"), Mode::Accurate);
        assert_eq!(mode("low cost copy"), Mode::Cheap);
        assert_eq!(mode("explain in detail"), Mode::Thorough);
        assert_eq!(mode("give me every detail, complete"), Mode::Thorough);
        assert_eq!(mode("I want it all"), Mode::Thorough);
        assert_eq!(mode(""), Mode::Balanced);
    }

    #[test]
    fn a_repeated_word_is_one_hit() {
        assert_eq!(mode("fast, fast, accurate and precise"), Mode::Accurate);
    }

    #[test]
    fn every_keyword_is_found() {
        for (mode, keywords) in KEYWORDS {
            for keyword in keywords {
                assert_eq!(infer(keyword).mode, mode, "{keyword}");
                assert_eq!(
                    infer(&format!("Please {}!", keyword.to_uppercase())).mode,
                    mode,
                    "{keyword}"
                );
            }
        }
    }

    #[test]
    fn negation_turns_a_word_off() {
        for query in [
            "this is not urgent",
            "no hurry",
            "I don't need it to be fast",
            "it needn't be exact",
            "not very urgent",
            "doesn\u{2019}t have to be complete",
            "no need for speed",
            "without a full scan",
        ] {
            assert_eq!(mode(query), Mode::Balanced, "{query}");
        }
        assert_eq!(mode("not urgent, but thorough"), Mode::Thorough);
        assert_eq!(mode("accurate rather than fast"), Mode::Accurate);
        assert_eq!(mode("not only fast"), Mode::Fast);
        assert_eq!(mode("no, be quick"), Mode::Fast);
    }

    #[test]
    fn words_of_the_thing_asked_for_are_no_preference() {
        for query in [
            "show free disk space",
            "free memory",
            "set up basic auth",
            "full text search",
            "restart all hosts",
            "stop all running containers",
            "run the backup every 5 minutes",
            "every day",
            "wait for the job to complete",
            "list files named \"quick notes\"",
            "which disk is full",
            "see how full the disks are",
            "how fast is the network",
            "a volume that is too full",
            "measure network speed",
            "an error-free log",
            "delete all of the logs",
        ] {
            assert_eq!(mode(query), Mode::Balanced, "{query}");
        }
        assert_eq!(mode("a free tool for disk space"), Mode::Cheap);
        assert_eq!(mode("quickly restart all hosts"), Mode::Fast);
        assert_eq!(mode("show me all details"), Mode::Thorough);
        assert_eq!(mode("\"quick\""), Mode::Fast);
    }

    #[test]
    fn the_evidence_says_how_each_word_was_read() {
        let preference = infer("not urgent: simple free disk check");
        let readings: Vec<_> = preference
            .evidence
            .iter()
            .map(|found| (found.keyword, found.reading))
            .collect();
        assert_eq!(
            readings,
            [
                ("urgent", Reading::Negated),
                ("simple", Reading::Counted),
                ("free", Reading::LookAlike)
            ]
        );
        assert_eq!(preference.evidence[1].start, 12);
    }

    proptest! {
        #[test]
        fn any_text_has_a_preference(query in "\\PC{0,60}") {
            prop_assert_eq!(infer(&query), infer(&query));
        }
    }

    fn shared(file: &str) -> Option<String> {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").to_owned();
        let shared = std::env::var("TOOLCAT_SHARED").unwrap_or(beside);
        std::fs::read_to_string(format!("{shared}/fixtures/{file}")).ok()
    }

    #[test]
    fn the_reference_lists_and_cases_hold() {
        let Some(lists) = shared("preference_keywords.json") else {
            return;
        };
        let lists: serde_json::Value = serde_json::from_str(&lists).expect("lists");
        for (mode, keywords) in KEYWORDS {
            assert_eq!(lists[mode.as_str()], serde_json::json!(keywords));
        }
        let (Some(cases), Some(expected)) = (
            shared("select/cases.jsonl"),
            shared("select/expected.jsonl"),
        ) else {
            return;
        };
        for (case, expected) in cases.lines().zip(expected.lines()) {
            let case: serde_json::Value = serde_json::from_str(case).expect("case");
            let expected: serde_json::Value = serde_json::from_str(expected).expect("expected");
            if case["mode"].is_null() {
                let query = case["query"].as_str().expect("query");
                assert_eq!(expected["mode"], infer(query).mode.as_str(), "{query}");
            }
        }
    }
}
