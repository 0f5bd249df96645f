//! How well each usage pattern of a tool fits a request: by all the words of its texts, and by the one text that
//! says most nearly what was asked.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{CapabilityText, PatternText, Text};
use super::lexicon::lexicon;
use super::meaning::{Meanings, Vector};
use super::query::Asked;
use super::rank::{Ranking, TermWeight};
use super::words::Analyzer;

/// What a word of the capability, and of the tool around it, counts against one of the pattern itself.
const AROUND_WEIGHT: f64 = 0.5;

/// What a word of a text that was not asked for counts against the mean word of the request.
const REST_WEIGHT: f64 = 0.5;

/// How one pattern fits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Recorded")]
pub struct PatternFit {
    /// The share of the request's information that the pattern's texts hold, 0..=1; what only the capability or the
    /// tool says counts half.
    pub cover: f64,
    /// How nearly its best single text says what was asked, 0..=1.
    pub sentence: f64,
    /// How near it is in meaning, 0..=1: the mean of the cosines with all its texts together and with the nearest.
    pub meaning: f64,
    /// The text that says most nearly what was asked.
    pub text: String,
    /// Whether it does the opposite of what is asked for.
    pub opposed: bool,
    /// Whether something is lost by it, and the request does not ask for that.
    pub uncalled: bool,
}

/// A fit as selections were recorded with: once a share of the tool's best pattern, since then all that it is.
#[derive(Deserialize)]
#[serde(untagged)]
enum Recorded {
    Share(f64),
    Fit {
        cover: f64,
        sentence: f64,
        meaning: f64,
        text: String,
        opposed: bool,
        uncalled: bool,
    },
}

impl From<Recorded> for PatternFit {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Share(share) => Self {
                cover: share,
                sentence: share,
                meaning: share,
                ..Self::default()
            },
            Recorded::Fit {
                cover,
                sentence,
                meaning,
                text,
                opposed,
                uncalled,
            } => Self {
                cover,
                sentence,
                meaning,
                text,
                opposed,
                uncalled,
            },
        }
    }
}

/// The words of a text.
struct Terms {
    all: HashSet<Arc<str>>,
    /// How many of them tell what the text is about.
    telling: usize,
}

impl Terms {
    fn of<'a>(analyzer: &mut Analyzer, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut terms = Self {
            all: HashSet::new(),
            telling: 0,
        };
        for text in texts {
            for (_, word) in analyzer.words(text) {
                let parts = word.parts.iter().map(|(_, term)| term);
                for term in parts.chain([&word.term]) {
                    let new = terms.all.insert(term.clone());
                    terms.telling += usize::from(new && !word.stop);
                }
            }
        }
        terms
    }

    /// The share of a word's weight that the text holds.
    fn share(&self, word: &TermWeight) -> f64 {
        if self.all.contains(word.term.as_str()) {
            return 1.0;
        }
        (word.alternatives.iter())
            .filter(|(term, _)| self.all.contains(term.as_str()))
            .map(|(_, share)| *share)
            .fold(0.0, f64::max)
    }
}

/// A request against which patterns are held.
pub struct Request<'a> {
    weights: &'a [TermWeight],
    asked: &'a Asked,
    information: f64,
    /// Whether it asks for something to be lost.
    asks_to_destroy: bool,
    meaning: Vector,
}

/// What reads texts, and remembers the words that it has met.
#[derive(Default)]
pub struct Reader {
    analyzer: Analyzer,
    meanings: Meanings,
}

/// What is known of a text.
struct Said<'a> {
    text: &'a str,
    nearness: f64,
    vector: Vector,
    cosine: f64,
}

impl<'a> Request<'a> {
    /// The request that a ranking answers.
    pub fn of(reader: &mut Reader, ranking: &'a Ranking) -> Self {
        Self {
            meaning: reader.meanings.of(&ranking.asked.whole),
            weights: &ranking.weights,
            asked: &ranking.asked,
            information: ranking.weights.iter().map(|word| word.weight).sum(),
            asks_to_destroy: lexicon().asks_to_destroy(&ranking.asked.terms, &ranking.asked.text),
        }
    }

    /// Whether the request asks a tool of that name for something to be lost: in so many words, or by naming it.
    pub fn calls_for_loss(&self, reader: &mut Reader, name: &str) -> bool {
        self.asks_to_destroy || self.names(&mut reader.analyzer, name)
    }

    /// The fit of every pattern of a tool, in the order of the definition.
    pub fn fits(&self, reader: &mut Reader, text: &Text) -> Vec<PatternFit> {
        let tags = text.tags.iter().map(String::as_str);
        let tool = [text.name.as_str(), &text.description];
        let tool = Terms::of(&mut reader.analyzer, tool.into_iter().chain(tags));
        let described = self.said(reader, &text.description);
        let mut fits = Vec::new();
        for of in &text.capabilities {
            let around = [of.name.as_str(), &of.description];
            let around = Terms::of(&mut reader.analyzer, around);
            let capable = self.said(reader, &of.description);
            for pattern in &of.patterns {
                let name = format!("{} {}", pattern.name.replace('_', " "), text.name);
                let own = [&name, &pattern.description];
                let own = own.into_iter().chain(&pattern.use_cases);
                let words = Terms::of(&mut reader.analyzer, own.clone().map(String::as_str));
                let own: Vec<Said> = own.map(|text| self.said(reader, text)).collect();
                let held = self.weights.iter().map(|word| {
                    let beside = AROUND_WEIGHT * around.share(word).max(tool.share(word));
                    word.weight * words.share(word).max(beside)
                });
                let mut fit = self.nearest(own.iter().chain([&described, &capable]));
                fit.cover = self.part(held.sum());
                let act = [pattern.name.as_str(), &pattern.description];
                let act = Terms::of(&mut reader.analyzer, act);
                fit.opposed = lexicon().opposed(&self.asked.terms, &act.all);
                fit.uncalled = destroys(&mut reader.analyzer, of, pattern)
                    && !self.calls_for_loss(reader, &text.name);
                fits.push(fit);
            }
        }
        fits
    }

