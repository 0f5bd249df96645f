//! A text as word pieces, the way BERT reads one: lower case without accents, words apart from signs, and each word as
//! the longest pieces that the vocabulary holds (Devlin et al., "BERT", 2019; Wu et al., 2016).

use std::collections::HashMap;
use std::path::Path;

use foldhash::fast::FixedState;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{EncoderError, json, text};

/// The pieces, one on each line; its number is its place.
pub const VOCABULARY: &str = "vocab.txt";

/// How texts are read.
pub const TOKENIZER: &str = "tokenizer_config.json";

/// Letters of a word that is looked up; a longer one is unknown.
const LONGEST_WORD: usize = 100;

/// Turns texts into word pieces.
pub struct Pieces {
    vocabulary: HashMap<Box<str>, u32, FixedState>,
    lower_case: bool,
    start: u32,
    end: u32,
    unknown: u32,
    /// Most pieces of a text, with those for its start and end.
    longest: usize,
}

impl Pieces {
    /// Reads the vocabulary, which must be of as many pieces as the model knows at most.
    pub fn read(folder: &Path, known: usize, longest: usize) -> Result<Self, EncoderError> {
        let path = folder.join(VOCABULARY);
        let text = text(&path).map_err(|error| EncoderError::Read {
            path: path.clone(),
            error,
        })?;
        let numbered = text.lines().zip(0u32..);
        let vocabulary: HashMap<Box<str>, u32, FixedState> = numbered
            .map(|(piece, number)| (piece.into(), number))
            .collect();
        if vocabulary.values().any(|&number| number as usize >= known) {
            let message = format!("it holds more pieces than the model knows, {known}");
            return Err(EncoderError::content(&path, message));
        }
        let special = |piece: &str| {
            let missing = || EncoderError::content(&path, format!("it does not hold {piece}"));
            vocabulary.get(piece).copied().ok_or_else(missing)
        };
        let (_, config) = json(folder, TOKENIZER)?;
        let lower_case = (config.as_ref().and_then(|it| it.get("do_lower_case")))
            .and_then(Value::as_bool)
            .unwrap_or(true);
        Ok(Self {
            start: special("[CLS]")?,
            end: special("[SEP]")?,
            unknown: special("[UNK]")?,
            vocabulary,
            lower_case,
            longest,
        })
    }

    /// The numbers of a text's pieces, between those for its start and its end.
    pub fn of(&self, text: &str) -> Vec<u32> {
        let mut pieces = vec![self.start];
        let spaced: String = text.chars().filter_map(legible).collect();
        let plain: String = match self.lower_case {
            true => (spaced.to_lowercase().nfd())
                .filter(|it| !is_combining_mark(*it))
                .collect(),
            false => spaced,
        };
        for word in plain.split_whitespace() {
            let mut rest = word;
            while let Some(sign) = rest.chars().next() {
                let end = match stands_alone(sign) {
                    true => sign.len_utf8(),
                    false => rest.find(stands_alone).unwrap_or(rest.len()),
                };
                let (part, after) = rest.split_at(end);
                self.add_word(&mut pieces, part);
                rest = after;
            }
        }
        pieces.truncate(self.longest - 1);
        pieces.push(self.end);
        pieces
    }

    fn add_word(&self, pieces: &mut Vec<u32>, word: &str) {
        let before = pieces.len();
        let mut rest = word;
        let mut key = String::new();
        while !rest.is_empty() && word.chars().count() <= LONGEST_WORD {
            let begins = rest.len() == word.len();
            let ends = rest.char_indices().map(|(at, it)| at + it.len_utf8());
            let found = ends.rev().find_map(|end| {
                key.clear();
                key.push_str(if begins { "" } else { "##" });
                key.push_str(&rest[..end]);
                Some((*self.vocabulary.get(key.as_str())?, end))
            });
            let Some((piece, end)) = found else { break };
            pieces.push(piece);
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            pieces.truncate(before);
            pieces.push(self.unknown);
        }
    }
}

/// A character as it is read: any space is a space, and what cannot be seen is left out.
fn legible(it: char) -> Option<char> {
    match it {
        it if it.is_whitespace() => Some(' '),
        '\0' | '\u{fffd}' => None,
        it if it.is_control()
            || matches!(it, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') =>
        {
            None
        }
        it => Some(it),
    }
}

/// Whether a character is a word by itself: a sign, or one of those that Chinese is written in.
fn stands_alone(it: char) -> bool {
    let sign = match it {
        it if it.is_ascii() => it.is_ascii_punctuation(),
        '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}' => true,
        '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' => true,
        '\u{3008}'..='\u{3011}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' => true,
        _ => false,
    };
    let ideograph = matches!(it, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2a6df}' | '\u{2a700}'..='\u{2ceaf}' | '\u{2f800}'..='\u{2fa1f}');
    sign || ideograph
}
