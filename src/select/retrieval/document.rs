//! A tool as a document: its text, and the terms of that text.

use std::collections::{BTreeMap, HashSet};

use super::words::{Analyzer, name_key};

/// Distance between the positions of two fields: words of different fields are never a pair.
const FIELD_GAP: u32 = 2;

/// The text of one tool that retrieval reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The tool's name.
    pub name: String,
    /// The platform; it identifies the tool and is not searched.
    pub platform: String,
    /// The tool's description.
    pub description: String,
    /// Tags of the tool's metadata.
    pub tags: Vec<String>,
    /// The capabilities in their order.
    pub capabilities: Vec<CapabilityText>,
}

/// The text of one capability.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapabilityText {
    /// The capability's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its usage patterns in their order.
    pub patterns: Vec<PatternText>,
}

/// The text of one usage pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatternText {
    /// The pattern's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its typical use cases.
    pub use_cases: Vec<String>,
}

/// A document's terms and its length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analyzed {
    /// The terms in byte order, each once.
    pub terms: Vec<TermUse>,
    /// Length in words, stop words of the name counted, others not.
    pub length: u32,
}

/// How a document uses one term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermUse {
    /// The term.
    pub term: String,
    /// The number of fields that hold the term (repetition within one says nothing new).
    pub frequency: u32,
    /// Where it stands, ascending.
    pub positions: Vec<u32>,
}

#[derive(Default)]
struct Collector {
    terms: BTreeMap<String, (u32, Vec<u32>)>,
    position: u32,
    length: u32,
}

impl Collector {
    fn field(&mut self, analyzer: &mut Analyzer, text: &str, keep_stop_words: bool) {
        let mut seen = HashSet::new();
        let mut put =
            |terms: &mut BTreeMap<String, (u32, Vec<u32>)>, term: String, position: u32| {
                let first = seen.insert(term.clone());
                let entry = terms.entry(term).or_default();
                if first {
                    entry.0 += 1;
                }
                if entry.1.last() != Some(&position) {
                    entry.1.push(position);
                }
            };
        for word in analyzer.words(text) {
            if word.stop && !keep_stop_words {
                continue;
            }
            self.length += 1;
            let start = self.position;
            for (_, part) in &word.parts {
                if *part != word.term {
                    put(&mut self.terms, part.clone(), self.position);
                    self.position += 1;
                }
            }
            self.position = self.position.max(start + 1);
            put(&mut self.terms, word.term, start);
        }
        self.position += FIELD_GAP;
    }
}

/// The terms of a tool's text: name, capabilities, descriptions, use cases and tags.
pub fn analyze(analyzer: &mut Analyzer, text: &Text) -> Analyzed {
    let mut all = Collector::default();
    all.field(analyzer, &text.name, true);
    all.field(analyzer, &text.description, false);
    for capability in &text.capabilities {
        all.field(analyzer, &capability.name, false);
        all.field(analyzer, &capability.description, false);
        for pattern in &capability.patterns {
            all.field(analyzer, &pattern.name, false);
            all.field(analyzer, &pattern.description, false);
            for use_case in &pattern.use_cases {
                all.field(analyzer, use_case, false);
            }
        }
    }
    for tag in &text.tags {
        all.field(analyzer, tag, false);
    }
    all.terms.insert(name_key(&text.name), (1, Vec::new()));
    Analyzed {
        terms: all
            .terms
            .into_iter()
            .map(|(term, (frequency, mut positions))| {
                positions.sort_unstable();
                positions.dedup();
                TermUse {
                    term,
                    frequency,
                    positions,
                }
            })
            .collect(),
        length: all.length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_counts_once_per_field() {
        let text = Text {
            name: "Find-File".into(),
            description: "Find a file by its file name".into(),
            ..Text::default()
        };
        let analyzed = analyze(&mut Analyzer::new(), &text);
        let file = analyzed
            .terms
            .iter()
            .find(|t| t.term == "file")
            .expect("term");
        assert_eq!(file.frequency, 2);
        assert_eq!(file.positions, [1, 5, 6]);
        assert!(analyzed.terms.iter().any(|t| t.term == "=find-file"));
        assert_eq!(analyzed.length, 2 + 4);
    }

    #[test]
    fn a_name_made_of_stop_words_is_found() {
        let text = Text {
            name: "who".into(),
            ..Text::default()
        };
        let analyzed = analyze(&mut Analyzer::new(), &text);
        assert!(analyzed.terms.iter().any(|t| t.term == "who"));
    }
}