    /// What a text has to do with the request.
    fn said<'t>(&self, reader: &mut Reader, text: &'t str) -> Said<'t> {
        let vector = reader.meanings.of(text);
        Said {
            text,
            nearness: self.nearness(&Terms::of(&mut reader.analyzer, [text])),
            cosine: self.meaning.cosine(&vector),
            vector,
        }
    }

    /// The best of texts, and what they say together.
    fn nearest<'t>(&self, texts: impl Iterator<Item = &'t Said<'t>>) -> PatternFit {
        let mut fit = PatternFit::default();
        let mut whole = Vector::none();
        let (mut nearest, mut most) = (0.0f64, 0.0);
        for said in texts {
            whole.add(&said.vector);
            nearest = nearest.max(said.cosine);
            fit.sentence = fit.sentence.max(said.nearness);
            if said.nearness + said.cosine > most {
                most = said.nearness + said.cosine;
                said.text.clone_into(&mut fit.text);
            }
        }
        fit.meaning = (0.5 * (self.meaning.cosine(&whole) + nearest)).clamp(0.0, 1.0);
        fit
    }

    /// How nearly a text says what is asked: the geometric mean of the share of the request that it holds, and of
    /// the share of it that the request holds.
    fn nearness(&self, text: &Terms) -> f64 {
        let (mut held, mut words) = (0.0, 0);
        for word in self.weights {
            let share = text.share(word);
            held += word.weight * share;
            words += usize::from(share > 0.0);
        }
        if held == 0.0 {
            return 0.0;
        }
        let mean = self.information / self.weights.len().max(1) as f64;
        let rest = REST_WEIGHT * mean * text.telling.saturating_sub(words) as f64;
        (held / (held + rest) * self.part(held)).sqrt()
    }

    /// Whether the request says the whole name of a tool.
    fn names(&self, analyzer: &mut Analyzer, name: &str) -> bool {
        let name = Terms::of(analyzer, [name]);
        name.all.iter().all(|term| self.asked.terms.contains(term))
    }

    fn part(&self, held: f64) -> f64 {
        if self.information > 0.0 {
            (held / self.information).min(1.0)
        } else {
            0.0
        }
    }
}

/// Whether a pattern's name, its capability's name or the first word of its description is an act by which something
/// is lost.
fn destroys(analyzer: &mut Analyzer, capability: &CapabilityText, pattern: &PatternText) -> bool {
    let first = pattern.description.split_whitespace().next();
    let acts = [
        pattern.name.as_str(),
        &capability.name,
        first.unwrap_or_default(),
    ];
    let terms = Terms::of(analyzer, acts);
    lexicon().destroys(terms.all.iter().map(|term| &**term))
}

/// The first word of some texts with that stem, in lower case.
pub fn surface<'a>(term: &str, texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut analyzer = Analyzer::new();
    texts.into_iter().find_map(|text| {
        let words = analyzer.words(text).into_iter();
        let mut same = words.filter(|(_, word)| *word.term == *term);
        same.next().map(|(_, word)| word.surface.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::retrieval::Index;

    fn tool(name: &str, patterns: &[(&str, &str, &str)]) -> Text {
        Text {
            name: name.into(),
            capabilities: vec![CapabilityText {
                name: "work".into(),
                description: String::new(),
                patterns: patterns
                    .iter()
                    .map(|(name, description, use_case)| PatternText {
                        name: (*name).into(),
                        description: (*description).into(),
                        use_cases: vec![(*use_case).into()],
                    })
                    .collect(),
            }],
            ..Text::default()
        }
    }

    fn fits(text: &Text, request: &str) -> Vec<PatternFit> {
        let ranking = Index::build(std::slice::from_ref(text)).search(request);
        let mut reader = Reader::default();
        Request::of(&mut reader, &ranking).fits(&mut reader, text)
    }

    #[test]
    fn the_pattern_that_says_the_words_fits_best() {
        let tar = tool(
            "tar",
            &[
                ("create", "Make an archive", "pack a folder into an archive"),
                ("extract", "Take files out", "extract an archive here"),
            ],
        );
        let fits = fits(&tar, "extract the archive");
        assert!(fits[1].cover > fits[0].cover && fits[1].sentence > fits[0].sentence);
        assert_eq!(fits[1].text, "extract an archive here");
        assert!(fits[0].opposed || !fits[1].opposed);
    }

    #[test]
    fn a_request_that_is_a_use_case_fits_fully() {
        let text = tool(
            "df",
            &[(
                "summary",
                "Space of each disk",
                "see how full the disks are",
            )],
        );
        let fit = &fits(&text, "see how full the disks are")[0];
        assert!((fit.sentence - 1.0).abs() < 1e-9 && (fit.cover - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_destroys_is_uncalled_unless_asked_for() {
        let rm = tool("rm", &[("remove_files", "Remove files", "remove a file")]);
        assert!(fits(&rm, "recover a file")[0].uncalled);
        assert!(!fits(&rm, "throw away a file")[0].uncalled);
        assert!(!fits(&rm, "delete a file")[0].uncalled);
    }

    #[test]
    fn a_tool_without_patterns_has_no_fits() {
        assert!(fits(&Text::default(), "words").is_empty());
    }
}
