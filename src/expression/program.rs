//! Arithmetic made ready for evaluation by meval.
//!
//! A tree is written out once in meval's notation, with parentheses around every operand, so that
//! nothing depends on meval's own precedence. Whatever can fail is a function call there, and
//! the functions are those of this language; only `+`, `-` and `*` are meval's own.

use std::cell::Cell;
use std::fmt::Write;

use meval::{ContextProvider, FuncEvalError};

use super::error::EvaluationError;
use super::functions::{self, Function, finite};
use super::tree::{Arithmetic, Operator};
use super::variables::Variables;

/// Arithmetic in the form that evaluates fastest.
#[derive(Debug, Clone)]
pub(super) enum Program {
    Number(f64),
    Variable(String),
    Compiled(meval::Expr),
    /// meval did not accept what was written out for it; never seen.
    Refused(String),
}

impl Program {
    pub(super) fn compile(tree: &Arithmetic<'_>) -> Self {
        match tree {
            Arithmetic::Number(value) => Self::Number(*value),
            Arithmetic::Variable(name) => Self::Variable((*name).to_owned()),
            _ => {
                let mut text = String::with_capacity(64);
                write_out(tree, true, &mut text);
                match text.parse() {
                    Ok(compiled) => Self::Compiled(compiled),
                    Err(error) => Self::Refused(error.to_string()),
                }
            }
        }
    }

    pub(super) fn evaluate(&self, variables: &Variables) -> Result<f64, EvaluationError> {
        match self {
            Self::Number(value) => Ok(*value),
            Self::Variable(name) => match variables.get(name) {
                Some(value) => finite(value),
                None => Err(EvaluationError::MissingVariable { name: name.clone() }),
            },
            Self::Compiled(compiled) => {
                let scope = Scope {
                    variables,
                    failure: Cell::new(None),
                };
                match compiled.eval_with_context(&scope) {
                    Ok(value) => finite(value),
                    Err(meval::Error::UnknownVariable(name)) => {
                        Err(EvaluationError::MissingVariable { name })
                    }
                    Err(error) => {
                        Err(scope
                            .failure
                            .take()
                            .unwrap_or_else(|| EvaluationError::Refused {
                                detail: error.to_string(),
                            }))
                    }
                }
            }
            Self::Refused(detail) => Err(EvaluationError::Refused {
                detail: detail.clone(),
            }),
        }
    }
}

/// Writes a tree in meval's notation, without parentheses of its own where it stands `alone`.
fn write_out(tree: &Arithmetic<'_>, alone: bool, text: &mut String) {
    match tree {
        Arithmetic::Number(value) => write_number(*value, text),
        Arithmetic::Variable(name) => text.push_str(name),
        Arithmetic::Negate(operand) => {
            text.push_str(if alone { "-" } else { "(-" });
            write_out(operand, false, text);
            text.push_str(if alone { "" } else { ")" });
        }
        Arithmetic::Binary(operator, left, right) => {
            let (call, between) = match operator {
                Operator::Add => (None, "+"),
                Operator::Subtract => (None, "-"),
                Operator::Multiply => (None, "*"),
                Operator::Divide => (Some("divide"), ","),
                Operator::FloorDivide => (Some("floor_divide"), ","),
                Operator::Remainder => (Some("remainder"), ","),
                Operator::Power => (Some("power"), ","),
            };
            text.push_str(call.unwrap_or_default());
            let enclosed = call.is_some() || !alone;
            text.push_str(if enclosed { "(" } else { "" });
            write_out(left, call.is_some(), text);
            text.push_str(between);
            write_out(right, call.is_some(), text);
            text.push_str(if enclosed { ")" } else { "" });
        }
        Arithmetic::Call(function, arguments) => {
            text.push_str(function.name());
            for (index, argument) in arguments.iter().enumerate() {
                text.push(if index == 0 { '(' } else { ',' });
                write_out(argument, true, text);
            }
            text.push(')');
        }
    }
}

/// Writes a number, which has no sign, in a form that reads back as the same number.
fn write_number(value: f64, text: &mut String) {
    // up to here every integer is a float, and integers are written faster
    const EXACT: f64 = 9_007_199_254_740_992.0;
    // writing to a string cannot fail
    let _ = if value.fract() == 0.0 && value < EXACT {
        write!(text, "{}", value as u64)
    } else {
        write!(text, "{value:?}")
    };
}

/// What meval sees: the variables, and this language's functions.
///
/// meval's own error type has no room for why a function failed, so the reason is left in
/// `failure`.
struct Scope<'v> {
    variables: &'v Variables,
    failure: Cell<Option<EvaluationError>>,
}

impl ContextProvider for Scope<'_> {
    fn get_var(&self, name: &str) -> Option<f64> {
        self.variables.get(name)
    }

    fn eval_func(&self, name: &str, arguments: &[f64]) -> Result<f64, FuncEvalError> {
        call(name, arguments).map_err(|failure| {
            self.failure.set(failure);
            FuncEvalError::UnknownFunction
        })
    }
}

fn call(name: &str, arguments: &[f64]) -> Result<f64, Option<EvaluationError>> {
    // infinity and NaN pass through `+`, `-` and `*`, so here and at the end is where they show
    if !arguments.iter().all(|argument| argument.is_finite()) {
        return Err(Some(EvaluationError::NotFinite));
    }
    let value = match (name, arguments) {
        ("divide", [left, right]) => functions::divide(*left, *right),
        ("floor_divide", [left, right]) => functions::floor_divide(*left, *right),
        ("remainder", [left, right]) => functions::remainder(*left, *right),
        ("power", [left, right]) => functions::power(*left, *right),
        _ => match Function::named(name) {
            Some(function) => function.apply(arguments),
            None => return Err(None),
        },
    };
    value.map_err(Some)
}
