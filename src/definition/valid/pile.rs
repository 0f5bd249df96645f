//! Valid definitions by the thousands: what is asked of each at once in memory, what they say beside it.

use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use serde_json::Value;
use tempfile::SpooledTempFile;

use super::ValidDefinition;
use crate::definition::{
    Document, DocumentError, Identity, LIFECYCLE_FIELDS, Status, digest as digest_of,
};

/// The texts that stay in memory, in bytes: with more, all move to a temporary file without a name.
const IN_MEMORY: usize = 4 << 20;

/// What is asked of a definition without reading what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    /// Platform, name and version.
    pub identity: Identity,
    /// Its digest.
    pub digest: String,
    /// The lifecycle fields that it has.
    life: Vec<(&'static str, Value)>,
}

impl Brief {
    /// # Errors
    /// If it has no platform, name or version; a valid one has.
    pub fn new(document: &Document) -> Result<Self, DocumentError> {
        let identity = document.identity().ok_or_else(|| DocumentError {
            subject: document.label(),
            message: "platform, tool_name and version must be given".to_owned(),
        })?;
        let life = LIFECYCLE_FIELDS
            .iter()
            .filter_map(|field| Some((*field, document.fields().get(*field)?.clone())));
        Ok(Self {
            identity,
            digest: digest_of(document),
            life: life.collect(),
        })
    }

    /// The lifecycle fields that it has, with their values.
    pub fn life(&self) -> &[(&'static str, Value)] {
        &self.life
    }
}

/// A definition on its way to a [`Pile`].
#[derive(Debug)]
pub struct Packed {
    brief: Brief,
    text: Vec<u8>,
}

impl Packed {
    /// # Errors
    /// As [`Brief::new`].
    pub fn new(definition: &ValidDefinition) -> Result<Self, DocumentError> {
        Self::of(definition)
    }

    /// For `validate` alone, which takes those with errors off the [`Pile`]; a test reads the sources for other
    /// callers.
    ///
    /// # Errors
    /// As [`Brief::new`].
    pub(crate) fn vouched(document: &Document) -> Result<Self, DocumentError> {
        Self::of(document)
    }

    fn of(document: &Document) -> Result<Self, DocumentError> {
        let brief = Brief::new(document)?;
        let text = serde_json::to_vec(document.fields());
        let text = text.map_err(|error| DocumentError {
            subject: brief.identity.to_string(),
            message: error.to_string(),
        })?;
        Ok(Self { brief, text })
    }
}

/// Valid definitions in a fixed order. A definition takes fifty kilobytes as a value and five as text, and
/// the texts are in a file: memory hardly grows with their number.
#[derive(Debug)]
pub struct Pile {
    briefs: Vec<Brief>,
    /// Where the text of each begins and ends.
    places: Vec<(u64, u64)>,
    end: u64,
    texts: Mutex<SpooledTempFile>,
}

impl Default for Pile {
    fn default() -> Self {
        Self {
            briefs: Vec::new(),
            places: Vec::new(),
            end: 0,
            texts: Mutex::new(SpooledTempFile::new(IN_MEMORY)),
        }
    }
}

impl Pile {
    /// Adds a definition.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub fn push(&mut self, packed: Packed) -> Result<(), DocumentError> {
        let Packed { brief, text } = packed;
        let texts = self.texts.get_mut().unwrap_or_else(PoisonError::into_inner);
        let written = texts
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| texts.write_all(&text));
        written.map_err(|error| apart(&brief.identity, &error))?;
        let start = self.end;
        self.end += text.len() as u64;
        self.places.push((start, self.end));
        self.briefs.push(brief);
        Ok(())
    }

    /// Leaves out the definitions of which `keep` says no.
    pub fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        let mut place = 0..;
        self.briefs.retain(|_| place.next().is_some_and(&keep));
        let mut place = 0..;
        self.places.retain(|_| place.next().is_some_and(&keep));
    }

    /// The same definitions in another status, which are as valid.
    ///
    /// # Errors
    /// If the temporary file cannot be read or written.
    pub fn in_status(&self, status: Status) -> Result<Self, DocumentError> {
        let mut changed = Self::default();
        for place in 0..self.len() {
            changed.push(Packed::new(&self.get(place)?.with_status(status))?)?;
        }
        Ok(changed)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.briefs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.briefs.is_empty()
    }

    /// What is known of each without reading it.
    pub fn briefs(&self) -> &[Brief] {
        &self.briefs
    }

    /// The definition at a place.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub fn get(&self, place: usize) -> Result<ValidDefinition, DocumentError> {
        self.read(place, &self.text(place)?)
    }

    /// What `make` makes of the definitions at some places, in their order. Only what is made is held at once.
    ///
    /// # Errors
    /// Those of `make`; if the temporary file cannot be read.
    pub fn each<T: Send, E: From<DocumentError> + Send>(
        &self,
        places: &[usize],
        make: impl Fn(usize, ValidDefinition) -> Result<T, E> + Sync,
    ) -> Result<Vec<T>, E> {
        let texts = places.iter().map(|&place| Ok((place, self.text(place)?)));
        let texts: Vec<(usize, Vec<u8>)> = texts.collect::<Result<_, DocumentError>>()?;
        texts
            .into_par_iter()
            .map(|(place, text)| make(place, self.read(place, &text)?))
            .collect()
    }

    fn text(&self, place: usize) -> Result<Vec<u8>, DocumentError> {
        let (start, end) = self.places[place];
        let mut text = vec![0; usize::try_from(end - start).unwrap_or(0)];
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let read = texts
            .seek(SeekFrom::Start(start))
            .and_then(|_| texts.read_exact(&mut text));
        read.map_err(|error| apart(&self.briefs[place].identity, &error))?;
        Ok(text)
    }

    fn read(&self, place: usize, text: &[u8]) -> Result<ValidDefinition, DocumentError> {
        let fields = serde_json::from_slice(text).map_err(|error| DocumentError {
            subject: self.briefs[place].identity.to_string(),
            message: error.to_string(),
        })?;
        Ok(ValidDefinition(Document::new(fields)))
    }
}

