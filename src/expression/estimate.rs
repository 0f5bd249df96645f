//! Estimates: expressions whose value is a number.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::error::{ConstantsError, EvaluationError, ParseError};
use super::parser;
use super::program::Program;
use super::variables::Variables;

/// A parsed estimate: milliseconds for `time_estimate_ms`, cost units for `cost_estimate`.
///
/// Two expressions are equal if their sources are.
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    program: Program,
    variables: Vec<String>,
    literals: Vec<(f64, Range<usize>)>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// The first thing in the source that is not of the language, or a limit exceeded.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let (tree, notes) = parser::arithmetic(source)?;
        Ok(Self {
            source: source.to_owned(),
            program: Program::compile(&tree),
            variables: notes.variables,
            literals: notes.literals,
        })
    }

    /// The text that was parsed, as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Computes the value, which is finite and can be negative.
    ///
    /// # Errors
    ///
    /// A variable without a value, a division by zero, an exponent over 100 in size, a function
    /// outside of its domain, or a value that is not finite on the way or at the end.
    pub fn evaluate(&self, variables: &Variables) -> Result<f64, EvaluationError> {
        // adding zero turns a negative zero into zero
        self.program.evaluate(variables).map(|value| value + 0.0)
    }

    /// The distinct variables, in the order of their first use.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str)
    }

    /// Whether the value can depend on anything.
    pub fn depends_on_inputs(&self) -> bool {
        !self.variables.is_empty()
    }

    /// The numeric literals in the order of the source, without their signs.
    ///
    /// `pi` and `e` are not among them.
    pub fn constants(&self) -> Vec<f64> {
        self.literals.iter().map(|(value, _)| *value).collect()
    }

    /// The same expression with its numeric literals replaced, in the order of
    /// [`Expression::constants`].
    ///
    /// A literal whose value stays the same is kept as it was written, and so is everything that
    /// is not a literal. A negative value is written in parentheses.
    ///
    /// # Errors
    ///
    /// The wrong number of values, a value that is not finite, a new source that is too long or
    /// too deep.
    pub fn with_constants(&self, values: &[f64]) -> Result<Self, ConstantsError> {
        if values.len() != self.literals.len() {
            return Err(ConstantsError::WrongCount {
                expected: self.literals.len(),
                given: values.len(),
            });
        }
        let mut source = String::with_capacity(self.source.len() + 8 * values.len());
        let mut copied = 0;
        for (index, (value, (old, span))) in values.iter().zip(&self.literals).enumerate() {
            if !value.is_finite() {
                return Err(ConstantsError::NotFinite { index });
            }
            if value == old {
                continue;
            }
            source.push_str(&self.source[copied..span.start]);
            source.push_str(&literal(*value));
            copied = span.end;
        }
        source.push_str(&self.source[copied..]);
        Ok(Self::parse(&source)?)
    }
}

/// The shortest text that reads back as the finite number `value`.
fn literal(value: f64) -> String {
    if value < 0.0 {
        return format!("({})", unparenthesised(value));
    }
    unparenthesised(value.abs())
}

fn unparenthesised(value: f64) -> String {
    let plain = value.to_string();
    let scientific = format!("{value:e}");
    if scientific.len() < plain.len() {
        scientific
    } else {
        plain
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.source)
    }
}

impl FromStr for Expression {
    type Err = ParseError;

