//! Files, versions and catalogs compared, field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::past::{self, At};
use super::refusal::Flaw;
use super::{Backend, Kind, Refusal, show};
use crate::definition::diff::{Change, diff_documents};
use crate::definition::{Document, LIFECYCLE_FIELDS, ToolRef, Version};
use crate::format::Input;
use crate::store::location::Catalog;
use crate::store::replay::Versions;
use crate::store::tools::{self, Filter, StoredTool};
use crate::store::{Connection, migrate};
use crate::validate::{Options, Severity, check};
use crate::words::counted;

/// One side of a comparison.
#[derive(Debug, Clone)]
pub enum Side {
    /// Files.
    Files(Vec<Input>),
    /// One version of a tool in the catalog.
    Tool(ToolRef),
    /// A whole catalog of the same database; the present one without a name.
    Catalog(Option<Catalog>),
}

/// A tool that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The tool, without a version.
    pub tool: String,
    /// `changed`, `added` (only in B) or `removed` (only in A).
    pub kind: &'static str,
    /// The version in A.
    pub a: Option<String>,
    /// The version in B.
    pub b: Option<String>,
    /// The fields that differ, from A to B.
    pub changes: Vec<Change>,
}

fn one(a: &Document, b: &Document, files: bool) -> Option<Difference> {
    let (mut old, mut new) = (a.clone(), b.clone());
    if files {
        for field in LIFECYCLE_FIELDS {
            if !(old.fields().contains_key(*field) && new.fields().contains_key(*field)) {
                old.fields_mut().shift_remove(*field);
                new.fields_mut().shift_remove(*field);
            }
        }
    }
    let changes = diff_documents(&old, &new);
    (!changes.is_empty()).then(|| Difference {
        tool: tool_of(b),
        kind: "changed",
        a: Some(a.label()),
        b: Some(b.label()),
        changes,
    })
}

fn tool_of(document: &Document) -> String {
    match document.identity() {
        Some(identity) => format!("{}/{}", identity.platform, identity.name),
        None => document.label(),
    }
}

type Key = (String, String, String);

/// By identity; without all versions, the newest of each tool whatever its version.
fn keyed(documents: &[Document], all_versions: bool) -> BTreeMap<Key, &Document> {
    let mut keyed: BTreeMap<Key, &Document> = BTreeMap::new();
    for document in documents {
        let Some(identity) = document.identity() else {
            continue;
        };
        let version = match all_versions {
            true => identity.version.clone(),
            false => String::new(),
        };
        let key = (identity.platform, identity.name, version);
        let newer = keyed.get(&key).is_none_or(|other| {
            other
                .identity()
                .is_none_or(|other| Version::new(&other.version) < Version::new(&identity.version))
        });
        if newer {
            keyed.insert(key, document);
        }
    }
    keyed
}

fn all(a: &[Document], b: &[Document], all_versions: bool, files: bool) -> Vec<Difference> {
    let (a, b) = (keyed(a, all_versions), keyed(b, all_versions));
    let keys: BTreeSet<&Key> = a.keys().chain(b.keys()).collect();
    keys.into_iter()
        .filter_map(|key| match (a.get(key), b.get(key)) {
            (Some(a), Some(b)) => one(a, b, files),
            (old, new) => Some(Difference {
                tool: format!("{}/{}", key.0, key.1),
                kind: if old.is_some() { "removed" } else { "added" },
                a: old.map(|it| it.label()),
                b: new.map(|it| it.label()),
                changes: Vec::new(),
            }),
        })
        .collect()
}

/// What differs between two sides, by tool; `at` is when the first is looked at. `backend` is asked only if a
/// side is of a catalog.
///
/// # Errors
/// [`Kind::Invalid`] if files are not valid, or are to be looked at as they were; [`Kind::NotFound`] and
/// [`Kind::Ambiguous`] for a tool.
pub fn run(
    backend: &dyn Fn() -> Result<Backend, Refusal>,
    a: &Side,
    b: &Side,
    all_versions: bool,
    at: Option<At>,
) -> Result<Vec<Difference>, Refusal> {
    let single = matches!((a, b), (Side::Tool(_), Side::Tool(_)));
    // A definition that says nothing of its life is compared with one that does by the rest.
    let files = matches!(a, Side::Files(_)) || matches!(b, Side::Files(_));
    let filter = Filter {
        all_versions,
        ..Filter::default()
    };
    // Over time, what became of a tool counts as what its definition says.
    let life = at.is_some();
    let a = definitions(backend, a, &filter, life, at)?;
    let b = definitions(backend, b, &filter, life, None)?;
    if !single {
        return Ok(all(&a, &b, all_versions, files));
    }
    let (a, b) = (a.first(), b.first());
    let differing = a.zip(b).and_then(|(a, b)| one(a, b, files));
    Ok(differing.into_iter().collect())
}

/// The definitions of a side, with `life` also where each tool of a catalog stands.
fn definitions(
    backend: &dyn Fn() -> Result<Backend, Refusal>,
    side: &Side,
    filter: &Filter,
    life: bool,
    at: Option<At>,
) -> Result<Vec<Document>, Refusal> {
    let found: Versions = match side {
        Side::Files(_) if at.is_some() => {
            let message = "files have no past: only a tool or a catalog can be compared as it was";
            return Err(Refusal::new(Kind::Invalid, message));
        }
        Side::Files(inputs) => return valid(inputs),
        Side::Tool(reference) => {
            let shown = show::run(&mut backend()?.connect()?, reference, at)?;
            vec![(shown.stored, shown.document)]
        }
        Side::Catalog(catalog) => {
            let mut connection = match catalog {
                None => backend()?.connect()?,
                Some(catalog) => other(&backend()?, catalog)?,
            };
            connection.snapshot(|transaction| match at {
                Some(at) => Ok::<_, Refusal>(past::list(transaction, at, filter)?.0),
                None => {
                    let stored = tools::list(transaction, filter)?;
                    let documents = tools::definitions(transaction, &stored)?;
                    Ok(stored.into_iter().zip(documents).collect())
                }
            })?
        }
    };
    let document = |(tool, document): (StoredTool, Document)| match life {
        true => tool.with_life(document),
        false => document,
    };
    Ok(found.into_iter().map(document).collect())
}

/// Another catalog of the same database.
fn other(backend: &Backend, catalog: &Catalog) -> Result<Connection, Refusal> {
    // The server must be running before its address is of use.
    drop(backend.open()?);
    let location = backend.location().with_catalog(catalog.clone());
    let mut connection = Connection::open(&location)?;
    migrate::require_current(&mut connection)?;
    Ok(connection)
}

fn valid(inputs: &[Input]) -> Result<Vec<Document>, Refusal> {
    let mut options = Options::default();
    options.lenient = true;
    options.complete = true;
    let report = check(inputs, &options);
    let errors = report.count(Severity::Error);
    if errors > 0 {
        let message = format!(
            "{} in {}; nothing was compared",
            counted(errors, "error"),
            counted(report.files, "file")
        );
        return Err(Refusal::new(Kind::Invalid, message).flaws(Flaw::errors(&report)));
    }
    Ok(report.documents.into_iter().map(|it| it.document).collect())
}
