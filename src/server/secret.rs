//! Files that hold secrets of the server: its key, and what webhooks are signed by.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The largest of them, in bytes.
const LARGEST: u64 = 1 << 20;

/// What a file holds, which may be a pipe.
///
/// # Errors
/// If it cannot be read, or never seems to end.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is larger than 1 MiB",
        )),
        false => Ok(bytes),
    }
}
