//! Selection by words: the tools that retrieval found, judged by relevance and by fitness.

use super::answer::{Answer, Choice, SetAside, assess, conclude, set_aside_order};
use super::relevance::{Combined, Measures, WeightError, combine};
use super::retrieval::{Analyzer, Hit, Ranking, Text, pattern_fits};
use super::score::by_name;
use super::{Candidate, Request};
use serde::{Deserialize, Serialize};

/// How many tools are judged; retrieval finds them best first.
pub const RETRIEVED: usize = 20;

/// Below this share of the request's information, what was found is doubtful.
pub const LOW_COVERAGE: f64 = 1.0 / 3.0;

/// A tool that retrieval found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Share of the best relevance, 0 to 1.
    pub relevance: f64,
    /// Share of the request's information that its text holds, 0 to 1.
    pub coverage: f64,
    /// Whether the request names it exactly.
    pub named: bool,
    /// Every pattern of it, with its fit as a share of the best one's.
    pub patterns: Vec<(Candidate, f64)>,
}

impl Found {
    /// A hit, with its candidates in the order of its text.
    pub fn new(
        analyzer: &mut Analyzer,
        ranking: &Ranking,
        hit: &Hit,
        text: &Text,
        candidates: Vec<Candidate>,
    ) -> Self {
        let fits = pattern_fits(analyzer, &ranking.weights, text);
        Self {
            relevance: hit.relevance,
            coverage: hit.coverage,
            named: hit.exact,
            patterns: candidates
                .into_iter()
                .zip(fits.into_iter().map(|fit| fit.share))
                .collect(),
        }
    }
}

/// What retrieval made of the request's words, before tools are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// How many words carry meaning.
    pub words: usize,
    /// How many of them the catalog knows.
    pub known: usize,
    /// The words that it does not know.
    pub unknown: Vec<String>,
    /// The coverage of the best hit.
    pub coverage: f64,
}

impl Words {
    /// What a ranking says of them.
    pub fn of(ranking: &Ranking) -> Self {
        Self {
            words: ranking.words,
            known: ranking.known,
            unknown: ranking.unknown().map(str::to_owned).collect(),
            coverage: ranking.coverage(),
        }
    }
}

/// What retrieval made of the request's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// How many words carry meaning.
    pub words: usize,
    /// How many of them the catalog knows.
    pub known: usize,
    /// The words that it does not know.
    pub unknown: Vec<String>,
    /// The share of the request's information that the answer shares, 0 to 1.
    pub coverage: f64,
    /// Whether that is so little that the answer is doubtful.
    pub low_coverage: bool,
    /// The weight of relevance against fitness.
    pub relevance_weight: f64,
}

/// How relevant a choice is, and what the rule of [`relevance`](super::relevance) makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Relevance {
    /// Share of the best relevance, 0 to 1.
    pub relevance: f64,
    /// Share of the request's information that the tool's text holds, 0 to 1.
    pub coverage: f64,
    /// Relevance and score, combined by weight.
    pub combined: f64,
    /// Whether it is relevant enough to compete by its score.
    pub relevant: bool,
    /// Whether the request names the tool exactly.
    pub named: bool,
}

/// Ranks the patterns of the tools that retrieval found.
///
/// # Errors
/// A relevance weight that is not in 0..=1.
pub fn search(request: &Request, words: &Words, found: &[Found]) -> Result<Answer, WeightError> {
    let weights = request.weights();
    let mut choices: Vec<(Choice, Measures, f64)> = Vec::new();
    let mut set_aside: Vec<SetAside> = Vec::new();
    let mut candidates = 0;
    for tool in found {
        for (candidate, share) in &tool.patterns {
            candidates += 1;
            match assess(request, candidate, weights) {
                Ok(choice) => {
                    let measures = Measures {
                        relevance: tool.relevance * share,
                        score: choice.score,
                        exact: tool.named,
                    };
                    choices.push((choice, measures, tool.coverage));
                }
                Err(reason) => set_aside.push(SetAside::of(candidate, reason)),
            }
        }
    }
    let measures: Vec<Measures> = choices.iter().map(|(_, measures, _)| *measures).collect();
    let combined = combine(&measures, request.relevance_weight)?;
    let mut ranked: Vec<(Choice, Combined)> = choices
        .into_iter()
        .zip(combined)
        .map(|((choice, measures, coverage), combined)| {
            let relevance = Relevance {
                relevance: measures.relevance,
                coverage,
                combined: combined.value,
                relevant: combined.relevant,
                named: measures.exact,
            };
            let choice = Choice {
                relevance: Some(relevance),
                ..choice
            };
            (choice, combined)
        })
        .collect();
    ranked.sort_by(|(a, left), (b, right)| {
        (a.away.cmp(&b.away))
            .then_with(|| left.compare(right))
            .then_with(|| by_name(a, b))
    });
    set_aside.sort_by(set_aside_order);
    let ranking: Vec<Choice> = ranked.into_iter().map(|(choice, _)| choice).collect();
    let best = ranking.first().and_then(|best| best.relevance);
    let coverage = best.map_or(words.coverage, |best| best.coverage);
    let named = best.is_some_and(|best| best.named);
    let mut answer = conclude(request, weights, ranking, set_aside, candidates);
    answer.retrieval = Some(Retrieval {
        words: words.words,
        known: words.known,
        unknown: words.unknown.clone(),
        coverage,
        low_coverage: coverage < LOW_COVERAGE && !named,
        relevance_weight: request.relevance_weight,
    });
    Ok(answer)
}
