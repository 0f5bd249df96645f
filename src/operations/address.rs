//! From addresses to tools: the only place that decides what an address means.

use std::collections::{HashMap, HashSet};

use chrono::SecondsFormat;

use super::{Kind, Refusal, Remedy};
use crate::definition::{Identity, ToolRef};
use crate::store::restore::{self, Deleted};
use crate::store::tools::{self, Filter, Handle, StoredTool};
use crate::store::{Connection, StoreError, Transaction};
use crate::words::counted;

/// Which tools are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The addresses, where tools are named.
    pub tools: Option<Vec<ToolRef>>,
    /// What must hold of them besides, or of all if none is named.
    pub filter: Filter,
    /// Whether every tool is meant if nothing is named and nothing filtered.
    pub all: bool,
    /// How many versions were agreed to: if it means another number by now, it means none.
    pub expect: Option<usize>,
}

/// The one tool that the address means: its latest version, or the version named.
///
/// # Errors
/// [`Kind::NotFound`] with names that are near; [`Kind::Ambiguous`] if several platforms have the tool.
pub fn one(connection: &mut Transaction, reference: &ToolRef) -> Result<StoredTool, Refusal> {
    let filter = Filter {
        tools: vec![reference.clone()],
        ..Filter::default()
    };
    let mut found = tools::list(connection, &filter)?;
    keep_exact(reference, &mut found, StoredTool::identity);
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(not_found(connection, reference)),
        _ => {
            let identities = found.iter().map(StoredTool::identity);
            Err(ambiguous(reference, identities, "tools"))
        }
    }
}

/// The same on a connection.
///
/// # Errors
/// As [`one`].
pub fn find(connection: &mut Connection, reference: &ToolRef) -> Result<StoredTool, Refusal> {
    connection.direct(|connection| one(connection, reference))
}

/// Keeps what the address says to the letter, where anything does: a name, or else an identity. That
/// is meant, whatever else the address can be read as.
pub fn keep_exact<T>(reference: &ToolRef, found: &mut Vec<T>, identity: impl Fn(&T) -> Identity) {
    let named = |it: &T| identity(it).name == reference.as_str();
    let identified = |it: &T| identity(it).to_string() == reference.as_str();
    if found.iter().any(named) {
        found.retain(named);
    } else if found.iter().any(identified) {
        found.retain(identified);
    }
}

/// The refusal of an address that can mean several tools (or `deleted tools`).
pub fn ambiguous(
    reference: &ToolRef,
    choices: impl Iterator<Item = Identity>,
    what: &str,
) -> Refusal {
    let choices: Vec<Identity> = choices.collect();
    let count = choices
        .iter()
        .map(|it| (&it.platform, &it.name))
        .collect::<HashSet<_>>()
        .len();
    let mut names: Vec<String> = choices.iter().map(ToString::to_string).collect();
    names.dedup();
    let message = format!(
        "`{reference}` can mean {count} {what}: {}",
        names.join(", ")
    );
    Refusal::new(Kind::Ambiguous, message).remedy(Remedy::NamePlatform {
        choices: names,
        or_filter: false,
    })
}

/// The refusal of an address that names nothing, with names that are near.
pub fn not_found(connection: &mut Transaction, reference: &ToolRef) -> Refusal {
    let near = match near(connection, reference) {
        Ok(near) => near,
        Err(error) => return error.into(),
    };
    match gone(connection, reference) {
        Ok(Some(refusal)) => return refusal,
        Ok(None) => {}
        Err(error) => return error.into(),
    }
    let message = format!("there is no tool `{reference}` in the catalog");
    Refusal::new(Kind::NotFound, message).remedy(match near.is_empty() {
        true => Remedy::ListTools,
        false => Remedy::DidYouMean(near),
    })
}

/// The refusal of an address whose tool was deleted: by whom, when and why.
fn gone(connection: &mut Transaction, reference: &ToolRef) -> Result<Option<Refusal>, StoreError> {
    let readings = reference.readings();
    let names: Vec<&str> = readings.iter().map(|it| it.name).collect();
    let found = restore::deleted(connection, Some(&names))?;
    let meant = |it: &Deleted| reference.matches(&it.tool.identity());
    Ok(found.into_iter().find(meant).map(|it| {
        let (identity, reason) = (it.tool.identity(), it.reason.as_deref());
        let message = format!(
            "there is no tool `{reference}` in the catalog: {identity} was deleted by {} at {} in revision {}{}",
            it.deleted_by,
            it.deleted_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            it.revision,
            reason.map_or_else(String::new, |why| format!(" ({why})")),
        );
        let remedy = Remedy::Restore(format!("{}/{}", identity.platform, identity.name));
        Refusal::new(Kind::NotFound, message).remedy(remedy)
    }))
}

/// Other versions of the tool that is named with one, or else names like it.
fn near(connection: &mut Transaction, reference: &ToolRef) -> Result<Vec<String>, StoreError> {
    let readings = reference.readings();
    for reading in readings.iter().filter(|it| it.version.is_some()) {
        let versions: Vec<String> = tools::named(connection, &[reading.name])?
            .iter()
            .filter(|tool| reading.platform.is_none_or(|it| it == tool.platform))
            .map(|tool| tool.identity().to_string())
            .collect();
        if !versions.is_empty() {
            return Ok(versions);
        }
    }
    for reading in &readings {
        let near = tools::similar_names(connection, reading.name)?;
        if !near.is_empty() {
            return Ok(near);
        }
    }
    Ok(Vec::new())
}

