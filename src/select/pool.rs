//! The candidates of one request, wherever they came from, ready to be judged.

use super::answer::{Answer, select};
use super::relevance::WeightError;
use super::search::{Found, Words, search};
use super::{Candidate, Request};
use serde::{Deserialize, Serialize};

/// The candidates of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// What offers the capabilities that were asked for.
    Offered(Vec<Candidate>),
    /// What retrieval found for the words.
    Retrieved {
        /// What it made of the words.
        words: Words,
        /// The tools, best first.
        found: Vec<Found>,
    },
}

impl Pool {
    /// Judges the candidates.
    ///
    /// # Errors
    /// A relevance weight that is not in 0..=1.
    pub fn answer(&self, request: &Request) -> Result<Answer, WeightError> {
        match self {
            Pool::Offered(candidates) => Ok(select(request, candidates)),
            Pool::Retrieved { words, found } => search(request, words, found),
        }
    }

    /// Every candidate.
    pub fn candidates(&self) -> Box<dyn Iterator<Item = &Candidate> + '_> {
        match self {
            Pool::Offered(candidates) => Box::new(candidates.iter()),
            Pool::Retrieved { found, .. } => Box::new(
                found
                    .iter()
                    .flat_map(|tool| tool.patterns.iter().map(|(it, _)| it)),
            ),
        }
    }

    /// Every candidate, to be changed.
    pub fn candidates_mut(&mut self) -> Box<dyn Iterator<Item = &mut Candidate> + '_> {
        match self {
            Pool::Offered(candidates) => Box::new(candidates.iter_mut()),
            Pool::Retrieved { found, .. } => Box::new(
                found
                    .iter_mut()
                    .flat_map(|tool| tool.patterns.iter_mut().map(|(it, _)| it)),
            ),
        }
    }

    /// Puts other candidates in the place of those that `which` names, as another version of a tool
    /// takes the place of the one in use. By words, each keeps the fit of the pattern of its name.
    pub fn replace(&mut self, which: impl Fn(&Candidate) -> bool, others: Vec<Candidate>) {
        match self {
            Pool::Offered(candidates) => {
                candidates.retain(|it| !which(it));
                candidates.extend(others);
            }
            Pool::Retrieved { found, .. } => {
                let Some(tool) = found
                    .iter_mut()
                    .find(|tool| tool.patterns.iter().any(|(it, _)| which(it)))
                else {
                    return;
                };
                let old = std::mem::take(&mut tool.patterns);
                let fit = |new: &Candidate| {
                    old.iter()
                        .find(|(it, _)| {
                            (&it.capability, &it.pattern) == (&new.capability, &new.pattern)
                        })
                        .map(|(_, fit)| fit.clone())
                        .unwrap_or_default()
                };
                tool.patterns = others
                    .into_iter()
                    .map(|it| {
                        let fit = fit(&it);
                        (it, fit)
                    })
                    .collect();
            }
        }
    }
}
