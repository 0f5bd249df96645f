//! Importing definitions: a plan against the catalog, then bulk writes.
//!
//! Few statements do it, however many definitions there are: one reads what is there, two read what
//! differs, one retires what was the latest, and for each few hundred definitions three COPY the rows in.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use serde_json::Value;

use super::StoreError;
use super::insert::{Divided, NewVersion, PART, insert};
use super::rewrite::{Rewrite, rewrite};
use super::tools::{by_ids, definitions};
use crate::definition::diff::{Change, diff_documents};
use crate::definition::{
    Brief, Document, DocumentError, Identity, LIFECYCLE_FIELDS, Pile, ValidDefinition, Version,
    digest, next_version, row,
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

/// Reads one of the definitions of a plan.
pub type ReadOne<'a> = &'a dyn Fn(usize) -> Result<Document, DocumentError>;

/// Compares definitions with the catalog, no two with the same identity. Those that differ are read.
///
/// # Errors
/// The database's error, if a query fails.
pub fn plan(
    connection: &mut PgConnection,
    briefs: &[&Brief],
    document: ReadOne<'_>,
    on_conflict: OnConflict,
) -> Result<Plan, StoreError> {
    let identities: Vec<&Identity> = briefs.iter().map(|it| &it.identity).collect();
    let present = present(connection, &identities)?;
    let mut versions: HashMap<(&str, &str), Vec<&Present>> = HashMap::new();
    for row in &present {
        versions
            .entry((&row.platform, &row.tool_name))
            .or_default()
            .push(row);
    }
    let newest = newest_of(&identities);
    let mut steps = Vec::with_capacity(briefs.len());
    let mut parents = Vec::with_capacity(briefs.len());
    let mut to_compare = Vec::new();
    for (index, &brief) in briefs.iter().enumerate() {
        let identity = &brief.identity;
        let key = (identity.platform.as_str(), identity.name.as_str());
        let known = versions.get(&key).map_or(&[][..], Vec::as_slice);
        let latest = known.iter().find(|row| row.is_latest);
        parents.push(parent(known, latest.copied(), &identity.version));
        steps.push(
            match known.iter().find(|row| row.version == identity.version) {
                Some(row) if is_unchanged(row, brief) => Step::Unchanged,
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
    for some in to_compare.chunks(PART) {
        compare(connection, document, some, &mut steps)?;
    }
    resolve(
        on_conflict,
        document,
        &identities,
        &versions,
        &mut steps,
        &mut parents,
    )?;
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
    document: ReadOne<'_>,
    identities: &[&Identity],
    versions: &Versions<'_>,
    steps: &mut [Step],
    parents: &mut [Option<i64>],
) -> Result<(), StoreError> {
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
                let identity = identities[index];
                let key = (identity.platform.as_str(), identity.name.as_str());
                let known = versions.get(&key).map_or(&[][..], Vec::as_slice);
                let latest = known.iter().find(|row| row.is_latest);
                let document = document(index)?;
                let mut version = next_version(&identity.version);
                loop {
                    match known.iter().find(|row| row.version == version) {
                        Some(row) if is_present(row, &document, &version)? => {
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
    Ok(())
}

/// Of several versions of one tool that the import makes, only the newest becomes the latest.
fn one_latest(identities: &[&Identity], steps: &mut [Step]) {
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
        let identity = identities[index];
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
fn newest_of<'a>(identities: &[&'a Identity]) -> HashMap<(&'a str, &'a str), &'a str> {
    let mut newest: HashMap<(&str, &str), &str> = HashMap::new();
    for &identity in identities {
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
    identities: &[&Identity],
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
        if self.0.is_empty() {
            return false;
        }
        let row = self.0.get(&digest(document));
        row.is_some_and(|row| Brief::new(document).is_ok_and(|it| is_unchanged(row, &it)))
    }
}

/// By digest for what the definition says, and by column for where it stands in its life; a file
/// that does not mention a lifecycle field has no opinion on it.
fn is_unchanged(row: &Present, brief: &Brief) -> bool {
    let lifecycle = |field: &str| -> Value {
        match field {
            "status" => Value::from(row.status.as_str()),
            "enabled" => Value::from(row.enabled),
            _ => row.owner.as_deref().map_or(Value::Null, Value::from),
        }
    };
    row.definition_digest.as_deref() == Some(&brief.digest)
        && (brief.life().iter()).all(|(field, value)| *value == lifecycle(field))
}

/// Whether a row says what the definition would as another version.
fn is_present(row: &Present, document: &Document, version: &str) -> Result<bool, DocumentError> {
    let brief = Brief::new(&as_version(document, version))?;
    Ok(is_unchanged(row, &brief))
}

/// Finds what differs field by field; a digest that was forgotten may turn out to be unchanged.
fn compare(
    connection: &mut PgConnection,
    document: ReadOne<'_>,
    to_compare: &[(usize, i64)],
    steps: &mut [Step],
) -> Result<(), StoreError> {
    let ids: Vec<i64> = to_compare.iter().map(|(_, id)| *id).collect();
    let stored = by_ids(connection, &ids)?;
    let present = definitions(connection, &stored)?;
    let mut by_id: HashMap<i64, Document> =
        stored.iter().map(|tool| tool.id).zip(present).collect();
    for (index, id) in to_compare {
        let Some(mut old) = by_id.remove(id) else {
            continue;
        };
        let new = document(*index)?;
        for field in LIFECYCLE_FIELDS {
            if !new.fields().contains_key(*field) {
                old.fields_mut().shift_remove(*field);
            }
        }
        let changes = diff_documents(&old, &new);
        steps[*index] = if changes.is_empty() {
            Step::Unchanged
        } else {
            Step::Conflict { id: *id, changes }
        };
    }
    Ok(())
}

/// Some of the definitions of a pile.
#[derive(Debug, Clone, Copy)]
pub struct Portion<'a> {
    /// All of them.
    pub pile: &'a Pile,
    /// The places of those that are meant.
    pub places: &'a [usize],
}

impl Portion<'_> {
    /// What an import of them would do.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan(
        &self,
        connection: &mut PgConnection,
        on_conflict: OnConflict,
    ) -> Result<Plan, StoreError> {
        let briefs = self.places.iter().map(|&place| &self.pile.briefs()[place]);
        let briefs: Vec<&Brief> = briefs.collect();
        let document = |index: usize| {
            let found = self.pile.get(self.places[index])?;
            Ok(found.into_document())
        };
        plan(connection, &briefs, &document, on_conflict)
    }

    /// Carries their plan out; `written` is told how many more definitions are dealt with. Conflicts must
    /// have been resolved before.
    ///
    /// # Errors
    /// The database's error, if a statement fails; the caller's transaction must then be undone.
    pub fn carry_out(
        &self,
        connection: &mut PgConnection,
        plan: &Plan,
        actor: &str,
        written: &dyn Fn(u64),
    ) -> Result<(), StoreError> {
        let mut created: Vec<(usize, Option<&str>)> = Vec::new();
        let mut versions = Vec::new();
        let mut rewrites = Vec::new();
        for (index, step) in plan.steps.iter().enumerate() {
            let place = self.places[index];
            let (version, latest) = match step {
                Step::Create { latest } => (None, *latest),
                Step::Bump {
                    version, latest, ..
                } => (Some(version.as_str()), *latest),
                Step::Update { id, .. } => {
                    rewrites.push((place, *id));
                    continue;
                }
                Step::Unchanged | Step::Conflict { .. } | Step::Skip { .. } => continue,
            };
            let mut identity = self.pile.briefs()[place].identity.clone();
            if let Some(version) = version {
                version.clone_into(&mut identity.version);
            }
            created.push((place, version));
            versions.push(NewVersion {
                identity,
                latest,
                parent: plan.parents[index],
            });
        }
        written((self.places.len() - versions.len() - rewrites.len()) as u64);
        for part in rewrites.chunks(PART) {
            self.rewrite(connection, part)?;
            written(part.len() as u64);
        }
        let divide = |part: &[usize]| self.divided(part.iter().map(|&it| created[it]).collect());
        insert(connection, &versions, &divide, actor, written)?;
        Ok(())
    }

    fn rewrite(
        &self,
        connection: &mut PgConnection,
        part: &[(usize, i64)],
    ) -> Result<(), StoreError> {
        let places: Vec<usize> = part.iter().map(|(place, _)| *place).collect();
        let documents = self
            .pile
            .each(&places, |_, it| Ok::<_, DocumentError>(it))?;
        let rewrites = part.iter().zip(&documents);
        let rewrites: Vec<Rewrite<'_>> = rewrites
            .map(|((_, id), document)| Rewrite { id: *id, document })
            .collect();
        rewrite(connection, &rewrites)
    }

    /// The rows of definitions, some as another version than they say.
    fn divided(&self, part: Vec<(usize, Option<&str>)>) -> Result<Divided, StoreError> {
        let places: Vec<usize> = part.iter().map(|(place, _)| *place).collect();
        let versions: HashMap<usize, &str> = (part.into_iter())
            .filter_map(|(place, version)| Some((place, version?)))
            .collect();
        let divide = |place: usize, document: ValidDefinition| match versions.get(&place) {
            Some(version) => {
                let document = document.as_version(version)?;
                Ok((row::divide(&document)?, digest(&document)))
            }
            None => {
                let digest = self.pile.briefs()[place].digest.clone();
                Ok::<_, DocumentError>((row::divide(&document)?, digest))
            }
        };
        Ok(Divided::from(self.pile.each(&places, divide)?))
    }
}