impl Selection {
    /// The tools that are meant, each once. If nothing is named and nothing filtered, every tool is meant
    /// only if that is said, or if `all_by_default`.
    ///
    /// # Errors
    /// [`Kind::NotFound`] or [`Kind::Ambiguous`] for an address; [`Kind::Invalid`] if nothing says which;
    /// [`Kind::Conflict`] if their number is not the one that was agreed to.
    pub fn resolve(
        &self,
        connection: &mut Connection,
        all_by_default: bool,
    ) -> Result<Vec<Handle>, Refusal> {
        let found = self.resolve_exactly(connection, all_by_default)?;
        Ok(found.into_iter().map(|(tool, _)| tool).collect())
    }

    /// The same, and of each whether its version was named.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub fn resolve_exactly(
        &self,
        connection: &mut Connection,
        all_by_default: bool,
    ) -> Result<Vec<(Handle, bool)>, Refusal> {
        let found = self.find(connection, all_by_default)?;
        match self.expect {
            Some(agreed) if agreed != found.len() => {
                let now = counted(found.len(), "tool");
                let message = format!("{now} would be changed, and {agreed} were agreed to");
                Err(Refusal::new(Kind::Conflict, message))
            }
            _ => Ok(found),
        }
    }

    fn find(
        &self,
        connection: &mut Connection,
        all_by_default: bool,
    ) -> Result<Vec<(Handle, bool)>, Refusal> {
        let filter = &self.filter;
        let Some(references) = &self.tools else {
            if filter.is_empty() && !self.all && !all_by_default {
                return Err(unsaid().remedy(Remedy::NameTools));
            }
            let found = connection.read(|connection| tools::handles(connection, filter))?;
            return Ok(found.into_iter().map(|tool| (tool, false)).collect());
        };
        connection.direct(|connection| named(connection, references, filter))
    }
}

/// The refusal of a request that says in no way which tools it means.
pub(super) fn unsaid() -> Refusal {
    Refusal::new(Kind::Invalid, "no tool is named and no filter is given")
}

/// The tools that addresses mean, among those that the filter lets through.
fn named(
    connection: &mut Transaction,
    references: &[ToolRef],
    filter: &Filter,
) -> Result<Vec<(Handle, bool)>, Refusal> {
    let names: Vec<&str> = references
        .iter()
        .flat_map(ToolRef::readings)
        .map(|reading| reading.name)
        .collect();
    let found = tools::handles_named(connection, &names)?;
    let allowed = allowed(connection, filter)?;
    let mut by_name: HashMap<&str, Vec<&Handle>> = HashMap::new();
    for tool in &found {
        if allowed.as_ref().is_none_or(|ids| ids.contains(&tool.id)) {
            by_name.entry(&tool.tool_name).or_default().push(tool);
        }
    }
    let mut seen = HashSet::new();
    let mut selected = Vec::new();
    for reference in references {
        let tools = meant(reference, &by_name, filter.all_versions);
        if tools.is_empty() {
            return Err(not_found(connection, reference));
        }
        let distinct: HashSet<(&str, &str)> = tools
            .iter()
            .map(|tool| (tool.platform.as_str(), tool.tool_name.as_str()))
            .collect();
        if distinct.len() > 1 {
            let identities = tools.iter().map(|it| it.identity());
            return Err(ambiguous(reference, identities, "tools").or_filter());
        }
        for tool in tools {
            if seen.insert(tool.id) {
                selected.push((tool.clone(), names_version(reference, tool)));
            }
        }
    }
    Ok(selected)
}

/// The rows that the filter lets through, in any version; `None` if it lets all through.
fn allowed(
    connection: &mut Transaction,
    filter: &Filter,
) -> Result<Option<HashSet<i64>>, StoreError> {
    if filter.is_empty() {
        return Ok(None);
    }
    let filter = Filter {
        all_versions: true,
        ..filter.clone()
    };
    let found = tools::handles(connection, &filter)?;
    Ok(Some(found.iter().map(|tool| tool.id).collect()))
}

/// Whether the address names the version of the tool.
fn names_version(reference: &ToolRef, tool: &Handle) -> bool {
    reference.as_str() != tool.tool_name
        && reference.readings().iter().any(|reading| {
            reading.version == Some(tool.version.as_str())
                && reading.name == tool.tool_name
                && reading.platform.is_none_or(|it| it == tool.platform)
        })
}

/// The versions that an address can mean; an exact name goes before any other reading.
fn meant<'a>(
    reference: &ToolRef,
    by_name: &HashMap<&str, Vec<&'a Handle>>,
    all_versions: bool,
) -> Vec<&'a Handle> {
    let mut found: Vec<&Handle> = Vec::new();
    for reading in reference.readings() {
        for tool in by_name.get(reading.name).into_iter().flatten() {
            let version = match reading.version {
                Some(version) => tool.version == version,
                None => tool.is_latest || all_versions,
            };
            let platform = reading.platform.is_none_or(|it| it == tool.platform);
            if version && platform && !found.iter().any(|it| it.id == tool.id) {
                found.push(tool);
            }
        }
    }
    keep_exact(reference, &mut found, |tool| tool.identity());
    found
}
