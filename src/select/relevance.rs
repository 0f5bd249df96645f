//! How relevance to the words and fitness for the preference make one order.
//!
//! The rule, for `--relevance-weight` w in 0..=1 (default 0.7):
//!
//! - A candidate's relevance is its retrieval score as a share of the best candidate's, its fitness is the preference
//!   score; both are in 0..=1.
//! - **Gate**: a candidate is *relevant* when its relevance is at least [`GATE`] of the best. Only relevant candidates
//!   compete by `w x relevance + (1 - w) x score`; all others come after them, by relevance alone. So the fittest of the
//!   relevant wins, and an irrelevant one never does, however cheap.
//! - A tool that the request names exactly comes before every other.
//! - Equal fitness leaves the order of retrieval as it is, for every w above 0.
//!
//! `--eval` measures the order of retrieval, before this rule.

use std::cmp::Ordering;

/// The weight of relevance where none is given.
pub const DEFAULT_WEIGHT: f64 = 0.7;

/// Least share of the best relevance with which a candidate competes by its fitness.
pub const GATE: f64 = 0.75;

/// A candidate's two measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Relevance to the words, 0..=1, relative to the best candidate.
    pub relevance: f64,
    /// The preference score, 0..=1.
    pub score: f64,
    /// The request names the tool exactly.
    pub exact: bool,
}

/// What the rule makes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Combined {
    /// `w x relevance + (1 - w) x score`.
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
    let best = candidates
        .iter()
        .map(|candidate| candidate.relevance)
        .fold(0.0, f64::max);
    Ok(candidates
        .iter()
        .map(|&measures| Combined {
            value: weight * measures.relevance + (1.0 - weight) * measures.score,
            relevant: measures.exact || measures.relevance >= GATE * best,
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
                let by_relevance = b.relevance.total_cmp(&a.relevance);
                let by_score = b.score.total_cmp(&a.score);
                if self.relevant {
                    by_value.then(by_relevance)
                } else {
                    by_relevance.then(by_score)
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

    fn measures(relevance: f64, score: f64) -> Measures {
        Measures {
            relevance,
            score,
            exact: false,
        }
    }

    #[test]
    fn the_fittest_of_the_relevant_wins_and_the_irrelevant_never() {
        let candidates = [measures(1.0, 0.4), measures(0.9, 0.9), measures(0.3, 1.0)];
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

    proptest! {
        #[test]
        fn equal_scores_keep_the_order_of_retrieval(
            relevances in proptest::collection::vec(0.0f64..=1.0, 1..20), score in 0.0f64..=1.0, weight in 0.01f64..=1.0
        ) {
            let candidates: Vec<Measures> = relevances.iter().map(|&r| measures(r, score)).collect();
            let places = order(&candidates, weight);
            prop_assert!(places.windows(2).all(|pair| relevances[pair[0]] >= relevances[pair[1]]));
        }
    }
}
