//! How well each usage pattern of a tool fits a request: by all the words of its texts, and by the one text that
//! says most nearly what was asked.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::acts::{Acts, Purpose};
use super::document::{CapabilityText, PatternText, Text};
use super::encoder::{self, Encoder, Kept};
use super::lexicon::{Opposites, lexicon};
use super::meaning::{Meanings, Vector};
use super::query::Asked;
use super::rank::TermWeight;
use super::words::{Analyzer, ByWord, Word};
use crate::definition::Effect;

/// What a word of the capability, and of the tool around it, counts against one of the pattern itself.
const AROUND_WEIGHT: f64 = 0.5;

/// What a word of a text that was not asked for counts against the mean word of the request.
const REST_WEIGHT: f64 = 0.5;

/// What brings an encoder's cosines to the scale of the table's, which are larger: with it one weight and one curve of
/// relevance hold for both (measured on three catalogs).
const STRETCH: f64 = 1.3;

/// Letters of all words that are remembered, at most: those of some 40,000 words.
const MOST_LETTERS: usize = 1 << 18;

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
    /// Whether it only tells where the request wants a change, or changes where the request wants to learn.
    pub beside: bool,
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
        #[serde(default)]
        beside: bool,
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
                beside,
            } => Self {
                cover,
                sentence,
                meaning,
                text,
                opposed,
                uncalled,
                beside,
            },
        }
    }
}

/// The words of texts: the numbers that a reader gave to their terms.
#[derive(Default, Clone)]
struct Terms {
    /// Ascending, each once.
    numbers: Vec<usize>,
}

impl Terms {
    fn of(mut numbers: Vec<usize>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        Self { numbers }
    }

    /// The words of several texts.
    fn together<'t>(texts: impl IntoIterator<Item = &'t Self>) -> Self {
        let texts = texts.into_iter();
        Self::of(texts.flat_map(|it| &it.numbers).copied().collect())
    }
}

/// A term that was met, and what it has to do with the request.
struct Term {
    text: Arc<str>,
    /// Whether it tells what a text is about.
    telling: bool,
    /// Words of the request, by their place, with the share of the word that it stands for.
    shares: Vec<(usize, f64)>,
}

impl Term {
    fn new(word: &Word, text: &Arc<str>, weights: &[TermWeight]) -> Self {
        let share = |word: &TermWeight| {
            if *word.term == **text {
                return 1.0;
            }
            (word.alternatives.iter())
                .filter(|(term, _)| **term == **text)
                .map(|(_, share)| *share)
                .fold(0.0, f64::max)
        };
        let shares = weights.iter().map(share).enumerate();
        Self {
            text: text.clone(),
            telling: !word.stop,
            shares: shares.filter(|(_, share)| *share > 0.0).collect(),
        }
    }
}

/// What is known of a text.
struct Said<'a> {
    text: &'a str,
    terms: Terms,
    nearness: f64,
    vector: Vector,
    cosine: f64,
}

/// Words that texts are made of, with their terms and their meaning. They are the same for every request, so that who
/// answers many keeps them.
#[derive(Default)]
pub struct WordMemory {
    analyzer: Analyzer,
    meanings: Meanings,
}

impl WordMemory {
    /// Whether it holds more than the words of a catalog: requests bring others, and may bring any number.
    pub fn is_full(&self) -> bool {
        self.analyzer.letters().max(self.meanings.letters()) > MOST_LETTERS
    }
}

/// Reads texts with one request in mind.
pub struct Reader<'a> {
    weights: &'a [TermWeight],
    asked: &'a Asked,
    information: f64,
    /// Whether the request asks for something to be lost.
    asks_to_destroy: bool,
    /// What undoes what the request asks for.
    opposites: Opposites,
    /// Whether the request wants to learn or to change something.
    purpose: Option<Purpose>,
    encoder: Option<&'a dyn Encoder>,
    meaning: Vector,
    memory: &'a mut WordMemory,
    terms: Vec<Term>,
    numbers: ByWord<Arc<str>, usize>,
    /// The terms of each word, by the analyzer's number of it.
    words: Vec<Vec<usize>>,
}

