//! One side of a comparison.

use crate::definition::{Document, ToolRef};
use crate::format;
use crate::output::text;
use crate::store::tools::{self, Filter};
use crate::store::{Connection, Location, migrate};
use crate::validate::{Options, Severity, check};

use super::{CommandError, Session};
use crate::operations::address;

/// What is compared.
pub enum Side {
    /// A file, a folder, a pattern, or standard input.
    Files(String),
    /// One version of a tool in the catalog.
    Tool(ToolRef),
    /// A whole catalog; the present one where it has no name.
    Catalog(Option<String>),
}

impl Side {
    /// Reads what a side is: a catalog by its prefix, a file where there is one, else a tool.
    ///
    /// # Errors
    /// Where it can be none of them.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        if let Some(name) = text.strip_prefix("catalog:") {
            return Ok(Side::Catalog((!name.is_empty()).then(|| name.to_owned())));
        }
        let pattern = text.contains(['*', '?', '[', '{']);
        if text == "-" || pattern || std::path::Path::new(text).exists() {
            return Ok(Side::Files(text.to_owned()));
        }
        text.parse()
            .map(Side::Tool)
            .map_err(|error: crate::definition::ToolRefError| {
                CommandError::invalid(error.to_string())
            })
    }

    /// Whether it is one version of a tool.
    pub fn is_one_tool(&self) -> bool {
        matches!(self, Side::Tool(_))
    }

    /// Whether it is read from files.
    pub fn is_files(&self) -> bool {
        matches!(self, Side::Files(_))
    }

    /// Its definitions.
    ///
    /// # Errors
    /// Where files are not valid, or the tool or the catalog is not there.
    pub fn load(
        &self,
        session: &mut Session,
        all_versions: bool,
    ) -> Result<Vec<Document>, CommandError> {
        match self {
            Side::Files(path) => files(path, session),
            Side::Tool(reference) => {
                let mut connection = session.connect()?;
                let tool = address::find(&mut connection, reference).map_err(|error| {
                    let hint = "a side is a file or folder that exists, a tool, or `catalog:NAME`";
                    let error = CommandError::from(error);
                    match error.hint {
                        Some(_) => error,
                        None => error.hint(hint),
                    }
                })?;
                Ok(vec![connection.definition(&tool)?])
            }
            Side::Catalog(name) => {
                let mut connection = match name {
                    None => session.connect()?,
                    Some(name) => other_catalog(name, session)?,
                };
                let filter = Filter {
                    all_versions,
                    ..Filter::default()
                };
                let documents = connection.read_consistently(|connection| {
                    let stored = tools::list(connection, &filter)?;
                    tools::definitions(connection, &stored)
                })?;
                Ok(documents)
            }
        }
    }
}

/// Another catalog of the same database.
fn other_catalog(name: &str, session: &mut Session) -> Result<Connection, CommandError> {
    let catalog = name.parse().map_err(CommandError::invalid)?;
    // The server must be running before its address is of use.
    drop(session.open()?);
    let location: Location = session.target()?.location.with_catalog(catalog);
    let mut connection = Connection::open(&location)?;
    migrate::require_current(&mut connection)?;
    Ok(connection)
}

fn files(path: &str, session: &Session) -> Result<Vec<Document>, CommandError> {
    let inputs = format::collect(&[path]).map_err(super::super::validate::input_error)?;
    let mut options = Options::default();
    options.lenient = true;
    options.complete = true;
    let report = check(&inputs, &options);
    let errors = report.count(Severity::Error);
    if errors > 0 {
        super::super::validate::show_errors(session, &report);
        return Err(CommandError::invalid(format!(
            "{} in {}; nothing was compared",
            text::counted(errors, "error"),
            text::counted(report.files, "file")
        )));
    }
    Ok(report.documents.into_iter().map(|it| it.document).collect())
}
