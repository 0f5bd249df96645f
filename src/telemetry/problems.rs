//! Data problems: what was wrong with the records, by name and with a count, instead of a wrong number.

use std::collections::BTreeMap;

use serde::Serialize;

/// A kind of data problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// No record at all (count 0).
    NoRecords,
    /// Fewer usable records than a spread can be computed from; the count is how many there are.
    TooFewRecords,
    /// Every usable value is the same.
    AllActualsEqual,
    /// The value was not recorded (NULL).
    MissingActual,
    /// The value is 0: it has no logarithm and is left out of the ratios.
    ZeroActual,
    /// The value is negative.
    NegativeActual,
    /// The value is not a number or too large to compute with.
    NonFiniteActual,
    /// A variable of the estimate has no value.
    MissingVariable,
    /// A variable of the estimate is not a finite number.
    NonFiniteVariable,
    /// A variable is beyond 2^53, where whole numbers are no longer exact; such records are left out of a refit.
    ExtremeVariable,
    /// No estimate was stored and none could be computed.
    MissingEstimate,
    /// The estimate is 0 or less.
    NonPositiveEstimate,
    /// The estimate is not a finite number.
    NonFiniteEstimate,
    /// Actual and estimate are so far apart that their ratio is not a finite number.
    NonFiniteResidual,
}

/// A data problem with the number of records it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataProblem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// The variable concerned, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// How many records it concerns.
    pub count: usize,
}

/// Counts problems as they are met.
#[derive(Debug, Clone, Default)]
pub struct ProblemCounter(BTreeMap<(ProblemKind, Option<String>), usize>);

impl ProblemCounter {
    /// Counts one record with this problem.
    pub fn add(&mut self, kind: ProblemKind) {
        self.set(kind, None, 1);
    }

    /// Counts one record with this problem of one variable.
    pub fn add_variable(&mut self, kind: ProblemKind, variable: &str) {
        self.set(kind, Some(variable.to_owned()), 1);
    }

    /// Counts `count` records with this problem.
    pub fn set(&mut self, kind: ProblemKind, variable: Option<String>, count: usize) {
        *self.0.entry((kind, variable)).or_default() += count;
    }

    /// The problems met, ordered by kind and variable.
    pub fn finish(self) -> Vec<DataProblem> {
        self.0
            .into_iter()
            .map(|((kind, variable), count)| DataProblem {
                kind,
                variable,
                count,
            })
            .collect()
    }
}
