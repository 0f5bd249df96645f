//! Arguments of commands that act on several tools: which, and how.

use std::collections::{HashMap, HashSet};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::definition::ToolRef;
use crate::output::text;
use crate::store::tools::{self, Handle};
use crate::store::{Act, Connection};

use super::filter::FilterArgs;
use super::lines::Lines;
use super::resolve::{keep_exact, not_found};
use super::{CommandError, Outcome, Session};

/// Which tools to act on.
#[derive(Debug, Clone, Args)]
pub struct SelectionArgs {
    /// Tools to act on: [PLATFORM/]NAME[@VERSION] (can be repeated); - reads them from stdin
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,

    /// Every tool, where neither tools nor filters are given
    #[arg(long)]
    pub all: bool,

    #[command(flatten)]
    pub filter: FilterArgs,
}

/// How to act.
#[derive(Debug, Clone, Args)]
pub struct ActArgs {
    /// Say what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,

    /// How to write what was done
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ActFormat,
}

/// How the result of an act is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ActFormat {
    /// A line for each tool
    #[default]
    Text,
    /// One JSON object
    Json,
}

impl SelectionArgs {
    /// Whether tools are named, on the command line or on stdin.
    pub fn names_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    /// The addresses given, those on stdin in the place of `-`.
    ///
    /// # Errors
    /// Where one names nothing, or stdin cannot be read.
    pub fn references(&self) -> Result<Vec<ToolRef>, CommandError> {
        let mut references = Vec::new();
        for name in &self.tools {
            if name == "-" {
                for line in Lines::to_keep("-")? {
                    let line = line?.text;
                    if !line.trim().is_empty() {
                        references.push(reference(line.trim())?);
                    }
                }
            } else {
                references.push(reference(name)?);
            }
        }
        Ok(references)
    }

    /// The tools that are meant, each once. Nothing named and nothing filtered means every tool
    /// only where that is said, or where `all_by_default`.
    ///
    /// # Errors
    /// Not found, or ambiguous, for a name; wrong use, where nothing says which tools.
    pub fn resolve(
        &self,
        connection: &mut Connection,
        all_by_default: bool,
    ) -> Result<Vec<Handle>, CommandError> {
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
    ) -> Result<Vec<(Handle, bool)>, CommandError> {
        let filter = self.filter.filter();
        if !self.names_tools() {
            if filter.is_empty() && !self.all && !all_by_default {
                return Err(
                    CommandError::invalid("no tool is named and no filter is given")
                        .hint("name tools, give filters such as --platform linux, or say --all"),
                );
            }
            let found = connection.read(|connection| tools::handles(connection, &filter))?;
            return Ok(found.into_iter().map(|tool| (tool, false)).collect());
        }
        let references = self.references()?;
        let names: Vec<&str> = references
            .iter()
            .flat_map(ToolRef::readings)
            .map(|reading| reading.name)
            .collect();
        let found = connection.read(|connection| tools::handles_named(connection, &names))?;
        let allowed = if filter.is_empty() {
            None
        } else {
            let filter = tools::Filter {
                all_versions: true,
                ..filter.clone()
            };
            let ids: HashSet<i64> = connection
                .read(|connection| tools::handles(connection, &filter))?
                .iter()
                .map(|tool| tool.id)
                .collect();
            Some(ids)
        };
        let mut by_name: HashMap<&str, Vec<&Handle>> = HashMap::new();
        for tool in &found {
            if allowed.as_ref().is_none_or(|ids| ids.contains(&tool.id)) {
                by_name.entry(&tool.tool_name).or_default().push(tool);
            }
        }
        let mut seen = HashSet::new();
        let mut selected = Vec::new();
        for reference in &references {
            let tools = meant(reference, &by_name, filter.all_versions);
            if tools.is_empty() {
                return Err(not_found(connection, reference)?);
            }
            one_tool_only(reference, &tools)?;
            for tool in tools {
                let versioned = reference.as_str() != tool.tool_name
                    && reference.readings().iter().any(|reading| {
                        reading.version == Some(tool.version.as_str())
                            && reading.name == tool.tool_name
                            && reading.platform.is_none_or(|it| it == tool.platform)
                    });
                if seen.insert(tool.id) {
                    selected.push((tool.clone(), versioned));
                }
            }
        }
        Ok(selected)
    }
}