impl<'a> Reader<'a> {
    /// For a request, given by its words with their information and as a whole; meaning is judged by the encoder, or
    /// by the built-in table.
    pub fn of(
        weights: &'a [TermWeight],
        asked: &'a Asked,
        encoder: Option<&'a dyn Encoder>,
        memory: &'a mut WordMemory,
    ) -> Self {
        let (text, respelt) = respelt(&mut memory.analyzer, &asked.text, weights);
        let acts = Acts::of(&mut memory.analyzer, &text);
        let whole = if respelt { &text } else { &asked.whole };
        Self {
            weights,
            asked,
            information: weights.iter().map(|word| word.weight).sum(),
            asks_to_destroy: lexicon().asks_to_destroy(&acts.terms, &acts.text),
            opposites: lexicon().opposites(&acts.terms, &acts.text),
            purpose: acts.purpose,
            encoder,
            meaning: match encoder {
                Some(encoder) => encoder::vector(encoder, whole),
                None => memory.meanings.of(whole),
            },
            memory,
            terms: Vec::new(),
            numbers: ByWord::default(),
            words: Vec::new(),
        }
    }

    /// Whether the request asks a tool of that name for something to be lost: in so many words, or by naming it.
    pub fn calls_for_loss(&mut self, name: &str) -> bool {
        self.asks_to_destroy || self.names(name)
    }

    /// Whether something with that effect is beside what the request wants.
    pub fn is_beside(&self, effect: Effect) -> bool {
        match self.purpose {
            Some(Purpose::Learn) => effect != Effect::Read,
            Some(Purpose::Change) => effect == Effect::Read,
            None => false,
        }
    }

    /// The fit of every pattern of a tool, in the order of the definition; `kept` are the vectors of its texts, where
    /// an encoder has read them before.
    pub fn fits(&mut self, text: &Text, kept: Option<&Kept>) -> Vec<PatternFit> {
        let sentences = text.sentences();
        let vectors = self.vectors(&sentences, kept);
        let said = sentences.iter().zip(vectors);
        let said: Vec<Said> = said.map(|(text, vector)| self.said(text, vector)).collect();
        let Some((described, mut said)) = said.split_first() else {
            return Vec::new();
        };
        let mut tool = vec![self.terms_of(&text.name), described.terms.clone()];
        tool.extend(text.tags.iter().map(|tag| self.terms_of(tag)));
        let called = self.calls_for_loss(&text.name);
        let mut fits: Vec<(usize, PatternFit)> = Vec::new();
        for (place, of) in text.by_name() {
            let Some(capable) = said.split_off_first() else {
                break;
            };
            let around = [&self.terms_of(&of.name), &capable.terms];
            let around = self.shares(&Terms::together(tool.iter().chain(around)));
            for pattern in &of.patterns {
                // Its name, its description, and its use cases.
                let Some(own) = said.split_off(..2 + pattern.use_cases.len()) else {
                    break;
                };
                let mut fit = self.nearest(own.iter().chain([described, capable]));
                let words = self.shares(&Terms::together(own.iter().map(|it| &it.terms)));
                let held = self.weights.iter().zip(words.iter().zip(&around));
                let held =
                    held.map(|(word, (own, around))| word.weight * own.max(AROUND_WEIGHT * around));
                fit.cover = self.part(held.sum());
                let named = self.terms_of(&pattern.name);
                let described = own.get(1).map(|it| &it.terms);
                let act = Terms::together(described.into_iter().chain([&named]));
                let act = act.numbers.iter().map(|&it| &*self.terms[it].text);
                fit.opposed = self.opposites.in_what(act);
                fit.uncalled = !called && self.destroys(of, pattern);
                fits.push((place, fit));
            }
        }
        fits.sort_by_key(|(place, _)| *place);
        fits.into_iter().map(|(_, fit)| fit).collect()
    }

