//! Splits a source text into tokens, one at a time.

use std::ops::Range;

use super::error::{ParseError, ParseErrorKind};

/// An operator written with symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    Plus,
    Minus,
    Times,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'s> {
    Number(f64),
    Name(&'s str),
    Symbol(Symbol),
    Open,
    Close,
    Comma,
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme<'s> {
    pub(super) token: Token<'s>,
    pub(super) span: Range<usize>,
}

pub(super) struct Lexer<'s> {
    source: &'s str,
    position: usize,
}

/// The symbols that nothing foreign begins with, and how long they are.
fn common_symbol(first: u8, second: Option<u8>) -> Option<(Token<'static>, usize)> {
    Some(match (first, second) {
        (b'(', _) => (Token::Open, 1),
        (b')', _) => (Token::Close, 1),
        (b',', _) => (Token::Comma, 1),
        (b'+', _) => (Token::Symbol(Symbol::Plus), 1),
        (b'-', _) => (Token::Symbol(Symbol::Minus), 1),
        (b'*', Some(b'*')) => (Token::Symbol(Symbol::Power), 2),
        (b'*', _) => (Token::Symbol(Symbol::Times), 1),
        (b'/', Some(b'/')) => (Token::Symbol(Symbol::FloorDivide), 2),
        (b'/', _) => (Token::Symbol(Symbol::Divide), 1),
        (b'%', _) => (Token::Symbol(Symbol::Remainder), 1),
        (b'^', _) => (Token::Symbol(Symbol::Power), 1),
        _ => return None,
    })
}

/// The symbols of comparison, longest first: the first that the text begins with is taken.
const COMPARISONS: [(&str, Symbol); 6] = [
    ("<=", Symbol::LessOrEqual),
    (">=", Symbol::GreaterOrEqual),
    ("==", Symbol::Equal),
    ("!=", Symbol::NotEqual),
    ("<", Symbol::Less),
    (">", Symbol::Greater),
];

/// Operators of other languages, longest first, with what stands for them here.
const FOREIGN: [(&str, Option<&str>); 22] = [
    ("===", Some("==")),
    ("!==", Some("!=")),
    ("&&", Some("and")),
    ("||", Some("or")),
    ("<>", Some("!=")),
    ("=<", Some("<=")),
    ("=>", Some(">=")),
    ("<<", None),
    (">>", None),
    (":=", None),
    ("=", Some("==")),
    ("!", Some("not")),
    ("&", Some("and")),
    ("|", Some("or")),
    ("≤", Some("<=")),
    ("≥", Some(">=")),
    ("≠", Some("!=")),
    ("×", Some("*")),
    ("·", Some("*")),
    ("÷", Some("/")),
    ("−", Some("-")),
    ("√", Some("sqrt")),
];

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            position: 0,
        }
    }

    /// Takes the next token; at the end of the source [`Token::End`], as often as asked.
    pub(super) fn next(&mut self) -> Result<Lexeme<'s>, ParseError> {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let start = self.position;
        let rest = self.rest();
        let mut bytes = rest.bytes();
        let token = match (bytes.next(), bytes.next()) {
            (None, _) => Token::End,
            (Some(b'0'..=b'9'), _) | (Some(b'.'), Some(b'0'..=b'9')) => self.number()?,
            (Some(first), _) if is_name_byte(first) => Token::Name(self.take_while(is_name_byte)),
            (Some(first), second) => match common_symbol(first, second) {
                Some((token, length)) => {
                    self.position += length;
                    token
                }
                None => self.symbol()?,
            },
        };
        Ok(Lexeme {
            token,
            span: start..self.position,
        })
    }

    /// The whole text.
    pub(super) fn source(&self) -> &'s str {
        self.source
    }

    /// The text at `span`, which came from this lexer.
    pub(super) fn text(&self, span: &Range<usize>) -> &'s str {
        self.source.get(span.clone()).unwrap_or_default()
    }

    fn rest(&self) -> &'s str {
        &self.source[self.position..]
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'s str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| accept(*byte)).count();
        self.position += length;
        &rest[..length]
    }

    fn number(&mut self) -> Result<Token<'s>, ParseError> {
        let start = self.position;
        self.take_while(|byte| byte.is_ascii_digit());
        if self.rest().starts_with('.') {
            self.position += 1;
            self.take_while(|byte| byte.is_ascii_digit());
        }
        if let Some(exponent) = exponent_length(self.rest()) {
            self.position += exponent;
        }
        let number = &self.source[start..self.position];
        let tail = self.take_while(|byte| is_name_byte(byte) || byte == b'.');
        let span = start..self.position;
        let text = &self.source[span.clone()];
        if !tail.is_empty() {
            let kind = ParseErrorKind::InvalidNumber { text: text.into() };
            return Err(ParseError::new(kind, span).suggesting(meant_by(number, tail, text)));
        }
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Token::Number(value)),
            Ok(_) => {
                let kind = ParseErrorKind::NumberTooLarge { text: text.into() };
                Err(ParseError::new(kind, span))
            }
            Err(_) => {
                let kind = ParseErrorKind::InvalidNumber { text: text.into() };
                Err(ParseError::new(kind, span))
            }
        }
    }

    /// Reads a comparison, or says what else there is.
    fn symbol(&mut self) -> Result<Token<'s>, ParseError> {
        let rest = self.rest();
        let foreign = FOREIGN.iter().find(|(text, _)| rest.starts_with(text));
        let own = COMPARISONS.iter().find(|(text, _)| rest.starts_with(text));
        let found = match (foreign, own) {
            // `!=` and `==` begin with something foreign, `<>` with something of ours
            (Some((text, _)), Some((symbol, token))) if symbol.len() >= text.len() => {
                self.position += symbol.len();
                return Ok(Token::Symbol(*token));
            }
            (None, Some((symbol, token))) => {
                self.position += symbol.len();
                return Ok(Token::Symbol(*token));
            }
            (Some((text, _)), _) => *text,
            (None, None) => {
                let length = rest.chars().next().map_or(0, char::len_utf8);
                &rest[..length]
            }
        };
        let span = self.position..self.position + found.len();
        let suggestion = foreign
            .and_then(|(_, ours)| *ours)
            .map(|ours| format!("did you mean `{ours}`?"));
        let kind = ParseErrorKind::UnknownOperator {
            found: found.escape_debug().to_string(),
        };
        Err(ParseError::new(kind, span).suggesting(suggestion))
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of the exponent that `text` begins with, if it does.
fn exponent_length(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['e', 'E'])?;
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    (count > 0).then(|| text.len() - digits.len() + count)
}

