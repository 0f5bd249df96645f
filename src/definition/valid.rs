//! A definition that validation has nothing against: the only kind that the catalog writes.

mod pile;

use std::ops::Deref;

use serde_json::Value;

use super::{Document, DocumentError, Status};

pub use pile::{Brief, Packed, Pile};

/// Longest version that the catalog keeps, in characters.
const LONGEST_VERSION: usize = 20;

/// A definition without errors. Validation alone makes one of a document, so that whoever asks for this type
/// cannot be given a definition that nobody has looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidDefinition(Document);

impl ValidDefinition {
    /// For `validate` alone, which has found no error; a test reads the sources for other callers.
    pub(crate) fn vouched(document: Document) -> Self {
        Self(document)
    }

    /// The same definition under another version, which is as valid.
    ///
    /// # Errors
    /// If the version is empty or longer than 20 characters.
    pub fn as_version(&self, version: &str) -> Result<Self, DocumentError> {
        if version.is_empty() || version.chars().count() > LONGEST_VERSION {
            return Err(DocumentError {
                subject: self.0.label(),
                message: format!(
                    "the version `{version}` does not have 1 to {LONGEST_VERSION} characters"
                ),
            });
        }
        Ok(self.with("version", version))
    }

    /// The same definition in another status, which is as valid.
    pub fn with_status(&self, status: Status) -> Self {
        self.with("status", status.as_str())
    }

    /// Gives the document up, to become another.
    pub fn into_document(self) -> Document {
        self.0
    }

    fn with(&self, field: &str, value: &str) -> Self {
        let mut document = self.0.clone();
        let fields = document.fields_mut();
        fields.insert(field.to_owned(), Value::from(value));
        Self(document)
    }
}

impl Deref for ValidDefinition {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.0
    }
}

impl AsRef<Document> for ValidDefinition {
    fn as_ref(&self) -> &Document {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn another_version_is_as_valid_unless_it_is_too_long() {
        let Value::Object(fields) =
            json!({"platform": "linux", "tool_name": "df", "version": "1.0"})
        else {
            unreachable!()
        };
        let valid = ValidDefinition::vouched(Document::new(fields));
        let next = valid.as_version("1.1").expect("a short version");
        assert_eq!(next.fields()["version"], "1.1");
        assert_eq!(valid.fields()["version"], "1.0");
        for version in ["", "1.00000000000000000000"] {
            let error = valid.as_version(version).expect_err("not a version");
            assert_eq!(error.subject, "linux/df@1.0", "{error}");
        }
    }
}
