//! What differs between the candidates of a request then and now.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Candidate, Pool};

/// A candidate that is not as it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// `platform/tool capability pattern`.
    pub candidate: String,
    /// What became of it.
    pub kind: ChangeKind,
    /// The fields that differ, from then to now.
    pub fields: Vec<FieldChange>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It differs.
    Changed,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// Its value then.
    pub old: Value,
    /// Its value now.
    pub new: Value,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.candidate)?;
        match self.kind {
            ChangeKind::Added => f.write_str("was added"),
            ChangeKind::Removed => f.write_str("is gone"),
            ChangeKind::Changed => {
                for (index, change) in self.fields.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(
                        f,
                        "{comma}{}: {} -> {}",
                        change.field, change.old, change.new
                    )?;
                }
                Ok(())
            }
        }
    }
}

/// The candidates that differ, in byte order.
pub fn changes(then: &Pool, now: &Pool) -> Vec<Change> {
    let (then, now) = (by_name(then), by_name(now));
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let mut changes = Vec::new();
    for name in names {
        let (kind, fields) = match (then.get(name), now.get(name)) {
            (Some(old), Some(new)) => {
                let fields = differing(old, new);
                if fields.is_empty() {
                    continue;
                }
                (ChangeKind::Changed, fields)
            }
            (Some(_), None) => (ChangeKind::Removed, Vec::new()),
            (None, _) => (ChangeKind::Added, Vec::new()),
        };
        changes.push(Change {
            candidate: name.clone(),
            kind,
            fields,
        });
    }
    changes
}

fn by_name(pool: &Pool) -> BTreeMap<String, &Candidate> {
    pool.candidates()
        .map(|it| {
            let name = format!(
                "{}/{} {} {}",
                it.platform, it.tool, it.capability, it.pattern
            );
            (name, it)
        })
        .collect()
}

fn differing(old: &Candidate, new: &Candidate) -> Vec<FieldChange> {
    let fields = |candidate: &Candidate| match serde_json::to_value(candidate) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (fields(old), fields(new));
    old.iter()
        .filter(|(field, value)| *field != "lesson" && new.get(*field) != Some(value))
        .map(|(field, value)| FieldChange {
            field: field.clone(),
            old: value.clone(),
            new: new.get(field).cloned().unwrap_or_default(),
        })
        .collect()
}
