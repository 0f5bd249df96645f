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
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its place in retrieval.
    pub hit: Hit,
    /// The texts of its capabilities.
    pub text: Text,
    /// Every pattern of it, in the order of the texts.
    pub candidates: Vec<Candidate>,
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
    /// The share of the request's information that the best tool shares, 0 to 1.
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
pub fn search(
    request: &Request,
    ranking: &Ranking,
    found: &[Found],
) -> Result<Answer, WeightError> {
    let weights = request.weights();
    let mut analyzer = Analyzer::new();
    let mut choices: Vec<(Choice, Measures, Hit)> = Vec::new();
    let mut set_aside: Vec<SetAside> = Vec::new();
    let mut candidates = 0;
    for tool in found {
        let fits = pattern_fits(&mut analyzer, &ranking.weights, &tool.text);
        for (candidate, fit) in tool.candidates.iter().zip(fits) {
            candidates += 1;
            match assess(request, candidate, weights) {
                Ok(choice) => {
                    let measures = Measures {
                        relevance: tool.hit.relevance * fit.share,
                        score: choice.score,
                        exact: tool.hit.exact,
                    };
                    choices.push((choice, measures, tool.hit));
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
        .map(|((choice, measures, hit), combined)| {
            let relevance = Relevance {
                relevance: measures.relevance,
                coverage: hit.coverage,
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
    ranked.sort_by(|(a, left), (b, right)| left.compare(right).then_with(|| by_name(a, b)));
    set_aside.sort_by(set_aside_order);
    let ranking_of_choices: Vec<Choice> = ranked.into_iter().map(|(choice, _)| choice).collect();
    let coverage = ranking_of_choices
        .first()
        .and_then(|best| best.relevance)
        .map_or_else(|| ranking.coverage(), |best| best.coverage);
    let named = ranking_of_choices
        .first()
        .and_then(|best| best.relevance)
        .is_some_and(|best| best.named);
    let mut answer = conclude(request, weights, ranking_of_choices, set_aside, candidates);
    answer.retrieval = Some(Retrieval {
        words: ranking.words,
        known: ranking.known,
        unknown: ranking.unknown().map(str::to_owned).collect(),
        coverage,
        low_coverage: coverage < LOW_COVERAGE && !named,
        relevance_weight: request.relevance_weight,
    });
    Ok(answer)
}
