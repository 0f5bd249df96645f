//! How near two texts are in meaning, beyond the words that they share.
//!
//! A text is the sum of the vectors of its word pieces, brought to length 1; two texts are as near as the cosine of
//! their vectors. The vectors stand in `meaning.bin`, which `scripts/distill` derives from the sentence encoder
//! all-MiniLM-L6-v2 (Apache-2.0): each piece is passed through the encoder once, then fitted by ridge regression so
//! that sums of pieces come near the encoder's vectors of whole sentences. They are bytes with a scale for each piece,
//! and are summed in the order of the text, so that every machine gives the same bits.

use super::words::ByWord;

/// The table: magic, number of pieces, dimensions, where each piece begins, the pieces in byte order, a scale for
/// each, and its vector as bytes.
const TABLE: &[u8] = include_bytes!("meaning.bin");

/// Bytes before the places of the pieces.
const HEAD: usize = 16;

/// Numbers of a vector.
const DIMENSIONS: usize = 128;

/// Sums that are made side by side.
const LANES: usize = 8;

/// Letters of a word that are read; the table knows none as long.
const LONGEST: usize = 64;

/// The direction of a text; all zero where no piece of it is known.
#[derive(Clone)]
pub(super) struct Vector(Vec<f32>);

impl Vector {
    /// No direction yet, of as many numbers as the table's.
    fn none() -> Self {
        Self(vec![0.0; DIMENSIONS])
    }

    /// The direction that the numbers give.
    pub fn of(numbers: Vec<f32>) -> Self {
        Self(numbers)
    }

    /// The direction of several together.
    pub fn sum<'a>(mut vectors: impl Iterator<Item = &'a Self>) -> Self {
        let mut sum = vectors.next().cloned().unwrap_or_else(Self::none);
        vectors.for_each(|it| sum.add(it));
        sum
    }

    /// Adds what another text says.
    fn add(&mut self, other: &Self) {
        for (sum, part) in self.0.iter_mut().zip(&other.0) {
            *sum += part;
        }
    }

    /// The cosine between two, -1..=1; 0 where one has no direction.
    pub fn cosine(&self, other: &Self) -> f64 {
        let lengths = (self.dot(self) * other.dot(other)).sqrt();
        if lengths > 0.0 {
            self.dot(other) / lengths
        } else {
            0.0
        }
    }

    /// The sum of the products, in lanes of a fixed order: the same bits on every machine, and each can do it fast.
    fn dot(&self, other: &Self) -> f64 {
        let mut lanes = [0.0f64; LANES];
        let (ours, our_rest) = self.0.as_chunks::<LANES>();
        let (theirs, their_rest) = other.0.as_chunks::<LANES>();
        for (ours, theirs) in ours.iter().zip(theirs) {
            for lane in 0..LANES {
                lanes[lane] += f64::from(ours[lane]) * f64::from(theirs[lane]);
            }
        }
        let rest = our_rest.iter().zip(their_rest);
        let rest = rest.map(|(ours, theirs)| f64::from(*ours) * f64::from(*theirs));
        lanes.iter().sum::<f64>() + rest.sum::<f64>()
    }
}

/// Turns texts into vectors, and remembers the words that it has met.
#[derive(Default)]
pub(super) struct Meanings {
    words: ByWord<Box<str>, usize>,
    vectors: Vec<Vector>,
    letters: usize,
}

impl Meanings {
    /// Bytes of the words that it has met.
    pub fn letters(&self) -> usize {
        self.letters
    }

    /// The vector of a text, before it is brought to length 1.
    pub fn of(&mut self, text: &str) -> Vector {
        let mut vector = Vector::none();
        words(text, |word| {
            let number = match self.words.get(word) {
                Some(&number) => number,
                None => self.meet(word),
            };
            vector.add(&self.vectors[number]);
        });
        vector
    }

