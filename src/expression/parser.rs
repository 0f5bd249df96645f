//! Recursive descent over the tokens of a source text.
//!
//! From loosest to tightest: `or`, `and`, `not`, comparisons, `+ -`, `* / // %`, signs, powers.
//! One grammar serves estimates and conditions; which of the two is read decides whether a
//! comparison may occur.

use std::ops::Range;

use super::error::{ParseError, ParseErrorKind};
use super::functions::{Function, constant, function_names};
use super::lexer::{Lexeme, Lexer, Symbol, Token};
use super::nearest::nearest;
use super::program::Program;
use super::tree::{Arithmetic, Boolean, Operator, Relation};

/// The most characters (Unicode scalar values) of a source.
pub const MAX_CHARACTERS: usize = 500;

/// The deepest nesting of parentheses and calls, and the longest chain of signs, `not` or powers.
pub const MAX_NESTING: usize = 20;

/// What a parser notes of a source besides its tree.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Distinct variables in the order of their first use.
    pub(super) variables: Vec<String>,
    /// Numeric literals with their places, in order.
    pub(super) literals: Vec<(f64, Range<usize>)>,
}

/// Reads an estimate.
pub(super) fn arithmetic(source: &str) -> Result<(Arithmetic<'_>, Notes), ParseError> {
    let mut parser = Parser::new(source, false)?;
    let tree = parser.whole()?.number()?;
    Ok((tree, parser.notes))
}

/// Reads a condition.
pub(super) fn boolean(source: &str) -> Result<(Boolean, Notes), ParseError> {
    let mut parser = Parser::new(source, true)?;
    let tree = parser.whole()?.condition()?;
    Ok((tree, parser.notes))
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    ahead: Lexeme<'s>,
    /// Where the token before `ahead` ended.
    behind: usize,
    depth: usize,
    conditions: bool,
    notes: Notes,
}

/// A term with its place.
struct Term<'s> {
    value: Value<'s>,
    span: Range<usize>,
}

enum Value<'s> {
    Number(Arithmetic<'s>),
    Condition(Boolean),
}

impl<'s> Term<'s> {
    fn number(self) -> Result<Arithmetic<'s>, ParseError> {
        match self.value {
            Value::Number(tree) => Ok(tree),
            Value::Condition(_) => Err(ParseError::new(
                ParseErrorKind::ComparisonAsNumber,
                self.span,
            )),
        }
    }

    fn condition(self) -> Result<Boolean, ParseError> {
        match self.value {
            Value::Condition(tree) => Ok(tree),
            Value::Number(_) => {
                let error = ParseError::new(ParseErrorKind::NotACondition, self.span);
                Err(error.suggesting("compare it with something, as in `N > 1000`".to_owned()))
            }
        }
    }
}

type Parsed<'s> = Result<Term<'s>, ParseError>;

impl<'s> Parser<'s> {
    fn new(source: &'s str, conditions: bool) -> Result<Self, ParseError> {
        if source.len() > MAX_CHARACTERS {
            let characters = source.chars().count();
            if characters > MAX_CHARACTERS {
                let kind = ParseErrorKind::TooLong { characters };
                return Err(ParseError::new(kind, 0..source.len()));
            }
        }
        let mut lexer = Lexer::new(source);
        let ahead = lexer.next()?;
        if ahead.token == Token::End {
            return Err(ParseError::new(ParseErrorKind::Empty, 0..source.len()));
        }
        Ok(Self {
            lexer,
            ahead,
            behind: 0,
            depth: 0,
            conditions,
            notes: Notes::default(),
        })
    }

