//! The estimate-expression language: how a tool definition says what a use of the tool will take.
//!
//! An [`Expression`] is arithmetic over named inputs (`time_estimate_ms`, `cost_estimate`); a
//! [`Condition`] compares such arithmetic (`requires_background_if`). Both are parsed once, keep
//! their source text, and are evaluated against [`Variables`].
//!
//! # The language
//!
//! | | |
//! |-|-|
//! | numbers | `1`, `1.5`, `.5`, `1e3`; no hexadecimal, no digit separators |
//! | variables | `[A-Za-z_][A-Za-z0-9_]*`, except the names below |
//! | constants | `pi`, `e`; a variable of that name is hidden by the constant |
//! | arithmetic | `+ - * /`, `%` and `//` (floored: the remainder takes the divisor's sign), `^` and `**` (power) |
//! | functions | `abs ceil floor round sqrt exp ln log log2 log10` of one argument, `pow` of two, `min max` of two or more |
//! | conditions | `< <= > >= == !=`, chained as in `1 < N < 9`; `and or not`, short-circuiting |
//!
//! Meaning and precedence are Python's: power is right-associative and binds tighter than a sign
//! on its left (`-2 ** 2` is -4, `2 ** -1` is 0.5), `round` takes halves to the even neighbour,
//! `log` is the natural logarithm, and `not` binds tighter than `and`, `and` than `or`.
//!
//! # Limits
//!
//! A source has at most [`MAX_CHARACTERS`] characters and [`MAX_NESTING`] levels of parentheses
//! and calls; signs, `not` and powers chain as far. An exponent over [`MAX_EXPONENT`] in size, a
//! division by zero, and any step that is not finite are errors, and so is a variable without a
//! value.
//!
//! Arithmetic is evaluated by meval, which no other module knows.

mod condition;
mod error;
mod estimate;
mod functions;
mod lexer;
mod nearest;
mod parser;
mod program;
mod tree;
mod variables;

#[cfg(test)]
mod laws;

pub use self::condition::Condition;
pub use self::error::{ConstantsError, EvaluationError, ParseError, ParseErrorKind};
pub use self::estimate::Expression;
pub use self::functions::{MAX_EXPONENT, constant_names, function_names};
pub use self::nearest::nearest;
pub use self::parser::{MAX_CHARACTERS, MAX_NESTING};
pub use self::variables::Variables;
