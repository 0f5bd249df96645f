//! Which usage pattern of a tool fits a request best.

use std::collections::HashSet;
use std::sync::Arc;

use super::document::Text;
use super::rank::TermWeight;
use super::words::Analyzer;

/// What a word of the capability counts for its patterns, against one of the pattern itself.
const CAPABILITY_WEIGHT: f64 = 0.5;

/// What the best single use case adds: words said together fit better than words scattered over several.
const TOGETHER_WEIGHT: f64 = 0.5;

/// How well one pattern fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatternFit {
    /// The capability's place in [`Text::capabilities`].
    pub capability: usize,
    /// The pattern's place in that capability.
    pub pattern: usize,
    /// The request's information that the pattern shares, weighted; 0 or more.
    pub fit: f64,
    /// `fit` as a share of the tool's best pattern, 0..=1; 1 for all where none shares a word.
    pub share: f64,
}

/// The fit of every pattern of a tool, in the order of the definition, from the weights that
/// [`rank`](super::rank) returned. A pattern's relevance is the tool's times its share.
pub fn pattern_fits(
    analyzer: &mut Analyzer,
    weights: &[TermWeight],
    text: &Text,
) -> Vec<PatternFit> {
    let mut fits = Vec::new();
    for (capability, of) in text.capabilities.iter().enumerate() {
        let around = terms(analyzer, [of.name.as_str(), of.description.as_str()]);
        for (pattern, p) in of.patterns.iter().enumerate() {
            let mut own = terms(analyzer, [p.name.as_str(), p.description.as_str()]);
            let mut together = 0.0f64;
            for use_case in &p.use_cases {
                let said = terms(analyzer, [use_case.as_str()]);
                together = together.max(weights.iter().map(|word| shared(word, &said)).sum());
                own.extend(said);
            }
            let mut fit = TOGETHER_WEIGHT * together;
            for word in weights {
                fit += shared(word, &own).max(CAPABILITY_WEIGHT * shared(word, &around));
            }
            fits.push(PatternFit {
                capability,
                pattern,
                fit,
                share: 0.0,
            });
        }
    }
    let best = fits.iter().map(|fit| fit.fit).fold(0.0, f64::max);
    for fit in &mut fits {
        fit.share = if best > 0.0 { fit.fit / best } else { 1.0 };
    }
    fits
}

/// The pattern that fits best, the first of equals; none for a tool without patterns.
pub fn best_pattern(
    analyzer: &mut Analyzer,
    weights: &[TermWeight],
    text: &Text,
) -> Option<PatternFit> {
    pattern_fits(analyzer, weights, text)
        .into_iter()
        .reduce(|best, next| if next.fit > best.fit { next } else { best })
}

fn terms<const N: usize>(analyzer: &mut Analyzer, texts: [&str; N]) -> HashSet<Arc<str>> {
    let mut out = HashSet::new();
    for text in texts {
        for (_, word) in analyzer.words(text) {
            out.extend(word.parts.iter().map(|(_, term)| term.clone()));
            out.insert(word.term.clone());
        }
    }
    out
}

fn shared(word: &TermWeight, terms: &HashSet<Arc<str>>) -> f64 {
    if terms.contains(word.term.as_str()) {
        return word.weight;
    }
    let held = word
        .alternatives
        .iter()
        .filter(|(term, _)| terms.contains(term.as_str()));
    held.map(|(_, share)| word.weight * share)
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::retrieval::{CapabilityText, Index, PatternText};

    #[test]
    fn the_pattern_that_says_the_words_fits_best() {
        let pattern = |name: &str, use_case: &str| PatternText {
            name: name.into(),
            use_cases: vec![use_case.into()],
            ..PatternText::default()
        };
        let text = Text {
            name: "tar".into(),
            capabilities: vec![CapabilityText {
                name: "archive".into(),
                patterns: vec![
                    pattern("create", "Create an archive"),
                    pattern("extract", "Extract an archive"),
                ],
                ..CapabilityText::default()
            }],
            ..Text::default()
        };
        let ranking = Index::build(std::slice::from_ref(&text)).search("extract the archive");
        let fits = pattern_fits(&mut Analyzer::new(), &ranking.weights, &text);
        assert!(fits[1].share > fits[0].share);
        let best = best_pattern(&mut Analyzer::new(), &ranking.weights, &text);
        assert_eq!(best.map(|fit| fit.pattern), Some(1));
        assert_eq!(
            best_pattern(&mut Analyzer::new(), &[], &Text::default()),
            None
        );
    }
}
