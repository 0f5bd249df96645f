//! Importing definitions: a plan against the catalog, then bulk writes.
//!
//! Few statements do it, however many definitions there are: one reads what is there, two read what
//! differs, one retires what was the latest, and for each thousand definitions three COPY the rows in.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use rayon::prelude::*;
use serde_json::Value;

use super::StoreError;
use super::insert::{NewVersion, identity, insert};
use super::rewrite::{Rewrite, rewrite};
use super::tools::{by_ids, definitions};
use crate::definition::diff::{Change, diff_documents};
use crate::definition::{
    Document, DocumentError, Identity, LIFECYCLE_FIELDS, ValidDefinition, Version, digest,
    next_version,
};

/// What is done with a definition that differs under a version that the catalog has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Nothing is imported.
    #[default]
    Fail,
    /// The catalog keeps what it has.
    Skip,
    /// The version is changed in place.
    Update,
    /// The definition becomes the next version.
    Bump,
}

/// What is to be done with one definition.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Not in the catalog; `latest` where it becomes the version in use.
    Create {
        /// Whether it becomes the version in use.
        latest: bool,
    },
    /// In the catalog already, with the same content.
    Unchanged,
    /// In the catalog already under this version, with other content: refused.
    Conflict {
        /// The row that differs.
        id: i64,
        /// What differs, from the catalog to the file.
        changes: Vec<Change>,
    },
    /// The same, and the catalog keeps what it has.
    Skip {
        /// What differs, from the catalog to the file.
        changes: Vec<Change>,
    },
    /// The same, and the row is changed in place.
    Update {
        /// The row that differs.
        id: i64,
        /// What differs, from the catalog to the file.
        changes: Vec<Change>,
    },
    /// The same, and the definition becomes the next version.
    Bump {
        /// The next version.
        version: String,
        /// Whether it becomes the version in use.
        latest: bool,
        /// What differs, from the catalog to the file.
        changes: Vec<Change>,
    },
}

/// The plan of an import, one step for each definition, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Parent of each created version.
    parents: Vec<Option<i64>>,
}

impl Plan {
    /// How many definitions are refused.
    pub fn refused(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| matches!(step, Step::Conflict { .. }))
            .count()
    }

    /// Whether carrying it out would change the catalog.
    pub fn changes_something(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step,
                Step::Create { .. } | Step::Update { .. } | Step::Bump { .. }
            )
        })
    }
}

#[derive(QueryableByName)]
struct Present {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<Text>)]
    definition_digest: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    enabled: bool,
    #[diesel(sql_type = Nullable<Text>)]
    owner: Option<String>,
    #[diesel(sql_type = Bool)]
    is_latest: bool,
}

const PRESENT: &str = "SELECT id, platform, tool_name, version, definition_digest::text, status, \
                       enabled, owner, is_latest";

/// Compares definitions with the catalog. Each must have an identity, and no two the same one.
///
/// # Errors
/// The database's error, if a query fails.
pub fn plan(
    connection: &mut PgConnection,
    documents: &[impl AsRef<Document>],
    on_conflict: OnConflict,
) -> Result<Plan, StoreError> {
    let documents: Vec<&Document> = documents.iter().map(AsRef::as_ref).collect();
    let identities = documents.iter().map(|it| identity(it));
    let identities: Vec<Identity> = identities.collect::<Result<_, _>>()?;
    let present = present(connection, &identities)?;
    let mut versions: HashMap<(&str, &str), Vec<&Present>> = HashMap::new();
    for row in &present {
        versions
            .entry((&row.platform, &row.tool_name))
            .or_default()
            .push(row);
    }
    let newest = newest_of(&identities);
    let digests: Vec<String> = match present.is_empty() {
        true => Vec::new(),
        false => documents.par_iter().map(|it| digest(it)).collect(),
    };
    let mut steps = Vec::with_capacity(documents.len());
    let mut parents = Vec::with_capacity(documents.len());
    let mut to_compare = Vec::new();
    for (index, (document, identity)) in documents.iter().zip(&identities).enumerate() {
        let key = (identity.platform.as_str(), identity.name.as_str());
        let known = versions.get(&key).map_or(&[][..], Vec::as_slice);
        let latest = known.iter().find(|row| row.is_latest);
        parents.push(parent(known, latest.copied(), &identity.version));
        steps.push(
            match known.iter().find(|row| row.version == identity.version) {
                Some(row) if is_unchanged(row, document, &digests[index]) => Step::Unchanged,
                Some(row) => {
                    to_compare.push((index, row.id));
                    Step::Conflict {
                        id: row.id,
                        changes: Vec::new(),
                    }
                }
                None => {
                    let version = Version::new(&identity.version);
                    let newer = latest.is_none_or(|row| Version::new(&row.version) < version);
                    Step::Create {
                        latest: newer && newest.get(&key) == Some(&identity.version.as_str()),
                    }
                }
            },
        );
    }
    compare(connection, &documents, &to_compare, &mut steps)?;
    resolve(
        on_conflict,
        &documents,
        &identities,
        &versions,
        &mut steps,
        &mut parents,
    );
    Ok(Plan { steps, parents })
}

