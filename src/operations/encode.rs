//! Has a sentence encoder read the tools of the catalog that it has not read yet.

use super::progress::{Progress, Stage};
use super::{Kind, Refusal};
use crate::select::retrieval::Encoder;
use crate::store::{Connection, index};

/// Tools whose vectors are kept at a time: what an interruption loses.
const BATCH: usize = 16;

/// Reads the texts of tools that may be chosen and keeps their vectors; how many tools. With `anew` also those that it
/// has read before.
///
/// # Errors
/// [`Kind::Conflict`] while another transaction writes; [`Kind::Forbidden`] for who may change no definition.
pub fn run(
    connection: &mut Connection,
    encoder: &dyn Encoder,
    anew: bool,
    progress: &dyn Progress,
) -> Result<usize, Refusal> {
    if !connection.refresh_index()? {
        let message = "another transaction is changing the catalog";
        return Err(Refusal::new(Kind::Conflict, message));
    }
    if anew {
        connection.append(index::forget)?;
    }
    let unread = connection.read(|it| index::unread(it, encoder.digest()))?;
    progress.begin(Stage::Encoding, unread.len() as u64);
    for part in unread.chunks(BATCH) {
        connection.direct(|it| index::encode(it, encoder, part))?;
        progress.advance(part.len() as u64);
    }
    progress.end();
    Ok(unread.len())
}
