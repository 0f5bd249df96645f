//! Better estimates, as a new version of a tool.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::Value;

use crate::definition::{
    Brief, Document, DocumentError, Identity, ValidDefinition, next_version, row,
};
use crate::store::insert::{Divided, NewVersion, insert};
use crate::store::schema::tools;
use crate::store::tools::{StoredTool, definitions};
use crate::store::{Act, Connection, StoreError, TransactionError};

/// Longest version that can be stored, in characters.
const LONGEST_VERSION: usize = 20;

/// An estimate that replaces another.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEstimate {
    /// The version of the tool whose pattern it is.
    pub tool_id: i64,
    /// The capability.
    pub capability: String,
    /// The pattern.
    pub pattern: String,
    /// The field of the pattern: `time_estimate_ms` or `cost_estimate`.
    pub field: &'static str,
    /// The new expression.
    pub expression: String,
    /// Why it is better, for the audit log.
    pub evidence: String,
}

/// Writes the next version of each tool, with its new estimates, as the version in use; all or none. The evidence is
/// the reason in the audit log, after the act's own. Returns each version with the one it was made from.
/// `check` is given the definition as it was and as it would be, and validates that.
///
/// # Errors
/// [`StoreError::Conflict`] if a version is no longer the one in use; what `check` says. Nothing is written then.
pub fn apply<E: TransactionError + From<StoreError>>(
    connection: &mut Connection,
    act: &Act,
    estimates: &[NewEstimate],
    check: impl Fn(&Document, Document) -> Result<ValidDefinition, E>,
) -> Result<Vec<(Identity, Identity)>, E> {
    let mut by_tool: BTreeMap<i64, Vec<&NewEstimate>> = BTreeMap::new();
    for estimate in estimates {
        by_tool.entry(estimate.tool_id).or_default().push(estimate);
    }
    connection.write(act, |connection| -> Result<_, E> {
        let mut written = Vec::new();
        for (tool, estimates) in &by_tool {
            written.push(bump(connection, act, *tool, estimates, &check)?);
        }
        Ok(written)
    })
}

fn bump<E: From<StoreError>>(
    connection: &mut PgConnection,
    act: &Act,
    tool_id: i64,
    estimates: &[&NewEstimate],
    check: &impl Fn(&Document, Document) -> Result<ValidDefinition, E>,
) -> Result<(Identity, Identity), E> {
    let stored: StoredTool = tools::table
        .find(tool_id)
        .select(StoredTool::as_select())
        .first(connection)
        .map_err(StoreError::from)?;
    let present =
        definitions(connection, std::slice::from_ref(&stored)).map_err(StoreError::from)?;
    let present = present.into_iter().next();
    let present = present.ok_or(StoreError::Query(diesel::NotFound))?;
    let mut document = present.clone();
    let (from, to) = renewed(connection, &stored, &mut document, estimates)?;
    let valid = check(&present, document)?;
    Ok(store(connection, act, &stored, &valid, estimates).map(|()| (from, to))?)
}

/// Sets the estimates and the next version.
fn renewed(
    connection: &mut PgConnection,
    stored: &StoredTool,
    document: &mut Document,
    estimates: &[&NewEstimate],
) -> Result<(Identity, Identity), StoreError> {
    let from = stored.identity();
    if !stored.is_latest {
        return Err(StoreError::Conflict(format!(
            "{from} is no longer the version in use"
        )));
    }
    for estimate in estimates {
        set(document, estimate).ok_or_else(|| {
            StoreError::Definition(DocumentError {
                subject: from.to_string(),
                message: format!("there is no pattern `{}`", estimate.pattern),
            })
        })?;
    }
    let version = unused_version(connection, &from)?;
    let to = Identity {
        version: version.clone(),
        ..from.clone()
    };
    document
        .fields_mut()
        .insert("version".to_owned(), Value::from(version));
    Ok((from, to))
}

fn store(
    connection: &mut PgConnection,
    act: &Act,
    stored: &StoredTool,
    document: &ValidDefinition,
    estimates: &[&NewEstimate],
) -> Result<(), StoreError> {
    let evidence: Vec<&str> = estimates.iter().map(|it| it.evidence.as_str()).collect();
    let mut reason = evidence.join("; ");
    if let Some(own) = &act.reason {
        reason = format!("{own}: {reason}");
    }
    diesel::sql_query("SELECT set_config('toolcat.reason', $1, true)")
        .bind::<Text, _>(reason)
        .execute(connection)?;
    let brief = Brief::new(document)?;
    let version = NewVersion {
        identity: brief.identity,
        latest: true,
        parent: Some(stored.id),
    };
    let divide = |_: &[usize]| {
        let rows = row::divide(document)?;
        Ok(Divided::from(vec![(rows, brief.digest.clone())]))
    };
    insert(connection, &[version], &divide, &act.actor, &|_| ())?;
    Ok(())
}

fn set(document: &mut Document, estimate: &NewEstimate) -> Option<()> {
    document
        .fields_mut()
        .get_mut("capabilities")?
        .get_mut(&estimate.capability)?
        .get_mut("patterns")?
        .get_mut(&estimate.pattern)?
        .as_object_mut()?
        .insert(
            estimate.field.to_owned(),
            Value::from(estimate.expression.as_str()),
        );
    Some(())
}

fn unused_version(connection: &mut PgConnection, from: &Identity) -> Result<String, StoreError> {
    let taken: Vec<String> = tools::table
        .filter(tools::platform.eq(&from.platform))
        .filter(tools::tool_name.eq(&from.name))
        .select(tools::version)
        .load(connection)?;
    let mut version = next_version(&from.version);
    while taken.contains(&version) {
        version = next_version(&version);
    }
    if version.chars().count() > LONGEST_VERSION {
        return Err(StoreError::Conflict(format!(
            "the version after {from} would be longer than {LONGEST_VERSION} characters"
        )));
    }
    Ok(version)
}
