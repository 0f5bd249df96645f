//! Text with places for inputs: `--file={path}`. A brace that is meant itself is written twice.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text with places for inputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(Vec<Piece>);

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// The value of an input, by its name.
    Input(String),
}

/// A template that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace is not closed.
    #[error("`{{` begins a placeholder that does not end")]
    Open,
    /// A brace is closed that was not opened.
    #[error("`}}` ends no placeholder")]
    Close,
    /// Nothing stands between the braces.
    #[error("`{{}}` names no input")]
    Empty,
    /// A character that no command may hold.
    #[error("it holds a control character")]
    Control,
}

impl Template {
    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The inputs that it has places for, in order.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Input(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Whether it has no place for an input.
    pub fn is_literal(&self) -> bool {
        self.inputs().next().is_none()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '{' | '}' if characters.peek() == Some(&character) => {
                    characters.next();
                    literal.push(character);
                }
                '{' => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Input(name(&mut characters)?));
                }
                '}' => return Err(TemplateError::Close),
                '\n' | '\t' => literal.push(character),
                _ if character.is_control() => return Err(TemplateError::Control),
                _ => literal.push(character),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }
}

/// What stands before the closing brace.
fn name(characters: &mut impl Iterator<Item = char>) -> Result<String, TemplateError> {
    let mut name = String::new();
    for character in characters {
        match character {
            '}' if name.is_empty() => return Err(TemplateError::Empty),
            '}' => return Ok(name),
            '{' => return Err(TemplateError::Open),
            _ if character.is_control() => return Err(TemplateError::Open),
            _ => name.push(character),
        }
    }
    Err(TemplateError::Open)
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => {
                    f.write_str(&text.replace('{', "{{").replace('}', "}}"))?;
                }
                Piece::Input(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn placeholders_and_braces_are_told_apart() {
        let template: Template = "a{path}{{x}}{n}".parse().unwrap();
        let text = |it: &str| Piece::Text(it.to_owned());
        let input = |it: &str| Piece::Input(it.to_owned());
        assert_eq!(
            template.pieces(),
            [text("a"), input("path"), text("{x}"), input("n")]
        );
        for (wrong, error) in [
            ("{a", TemplateError::Open),
            ("{a{b}}", TemplateError::Open),
            ("a}", TemplateError::Close),
            ("{}", TemplateError::Empty),
            ("a\u{1b}[31m", TemplateError::Control),
        ] {
            assert_eq!(wrong.parse::<Template>(), Err(error), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(text in "[a{}{} b]{0,12}") {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.to_string(), text);
            }
        }
    }
}
