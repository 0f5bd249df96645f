//! A tool as a document: its text, and the terms of that text.

use std::borrow::Cow;
use std::sync::Arc;

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

impl Text {
    /// What is said of the tool, text by text: its description; for each capability in the order of their names its
    /// description; for each pattern its name with the tool's, its description and its use cases.
    pub fn sentences(&self) -> Vec<Cow<'_, str>> {
        let mut sentences: Vec<Cow<'_, str>> = vec![Cow::from(&self.description)];
        for (_, capability) in self.by_name() {
            sentences.push(Cow::from(&capability.description));
            for pattern in &capability.patterns {
                let name = format!("{} {}", pattern.name.replace('_', " "), self.name);
                sentences.push(Cow::from(name));
                sentences.push(Cow::from(&pattern.description));
                sentences.extend(pattern.use_cases.iter().map(Cow::from));
            }
        }
        sentences
    }

    /// The capabilities in the order of their names, with their places.
    pub(super) fn by_name(&self) -> Vec<(usize, &CapabilityText)> {
        let mut capabilities: Vec<_> = self.capabilities.iter().enumerate().collect();
        capabilities.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        capabilities
    }
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

/// One place of a term.
struct Place {
    term: Arc<str>,
    field: u32,
    position: u32,
}

#[derive(Default)]
struct Collector {
    places: Vec<Place>,
    field: u32,
    position: u32,
    length: u32,
}

impl Collector {
    fn field(&mut self, analyzer: &mut Analyzer, text: &str, keep_stop_words: bool) {
        for (_, word) in analyzer.words(text) {
            if word.stop && !keep_stop_words {
                continue;
            }
            self.length += 1;
            let start = self.position;
            self.put(&word.term, start);
            for (_, part) in &word.parts {
                if *part != word.term {
                    self.put(part, self.position);
                    self.position += 1;
                }
            }
            self.position = self.position.max(start + 1);
        }
        self.field += 1;
        self.position += FIELD_GAP;
    }

    fn put(&mut self, term: &Arc<str>, position: u32) {
        self.places.push(Place {
            term: term.clone(),
            field: self.field,
            position,
        });
    }

    fn finish(mut self) -> Analyzed {
        self.places
            .sort_unstable_by(|a, b| (&a.term, a.position).cmp(&(&b.term, b.position)));
        let mut terms: Vec<TermUse> = Vec::new();
        for group in self.places.chunk_by(|a, b| a.term == b.term) {
            let Some(first) = group.first() else { continue };
            let mut positions: Vec<u32> = group.iter().map(|place| place.position).collect();
            positions.dedup();
            // Positions ascend with the fields, so equal fields are neighbours.
            let fields = group.chunk_by(|a, b| a.field == b.field).count();
            terms.push(TermUse {
                term: first.term.to_string(),
                frequency: u32::try_from(fields).unwrap_or(u32::MAX),
                positions,
            });
        }
        Analyzed {
            terms,
            length: self.length,
        }
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
    let mut analyzed = all.finish();
    let name = TermUse {
        term: name_key(&text.name),
        frequency: 1,
        positions: Vec::new(),
    };
    let place = analyzed.terms.partition_point(|term| term.term < name.term);
    analyzed.terms.insert(place, name);
    analyzed
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