fn apart(identity: &Identity, error: &std::io::Error) -> DocumentError {
    DocumentError {
        subject: identity.to_string(),
        message: format!("the temporary file fails: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(number: usize, more: Value) -> Document {
        let Value::Object(fields) = json!({
            "tool_name": format!("t{number}"), "version": "1.0", "platform": "linux", "more": more
        }) else {
            unreachable!()
        };
        Document::new(fields)
    }

    #[test]
    fn what_is_read_is_what_was_added_also_from_the_file() {
        let all: Vec<Document> = [json!({"z": 1.0, "a": [-0.0, 1e300, null, "\u{7f}\u{1F600}"]})]
            .into_iter()
            .chain((0..6).map(|it| json!(format!("{it}").repeat(1 << 20))))
            .enumerate()
            .map(|(number, more)| document(number, more))
            .collect();
        let mut pile = Pile::default();
        for it in &all {
            pile.push(Packed::vouched(it).unwrap()).unwrap();
        }
        assert!(pile.texts.get_mut().unwrap().is_rolled());
        pile.retain(|place| place != 1);
        let places: Vec<usize> = (0..pile.len()).rev().collect();
        let read = pile
            .each(&places, |place, it| Ok::<_, DocumentError>((place, it)))
            .unwrap();
        assert_eq!(read.len(), all.len() - 1);
        for (place, it) in read {
            let expected = &all[if place == 0 { 0 } else { place + 1 }];
            assert_eq!(&*it, expected);
            assert_eq!(
                expected.identity().as_ref(),
                Some(&pile.briefs()[place].identity)
            );
        }
    }

    #[test]
    fn another_status_is_the_whole_difference() {
        let mut pile = Pile::default();
        pile.push(Packed::vouched(&document(1, Value::Null)).unwrap())
            .unwrap();
        let changed = pile.in_status(Status::Testing).unwrap();
        assert_eq!(changed.briefs()[0].life(), [("status", json!("testing"))]);
        assert_eq!(changed.briefs()[0].digest, pile.briefs()[0].digest);
        let nameless = Document::new(serde_json::Map::new());
        assert!(Packed::vouched(&nameless).is_err());
    }
}