/// What a new version is made from: the version in use, or, for an older one, the one before it.
fn parent(known: &[&Present], latest: Option<&Present>, version: &str) -> Option<i64> {
    let version = Version::new(version);
    let before = || {
        known
            .iter()
            .copied()
            .filter(|row| Version::new(&row.version) < version)
            .max_by(|a, b| Version::new(&a.version).cmp(&Version::new(&b.version)))
    };
    latest
        .filter(|row| Version::new(&row.version) < version)
        .or_else(before)
        .map(|row| row.id)
}

type Versions<'a> = HashMap<(&'a str, &'a str), Vec<&'a Present>>;

/// Decides what becomes of the definitions that differ.
fn resolve(
    on_conflict: OnConflict,
    documents: &[&Document],
    identities: &[Identity],
    versions: &Versions<'_>,
    steps: &mut [Step],
    parents: &mut [Option<i64>],
) {
    let mut taken: HashSet<(&str, &str, String)> = HashSet::new();
    if on_conflict == OnConflict::Bump {
        taken.extend(
            identities
                .iter()
                .map(|it| (it.platform.as_str(), it.name.as_str(), it.version.clone())),
        );
    }
    for (index, step) in steps.iter_mut().enumerate() {
        let Step::Conflict { id, changes } = step else {
            continue;
        };
        let (id, changes) = (*id, std::mem::take(changes));
        *step = match on_conflict {
            OnConflict::Fail => Step::Conflict { id, changes },
            OnConflict::Skip => Step::Skip { changes },
            OnConflict::Update => Step::Update { id, changes },
            OnConflict::Bump => {
                let identity = &identities[index];
                let key = (identity.platform.as_str(), identity.name.as_str());
                let known = versions.get(&key).map_or(&[][..], Vec::as_slice);
                let latest = known.iter().find(|row| row.is_latest);
                let mut version = next_version(&identity.version);
                loop {
                    match known.iter().find(|row| row.version == version) {
                        Some(row) if is_present(row, documents[index], &version) => {
                            *step = Step::Unchanged;
                            break;
                        }
                        None if taken.insert((key.0, key.1, version.clone())) => {
                            let newer = latest.is_none_or(|row| {
                                Version::new(&row.version) < Version::new(&version)
                            });
                            parents[index] = Some(id);
                            *step = Step::Bump {
                                version,
                                latest: newer,
                                changes,
                            };
                            break;
                        }
                        _ => version = next_version(&version),
                    }
                }
                continue;
            }
        };
    }
    one_latest(identities, steps);
}

/// Of several versions of one tool that the import makes, only the newest becomes the latest.
fn one_latest(identities: &[Identity], steps: &mut [Step]) {
    let mut newest: HashMap<(&str, &str), usize> = HashMap::new();
    let version = |index: usize, steps: &[Step]| match &steps[index] {
        Step::Bump { version, .. } => version.clone(),
        _ => identities[index].version.clone(),
    };
    for index in 0..steps.len() {
        let latest = match &steps[index] {
            Step::Create { latest } | Step::Bump { latest, .. } => *latest,
            _ => false,
        };
        if !latest {
            continue;
        }
        let identity = &identities[index];
        let key = (identity.platform.as_str(), identity.name.as_str());
        let loser = match newest.get(&key) {
            Some(&other)
                if Version::new(&version(other, steps)) > Version::new(&version(index, steps)) =>
            {
                Some(index)
            }
            other => {
                let other = other.copied();
                newest.insert(key, index);
                other
            }
        };
        if let Some(Step::Create { latest } | Step::Bump { latest, .. }) =
            loser.map(|loser| &mut steps[loser])
        {
            *latest = false;
        }
    }
}

/// The definition under another version.
fn as_version(document: &Document, version: &str) -> Document {
    let mut document = document.clone();
    document
        .fields_mut()
        .insert("version".to_owned(), Value::from(version));
    document
}

/// The newest version of each tool among those to be imported: only one can become the latest.
fn newest_of(identities: &[Identity]) -> HashMap<(&str, &str), &str> {
    let mut newest: HashMap<(&str, &str), &str> = HashMap::new();
    for identity in identities {
        let best = newest
            .entry((&identity.platform, &identity.name))
            .or_insert(&identity.version);
        if Version::new(&identity.version).cmp(&Version::new(best)) == Ordering::Greater {
            *best = &identity.version;
        }
    }
    newest
}