    /// Remembers a word.
    fn meet(&mut self, word: &str) -> usize {
        let mut vector = Vector::none();
        for piece in pieces(word) {
            add_piece(&mut vector, piece);
        }
        self.vectors.push(vector);
        self.letters += word.len();
        self.words.insert(word.into(), self.vectors.len() - 1);
        self.vectors.len() - 1
    }
}

/// Visits the runs of letters and digits in lower case, and each other sign that is not a space by itself.
fn words(text: &str, mut visit: impl FnMut(&str)) {
    let mut word = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            visit(&word);
            word.clear();
        }
        if !letter.is_whitespace() && !letter.is_control() {
            visit(letter.encode_utf8(&mut [0; 4]));
        }
    }
    if !word.is_empty() {
        visit(&word);
    }
}

/// The pieces of a word, each the longest that the table knows (Wu et al., "Google's neural machine translation
/// system", 2016); none if a part of it is unknown.
fn pieces(word: &str) -> Vec<usize> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while !rest.is_empty() && word.len() <= LONGEST {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<usize> = ends.collect();
        let found = ends.iter().rev().find_map(|&end| {
            let key = match pieces.is_empty() {
                true => rest[..end].to_owned(),
                false => format!("##{}", &rest[..end]),
            };
            Some((find(key.as_bytes())?, end))
        });
        let Some((piece, end)) = found else {
            return Vec::new();
        };
        pieces.push(piece);
        rest = &rest[end..];
    }
    pieces
}

fn number(at: usize) -> usize {
    let bytes = TABLE.get(at..at + 4).and_then(|it| it.try_into().ok());
    bytes.map_or(0, u32::from_le_bytes) as usize
}

fn count() -> usize {
    number(8)
}

/// The place of a piece among the sorted ones.
fn find(piece: &[u8]) -> Option<usize> {
    let texts = HEAD + 4 * (count() + 1);
    let (mut low, mut high) = (0, count());
    while low < high {
        let middle = (low + high) / 2;
        let place = HEAD + 4 * middle;
        let here = TABLE.get(texts + number(place)..texts + number(place + 4))?;
        match here.cmp(piece) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Some(middle),
        }
    }
    None
}

fn add_piece(vector: &mut Vector, piece: usize) {
    let scales = HEAD + 4 * (count() + 1) + number(HEAD + 4 * count());
    let scale = scales + 4 * piece;
    let scale = TABLE
        .get(scale..scale + 4)
        .and_then(|it| it.try_into().ok());
    let scale = scale.map_or(0.0, f32::from_le_bytes);
    let row = scales + 4 * count() + DIMENSIONS * piece;
    for (sum, byte) in vector
        .0
        .iter_mut()
        .zip(TABLE.get(row..).unwrap_or_default())
    {
        *sum += scale * f32::from(*byte as i8);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: &str, b: &str) -> f64 {
        let mut meanings = Meanings::default();
        meanings.of(a).cosine(&meanings.of(b))
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!(&TABLE[..8], b"TCWORDS1");
        assert_eq!(number(12), DIMENSIONS);
        let texts = HEAD + 4 * (count() + 1) + number(HEAD + 4 * count());
        assert_eq!(TABLE.len(), texts + count() * (4 + DIMENSIONS));
        assert!(find(b"file").is_some() && find(b"##ing").is_some() && find(b"qqqqq").is_none());
    }

    #[test]
    fn texts_of_one_meaning_are_nearer_than_others() {
        let asked = "list the people who are signed in";
        assert!(
            near(asked, "show who is logged in") > near(asked, "compress a folder into an archive")
        );
        assert!(near("a picture", "an image") > near("a picture", "a network route"));
        assert!((near(asked, asked) - 1.0).abs() < 1e-9);
        assert!(near("", asked).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn any_text_has_a_vector(text in "\\PC{0,80}") {
            let cosine = near(&text, "list files");
            prop_assert!((-1.000_001..=1.000_001).contains(&cosine));
        }
    }
}