/// What a malformed number may have been meant to be: the `number` it begins with and its `tail`.
fn meant_by(number: &str, tail: &str, text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    if tail.starts_with('_') && plain.parse::<f64>().is_ok_and(f64::is_finite) {
        return Some(format!("write `{plain}`, without separators"));
    }
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    if let Some(value) = hexadecimal.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
        return Some(format!("write `{value}`, in decimal"));
    }
    let is_name = tail.starts_with(|c: char| c.is_ascii_alphabetic()) && !tail.contains('.');
    is_name.then(|| format!("did you mean `{number} * {tail}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Result<Vec<Token<'_>>, ParseError> {
        let mut lexer = Lexer::new(source);
        let mut tokens = Vec::new();
        loop {
            let lexeme = lexer.next()?;
            if lexeme.token == Token::End {
                return Ok(tokens);
            }
            tokens.push(lexeme.token);
        }
    }

    #[test]
    fn numbers() {
        for (source, value) in [
            ("1", 1.0),
            ("1.5", 1.5),
            (".5", 0.5),
            ("1.", 1.0),
            ("1e3", 1000.0),
            ("2.5E-3", 0.0025),
            ("1e+2", 100.0),
            ("007", 7.0),
        ] {
            assert_eq!(tokens(source), Ok(vec![Token::Number(value)]), "{source}");
        }
    }

    #[test]
    fn malformed_numbers_say_what_may_be_meant() {
        for (source, suggestion) in [
            ("1_000", Some("write `1000`, without separators")),
            ("0x1F", Some("write `31`, in decimal")),
            ("2N", Some("did you mean `2 * N`?")),
            ("2e", Some("did you mean `2 * e`?")),
            ("1.2.3", None),
            ("1e999", None),
        ] {
            let error = tokens(source).unwrap_err();
            assert_eq!(error.rule(), "expr/invalid-number", "{source}");
            assert_eq!(error.span, 0..source.len(), "{source}");
            assert_eq!(error.suggestion().as_deref(), suggestion, "{source}");
        }
    }

    #[test]
    fn operators_without_spaces_between() {
        use Symbol::*;
        assert_eq!(
            tokens("N**-2//x<=1!=y==z"),
            Ok(vec![
                Token::Name("N"),
                Token::Symbol(Power),
                Token::Symbol(Minus),
                Token::Number(2.0),
                Token::Symbol(FloorDivide),
                Token::Name("x"),
                Token::Symbol(LessOrEqual),
                Token::Number(1.0),
                Token::Symbol(NotEqual),
                Token::Name("y"),
                Token::Symbol(Equal),
                Token::Name("z"),
            ])
        );
    }

    #[test]
    fn foreign_operators_are_named_with_what_stands_for_them() {
        for (source, found, suggestion) in [
            ("a && b", "&&", Some("`and`")),
            ("a || b", "||", Some("`or`")),
            ("!a", "!", Some("`not`")),
            ("a = b", "=", Some("`==`")),
            ("a === b", "===", Some("`==`")),
            ("a <> b", "<>", Some("`!=`")),
            ("a ≤ b", "≤", Some("`<=`")),
            ("a × b", "×", Some("`*`")),
            ("a << b", "<<", None),
            ("a.b", ".", None),
            ("a[0]", "[", None),
            ("a; b", ";", None),
            ("'a'", "\\'", None),
            ("é", "é", None),
            ("a\u{202e}", "\\u{202e}", None),
            ("a\u{1b}[0m", "\\u{1b}", None),
        ] {
            let error = tokens(source).unwrap_err();
            let kind = ParseErrorKind::UnknownOperator {
                found: found.into(),
            };
            assert_eq!(error.kind, kind, "{source}");
            assert!(source.get(error.span.clone()).is_some(), "{source}");
            assert_eq!(
                error.suggestion(),
                suggestion.map(|ours| format!("did you mean {ours}?")),
                "{source}"
            );
        }
    }
}
