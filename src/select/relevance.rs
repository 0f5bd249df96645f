//! How relevance to the words and fitness for the preference make one order.
//!
//! - A candidate's **likeness** to the request is a weighted mean, from 0 to 1, of what retrieval measured: how strongly
//!   the tool's whole text holds the request's words, what share of them the pattern's own texts cover, how nearly its
//!   best single text says what was asked, and how near its texts are in meaning. One that does the opposite of what is asked for loses a part of it.
//! - Its **relevance** is the chance that it is what was meant: the odds of it grow with the square of the likeness, and
//!   by a factor for each part of it by which it leads the best other tool, fitted to requests with known answers
//!   (docs/selection.md has the table). It means the same for every request and catalog.
//! - **Gate**: a candidate competes when its likeness is at least [`GATE`] of the best. Only those compete, by
//!   `w x likeness as a share of the best + (1 - w) x score`, for `--relevance-weight` w (default 0.7); all others come
//!   after them, by likeness alone. So fitness decides among patterns that fit alike, and no other wins by being cheap.
//! - The best is taken over all that was retrieved, also what policy sets aside: what is left does not take its place.
//! - A tool that the request names exactly comes before every other.
//! - Equal fitness leaves the order of retrieval as it is, for every w above 0.
//!
//! `--eval` measures the order of retrieval, before this rule.

use std::cmp::Ordering;

use super::retrieval::PatternFit;

/// The weight of relevance if none is given.
pub const DEFAULT_WEIGHT: f64 = 0.7;

/// Least share of the best likeness with which a candidate competes by its fitness.
pub const GATE: f64 = 0.93;

/// Least share of the likeness of what policy sets aside with which something else may answer instead.
pub const SUBSTITUTE: f64 = 0.8;

/// Below this relevance there is no answer.
pub const REFUSED: f64 = 0.15;

/// Below this relevance an answer is doubtful.
pub const DOUBTFUL: f64 = 0.65;

/// The parts of the likeness.
const STRENGTH: f64 = 2.0;
const COVER: f64 = 0.5;
const SENTENCE: f64 = 0.5;
const MEANING: f64 = 2.0;

/// What is left of the likeness of a pattern that does the opposite.
const OPPOSED: f64 = 0.7;

/// What is left of the likeness of a pattern that only tells where a change is wanted, or the other way round.
const BESIDE: f64 = 0.92;

/// The logarithm of the odds of a likeness of 1 without a lead, and what the lead as a share of the likeness adds to it.
const ODDS: f64 = 1.4;
const LEAD: f64 = 5.2;

/// How like the request a pattern is, 0..=1; `strength` is that of the tool's whole text.
pub fn likeness(strength: f64, fit: &PatternFit) -> f64 {
    let sum =
        STRENGTH * strength + COVER * fit.cover + SENTENCE * fit.sentence + MEANING * fit.meaning;
    let opposed = if fit.opposed { OPPOSED } else { 1.0 };
    let beside = if fit.beside { BESIDE } else { 1.0 };
    let kept = opposed * beside;
    kept * sum / (STRENGTH + COVER + SENTENCE + MEANING)
}

/// The chance that a candidate is what was meant, by its likeness and by that of the best other tool, if there is one.
pub fn relevance(likeness: f64, other: Option<f64>) -> f64 {
    if likeness <= 0.0 {
        return 0.0;
    }
    let lead = other.map_or(0.0, |other| (likeness - other) / likeness);
    let odds = likeness * likeness * (ODDS + LEAD * lead).exp();
    odds / (1.0 + odds)
}

/// A candidate's two measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Likeness to the request, 0..=1.
    pub likeness: f64,
    /// The preference score, 0..=1.
    pub score: f64,
    /// The request names the tool exactly.
    pub exact: bool,
}

/// What the rule makes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Combined {
    /// `w x likeness as a share of the best + (1 - w) x score`.
    pub value: f64,
    /// Whether the candidate passed the gate.
    pub relevant: bool,
    measures: Measures,
}

/// A weight outside 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the relevance weight is {0}: expected a number from 0 to 1")]
pub struct WeightError(pub f64);

