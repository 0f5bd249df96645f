//! The functions and constants of the language, and its checked arithmetic.
//!
//! Every function here refuses what plain `f64` arithmetic would hide: `f64::min` drops a NaN, and
//! a NaN to the power of zero is one. As arguments are checked to be finite first, neither occurs.

use super::error::EvaluationError;

/// The largest size of an exponent.
pub const MAX_EXPONENT: f64 = 100.0;

/// A function that an expression can call by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Ceil,
    Floor,
    Round,
    Sqrt,
    Exp,
    Ln,
    Log,
    Log2,
    Log10,
    Pow,
    Min,
    Max,
}

const FUNCTIONS: [(&str, Function); 13] = [
    ("abs", Function::Abs),
    ("ceil", Function::Ceil),
    ("floor", Function::Floor),
    ("round", Function::Round),
    ("sqrt", Function::Sqrt),
    ("exp", Function::Exp),
    ("ln", Function::Ln),
    ("log", Function::Log),
    ("log2", Function::Log2),
    ("log10", Function::Log10),
    ("pow", Function::Pow),
    ("min", Function::Min),
    ("max", Function::Max),
];

const CONSTANTS: [(&str, f64); 2] = [("pi", std::f64::consts::PI), ("e", std::f64::consts::E)];

/// The names of all functions of the language.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

/// The names of all constants of the language.
pub fn constant_names() -> impl Iterator<Item = &'static str> {
    CONSTANTS.iter().map(|(name, _)| *name)
}

/// The value of the constant `name`.
pub(super) fn constant(name: &str) -> Option<f64> {
    CONSTANTS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value)
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        FUNCTIONS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, function)| *function)
    }

    pub(super) fn name(self) -> &'static str {
        FUNCTIONS[self as usize].0
    }

    /// Whether the function can be called with that many arguments.
    pub(super) fn takes(self, arguments: usize) -> bool {
        match self {
            Self::Min | Self::Max => arguments >= 2,
            Self::Pow => arguments == 2,
            _ => arguments == 1,
        }
    }

    /// How many arguments the function takes, in words.
    pub(super) fn arity(self) -> &'static str {
        match self {
            Self::Min | Self::Max => "two arguments or more",
            Self::Pow => "two arguments",
            _ => "one argument",
        }
    }

    /// Applies the function to finite arguments of the right number.
    ///
    /// # Errors
    ///
    /// An argument outside of the function's domain, a result that is not finite.
    pub(super) fn apply(self, arguments: &[f64]) -> Result<f64, EvaluationError> {
        let first = arguments.first().copied().unwrap_or(f64::NAN);
        let in_domain = match self {
            Self::Sqrt => first >= 0.0,
            Self::Ln | Self::Log | Self::Log2 | Self::Log10 => first > 0.0,
            _ => true,
        };
        if !in_domain {
            return Err(EvaluationError::Domain {
                function: self.name(),
                argument: first,
            });
        }
        finite(match self {
            Self::Abs => first.abs(),
            Self::Ceil => first.ceil(),
            Self::Floor => first.floor(),
            Self::Round => first.round_ties_even(),
            Self::Sqrt => first.sqrt(),
            Self::Exp => first.exp(),
            Self::Ln | Self::Log => first.ln(),
            Self::Log2 => first.log2(),
            Self::Log10 => first.log10(),
            Self::Pow => power(first, arguments.get(1).copied().unwrap_or(f64::NAN))?,
            Self::Min => arguments.iter().copied().fold(first, f64::min),
            Self::Max => arguments.iter().copied().fold(first, f64::max),
        })
    }
}

/// Returns `value` if it is neither infinite nor NaN.
pub(super) fn finite(value: f64) -> Result<f64, EvaluationError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(EvaluationError::NotFinite)
    }
}

/// Divides finite numbers.
pub(super) fn divide(dividend: f64, divisor: f64) -> Result<f64, EvaluationError> {
    if divisor == 0.0 {
        return Err(EvaluationError::DivisionByZero);
    }
    finite(dividend / divisor)
}

/// The floored quotient of finite numbers, as Python defines it for floats.
///
/// Flooring the plain quotient would be off by one where that rounds up to an integer
/// (`1 // 0.1` is 9: the float 0.1 is a little more than a tenth).
pub(super) fn floor_divide(dividend: f64, divisor: f64) -> Result<f64, EvaluationError> {
    let remainder = remainder(dividend, divisor)?;
    let truncated = dividend % divisor;
    let mut quotient = (dividend - truncated) / divisor;
    if remainder != truncated {
        quotient -= 1.0;
    }
    // an integer but for rounding
    let floor = quotient.floor();
    finite(if quotient - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    })
}