    fn advance(&mut self) -> Result<Lexeme<'s>, ParseError> {
        let next = self.lexer.next()?;
        self.behind = self.ahead.span.end;
        Ok(std::mem::replace(&mut self.ahead, next))
    }

    fn term(&self, start: usize, value: Value<'s>) -> Term<'s> {
        Term {
            value,
            span: start..self.behind,
        }
    }

    fn whole(&mut self) -> Parsed<'s> {
        let term = self.disjunction()?;
        match self.ahead.token {
            Token::End => Ok(term),
            _ => Err(self.unexpected("an operator or the end")),
        }
    }

    fn disjunction(&mut self) -> Parsed<'s> {
        let start = self.ahead.span.start;
        let mut left = self.conjunction()?;
        while self.at_word("or")? {
            self.advance()?;
            let right = self.conjunction()?.condition()?;
            let tree = Boolean::Or(Box::new(left.condition()?), Box::new(right));
            left = self.term(start, Value::Condition(tree));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<'s> {
        let start = self.ahead.span.start;
        let mut left = self.negation()?;
        while self.at_word("and")? {
            self.advance()?;
            let right = self.negation()?.condition()?;
            let tree = Boolean::And(Box::new(left.condition()?), Box::new(right));
            left = self.term(start, Value::Condition(tree));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<'s> {
        let start = self.ahead.span.start;
        let mut count = 0;
        while self.at_word("not")? {
            count += 1;
            self.check_depth(count)?;
            self.advance()?;
        }
        let operand = self.comparison()?;
        if count == 0 {
            return Ok(operand);
        }
        let tree = operand.condition()?;
        let tree = if count % 2 == 0 {
            tree
        } else {
            Boolean::Not(Box::new(tree))
        };
        Ok(self.term(start, Value::Condition(tree)))
    }

    fn comparison(&mut self) -> Parsed<'s> {
        let start = self.ahead.span.start;
        let first = self.sum()?;
        let Some(mut relation) = self.relation()? else {
            return Ok(first);
        };
        let first = Program::compile(&first.number()?);
        let mut rest = Vec::with_capacity(1);
        loop {
            self.advance()?;
            rest.push((relation, Program::compile(&self.sum()?.number()?)));
            match self.relation()? {
                Some(next) => relation = next,
                None => break,
            }
        }
        let tree = Boolean::Comparison { first, rest };
        Ok(self.term(start, Value::Condition(tree)))
    }

    fn sum(&mut self) -> Parsed<'s> {
        self.left_associative(
            |symbol| match symbol {
                Symbol::Plus => Some(Operator::Add),
                Symbol::Minus => Some(Operator::Subtract),
                _ => None,
            },
            Self::product,
        )
    }

    fn product(&mut self) -> Parsed<'s> {
        self.left_associative(
            |symbol| match symbol {
                Symbol::Times => Some(Operator::Multiply),
                Symbol::Divide => Some(Operator::Divide),
                Symbol::FloorDivide => Some(Operator::FloorDivide),
                Symbol::Remainder => Some(Operator::Remainder),
                _ => None,
            },
            |parser| parser.signed(0),
        )
    }

    fn left_associative(
        &mut self,
        operator: fn(Symbol) -> Option<Operator>,
        operand: fn(&mut Self) -> Parsed<'s>,
    ) -> Parsed<'s> {
        let start = self.ahead.span.start;
        let mut left = operand(self)?;
        while let Token::Symbol(symbol) = self.ahead.token {
            let Some(operator) = operator(symbol) else {
                break;
            };
            self.advance()?;
            let right = operand(self)?.number()?;
            let tree = Arithmetic::Binary(operator, Box::new(left.number()?), Box::new(right));
            left = self.term(start, Value::Number(tree));
        }
        Ok(left)
    }

    /// Reads signs and what they apply to; `chain` counts the signs and powers that lead here.
    fn signed(&mut self, mut chain: usize) -> Parsed<'s> {
        let start = self.ahead.span.start;
        let before = chain;
        let mut negative = false;
        while let Token::Symbol(sign @ (Symbol::Plus | Symbol::Minus)) = self.ahead.token {
            chain += 1;
            self.check_depth(chain)?;
            negative ^= sign == Symbol::Minus;
            self.advance()?;
        }
        let operand = self.power(chain)?;
        if chain == before {
            return Ok(operand);
        }
        let mut tree = operand.number()?;
        if negative {
            tree = Arithmetic::Negate(Box::new(tree));
        }
        Ok(self.term(start, Value::Number(tree)))
    }

    fn power(&mut self, chain: usize) -> Parsed<'s> {
        let start = self.ahead.span.start;
        let base = self.atom()?;
        if self.ahead.token != Token::Symbol(Symbol::Power) {
            return Ok(base);
        }
        self.check_depth(chain + 1)?;
        self.advance()?;
        let exponent = self.signed(chain + 1)?.number()?;
        let tree = Arithmetic::Binary(
            Operator::Power,
            Box::new(base.number()?),
            Box::new(exponent),
        );
        Ok(self.term(start, Value::Number(tree)))
    }

    fn atom(&mut self) -> Parsed<'s> {
        let start = self.ahead.span.start;
        match self.ahead.token {
            Token::Number(value) => {
                self.notes.literals.push((value, self.ahead.span.clone()));
                self.advance()?;
                Ok(self.term(start, Value::Number(Arithmetic::Number(value))))
            }
            Token::Name(name) if !is_word(name) => self.name(name),
            Token::Open => {
                self.descend()?;
                let inner = self.disjunction()?;
                self.ascend("an operator or `)`")?;
                Ok(self.term(start, inner.value))
            }
            _ => Err(self.unexpected("a number, a variable, a function or `(`")),
        }
    }

    /// Reads a call, a constant or a variable.
    fn name(&mut self, name: &'s str) -> Parsed<'s> {
        let span = self.ahead.span.clone();
        let function = Function::named(name);
        self.advance()?;
        let is_call = self.ahead.token == Token::Open;
        let tree = match (function, constant(name)) {
            (Some(function), _) if is_call => self.call(function, span.clone())?,
            (Some(_), _) => {
                let kind = ParseErrorKind::ReservedName { name: name.into() };
                let suggestion = format!("it is a function: write `{name}(...)`");
                return Err(ParseError::new(kind, span).suggesting(suggestion));
            }
            (None, _) if is_call => {
                let kind = ParseErrorKind::UnknownFunction { name: name.into() };
                return Err(ParseError::new(kind, span).suggesting(function_meant(name)));
            }
            (None, Some(value)) => Arithmetic::Number(value),
            (None, None) => {
                if !self.notes.variables.iter().any(|known| known == name) {
                    self.notes.variables.push(name.to_owned());
                }
                Arithmetic::Variable(name)
            }
        };
        Ok(self.term(span.start, Value::Number(tree)))
    }

    fn call(
        &mut self,
        function: Function,
        name: Range<usize>,
    ) -> Result<Arithmetic<'s>, ParseError> {
        self.descend()?;
        let mut arguments = Vec::with_capacity(2);
        if self.ahead.token != Token::Close {
            arguments.push(self.disjunction()?.number()?);
            while self.ahead.token == Token::Comma {
                self.advance()?;
                arguments.push(self.disjunction()?.number()?);
            }
        }
        self.ascend("an operator, `,` or `)`")?;
        if !function.takes(arguments.len()) {
            let kind = ParseErrorKind::WrongArity {
                function: function.name(),
                expected: function.arity(),
                given: arguments.len(),
            };
            return Err(ParseError::new(kind, name.start..self.behind));
        }
        Ok(Arithmetic::Call(function, arguments))
    }

    /// Enters a parenthesis.
    fn descend(&mut self) -> Result<(), ParseError> {
        self.check_depth(self.depth + 1)?;
        self.depth += 1;
        self.advance()?;
        Ok(())
    }

    /// Leaves a parenthesis.
    fn ascend(&mut self, expected: &'static str) -> Result<(), ParseError> {
        if self.ahead.token != Token::Close {
            return Err(self.unexpected(expected));
        }
        self.depth -= 1;
        self.advance()?;
        Ok(())
    }

    fn check_depth(&self, depth: usize) -> Result<(), ParseError> {
        if depth > MAX_NESTING {
            let span = self.ahead.span.clone();
            return Err(ParseError::new(ParseErrorKind::TooDeep, span));
        }
        Ok(())
    }

    /// Whether `word` is next; an error if it is and conditions have no place here.
    fn at_word(&self, word: &str) -> Result<bool, ParseError> {
        if self.ahead.token != Token::Name(word) {
            return Ok(false);
        }
        self.check_conditions()?;
        Ok(true)
    }

    fn relation(&self) -> Result<Option<Relation>, ParseError> {
        let Token::Symbol(symbol) = self.ahead.token else {
            return Ok(None);
        };
        let relation = Relation::of_symbol(symbol);
        if relation.is_some() {
            self.check_conditions()?;
        }
        Ok(relation)
    }

    fn check_conditions(&self) -> Result<(), ParseError> {
        if self.conditions {
            return Ok(());
        }
        let operator = self.lexer.text(&self.ahead.span).to_owned();
        let kind = ParseErrorKind::UnexpectedComparison { operator };
        Err(ParseError::new(kind, self.ahead.span.clone()))
    }

    /// The error of what is next not being what is `expected`.
    fn unexpected(&self, expected: &'static str) -> ParseError {
        let span = self.ahead.span.clone();
        let text = self.lexer.text(&span);
        let found = match self.ahead.token {
            Token::End => "the end".to_owned(),
            _ => format!("`{text}`"),
        };
        let suggestion = match self.ahead.token {
            Token::Name(name) if self.conditions && is_word(&name.to_lowercase()) => {
                Some(format!("did you mean `{}`?", name.to_lowercase()))
            }
            Token::Symbol(Symbol::Times) => {
                let after_power = self.lexer.source()[..span.start].ends_with("**");
                after_power.then(|| "the power operator is `**` or `^`".to_owned())
            }
            Token::Close if self.depth == 0 => Some("there is no `(` for this `)`".to_owned()),
            Token::End if self.depth > 0 => Some("a `)` is missing".to_owned()),
            Token::Number(_) | Token::Name(_) | Token::Open if expected.starts_with("an op") => {
                Some("write an operator between them, such as `*`".to_owned())
            }
            _ => None,
        };
        ParseError::new(ParseErrorKind::Unexpected { expected, found }, span).suggesting(suggestion)
    }
}

/// Whether a name is one of the operators that are words.
fn is_word(name: &str) -> bool {
    matches!(name, "and" | "or" | "not")
}

fn function_meant(name: &str) -> String {
    match nearest(name, function_names()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => {
            let known: Vec<_> = function_names().collect();
            format!("the functions are {}", known.join(", "))
        }
    }
}