/// Combines the measures of all candidates; the result is in their order.
///
/// # Errors
/// A weight that is not in 0..=1.
pub fn combine(candidates: &[Measures], weight: f64) -> Result<Vec<Combined>, WeightError> {
    if !(0.0..=1.0).contains(&weight) {
        return Err(WeightError(weight));
    }
    let best = (candidates.iter())
        .map(|candidate| candidate.likeness)
        .fold(0.0, f64::max);
    let share = |likeness: f64| if best > 0.0 { likeness / best } else { 0.0 };
    Ok(candidates
        .iter()
        .map(|&measures| Combined {
            value: weight * share(measures.likeness) + (1.0 - weight) * measures.score,
            relevant: measures.exact || measures.likeness >= GATE * best,
            measures,
        })
        .collect())
}

impl Combined {
    /// Best first. Candidates that compare equal are told apart by the caller, by name, platform, capability, pattern.
    pub fn compare(&self, other: &Combined) -> Ordering {
        let (a, b) = (&self.measures, &other.measures);
        b.exact
            .cmp(&a.exact)
            .then(other.relevant.cmp(&self.relevant))
            .then_with(|| {
                let by_value = other.value.total_cmp(&self.value);
                let by_likeness = b.likeness.total_cmp(&a.likeness);
                let by_score = b.score.total_cmp(&a.score);
                if self.relevant {
                    by_value.then(by_likeness)
                } else {
                    by_likeness.then(by_score)
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(candidates: &[Measures], weight: f64) -> Vec<usize> {
        let combined = combine(candidates, weight).expect("weight");
        let mut places: Vec<usize> = (0..candidates.len()).collect();
        places.sort_by(|&a, &b| combined[a].compare(&combined[b]));
        places
    }

    fn measures(likeness: f64, score: f64) -> Measures {
        Measures {
            likeness,
            score,
            exact: false,
        }
    }

    #[test]
    fn the_fittest_of_the_relevant_wins_and_the_irrelevant_never() {
        let candidates = [measures(0.8, 0.4), measures(0.78, 0.9), measures(0.3, 1.0)];
        assert_eq!(order(&candidates, 0.7), [1, 0, 2]);
        assert_eq!(order(&candidates, 0.0), [1, 0, 2]);
        assert_eq!(order(&candidates, 1.0), [0, 1, 2]);
    }

    #[test]
    fn an_exact_name_is_first() {
        let exact = Measures {
            exact: true,
            ..measures(0.1, 0.0)
        };
        assert_eq!(order(&[measures(1.0, 1.0), exact], 0.5), [1, 0]);
    }

    #[test]
    fn a_weight_is_a_share() {
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(combine(&[], bad).is_err());
        }
    }

    #[test]
    fn the_opposite_is_less_alike() {
        let fit = PatternFit {
            cover: 1.0,
            sentence: 1.0,
            meaning: 1.0,
            ..PatternFit::default()
        };
        let opposed = PatternFit {
            opposed: true,
            ..fit.clone()
        };
        assert!((likeness(1.0, &fit) - 1.0).abs() < 1e-12);
        assert!(likeness(1.0, &opposed) < likeness(0.8, &fit));
    }

    proptest! {
        #[test]
        fn relevance_grows_with_likeness_and_lead(a in 0.0f64..=1.0, b in 0.0f64..=1.0, other in 0.0f64..=1.0) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!((0.0..=1.0).contains(&relevance(a, Some(other))));
            prop_assert!(relevance(low, Some(other)) <= relevance(high, Some(other)));
            prop_assert!(relevance(other, Some(high)) <= relevance(other, Some(low)));
        }

        #[test]
        fn equal_scores_keep_the_order_of_retrieval(
            likenesses in proptest::collection::vec(0.0f64..=1.0, 1..20), score in 0.0f64..=1.0, weight in 0.01f64..=1.0
        ) {
            let candidates: Vec<Measures> = likenesses.iter().map(|&it| measures(it, score)).collect();
            let places = order(&candidates, weight);
            prop_assert!(places.windows(2).all(|pair| likenesses[pair[0]] >= likenesses[pair[1]]));
        }
    }
}