    fn from_str(source: &str) -> Result<Self, ParseError> {
        Self::parse(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(source: &str) -> Result<f64, EvaluationError> {
        Expression::parse(source)
            .unwrap_or_else(|error| panic!("{source}: {error}"))
            .evaluate(&Variables::defaults())
    }

    #[test]
    fn precedence_and_associativity_are_those_of_python() {
        for (source, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("10 - 4 - 3", 3.0),
            ("100 / 10 / 2", 5.0),
            ("7 // 2 * 2", 6.0),
            ("2 ** 3 ** 2", 512.0),
            ("2 ^ 3 ^ 2", 512.0),
            ("2 ** 3 ^ 2", 512.0),
            ("-2 ** 2", -4.0),
            ("(-2) ** 2", 4.0),
            ("2 ** -1", 0.5),
            ("2 ** -2 ** 2", 0.0625),
            ("2 * -3", -6.0),
            ("1 - -1", 2.0),
            ("--1", 1.0),
            ("-+-+-1", -1.0),
            ("-7 // 2", -4.0),
            ("-7 % 3", 2.0),
            ("7 % -3", -2.0),
            ("2 ** 3 * 0.5", 4.0),
            ("40 + N // 10", 50.0),
            ("N ** 0.5", 10.0),
            ("-(0.5) + 400", 399.5),
            ("max(4000, 15 * N)", 4000.0),
            ("min(40 * 10, 40 + N, 3)", 3.0),
            ("abs(400 - p95_latency) + 120", 720.0),
            ("ceil(400 / 3) + floor(2 * 2.5)", 139.0),
            ("30000 + log10(N) * 2", 30004.0),
            ("log(e ** 2)", 2.0),
            ("ln(e)", 1.0),
            ("log2(8)", 3.0),
            ("exp(0)", 1.0),
            ("pow(2, 10)", 1024.0),
            ("sqrt(N)", 10.0),
            ("round(0.5) + round(1.5) + round(2.5)", 4.0),
            ("pi", std::f64::consts::PI),
            ("2*e", 2.0 * std::f64::consts::E),
            ("1e3 + .5", 1000.5),
            (" \t1\r\n+\n1 ", 2.0),
            ("1e300 * 1e-300", 1.0),
        ] {
            assert_eq!(value(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        for (source, rule) in [
            ("1 / 0", "expr/division-by-zero"),
            ("1 // (N - 100)", "expr/division-by-zero"),
            ("1 % 0", "expr/division-by-zero"),
            ("0 * (1 / 0)", "expr/division-by-zero"),
            ("0 ** -1", "expr/division-by-zero"),
            ("N ** 101", "expr/exponent-too-large"),
            ("1 ^ -101", "expr/exponent-too-large"),
            ("pow(1, 1000)", "expr/exponent-too-large"),
            ("1e308 * 10", "expr/not-finite"),
            ("min(1e308 * 10, 1)", "expr/not-finite"),
            ("1 / (1e308 * 10)", "expr/not-finite"),
            ("(1e308 * 10 - 1e308 * 10) ** 0", "expr/not-finite"),
            ("exp(N * N)", "expr/not-finite"),
            ("min(sqrt(-1), 1)", "expr/not-finite"),
            ("log(0)", "expr/not-finite"),
            ("(-8) ** 0.5", "expr/not-finite"),
            ("1 + missing", "expr/missing-variable"),
            ("missing", "expr/missing-variable"),
        ] {
            assert_eq!(value(source).unwrap_err().rule(), rule, "{source}");
        }
        let infinite = Variables::from_iter([("N", f64::INFINITY)]);
        let expression = Expression::parse("N").unwrap();
        assert_eq!(
            expression.evaluate(&infinite),
            Err(EvaluationError::NotFinite)
        );
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(
            value("N + packet_count / 2"),
            Err(EvaluationError::MissingVariable {
                name: "packet_count".into()
            })
        );
    }

    #[test]
    fn a_constant_hides_a_variable_of_its_name() {
        let variables = Variables::from_iter([("e", 7.0), ("E", 8.0)]);
        let expression = Expression::parse("e").unwrap();
        assert_eq!(expression.evaluate(&variables), Ok(std::f64::consts::E));
        assert!(!expression.depends_on_inputs());
        assert_eq!(
            Expression::parse("E").unwrap().evaluate(&variables),
            Ok(8.0)
        );
    }

    #[test]
    fn what_is_not_of_the_language_is_located_and_named() {
        for (source, rule, span, suggestion) in [
            ("", "expr/syntax", 0..0, None),
            ("  \n", "expr/syntax", 0..3, None),
            ("1 +", "expr/syntax", 3..3, None),
            ("(1 + 2", "expr/syntax", 6..6, Some("a `)` is missing")),
            (
                "1 + 2)",
                "expr/syntax",
                5..6,
                Some("there is no `(` for this `)`"),
            ),
            ("()", "expr/syntax", 1..2, None),
            ("1, 2", "expr/syntax", 1..2, None),
            ("(1, 2)", "expr/syntax", 2..3, None),
            ("max(1, )", "expr/syntax", 7..8, None),
            (
                "2 N",
                "expr/syntax",
                2..3,
                Some("write an operator between them, such as `*`"),
            ),
            (
                "2(N)",
                "expr/syntax",
                1..2,
                Some("write an operator between them, such as `*`"),
            ),
            (
                "sqrt + 1",
                "expr/syntax",
                0..4,
                Some("it is a function: write `sqrt(...)`"),
            ),
            (
                "1 *** 2",
                "expr/syntax",
                4..5,
                Some("the power operator is `**` or `^`"),
            ),
            (
                "1 + sqr(2)",
                "expr/unknown-function",
                4..7,
                Some("did you mean `sqrt`?"),
            ),
            (
                "Max(1, 2)",
                "expr/unknown-function",
                0..3,
                Some("did you mean `max`?"),
            ),
            ("N(1)", "expr/unknown-function", 0..1, None),
            ("__import__('os')", "expr/unknown-function", 0..10, None),
            ("pi(1)", "expr/unknown-function", 0..2, None),
            ("sqrt(1, 2)", "expr/arity", 0..10, None),
            ("1 + min(1)", "expr/arity", 4..10, None),
            ("abs()", "expr/arity", 0..5, None),
            ("pow(1, 2, 3)", "expr/arity", 0..12, None),
            ("N & 1", "expr/unknown-operator", 2..3, None),
            ("a.b", "expr/unknown-operator", 1..2, None),
            ("größe * 2", "expr/unknown-operator", 2..4, None),
            (
                "N × 2",
                "expr/unknown-operator",
                2..4,
                Some("did you mean `*`?"),
            ),
            ("N > 5", "expr/unexpected-comparison", 2..3, None),
            ("N and 1", "expr/unexpected-comparison", 2..5, None),
            ("not N", "expr/unexpected-comparison", 0..3, None),
            ("max(N == 5, 1)", "expr/unexpected-comparison", 6..8, None),
            ("0x10", "expr/invalid-number", 0..4, None),
            ("1e999", "expr/invalid-number", 0..5, None),
        ] {
            let error = Expression::parse(source).unwrap_err();
            assert_eq!(error.rule(), rule, "{source}: {error}");
            assert_eq!(error.span, span, "{source}: {error}");
            if suggestion.is_some() {
                assert_eq!(error.suggestion().as_deref(), suggestion, "{source}");
            }
        }
    }

    #[test]
    fn messages_are_plain_words() {
        for (source, message) in [
            ("1 + sqr(2)", "unknown function `sqr`"),
            (
                "1 +",
                "expected a number, a variable, a function or `(`, found the end",
            ),
            ("min(1)", "`min` takes two arguments or more, not 1"),
            (
                "N >= 5",
                "`>=` belongs in a condition (requires_background_if), not in an estimate",
            ),
            ("1 $ 2", "unknown operator or character `$`"),
        ] {
            let error = Expression::parse(source).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn limits() {
        let rule = |source: &str| Expression::parse(source).err().map(|error| error.rule());
        let nested =
            |open: &str, count: usize| format!("{}1{}", open.repeat(count), ")".repeat(count));
        assert_eq!(rule(&nested("(", 20)), None);
        assert_eq!(rule(&nested("(", 21)), Some("expr/too-deep"));
        assert_eq!(rule(&nested("abs(", 20)), None);
        assert_eq!(rule(&nested("abs(", 21)), Some("expr/too-deep"));
        assert_eq!(rule(&nested("-(", 20)), None);
        assert_eq!(rule(&format!("{}1", "-".repeat(20))), None);
        assert_eq!(rule(&format!("{}1", "-".repeat(21))), Some("expr/too-deep"));
        assert_eq!(rule(&format!("{}1", "1^".repeat(20))), None);
        assert_eq!(
            rule(&format!("{}1", "1^".repeat(21))),
            Some("expr/too-deep")
        );
        assert_eq!(
            rule(&format!("{}1", "1^-".repeat(11))),
            Some("expr/too-deep")
        );
        assert_eq!(rule(&format!("{}10", "1+".repeat(249))), None);
        assert_eq!(
            rule(&format!("{}100", "1+".repeat(249))),
            Some("expr/too-long")
        );
        // characters count, not bytes
        assert_eq!(rule(&"é".repeat(500)), Some("expr/unknown-operator"));
        assert_eq!(rule(&"é".repeat(501)), Some("expr/too-long"));
        for bomb in [
            "(".repeat(100_000),
            "-".repeat(100_000),
            "2**".repeat(200),
            "abs(".repeat(50_000),
        ] {
            assert_eq!(rule(&bomb), Some("expr/too-long"));
        }
        for bomb in [
            "(".repeat(500),
            "-".repeat(500),
            "2**".repeat(166),
            "-(".repeat(250),
        ] {
            assert_eq!(rule(&bomb), Some("expr/too-deep"));
        }
    }

    #[test]
    fn variables_and_constants_are_listed_in_order() {
        let expression = Expression::parse("pages * 2 + N ** 0.5 - pages / -3 + pi").unwrap();
        assert_eq!(expression.variables().collect::<Vec<_>>(), ["pages", "N"]);
        assert_eq!(expression.constants(), [2.0, 0.5, 3.0]);
        assert!(expression.depends_on_inputs());
    }

    #[test]
    fn constants_are_replaced_in_the_text() {
        let expression = Expression::parse("40 +  1e3*N ^ .5").unwrap();
        let refitted = expression.with_constants(&[52.5, 1000.0, 0.5]).unwrap();
        assert_eq!(refitted.source(), "52.5 +  1e3*N ^ .5");
        let negative = expression.with_constants(&[-40.0, 1e21, 1e-9]).unwrap();
        assert_eq!(negative.source(), "(-40) +  1e21*N ^ 1e-9");
        let subtracted = Expression::parse("10-2")
            .unwrap()
            .with_constants(&[10.0, -2.0]);
        assert_eq!(subtracted.unwrap().evaluate(&Variables::new()), Ok(12.0));

        assert_eq!(
            expression.with_constants(&[1.0]),
            Err(ConstantsError::WrongCount {
                expected: 3,
                given: 1
            })
        );
        assert_eq!(
            expression.with_constants(&[1.0, f64::NAN, 1.0]),
            Err(ConstantsError::NotFinite { index: 1 })
        );
        let long = Expression::parse(&format!("{}10", "1+".repeat(249))).unwrap();
        assert!(matches!(
            long.with_constants(&vec![0.123456; 250]),
            Err(ConstantsError::Rewritten(_))
        ));
    }

    #[test]
    fn can_be_shared_between_threads() {
        fn assert_shared<T: Clone + Send + Sync + std::fmt::Debug>() {}
        assert_shared::<Expression>();
        assert_shared::<crate::expression::Condition>();
    }
}
