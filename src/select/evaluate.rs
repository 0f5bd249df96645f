//! Retrieval quality over queries whose right tools are known: recall at 1, 5 and 10, and mean reciprocal rank.
//!
//! A query counts as found at k where one of its true tools is among the first k of the *retrieval* order (by
//! relevance), before preferences reorder it. The reciprocal rank is 1/rank of the first true tool, 0 without one
//! (Voorhees, TREC-8 question answering track report, 1999).

use serde::{Deserialize, Serialize};

/// How many of the answers a miss shows.
const SHOWN: usize = 5;

/// The rank after which a query is a miss.
const MISS_AFTER: usize = 10;

/// A query and the tools that it means; other fields of a line are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Case {
    /// The request in words.
    pub query: String,
    /// Names of right tools, one or more; a single string is read as a list of one.
    #[serde(deserialize_with = "one_or_many")]
    pub truth: Vec<String>,
}

/// A query whose true tools are not among the first ten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Miss {
    /// The request.
    pub query: String,
    /// The right tools.
    pub truth: Vec<String>,
    /// The rank of the first right tool, from 1; null if none was retrieved.
    pub rank: Option<usize>,
    /// The best answers given instead, at most five.
    pub found: Vec<String>,
}

/// The result over all queries; each measure is a mean in 0..=1, and 0 without any query.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The number of queries.
    pub queries: usize,
    /// Share of queries with a true tool in the first place.
    pub recall_at_1: f64,
    /// Share with one among the first five.
    pub recall_at_5: f64,
    /// Share with one among the first ten.
    pub recall_at_10: f64,
    /// Mean reciprocal rank.
    pub mrr: f64,
    /// The queries not answered within the first ten.
    pub misses: Vec<Miss>,
}

/// Collects ranks, one query at a time.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    ranks: Vec<Option<usize>>,
    misses: Vec<Miss>,
}

impl Evaluation {
    /// Adds one query with its answers, best first; `matches` says whether an answer is the tool that a true name means.
    pub fn add<'a>(
        &mut self,
        case: &Case,
        ranked: impl IntoIterator<Item = &'a str>,
        mut matches: impl FnMut(&str, &str) -> bool,
    ) {
        let mut found = Vec::new();
        let mut rank = None;
        for (i, name) in ranked.into_iter().enumerate() {
            if found.len() < SHOWN {
                found.push(name.to_owned());
            }
            if rank.is_none() && case.truth.iter().any(|truth| matches(name, truth)) {
                rank = Some(i + 1);
            }
            if rank.is_some() && found.len() >= SHOWN {
                break;
            }
        }
        if rank.is_none_or(|rank| rank > MISS_AFTER) {
            self.misses.push(Miss {
                query: case.query.clone(),
                truth: case.truth.clone(),
                rank,
                found,
            });
        }
        self.ranks.push(rank);
    }

    /// The measures over all queries added.
    pub fn report(self) -> Report {
        let queries = self.ranks.len();
        let mean = |sum: f64| {
            if queries == 0 {
                0.0
            } else {
                sum / queries as f64
            }
        };
        let within = |k: usize| {
            mean(
                self.ranks
                    .iter()
                    .flatten()
                    .filter(|&&rank| rank <= k)
                    .count() as f64,
            )
        };
        Report {
            queries,
            recall_at_1: within(1),
            recall_at_5: within(5),
            recall_at_10: within(10),
            mrr: mean(
                self.ranks
                    .iter()
                    .flatten()
                    .map(|&rank| 1.0 / rank as f64)
                    .sum(),
            ),
            misses: self.misses,
        }
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(name) => vec![name],
        OneOrMany::Many(names) => names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(truth: &str) -> Case {
        Case {
            query: "q".into(),
            truth: vec![truth.into()],
        }
    }

    #[test]
    fn measures_are_means_over_the_queries() {
        let mut evaluation = Evaluation::default();
        let same = |a: &str, b: &str| a == b;
        evaluation.add(&case("a"), ["a", "b"], same);
        evaluation.add(&case("b"), ["a", "b"], same);
        evaluation.add(&case("c"), ["a", "b"], same);
        evaluation.add(&case("12"), (1..=12).map(|_| "x").chain(["12"]), same);
        let report = evaluation.report();
        assert_eq!(report.queries, 4);
        assert_eq!(
            (report.recall_at_1, report.recall_at_5, report.recall_at_10),
            (0.25, 0.5, 0.5)
        );
        assert!((report.mrr - (1.0 + 0.5 + 1.0 / 13.0) / 4.0).abs() < 1e-12);
        assert_eq!(
            report
                .misses
                .iter()
                .map(|miss| miss.rank)
                .collect::<Vec<_>>(),
            [None, Some(13)]
        );
        assert_eq!(Evaluation::default().report(), Report::default());
    }

    #[test]
    fn truth_is_a_list_or_one_name() {
        let one: Case =
            serde_json::from_str(r#"{"query":"q","truth":"a","split":"dev"}"#).expect("case");
        let many: Case = serde_json::from_str(r#"{"query":"q","truth":["a"]}"#).expect("case");
        assert_eq!(one, many);
        assert!(serde_json::from_str::<Case>(r#"{"query":"q"}"#).is_err());
    }
}
