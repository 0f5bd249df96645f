//! One tool with its definition, as it is or as it was.

use sha2::{Digest as _, Sha256};

use super::past::{self, At};
use super::{Refusal, address};
use crate::definition::{Document, ToolRef, digest};
use crate::store::Connection;
use crate::store::tools::{self, StoredTool};

/// A tool with its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its row.
    pub stored: StoredTool,
    /// Its definition, as it was imported.
    pub document: Document,
    /// The revision of the catalog that it is shown at.
    pub revision: i64,
}

impl Shown {
    /// What tells this state of the version from any other: of what the definition says, the status, the
    /// owner, whether it is on and whether it is the latest.
    pub fn etag(&self) -> String {
        etag(&self.stored, &self.document)
    }
}

/// The same of a row and its definition, in hexadecimal.
pub(super) fn etag(stored: &StoredTool, document: &Document) -> String {
    let life = serde_json::json!([
        digest(document),
        stored.status,
        stored.enabled,
        stored.owner,
        stored.is_latest
    ]);
    let hash = Sha256::digest(life.to_string());
    hash.iter().take(16).map(|it| format!("{it:02x}")).collect()
}

/// The tool that the address means, as it is now or as it was.
///
/// # Errors
/// [`NotFound`](super::Kind::NotFound), also for a revision that is still to come;
/// [`Ambiguous`](super::Kind::Ambiguous).
pub fn run(connection: &mut Connection, tool: &ToolRef, at: Option<At>) -> Result<Shown, Refusal> {
    connection.snapshot(|transaction| match at {
        Some(at) => {
            let (stored, document, revision) = past::one(transaction, at, tool)?;
            Ok(Shown {
                stored,
                document,
                revision,
            })
        }
        None => {
            let stored = address::one(transaction, tool)?;
            let revision = tools::revision(transaction)?;
            let stored = [stored];
            let mut documents = tools::definitions(transaction, &stored)?;
            let [stored] = stored;
            Ok(Shown {
                document: documents.swap_remove(0),
                stored,
                revision,
            })
        }
    })
}
