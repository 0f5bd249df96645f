//! A sentence encoder in the place of the built-in table of meanings, and the vectors of a tool's texts as they are kept.
//!
//! What an encoder says of a text is brought to bytes with a scale before anything is computed with it, whether it was
//! kept or made just now: both give the same bits, and a last digit that another processor rounds otherwise is gone.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::meaning::Vector;

/// What turns texts into vectors.
pub trait Encoder: Send + Sync {
    /// Tells it from every other encoder: the SHA-256 of all that it is read from.
    fn digest(&self) -> [u8; 32];

    /// A vector of length 1 for each text, all of as many numbers.
    fn encode(&self, texts: &[&str]) -> Vec<Vec<f32>>;
}

/// The encoder in use, if there is one.
pub type Encoding = Option<Arc<dyn Encoder>>;

/// Bytes of a scale.
const SCALE: usize = 4;

/// Vectors of the texts of a tool, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The SHA-256 of the texts.
    pub texts: Vec<u8>,
    /// For each text a scale, then the numbers as bytes.
    pub vectors: Vec<u8>,
}

impl Kept {
    /// The vectors that an encoder gives to texts.
    pub fn of<T: AsRef<str>>(encoder: &dyn Encoder, texts: &[T]) -> Self {
        let spoken: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let vectors = encoder.encode(&spoken);
        Self {
            texts: digest(texts),
            vectors: vectors.iter().flat_map(|it| packed(it)).collect(),
        }
    }

    /// The vectors, where they are of these texts.
    pub(super) fn vectors_of<T: AsRef<str>>(&self, texts: &[T]) -> Option<Vec<Vector>> {
        if texts.is_empty() || self.texts != digest(texts) {
            return None;
        }
        let each = self.vectors.len() / texts.len();
        if each <= SCALE || each * texts.len() != self.vectors.len() {
            return None;
        }
        Some(self.vectors.chunks_exact(each).map(unpacked).collect())
    }
}

/// The vector that an encoder gives to a text.
pub(super) fn vector(encoder: &dyn Encoder, text: &str) -> Vector {
    let vectors = encoder.encode(&[text]);
    vectors
        .first()
        .map_or_else(|| Vector::of(Vec::new()), |it| unpacked(&packed(it)))
}

/// The SHA-256 of texts, each with its length before it.
fn digest<T: AsRef<str>>(texts: &[T]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for text in texts.iter().map(AsRef::as_ref) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().to_vec()
}

/// A vector as a scale and a byte for each number.
fn packed(vector: &[f32]) -> Vec<u8> {
    let most = vector.iter().fold(0.0f32, |most, it| most.max(it.abs()));
    let scale = most / 127.0;
    let byte = |it: &f32| match scale > 0.0 {
        true => (it / scale).round() as i8 as u8,
        false => 0,
    };
    let scale = scale.to_le_bytes().into_iter();
    scale.chain(vector.iter().map(byte)).collect()
}

fn unpacked(bytes: &[u8]) -> Vector {
    let (scale, numbers) = bytes.split_at(SCALE.min(bytes.len()));
    let scale = scale.try_into().map_or(0.0, f32::from_le_bytes);
    Vector::of(
        numbers
            .iter()
            .map(|&it| scale * f32::from(it as i8))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The letters of a text, counted.
    struct Letters;

    impl Encoder for Letters {
        fn digest(&self) -> [u8; 32] {
            [7; 32]
        }

        fn encode(&self, texts: &[&str]) -> Vec<Vec<f32>> {
            let counts = texts.iter().map(|text| {
                let mut counts = vec![0.0f32; 26];
                for letter in text.bytes().filter(u8::is_ascii_lowercase) {
                    counts[usize::from(letter - b'a')] += 1.0;
                }
                let length = counts.iter().map(|it| it * it).sum::<f32>().sqrt();
                if length > 0.0 {
                    counts.iter_mut().for_each(|it| *it /= length);
                }
                counts
            });
            counts.collect()
        }
    }

    #[test]
    fn vectors_are_of_the_texts_that_they_were_made_of() {
        let kept = Kept::of(&Letters, &["list files", "remove"]);
        assert_eq!(kept.vectors.len(), 2 * (4 + 26));
        assert!(kept.vectors_of(&["list files", "remove"]).is_some());
        for other in [
            &["list files"][..],
            &["list file", "sremove"],
            &["list files", "remove", ""],
            &[],
        ] {
            assert!(kept.vectors_of(other).is_none(), "{other:?}");
        }
        let cut = Kept {
            vectors: kept.vectors[1..].to_vec(),
            ..kept
        };
        assert!(cut.vectors_of(&["list files", "remove"]).is_none());
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_is_made(text in "[a-z ]{0,40}") {
            let kept = Kept::of(&Letters, &[&text]).vectors_of(&[&text]).expect("of this text");
            let made = vector(&Letters, &text);
            prop_assert_eq!(kept[0].cosine(&made).to_bits(), made.cosine(&made).to_bits());
        }

        #[test]
        fn bytes_come_near_the_numbers(numbers in proptest::collection::vec(-1.0f32..1.0, 1..400)) {
            let there = unpacked(&packed(&numbers));
            let cosine = Vector::of(numbers.clone()).cosine(&there);
            prop_assert!(cosine > 0.999 || numbers.iter().all(|it| it.abs() < 1e-6));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let kept = Kept { texts: digest(&["a", "b"]), vectors: bytes };
            let _ = kept.vectors_of(&["a", "b"]);
        }
    }
}
