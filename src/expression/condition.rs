//! Conditions: comparisons of expressions, joined by `and`, `or` and `not`.

use std::fmt;
use std::str::FromStr;

use super::error::{EvaluationError, ParseError};
use super::parser;
use super::tree::Boolean;
use super::variables::Variables;

/// A parsed condition, as in `requires_background_if`.
///
/// Two conditions are equal if their sources are.
#[derive(Debug, Clone)]
pub struct Condition {
    source: String,
    tree: Boolean,
    variables: Vec<String>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    ///
    /// The first thing in the source that is not of the language, a limit exceeded, or a number
    /// where a comparison is needed.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let (tree, notes) = parser::boolean(source)?;
        Ok(Self {
            source: source.to_owned(),
            tree,
            variables: notes.variables,
        })
    }

    /// The text that was parsed, as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the condition holds.
    ///
    /// What `and`, `or` or a chain of comparisons does not need is not evaluated, so that nothing
    /// in it can fail: `N > 0 and 1 / N < 0.1`.
    ///
    /// # Errors
    ///
    /// Those of [`Expression::evaluate`](super::Expression::evaluate).
    pub fn holds(&self, variables: &Variables) -> Result<bool, EvaluationError> {
        holds(&self.tree, variables)
    }

    /// The distinct variables, in the order of their first use.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str)
    }
}

fn holds(tree: &Boolean, variables: &Variables) -> Result<bool, EvaluationError> {
    match tree {
        Boolean::Comparison { first, rest } => {
            let mut left = first.evaluate(variables)?;
            for (relation, term) in rest {
                let right = term.evaluate(variables)?;
                if !relation.holds(left, right) {
                    return Ok(false);
                }
                left = right;
            }
            Ok(true)
        }
        Boolean::Not(operand) => Ok(!holds(operand, variables)?),
        Boolean::And(left, right) => Ok(holds(left, variables)? && holds(right, variables)?),
        Boolean::Or(left, right) => Ok(holds(left, variables)? || holds(right, variables)?),
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.source)
    }
}

impl FromStr for Condition {
    type Err = ParseError;

    fn from_str(source: &str) -> Result<Self, ParseError> {
        Self::parse(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(source: &str) -> Result<bool, EvaluationError> {
        Condition::parse(source)
            .unwrap_or_else(|error| panic!("{source}: {error}"))
            .holds(&Variables::defaults())
    }

    #[test]
    fn comparisons_and_words_follow_python() {
        for (source, expected) in [
            ("N > 99", true),
            ("N >= 100", true),
            ("N < 100", false),
            ("N <= 100", true),
            ("N == 100", true),
            ("N != 100", false),
            ("N > 1000 or pages == 1", true),
            ("N > 1 and pages > 1", false),
            ("not N > 1000", true),
            ("not not N > 1000", false),
            ("not N > 1 or N > 1", true),
            ("N > 1 or N > 1 and pages > 1", true),
            ("(N > 1 or N > 1) and pages > 1", false),
            ("(N + 1) * 2 > 200", true),
            ("((N) > (1)) and (not (pages > 1))", true),
            ("1 < N < 200", true),
            ("1 < N < 50", false),
            ("1 < N > 50", true),
            ("max(N, 200) == 2 * N", true),
        ] {
            assert_eq!(holds(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_is_not_needed_is_not_evaluated() {
        assert_eq!(holds("N == 0 and 1 / 0 > 1"), Ok(false));
        assert_eq!(holds("N > 0 or missing > 1"), Ok(true));
        assert_eq!(holds("N < 1 < missing"), Ok(false));
        assert_eq!(
            holds("N > 0 and missing > 1"),
            Err(EvaluationError::MissingVariable {
                name: "missing".into()
            })
        );
        assert_eq!(holds("1 / 0 > 1"), Err(EvaluationError::DivisionByZero));
    }

    #[test]
    fn numbers_and_truth_are_different_things() {
        for (source, rule, span) in [
            ("N", "expr/not-a-condition", 0..1),
            ("1", "expr/not-a-condition", 0..1),
            ("N + 1", "expr/not-a-condition", 0..5),
            ("N > 1 and pages", "expr/not-a-condition", 10..15),
            ("N or pages > 1", "expr/not-a-condition", 0..1),
            ("not N", "expr/not-a-condition", 4..5),
            ("(N > 1) + 1 > 1", "expr/unexpected-comparison", 0..7),
            ("-(N > 1)", "expr/unexpected-comparison", 1..8),
            ("max(N > 1, 2) > 1", "expr/unexpected-comparison", 4..9),
            ("(N > 1) == 1", "expr/unexpected-comparison", 0..7),
            ("N > 1 && pages > 1", "expr/unknown-operator", 6..8),
            ("!(N > 1)", "expr/unknown-operator", 0..1),
            ("N > 1 AND pages > 1", "expr/syntax", 6..9),
            ("N >", "expr/syntax", 3..3),
            ("N > > 1", "expr/syntax", 4..5),
            ("and N > 1", "expr/syntax", 0..3),
            ("N > 1 and", "expr/syntax", 9..9),
            ("N is 1", "expr/syntax", 2..4),
            ("1 + not N > 1", "expr/syntax", 4..7),
        ] {
            let error = Condition::parse(source).unwrap_err();
            assert_eq!(error.rule(), rule, "{source}: {error}");
            assert_eq!(error.span, span, "{source}: {error}");
        }
        let error = Condition::parse("N > 1 AND pages > 1").unwrap_err();
        assert_eq!(error.suggestion().as_deref(), Some("did you mean `and`?"));
    }

    #[test]
    fn limits() {
        let nots = |count| format!("{}N > 1", "not ".repeat(count));
        assert!(Condition::parse(&nots(20)).is_ok());
        assert_eq!(
            Condition::parse(&nots(21)).unwrap_err().rule(),
            "expr/too-deep"
        );
        let long = format!("{}N>1", "N>1 or ".repeat(71));
        assert_eq!(long.len(), 500);
        assert!(Condition::parse(&long).is_ok());
        let bomb = "not(".repeat(21);
        assert_eq!(Condition::parse(&bomb).unwrap_err().rule(), "expr/too-deep");
    }

    #[test]
    fn variables_are_listed_once() {
        let condition = Condition::parse("pages > 1 and N > pages").unwrap();
        assert_eq!(condition.variables().collect::<Vec<_>>(), ["pages", "N"]);
    }
}
