//! What can be wrong with an expression: when it is read, when it is evaluated, when its constants
//! are replaced.

use std::ops::Range;

use super::functions::MAX_EXPONENT;
use super::parser::{MAX_CHARACTERS, MAX_NESTING};

/// Why a source text is not an expression or a condition, and where.
///
/// The message says what is wrong; [`ParseError::suggestion`] what may have been meant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The bytes of the source that are at fault; empty at its end where something is missing.
    pub span: Range<usize>,
    suggestion: Option<String>,
}

impl ParseError {
    pub(super) fn new(kind: ParseErrorKind, span: Range<usize>) -> Self {
        Self {
            kind,
            span,
            suggestion: None,
        }
    }

    pub(super) fn suggesting(mut self, suggestion: impl Into<Option<String>>) -> Self {
        self.suggestion = suggestion.into();
        self
    }

    /// The stable identifier of the rule that is broken, such as `expr/unknown-function`.
    pub fn rule(&self) -> &'static str {
        self.kind.rule()
    }

    /// What may have been meant, as a sentence.
    pub fn suggestion(&self) -> Option<String> {
        self.suggestion.clone()
    }
}

/// What is wrong with a source text.
///
/// Text from the source is quoted with control characters escaped.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParseErrorKind {
    /// There is nothing but white space.
    #[error("the expression is empty")]
    Empty,
    /// The source has more than [`MAX_CHARACTERS`] characters.
    #[error("the expression has {characters} characters, more than {MAX_CHARACTERS}")]
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// Parentheses, calls, signs or powers are nested deeper than [`MAX_NESTING`] levels.
    #[error("the expression is nested deeper than {MAX_NESTING} levels")]
    TooDeep,
    /// A character or operator that the language does not have.
    #[error("unknown operator or character `{found}`")]
    UnknownOperator {
        /// The text found.
        found: String,
    },
    /// A call of something that is not a function of the language.
    #[error("unknown function `{name}`")]
    UnknownFunction {
        /// The name called.
        name: String,
    },
    /// A function called with the wrong number of arguments.
    #[error("`{function}` takes {expected}, not {given}")]
    WrongArity {
        /// The function's name.
        function: &'static str,
        /// How many arguments it takes, in words.
        expected: &'static str,
        /// How many it was given.
        given: usize,
    },
    /// Something that starts with a digit and is not a number.
    #[error("`{text}` is not a number")]
    InvalidNumber {
        /// The text found.
        text: String,
    },
    /// A number too large for a 64-bit float.
    #[error("the number `{text}` is too large")]
    NumberTooLarge {
        /// The text found.
        text: String,
    },
    /// A name that stands for a function or an operator, used as a variable.
    #[error("`{name}` is not a variable")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// A token in a place where it cannot stand.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could have stood there.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A comparison or `and`, `or`, `not` in arithmetic.
    #[error("`{operator}` belongs in a condition (requires_background_if), not in an estimate")]
    UnexpectedComparison {
        /// The operator.
        operator: String,
    },
    /// In a condition: the outcome of a comparison where a number is needed.
    #[error("a comparison cannot be used as a number")]
    ComparisonAsNumber,
    /// In a condition: a number where a comparison is needed.
    #[error("a condition needs a comparison here, not a number")]
    NotACondition,
}

impl ParseErrorKind {
    fn rule(&self) -> &'static str {
        match self {
            Self::Empty | Self::Unexpected { .. } | Self::ReservedName { .. } => "expr/syntax",
            Self::TooLong { .. } => "expr/too-long",
            Self::TooDeep => "expr/too-deep",
            Self::UnknownOperator { .. } => "expr/unknown-operator",
            Self::UnknownFunction { .. } => "expr/unknown-function",
            Self::WrongArity { .. } => "expr/arity",
            Self::InvalidNumber { .. } | Self::NumberTooLarge { .. } => "expr/invalid-number",
            Self::UnexpectedComparison { .. } | Self::ComparisonAsNumber => {
                "expr/unexpected-comparison"
            }
            Self::NotACondition => "expr/not-a-condition",
        }
    }
}

/// Why a well-formed expression has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvaluationError {
    /// A variable without a value.
    #[error("the variable `{name}` has no value")]
    MissingVariable {
        /// The variable's name.
        name: String,
    },
    /// The right side of `/`, `//` or `%` is zero, or zero is raised to a negative power.
    #[error("division by zero")]
    DivisionByZero,
    /// An exponent over [`MAX_EXPONENT`] in size.
    #[error("the exponent {exponent} is larger than {MAX_EXPONENT} in size")]
    ExponentTooLarge {
        /// The exponent.
        exponent: f64,
    },
    /// A function of a number for which it has no finite real value.
    #[error("{function} of {argument} is not a finite number")]
    Domain {
        /// The function's name; `power` for the operators `^` and `**`.
        function: &'static str,
        /// The argument, the base in the case of a power.
        argument: f64,
    },
    /// A value, on the way or at the end, that is infinite or not a number.
    #[error("the value is not finite")]
    NotFinite,
    /// The evaluator refused the expression; no source is known to bring this about.
    #[error("the expression cannot be evaluated: {detail}")]
    Refused {
        /// The evaluator's own words.
        detail: String,
    },
}

impl EvaluationError {
    /// The stable identifier of the rule that is broken, such as `expr/division-by-zero`.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::MissingVariable { .. } => "expr/missing-variable",
            Self::DivisionByZero => "expr/division-by-zero",
            Self::ExponentTooLarge { .. } => "expr/exponent-too-large",
            Self::Domain { .. } | Self::NotFinite | Self::Refused { .. } => "expr/not-finite",
        }
    }
}

/// Why the constants of an expression cannot be replaced.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConstantsError {
    /// More or fewer values than the expression has constants.
    #[error("the expression has {expected} constants, not {given}")]
    WrongCount {
        /// How many it has.
        expected: usize,
        /// How many values were given.
        given: usize,
    },
    /// An infinite value or NaN.
    #[error("constant {index} is not finite")]
    NotFinite {
        /// The position of the value, from zero.
        index: usize,
    },
    /// The new text breaks a limit of the language.
    #[error(transparent)]
    Rewritten(#[from] ParseError),
}