    /// The directions of texts.
    fn vectors(&mut self, texts: &[Cow<'_, str>], kept: Option<&Kept>) -> Vec<Vector> {
        let Some(encoder) = self.encoder else {
            return texts
                .iter()
                .map(|text| self.memory.meanings.of(text))
                .collect();
        };
        let kept = kept.and_then(|kept| kept.vectors_of(texts));
        kept.or_else(|| Kept::of(encoder, texts).vectors_of(texts))
            .unwrap_or_else(|| vec![Vector::of(Vec::new()); texts.len()])
    }

    /// How near a direction is to the request's.
    fn cosine(&self, vector: &Vector) -> f64 {
        let stretch = if self.encoder.is_some() { STRETCH } else { 1.0 };
        stretch * self.meaning.cosine(vector)
    }

    /// The words of a text.
    fn terms_of(&mut self, text: &str) -> Terms {
        let mut numbers = Vec::new();
        for (_, word) in self.memory.analyzer.words(text) {
            if self.words.len() <= word.number {
                self.words.resize(word.number + 1, Vec::new());
            }
            if self.words[word.number].is_empty() {
                let parts = word.parts.iter().map(|(_, term)| term);
                let terms = parts.chain([&word.term]);
                self.words[word.number] = terms.map(|term| self.number(&word, term)).collect();
            }
            numbers.extend(&self.words[word.number]);
        }
        Terms::of(numbers)
    }

    /// The number of a term.
    fn number(&mut self, word: &Word, term: &Arc<str>) -> usize {
        if let Some(&number) = self.numbers.get(term) {
            return number;
        }
        self.terms.push(Term::new(word, term, self.weights));
        let number = self.terms.len() - 1;
        self.numbers.insert(term.clone(), number);
        number
    }

    /// The share of each word of the request that a text holds.
    fn shares(&self, terms: &Terms) -> Vec<f64> {
        let mut shares = vec![0.0f64; self.weights.len()];
        for &number in &terms.numbers {
            for &(word, share) in &self.terms[number].shares {
                shares[word] = shares[word].max(share);
            }
        }
        shares
    }

    /// What a text has to do with the request.
    fn said<'t>(&mut self, text: &'t str, vector: Vector) -> Said<'t> {
        let terms = self.terms_of(text);
        Said {
            text,
            nearness: self.nearness(&terms),
            terms,
            cosine: self.cosine(&vector),
            vector,
        }
    }

    /// The best of texts, and what they say together.
    fn nearest<'t>(&self, texts: impl Iterator<Item = &'t Said<'t>> + Clone) -> PatternFit {
        let mut fit = PatternFit::default();
        let whole = Vector::sum(texts.clone().map(|it| &it.vector));
        let (mut nearest, mut most) = (0.0f64, 0.0);
        let mut best = "";
        for said in texts {
            nearest = nearest.max(said.cosine);
            fit.sentence = fit.sentence.max(said.nearness);
            if said.nearness + said.cosine > most {
                most = said.nearness + said.cosine;
                best = said.text;
            }
        }
        best.clone_into(&mut fit.text);
        fit.meaning = (0.5 * (self.cosine(&whole) + nearest)).clamp(0.0, 1.0);
        fit
    }

    /// How nearly a text says what is asked: the geometric mean of the share of the request that it holds, and of
    /// the share of it that the request holds.
    fn nearness(&self, terms: &Terms) -> f64 {
        let shares = self.shares(terms);
        let held: f64 = (self.weights.iter().zip(&shares))
            .map(|(word, share)| word.weight * share)
            .sum();
        if held == 0.0 {
            return 0.0;
        }
        let words = shares.iter().filter(|share| **share > 0.0).count();
        let telling = terms.numbers.iter().filter(|&&it| self.terms[it].telling);
        let mean = self.information / self.weights.len().max(1) as f64;
        let rest = REST_WEIGHT * mean * telling.count().saturating_sub(words) as f64;
        (held / (held + rest) * self.part(held)).sqrt()
    }

    /// Whether the request says the whole name of a tool.
    fn names(&mut self, name: &str) -> bool {
        let name = self.terms_of(name);
        let mut terms = name.numbers.iter().map(|&it| &self.terms[it].text);
        terms.all(|term| self.asked.terms.contains(term))
    }

    /// Whether a pattern's name, its capability's name or the first word of its description is an act by which
    /// something is lost.
    fn destroys(&mut self, capability: &CapabilityText, pattern: &PatternText) -> bool {
        let first = pattern.description.split_whitespace().next();
        let acts = [
            pattern.name.as_str(),
            &capability.name,
            first.unwrap_or_default(),
        ];
        acts.into_iter().any(|act| {
            let terms = self.terms_of(act);
            lexicon().destroys(terms.numbers.iter().map(|&it| &*self.terms[it].text))
        })
    }

    fn part(&self, held: f64) -> f64 {
        if self.information > 0.0 {
            (held / self.information).min(1.0)
        } else {
            0.0
        }
    }
}