fn present(
    connection: &mut PgConnection,
    identities: &[Identity],
) -> Result<Vec<Present>, StoreError> {
    let mut names: Vec<&str> = identities.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let query = format!("{PRESENT} FROM tools WHERE tool_name = ANY ($1)");
    Ok(diesel::sql_query(query)
        .bind::<Array<Text>, _>(names)
        .load(connection)?)
}

/// The definitions that a catalog holds, by digest.
pub struct Known(HashMap<String, Present>);

impl Known {
    /// All that the catalog holds.
    ///
    /// # Errors
    /// The database's error, if the query fails.
    pub fn load(connection: &mut PgConnection) -> QueryResult<Self> {
        let rows: Vec<Present> =
            diesel::sql_query(format!("{PRESENT} FROM tools")).load(connection)?;
        let by_digest = |row: Present| Some((row.definition_digest.clone()?, row));
        Ok(Self(rows.into_iter().filter_map(by_digest).collect()))
    }

    /// Whether the catalog holds this very definition.
    pub fn holds(&self, document: &Document) -> bool {
        let digest = digest(document);
        self.0
            .get(&digest)
            .is_some_and(|row| is_unchanged(row, document, &digest))
    }
}

/// By digest for what the definition says, and by column for where it stands in its life; a file
/// that does not mention a lifecycle field has no opinion on it.
fn is_unchanged(row: &Present, document: &Document, digest: &str) -> bool {
    let lifecycle = |field: &str| -> Value {
        match field {
            "status" => Value::from(row.status.as_str()),
            "enabled" => Value::from(row.enabled),
            _ => row.owner.as_deref().map_or(Value::Null, Value::from),
        }
    };
    row.definition_digest.as_deref() == Some(digest)
        && LIFECYCLE_FIELDS.iter().all(|&field| {
            document
                .fields()
                .get(field)
                .is_none_or(|value| *value == lifecycle(field))
        })
}

/// Whether a row says what the definition would as another version.
fn is_present(row: &Present, document: &Document, version: &str) -> bool {
    let document = as_version(document, version);
    is_unchanged(row, &document, &digest(&document))
}

/// Finds what differs field by field; a digest that was forgotten may turn out to be unchanged.
fn compare(
    connection: &mut PgConnection,
    documents: &[&Document],
    to_compare: &[(usize, i64)],
    steps: &mut [Step],
) -> Result<(), StoreError> {
    if to_compare.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = to_compare.iter().map(|(_, id)| *id).collect();
    let stored = by_ids(connection, &ids)?;
    let present = definitions(connection, &stored)?;
    let by_id: HashMap<i64, &Document> = stored.iter().map(|tool| tool.id).zip(&present).collect();
    for (index, id) in to_compare {
        let Some(present) = by_id.get(id) else {
            continue;
        };
        let mut old = (*present).clone();
        for field in LIFECYCLE_FIELDS {
            if !documents[*index].fields().contains_key(*field) {
                old.fields_mut().shift_remove(*field);
            }
        }
        let changes = diff_documents(&old, documents[*index]);
        steps[*index] = if changes.is_empty() {
            Step::Unchanged
        } else {
            Step::Conflict { id: *id, changes }
        };
    }
    Ok(())
}

/// Carries the plan out; `written` is told how many more definitions are dealt with. Conflicts must have
/// been resolved before.
///
/// # Errors
/// The database's error, if a statement fails; the caller's transaction must then be undone.
pub fn carry_out(
    connection: &mut PgConnection,
    documents: &[ValidDefinition],
    plan: &Plan,
    actor: &str,
    written: &dyn Fn(u64),
) -> Result<(), StoreError> {
    let bumped: Vec<Option<ValidDefinition>> = documents
        .iter()
        .zip(&plan.steps)
        .map(|(document, step)| match step {
            Step::Bump { version, .. } => document.as_version(version).map(Some),
            _ => Ok(None),
        })
        .collect::<Result<_, DocumentError>>()?;
    let mut versions = Vec::new();
    let mut rewrites = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        match step {
            Step::Create { latest } | Step::Bump { latest, .. } => versions.push(NewVersion {
                document: bumped[index].as_ref().unwrap_or(&documents[index]),
                latest: *latest,
                parent: plan.parents[index],
            }),
            Step::Update { id, .. } => rewrites.push(Rewrite {
                id: *id,
                document: &documents[index],
            }),
            Step::Unchanged | Step::Conflict { .. } | Step::Skip { .. } => {}
        }
    }
    rewrite(connection, &rewrites)?;
    written((documents.len() - versions.len()) as u64);
    insert(connection, &versions, actor, written)?;
    Ok(())
}