/// The remainder of finite numbers that goes with [`floor_divide`]: it has the divisor's sign.
pub(super) fn remainder(dividend: f64, divisor: f64) -> Result<f64, EvaluationError> {
    if divisor == 0.0 {
        return Err(EvaluationError::DivisionByZero);
    }
    let truncated = dividend % divisor;
    Ok(if truncated == 0.0 {
        0.0_f64.copysign(divisor)
    } else if (truncated < 0.0) != (divisor < 0.0) {
        truncated + divisor
    } else {
        truncated
    })
}

/// Raises a finite number to a finite power.
pub(super) fn power(base: f64, exponent: f64) -> Result<f64, EvaluationError> {
    if exponent.abs() > MAX_EXPONENT {
        return Err(EvaluationError::ExponentTooLarge { exponent });
    }
    if base == 0.0 && exponent < 0.0 {
        return Err(EvaluationError::DivisionByZero);
    }
    let value = base.powf(exponent);
    if value.is_nan() {
        return Err(EvaluationError::Domain {
            function: "power",
            argument: base,
        });
    }
    finite(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (name, function) in FUNCTIONS {
            assert_eq!(function.name(), name);
            assert_eq!(Function::named(name), Some(function));
        }
    }

    /// Expected values from CPython 3.
    #[test]
    fn floored_division_is_that_of_python() {
        for (a, b, quotient, rest) in [
            (7.0, 3.0, 2.0, 1.0),
            (-7.0, 3.0, -3.0, 2.0),
            (7.0, -3.0, -3.0, -2.0),
            (-7.0, -3.0, 2.0, -1.0),
            (1.0, 0.1, 9.0, 0.09999999999999995),
            (-1.0, 1e20, -1.0, 1e20),
            (5.5, 1.25, 4.0, 0.5),
            (6.0, 3.0, 2.0, 0.0),
        ] {
            assert_eq!(floor_divide(a, b), Ok(quotient), "{a} // {b}");
            assert_eq!(remainder(a, b), Ok(rest), "{a} % {b}");
        }
        assert!(remainder(6.0, -3.0).is_ok_and(f64::is_sign_negative));
        // the quotient overflows, the remainder does not
        assert_eq!(floor_divide(1e300, 1e-9), Err(EvaluationError::NotFinite));
        assert_eq!(remainder(1e300, 1e-9), Ok(7.318252699976746e-10));
    }

    #[test]
    fn what_is_undefined_is_refused() {
        assert_eq!(divide(1.0, 0.0), Err(EvaluationError::DivisionByZero));
        assert_eq!(divide(0.0, -0.0), Err(EvaluationError::DivisionByZero));
        assert_eq!(floor_divide(1.0, 0.0), Err(EvaluationError::DivisionByZero));
        assert_eq!(remainder(1.0, 0.0), Err(EvaluationError::DivisionByZero));
        assert_eq!(power(0.0, -1.0), Err(EvaluationError::DivisionByZero));
        assert_eq!(power(10.0, 100.0), Ok(1e100));
        assert_eq!(
            power(1.0, 100.5),
            Err(EvaluationError::ExponentTooLarge { exponent: 100.5 })
        );
        assert_eq!(
            power(2.0, -101.0),
            Err(EvaluationError::ExponentTooLarge { exponent: -101.0 })
        );
        assert_eq!(power(1e10, 99.0), Err(EvaluationError::NotFinite));
        assert!(matches!(
            power(-8.0, 0.5),
            Err(EvaluationError::Domain { .. })
        ));
        for function in [Function::Ln, Function::Log, Function::Log2, Function::Log10] {
            for argument in [0.0, -1.0] {
                assert_eq!(
                    function.apply(&[argument]),
                    Err(EvaluationError::Domain {
                        function: function.name(),
                        argument
                    })
                );
            }
        }
        assert!(matches!(
            Function::Sqrt.apply(&[-1.0]),
            Err(EvaluationError::Domain { .. })
        ));
        assert_eq!(
            Function::Exp.apply(&[1000.0]),
            Err(EvaluationError::NotFinite)
        );
    }
}
