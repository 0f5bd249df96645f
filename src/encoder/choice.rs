//! Which encoder the user has chosen, kept in the user's own folder for state.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{EncoderError, FILES, SentenceEncoder, digest, text};
use crate::config::state_folder;
use crate::words::hex;

/// The file in the state folder.
const NAME: &str = "encoder.toml";

/// An encoder that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its folder.
    pub folder: PathBuf,
    /// The SHA-256 of its files, in hexadecimal digits.
    pub digest: String,
    /// Size and time of change of each file: while they are the same, the digest is not computed again.
    files: String,
}

impl Choice {
    /// The encoder in a folder, with what tells it from others.
    ///
    /// # Errors
    /// As [`SentenceEncoder::open`].
    pub fn of(folder: &Path) -> Result<(Self, SentenceEncoder), EncoderError> {
        let folder = folder.canonicalize().map_err(|error| EncoderError::Read {
            path: folder.to_owned(),
            error,
        })?;
        let files = stamps(&folder);
        let encoder = SentenceEncoder::open(&folder)?;
        let choice = Self {
            digest: hex(encoder.digest),
            folder,
            files,
        };
        Ok((choice, encoder))
    }

    /// Reads the encoder.
    ///
    /// # Errors
    /// As [`SentenceEncoder::open`]; [`EncoderError::Changed`] where its files are others by now.
    pub fn open(&self) -> Result<SentenceEncoder, EncoderError> {
        let chosen = bytes(&self.digest).filter(|_| stamps(&self.folder) == self.files);
        let found = match chosen {
            Some(digest) => digest,
            None => digest(&self.folder)?,
        };
        if hex(found) != self.digest {
            return Err(EncoderError::Changed {
                folder: self.folder.clone(),
            });
        }
        SentenceEncoder::with_digest(&self.folder, found)
    }

    /// Remembers it as the encoder in use.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self) -> io::Result<()> {
        let folder = state_folder()?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(folder.join(NAME))?;
        Ok(())
    }
}

/// The encoder that was chosen, if one was.
///
/// # Errors
/// Where the choice cannot be read.
pub fn chosen() -> io::Result<Option<Choice>> {
    // Nowhere to keep a choice: none was made.
    let Ok(folder) = state_folder() else {
        return Ok(None);
    };
    let path = folder.join(NAME);
    let unreadable = |why: String| io::Error::other(format!("{}: {why}", path.display()));
    let text = match text(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| unreadable(error.to_string()))?,
    };
    toml::from_str(&text)
        .map(Some)
        .map_err(|error| unreadable(error.message().to_owned()))
}

/// Uses no encoder any more; whether there was one.
///
/// # Errors
/// Where the choice cannot be removed.
pub fn forget() -> io::Result<bool> {
    match std::fs::remove_file(state_folder()?.join(NAME)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn stamps(folder: &Path) -> String {
    let stamp = |name: &&str| match std::fs::metadata(folder.join(name)) {
        Ok(it) => format!("{} {}.{:09}", it.len(), it.mtime(), it.mtime_nsec()),
        Err(_) => "none".to_owned(),
    };
    FILES.iter().map(stamp).collect::<Vec<_>>().join(", ")
}

fn bytes(digits: &str) -> Option<[u8; 32]> {
    let pairs = digits.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    bytes?.try_into().ok()
}
