//! Who gave each field of a definition its present value, when and why.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Refusal, address};
use crate::definition::diff::diff_documents;
use crate::definition::{Document, ToolRef};
use crate::store::Connection;
use crate::store::replay::{self, Origin, Versions};
use crate::store::tools;

/// A field, and the revision that gave it its value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blamed {
    /// Where: the keys from the definition down, joined by dots.
    pub field: String,
    /// The present value.
    pub value: Value,
    /// The version that first had it.
    pub tool: String,
    /// The revision that gave it.
    #[serde(flatten)]
    pub origin: Origin,
}

/// The origin of each field, by its path: the version that first had the value, and the revision.
type Origins = BTreeMap<String, (String, Origin)>;

/// Each field of the definition that the address means, in the order of the definition. A value that a new
/// version took over from the one that it was made from is that one's.
///
/// # Errors
/// [`NotFound`](super::Kind::NotFound); [`Ambiguous`](super::Kind::Ambiguous).
pub fn run(connection: &mut Connection, tool: &ToolRef) -> Result<Vec<Blamed>, Refusal> {
    connection.snapshot(|transaction| {
        let stored = address::one(transaction, tool)?;
        let history = replay::history(transaction, &stored.tool_name)?;
        let origins = origins(history).remove(&stored.id).unwrap_or_default();
        let documents = tools::definitions(transaction, std::slice::from_ref(&stored))?;
        let mut blamed = Vec::new();
        for document in documents {
            let whole = stored.with_life(document);
            each_leaf(whole.fields(), "", &mut |field, value| {
                blamed.extend(origins.get(field).map(|(tool, origin)| Blamed {
                    field: field.to_owned(),
                    value: value.clone(),
                    tool: tool.clone(),
                    origin: origin.clone(),
                }));
            });
        }
        Ok(blamed)
    })
}

/// The origins of the fields of every version, by row number.
fn origins(history: Vec<(Origin, Versions)>) -> HashMap<i64, Origins> {
    let mut known: HashMap<i64, (Document, Origins)> = HashMap::new();
    for (origin, versions) in history {
        for (tool, document) in versions {
            let whole = tool.with_life(document);
            let parent = || tool.parent_version_id.and_then(|it| known.get(&it));
            let before = known.get(&tool.id).or_else(parent);
            let name = tool.identity().to_string();
            let fields = carried(before, &whole, &(name, origin.clone()));
            known.insert(tool.id, (whole, fields));
        }
    }
    let of_fields = |(id, (_, fields))| (id, fields);
    known.into_iter().map(of_fields).collect()
}

/// The origins after a change: the old ones of what stayed, and the present one of the rest.
fn carried(
    before: Option<&(Document, Origins)>,
    after: &Document,
    present: &(String, Origin),
) -> Origins {
    let changes = before.map_or_else(Vec::new, |(old, _)| diff_documents(old, after));
    let is_changed = |field: &str| {
        changes.iter().any(|it| {
            let rest = field.strip_prefix(&it.field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let mut origins = Origins::new();
    each_leaf(after.fields(), "", &mut |field, _| {
        let kept = before.and_then(|(_, fields)| fields.get(field));
        let origin = kept.filter(|_| !is_changed(field)).unwrap_or(present);
        origins.insert(field.to_owned(), origin.clone());
    });
    origins
}

/// Tells of each field that has no fields below it.
fn each_leaf(fields: &Map<String, Value>, above: &str, tell: &mut impl FnMut(&str, &Value)) {
    for (key, value) in fields {
        let path = match above {
            "" => key.clone(),
            above => format!("{above}.{key}"),
        };
        match value {
            Value::Object(below) if !below.is_empty() => each_leaf(below, &path, tell),
            value => tell(&path, value),
        }
    }
}
