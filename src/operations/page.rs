//! Lists page by page, by the place of the last row and not by its number.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Kind, Refusal};

/// The most rows of one page.
pub const LARGEST_PAGE: u32 = 1000;

/// A part of a list. The rows of the next one follow those of this one in the order of the list, whatever
/// is added or deleted meanwhile: none comes twice, and none that stays is missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<C> {
    /// The most rows of it, 1 to [`LARGEST_PAGE`].
    pub limit: u32,
    /// Where it begins; at the beginning if it is not given.
    pub after: Option<C>,
}

impl<C> Page<C> {
    /// Refuses a page without rows or with too many; how many to ask for, of which the last tells whether
    /// another page follows.
    pub(super) fn rows(&self) -> Result<i64, Refusal> {
        if (1..=LARGEST_PAGE).contains(&self.limit) {
            return Ok(i64::from(self.limit) + 1);
        }
        let message = format!("a page holds 1 to {LARGEST_PAGE} rows, not {}", self.limit);
        Err(Refusal::new(Kind::Invalid, message))
    }

    /// Takes off the row that only tells that another page follows; the place of the last row then.
    pub(super) fn cut<T>(&self, rows: &mut Vec<T>, place: impl Fn(&T) -> C) -> Option<C> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        rows.last().filter(|_| more).map(place)
    }
}

/// A place as text: opaque, and safe in a URL.
pub(super) fn to_text(place: &impl Serialize) -> String {
    let text = serde_json::to_string(place).unwrap_or_default();
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The same back.
///
/// # Errors
/// [`Kind::Invalid`] for a text that no list gave out.
pub(super) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
            _ => None,
        })
        .collect();
    let place = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    place.ok_or_else(|| Refusal::new(Kind::Invalid, "the cursor is not one that a list gave out"))
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}
