//! Where the candidates come from: the catalog, or definitions on disk.

use crate::definition::{Status, Tool};
use crate::format;
use crate::output::text;
use crate::select::candidate::candidates_of;
use crate::select::retrieval::{CapabilityText, Index, PatternText, Text};
use crate::select::{Answer, Candidate, select};
use crate::store::candidates::Wanted;
use crate::store::{Connection, StoreError, migrate};
use crate::validate::{Options, Severity, check};

use super::request::Ask;
use super::{CommandError, SelectArgs, Session};

/// How many tools are considered where a job is described in words alone.
const RETRIEVED: usize = 20;

/// Where the candidates come from.
pub enum Source {
    /// The catalog.
    Catalog(Box<Connection>),
    /// Definitions on disk.
    Files(Vec<Tool>),
}

impl Source {
    /// Opens the source that the arguments name.
    ///
    /// # Errors
    /// Where there is no database and no fallback, or the files cannot be used.
    pub fn open(args: &SelectArgs, session: &mut Session) -> Result<Self, CommandError> {
        if !args.from.is_empty() {
            return Ok(Source::Files(load(&args.from, session)?));
        }
        match session.open() {
            Ok(connection) => Ok(Source::Catalog(Box::new(connection))),
            Err(error)
                if !args.fallback.is_empty()
                    && error.kind == super::super::ErrorKind::NoDatabase =>
            {
                session.ui.warn(&format!(
                    "{}; choosing from {} instead",
                    error.message,
                    args.fallback.join(", ")
                ));
                Ok(Source::Files(load(&args.fallback, session)?))
            }
            Err(error) => Err(error),
        }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// As the queries.
    pub fn answer(&mut self, ask: &Ask, session: &Session) -> Result<Answer, CommandError> {
        let candidates = match self {
            Source::Catalog(connection) => from_catalog(connection, &ask.wanted, session)?,
            Source::Files(tools) => from_files(tools, ask),
        };
        Ok(select(&ask.request, &candidates))
    }
}

fn from_catalog(
    connection: &mut Connection,
    wanted: &Wanted,
    session: &Session,
) -> Result<Vec<Candidate>, CommandError> {
    match connection.candidates(wanted) {
        Ok(found) if found.migration == migrate::newest_version() => Ok(found.candidates),
        Ok(_) => {
            if let Err(error) = migrate::require_current(connection) {
                session.bring_up_to_date(connection, error)?;
            }
            Ok(connection.candidates(wanted)?.candidates)
        }
        Err(error @ (StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. })) => {
            session.bring_up_to_date(connection, error)?;
            Ok(connection.candidates(wanted)?.candidates)
        }
        Err(error) => Err(error.into()),
    }
}

fn from_files(tools: &[Tool], ask: &Ask) -> Vec<Candidate> {
    let wanted = &ask.wanted;
    let eligible: Vec<&Tool> = tools
        .iter()
        .filter(|tool| tool.enabled && tool.status == Status::Active)
        .filter(|tool| wanted.platforms.is_empty() || wanted.platforms.contains(&tool.platform))
        .filter(|tool| !wanted.exclude.contains(&tool.tool_name))
        .filter(|tool| {
            wanted
                .tags
                .iter()
                .all(|tag| tool.tags().any(|it| it == tag))
        })
        .collect();
    if !wanted.capabilities.is_empty() {
        return eligible
            .iter()
            .flat_map(|tool| candidates_of(tool, &wanted.capabilities))
            .collect();
    }
    let texts: Vec<Text> = eligible.iter().map(|tool| text_of(tool)).collect();
    let ranking = Index::build(&texts).search(&ask.request.query);
    ranking
        .hits
        .iter()
        .take(RETRIEVED)
        .filter_map(|hit| eligible.get(usize::try_from(hit.doc).ok()?))
        .flat_map(|tool| candidates_of(tool, &[]))
        .collect()
}

/// The text of a tool that retrieval reads.
fn text_of(tool: &Tool) -> Text {
    Text {
        name: tool.tool_name.clone(),
        platform: tool.platform.clone(),
        description: tool.description.clone(),
        tags: tool.tags().map(str::to_owned).collect(),
        capabilities: tool
            .capabilities
            .iter()
            .map(|(name, capability)| CapabilityText {
                name: name.clone(),
                description: capability.description.clone(),
                patterns: capability
                    .patterns
                    .iter()
                    .map(|(name, pattern)| PatternText {
                        name: name.clone(),
                        description: pattern.description.clone(),
                        use_cases: pattern.typical_use_cases.clone(),
                    })
                    .collect(),
            })
            .collect(),
    }
}

/// Reads and validates definitions; of several versions of a tool the newest counts.
fn load(paths: &[String], session: &Session) -> Result<Vec<Tool>, CommandError> {
    let inputs = format::collect(paths).map_err(crate::cli::validate::input_error)?;
    let mut options = Options::default();
    options.lenient = true;
    let report = check(&inputs, &options);
    let errors = report.count(Severity::Error);
    if errors > 0 {
        crate::cli::validate::show_errors(session, &report);
        return Err(CommandError::invalid(format!(
            "{} in {}; nothing was chosen",
            text::counted(errors, "error"),
            text::counted(report.files, "file")
        )));
    }
    let mut newest: indexmap::IndexMap<(String, String), Tool> = indexmap::IndexMap::new();
    for loaded in report.documents {
        let tool = loaded.document.to_tool().map_err(StoreError::from)?;
        let key = (tool.platform.clone(), tool.tool_name.clone());
        let newer = newest.get(&key).is_none_or(|present| {
            crate::definition::Version::new(&present.version)
                < crate::definition::Version::new(&tool.version)
        });
        if newer {
            newest.insert(key, tool);
        }
    }
    Ok(newest.into_values().collect())
}
