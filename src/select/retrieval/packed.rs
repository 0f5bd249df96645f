//! A posting list as bytes: variable-length integers (LEB128) over differences, for storage.
//!
//! Layout: format byte 1; number of documents; then per document the difference of its number to the one before
//! (the first to 0), frequency, length, number of positions, and each position's difference to the one before.

use super::postings::PostingList;

const FORMAT: u8 = 1;

/// Bytes that are not a posting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// The bytes end inside a number or an entry.
    #[error("the packed postings end too early")]
    Truncated,
    /// The first byte names a format that this version does not read.
    #[error("the packed postings have the unknown format {0}")]
    Format(u8),
    /// A number is out of its range, or documents are not in order.
    #[error("the packed postings hold a number out of range")]
    Range,
    /// There are bytes after the last entry.
    #[error("the packed postings have trailing bytes")]
    Trailing,
}

impl PostingList {
    /// The list as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 + self.len() * 6);
        out.push(FORMAT);
        put(&mut out, self.len() as u64);
        let mut before = 0i64;
        for entry in self.entries() {
            put(&mut out, entry.doc.wrapping_sub(before) as u64);
            before = entry.doc;
            put(&mut out, u64::from(entry.frequency));
            put(&mut out, u64::from(entry.length));
            let positions = self.positions(entry);
            put(&mut out, positions.len() as u64);
            let mut last = 0u32;
            for &position in positions {
                put(&mut out, u64::from(position.wrapping_sub(last)));
                last = position;
            }
        }
        out
    }

    /// Reads the bytes that [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// Any other bytes are an error; memory used is bounded by the number of bytes.
    pub fn decode(bytes: &[u8]) -> Result<PostingList, PackedError> {
        let mut list = PostingList::new();
        list.decode_into(bytes)?;
        Ok(list)
    }

    /// Reads more bytes into this list, as when a term's documents are kept in several rows.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); the list then holds what was read before the fault.
    pub fn decode_into(&mut self, mut bytes: &[u8]) -> Result<(), PackedError> {
        match bytes.split_first() {
            None => return Err(PackedError::Truncated),
            Some((&FORMAT, rest)) => bytes = rest,
            Some((&other, _)) => return Err(PackedError::Format(other)),
        }
        let count = take(&mut bytes)?;
        let mut doc = 0i64;
        // Each document takes four bytes or more, so that a false count cannot ask for more than that.
        self.reserve(usize::try_from(count).map_or(0, |count| count.min(bytes.len() / 4)));
        for i in 0..count {
            let step = i64::try_from(take(&mut bytes)?).map_err(|_| PackedError::Range)?;
            if i > 0 && step == 0 {
                return Err(PackedError::Range);
            }
            doc = doc.checked_add(step).ok_or(PackedError::Range)?;
            let frequency = small(&mut bytes)?;
            let length = small(&mut bytes)?;
            // Each position takes a byte or more.
            let positions = usize::try_from(take(&mut bytes)?).unwrap_or(usize::MAX);
            if positions > bytes.len() {
                return Err(PackedError::Truncated);
            }
            let mut position = 0u32;
            for _ in 0..positions {
                position = position
                    .checked_add(small(&mut bytes)?)
                    .ok_or(PackedError::Range)?;
                self.note(position);
            }
            self.place(doc, length, frequency, positions);
        }
        if bytes.is_empty() {
            Ok(())
        } else {
            Err(PackedError::Trailing)
        }
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
fn take(bytes: &mut &[u8]) -> Result<u64, PackedError> {
    // Nearly every number is below 128: a byte by itself.
    if let [byte @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Ok(u64::from(*byte));
    }
    take_long(bytes)
}

fn take_long(bytes: &mut &[u8]) -> Result<u64, PackedError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(PackedError::Truncated)?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return Err(PackedError::Range);
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(PackedError::Range)
}

#[inline]
fn small(bytes: &mut &[u8]) -> Result<u32, PackedError> {
    u32::try_from(take(bytes)?).map_err(|_| PackedError::Range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_list_is_two_bytes() {
        assert_eq!(PostingList::new().encode(), [1, 0]);
        assert_eq!(PostingList::decode(&[1, 0]), Ok(PostingList::new()));
    }

    #[test]
    fn other_bytes_are_errors() {
        assert_eq!(PostingList::decode(&[]), Err(PackedError::Truncated));
        assert_eq!(PostingList::decode(&[9]), Err(PackedError::Format(9)));
        assert_eq!(PostingList::decode(&[1, 1, 5]), Err(PackedError::Truncated));
        assert_eq!(PostingList::decode(&[1, 0, 0]), Err(PackedError::Trailing));
        assert_eq!(
            PostingList::decode(&[1, 2, 5, 1, 1, 0, 0, 1, 1, 0]),
            Err(PackedError::Range)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn decoding_returns_what_was_encoded(
            docs in proptest::collection::btree_map(0i64..i64::MAX, (any::<u32>(), any::<u32>(), proptest::collection::btree_set(any::<u32>(), 0..6)), 0..30)
        ) {
            let mut list = PostingList::new();
            for (&doc, (frequency, length, positions)) in &docs {
                let positions: Vec<u32> = positions.iter().copied().collect();
                list.insert(doc, *length, *frequency, &positions);
            }
            prop_assert_eq!(PostingList::decode(&list.encode()), Ok(list.clone()));
            let mut backwards = PostingList::new();
            for entry in list.entries().iter().rev() {
                backwards.insert(entry.doc, entry.length, entry.frequency, list.positions(entry));
            }
            prop_assert_eq!(backwards, list);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PostingList::decode(&bytes);
        }
    }
}