fn reference(text: &str) -> Result<ToolRef, CommandError> {
    text.parse()
        .map_err(|error: crate::definition::ToolRefError| CommandError::invalid(error.to_string()))
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

/// Refuses an address that can mean several tools.
fn one_tool_only(reference: &ToolRef, found: &[&Handle]) -> Result<(), CommandError> {
    let tools: HashSet<(&str, &str)> = found
        .iter()
        .map(|tool| (tool.platform.as_str(), tool.tool_name.as_str()))
        .collect();
    if tools.len() < 2 {
        return Ok(());
    }
    let names: Vec<String> = found.iter().map(|it| it.identity().to_string()).collect();
    Err(CommandError::invalid(format!(
        "`{reference}` can mean {} tools: {}",
        tools.len(),
        names.join(", ")
    ))
    .hint(format!(
        "name the platform, as in `{}`, or give --platform",
        names[0]
    )))
}

impl ActArgs {
    /// The act that the session and these arguments describe.
    pub fn act(&self, session: &Session, action: Option<&'static str>) -> Act {
        Act {
            dry_run: self.dry_run,
            action,
            ..session.act()
        }
    }

    /// Whether to go on: `--yes`, a dry run, or the user says so.
    ///
    /// # Errors
    /// Where an answer is needed and nobody can be asked.
    pub fn confirmed(&self, session: &mut Session, question: &str) -> Result<bool, CommandError> {
        confirmed(session, self.yes || self.dry_run, question)
    }
}

/// Whether to go on with something that destroys: said already, or the user says so now.
///
/// # Errors
/// Where an answer is needed and nobody can be asked.
pub fn confirmed(session: &mut Session, said: bool, question: &str) -> Result<bool, CommandError> {
    if said {
        return Ok(true);
    }
    session.ui.finish()?;
    match session.ui.confirm(question)? {
        Some(true) => Ok(true),
        Some(false) => {
            session.ui.status("nothing was changed");
            Ok(false)
        }
        None => Err(
            CommandError::invalid(format!("nobody can be asked: {question}"))
                .hint("add --yes to go on without asking, or --dry-run to see what would change"),
        ),
    }
}

/// What an act did, tool by tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// What was done, as the audit log calls it.
    pub action: &'static str,
    /// The versions that were changed.
    pub changed: Vec<String>,
    /// The versions that were so already.
    pub unchanged: Vec<String>,
    /// The revision of the catalog after the act; of a dry run, the present one.
    pub revision: i64,
    /// Whether it was undone at the end.
    pub dry_run: bool,
}

impl Done {
    /// Sorts the selected tools by whether their rows are among the changed.
    pub fn new(
        action: &'static str,
        selected: &[Handle],
        changed: &HashSet<i64>,
        revision: i64,
        dry_run: bool,
    ) -> Self {
        let names = |is_changed: bool| {
            selected
                .iter()
                .filter(|tool| changed.contains(&tool.id) == is_changed)
                .map(|tool| tool.identity().to_string())
                .collect()
        };
        Self {
            action,
            changed: names(true),
            unchanged: names(false),
            revision,
            dry_run,
        }
    }

    /// Writes it; `past` and `infinitive` are what people read (`enabled`, `enable`).
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub fn present(
        &self,
        session: &mut Session,
        format: ActFormat,
        past: &str,
        infinitive: &str,
    ) -> Result<Outcome, CommandError> {
        match format {
            ActFormat::Json => {
                let text = serde_json::to_string(self).map_err(std::io::Error::from)?;
                writeln!(session.ui.out(), "{text}")?;
            }
            ActFormat::Text => {
                for tool in &self.changed {
                    let tool = text::visible(tool);
                    match self.dry_run {
                        true => writeln!(session.ui.out(), "would {infinitive} {tool}")?,
                        false => writeln!(session.ui.out(), "{past} {tool}")?,
                    }
                }
                session.ui.finish()?;
                let unchanged = match self.unchanged.len() {
                    0 => String::new(),
                    n => format!(", {} unchanged", text::grouped(n)),
                };
                let (changed, at) = match self.dry_run {
                    true => ("would change", String::new()),
                    false => ("changed", format!(", at revision {}", self.revision)),
                };
                session.ui.status(&format!(
                    "{} {changed}{unchanged}{at}",
                    text::counted(self.changed.len(), "tool"),
                ));
            }
        }
        Ok(Outcome::Done)
    }
}