/// A request, given as its words between single spaces, with those in the place of unknown words that they were read
/// as, and whether there are any.
fn respelt(analyzer: &mut Analyzer, text: &str, weights: &[TermWeight]) -> (String, bool) {
    let mut any = false;
    let words: Vec<String> = (text.split(' '))
        .map(|written| {
            let mut word = weights.iter().filter(|word| word.surface == written);
            match word.find_map(|word| Some((&word.term, word.read.as_ref()?))) {
                Some((term, read)) => {
                    any = true;
                    ended_alike(analyzer, written, term, read)
                }
                None => written.to_owned(),
            }
        })
        .collect();
    (words.join(" "), any)
}

/// A stem with the ending that a word has beyond its own stem, where that makes a word of it: "permiss" for
/// "permisions" is "permissions".
fn ended_alike(analyzer: &mut Analyzer, written: &str, term: &str, stem: &str) -> String {
    let alike = (written.char_indices().zip(term.chars())).find(|((_, a), b)| a != b);
    let shorter = written.len().min(term.len());
    let common = alike.map_or(shorter, |((at, _), _)| at);
    let ends = (written.get(common..), term.get(common..));
    if let (Some(ending), Some(cut)) = ends
        && let Some(start) = stem.strip_suffix(cut)
    {
        let word = format!("{start}{ending}");
        if *analyzer.term(&word) == *stem {
            return word;
        }
    }
    stem.to_owned()
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
        let mut memory = WordMemory::default();
        Reader::of(&ranking.weights, &ranking.asked, None, &mut memory).fits(text, None)
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
    fn a_slip_is_read_with_the_ending_that_was_written() {
        let ended = |written, stem| {
            let mut analyzer = Analyzer::new();
            let term = analyzer.term(written);
            ended_alike(&mut analyzer, written, &term, stem)
        };
        assert_eq!(ended("permisions", "permiss"), "permissions");
        assert_eq!(ended("direcotry", "directori"), "directory");
        assert_eq!(ended("proces", "process"), "process");
        assert_eq!(ended("\u{e9}t\u{e9}", "\u{e9}t\u{e8}"), "\u{e9}t\u{e8}");
    }

    #[test]
    fn what_changes_is_beside_a_question_and_what_tells_beside_a_change() {
        let beside = |request: &str, effect| {
            let ranking = Index::build(&[Text::default()]).search(request);
            let mut memory = WordMemory::default();
            Reader::of(&ranking.weights, &ranking.asked, None, &mut memory).is_beside(effect)
        };
        assert!(beside("how many disks are there", Effect::Write));
        assert!(!beside("how many disks are there", Effect::Read));
        assert!(beside("add a disk", Effect::Read) && !beside("add a disk", Effect::Destroy));
        assert!(!beside("a disk", Effect::Read) && !beside("a disk", Effect::Write));
    }

    #[test]
    fn what_is_remembered_changes_nothing_and_has_a_limit() {
        let tar = tool("tar", &[("create", "Make an archive", "pack a folder")]);
        let mut memory = WordMemory::default();
        let mut ask = |request: &str| {
            let ranking = Index::build(std::slice::from_ref(&tar)).search(request);
            let mut reader = Reader::of(&ranking.weights, &ranking.asked, None, &mut memory);
            reader.fits(&tar, None)
        };
        for request in ["pack a folder", "unpack the archive", "pack a folder"] {
            assert_eq!(ask(request), fits(&tar, request), "{request}");
        }
        let long: Vec<String> = (0..50_000).map(|it| format!("word{it}")).collect();
        ask(&long.join(" "));
        assert!(memory.is_full());
    }

    #[test]
    fn a_tool_without_patterns_has_no_fits() {
        assert!(fits(&Text::default(), "words").is_empty());
    }
}
