//! The syntax trees of arithmetic and of conditions.

use super::functions::Function;
use super::lexer::Symbol;
use super::program::Program;

/// A binary operation on numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

/// A term whose value is a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Arithmetic<'s> {
    Number(f64),
    Variable(&'s str),
    Negate(Box<Arithmetic<'s>>),
    Binary(Operator, Box<Arithmetic<'s>>, Box<Arithmetic<'s>>),
    Call(Function, Vec<Arithmetic<'s>>),
}

/// A relation between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Relation {
    pub(super) fn of_symbol(symbol: Symbol) -> Option<Self> {
        match symbol {
            Symbol::Less => Some(Self::Less),
            Symbol::LessOrEqual => Some(Self::LessOrEqual),
            Symbol::Greater => Some(Self::Greater),
            Symbol::GreaterOrEqual => Some(Self::GreaterOrEqual),
            Symbol::Equal => Some(Self::Equal),
            Symbol::NotEqual => Some(Self::NotEqual),
            _ => None,
        }
    }

    pub(super) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
        }
    }
}

/// A term that holds or does not.
#[derive(Debug, Clone)]
pub(super) enum Boolean {
    /// A chain of comparisons: each relation between the term before it and its own.
    Comparison {
        first: Program,
        rest: Vec<(Relation, Program)>,
    },
    Not(Box<Boolean>),
    And(Box<Boolean>, Box<Boolean>),
    Or(Box<Boolean>, Box<Boolean>),
}
