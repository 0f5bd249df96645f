//! A sentence encoder from a folder that the user names: BERT with a few layers, such as all-MiniLM-L6-v2, which judges
//! the meaning of words better than the built-in table (docs/selection.md has the figures).
//!
//! The folder is laid out as such models are published: `config.json`, `vocab.txt`, `model.safetensors` with 32-bit
//! floats, and `1_Pooling/config.json` and `tokenizer_config.json` where they are there. Nothing is downloaded.

mod choice;
mod model;
mod pieces;

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub use choice::{Choice, chosen, forget};

use crate::select::retrieval::Encoder;
use model::Model;
use pieces::Pieces;

/// The files of a folder, those that must be there first.
const FILES: [&str; 5] = [
    model::CONFIG,
    pieces::VOCABULARY,
    model::WEIGHTS,
    model::POOLING,
    pieces::TOKENIZER,
];

/// Word pieces of the texts that go through the model together.
const BATCH: usize = 256;

/// Bytes of a file of text, at most: the vocabulary of a language model has some hundred kilobytes.
const LONGEST_TEXT: u64 = 1 << 25;

/// Why a folder holds no encoder that can be used.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file says something that this program cannot work with.
    #[error("{}: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What.
        message: String,
    },
    /// The folder holds another encoder than the one that was chosen.
    #[error("{}: its files have changed since it was chosen", folder.display())]
    Changed {
        /// The folder.
        folder: PathBuf,
    },
}

impl EncoderError {
    fn content(path: &Path, message: impl Into<String>) -> Self {
        Self::Content {
            path: path.to_owned(),
            message: message.into(),
        }
    }
}

/// A sentence encoder.
pub struct SentenceEncoder {
    digest: [u8; 32],
    pieces: Pieces,
    model: Model,
}

impl SentenceEncoder {
    /// Reads the encoder in a folder, and computes its digest.
    ///
    /// # Errors
    /// Where a file is missing, or holds what this program cannot work with.
    pub fn open(folder: &Path) -> Result<Self, EncoderError> {
        Self::with_digest(folder, digest(folder)?)
    }

    fn with_digest(folder: &Path, digest: [u8; 32]) -> Result<Self, EncoderError> {
        let model = Model::open(folder)?;
        Ok(Self {
            pieces: Pieces::read(folder, model.vocabulary(), model.longest())?,
            digest,
            model,
        })
    }

    /// Numbers of a vector.
    pub fn dimensions(&self) -> usize {
        self.model.dimensions()
    }
}

impl Encoder for SentenceEncoder {
    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn encode(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let texts: Vec<Vec<u32>> = texts.iter().map(|text| self.pieces.of(text)).collect();
        let mut batches: Vec<&[Vec<u32>]> = Vec::new();
        let (mut start, mut held) = (0, 0);
        for (at, text) in texts.iter().enumerate() {
            if at > start && held + text.len() > BATCH {
                batches.push(&texts[start..at]);
                (start, held) = (at, 0);
            }
            held += text.len();
        }
        batches.push(&texts[start..]);
        let vectors = batches.par_iter().flat_map_iter(|it| self.model.encode(it));
        vectors.collect()
    }
}

/// The SHA-256 of the files of a folder.
fn digest(folder: &Path) -> Result<[u8; 32], EncoderError> {
    let mut hash = Sha256::new();
    for name in FILES {
        let path = folder.join(name);
        match digest_of_file(&path) {
            Ok(of_file) => {
                hash.update(name);
                hash.update(of_file);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(EncoderError::Read { path, error }),
        }
    }
    Ok(hash.finalize().into())
}

/// Opens a file, and no pipe or device, which may never end.
fn regular(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// The whole of a file of text.
fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = regular(path)?
        .take(LONGEST_TEXT)
        .read_to_string(&mut text)?;
    match read as u64 == LONGEST_TEXT {
        true => Err(io::Error::other("it is longer than such a file can be")),
        false => Ok(text),
    }
}

fn digest_of_file(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = BufReader::with_capacity(1 << 20, regular(path)?);
    let mut hash = Sha256::new();
    loop {
        let part = file.fill_buf()?;
        if part.is_empty() {
            return Ok(hash.finalize().into());
        }
        hash.update(part);
        let read = part.len();
        file.consume(read);
    }
}

/// A file of the folder as JSON; nothing where it may be missing and is.
fn json(folder: &Path, name: &str) -> Result<(PathBuf, Option<serde_json::Value>), EncoderError> {
    let path = folder.join(name);
    let text = match text(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, None)),
        other => other.map_err(|error| EncoderError::Read {
            path: path.clone(),
            error,
        })?,
    };
    match serde_json::from_str(&text) {
        Ok(value) => Ok((path, Some(value))),
        Err(error) => Err(EncoderError::content(&path, error.to_string())),
    }
}

#[cfg(test)]
mod tests;
