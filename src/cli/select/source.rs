//! Where the candidates come from: the catalog, or definitions on disk.

use crate::select::{Answer, Pool, Request};

use super::catalog::Catalog;
use super::files::Files;
use super::{CommandError, SelectArgs, Session};
use crate::cli::ErrorKind;

/// Where the candidates come from.
pub enum Source {
    /// The catalog.
    Catalog(Box<Catalog>),
    /// Definitions on disk.
    Files(Box<Files>),
}

/// The candidates of a request, and the revision of the catalog that they come from.
pub struct Pooled {
    /// The candidates.
    pub pool: Pool,
    /// The catalog's revision; none from files.
    pub revision: Option<i64>,
}

impl Pooled {
    /// Judges the candidates.
    ///
    /// # Errors
    /// Where the relevance weight cannot be one.
    pub fn answer(&self, request: &Request) -> Result<Answer, CommandError> {
        self.pool
            .answer(request)
            .map_err(|error| CommandError::invalid(error.to_string()))
    }
}

impl Source {
    /// Opens the source that the arguments name.
    ///
    /// # Errors
    /// Where there is no database and no fallback, or the files cannot be used.
    pub fn open(args: &SelectArgs, session: &mut Session) -> Result<Self, CommandError> {
        if !args.from.is_empty() {
            return Ok(Source::Files(Box::new(Files::load(&args.from, session)?)));
        }
        match Catalog::open(session) {
            Ok(catalog) => Ok(Source::Catalog(Box::new(catalog))),
            Err(error) if !args.fallback.is_empty() && error.kind == ErrorKind::NoDatabase => {
                session.ui.warn(&format!(
                    "{}; choosing from {} instead",
                    error.message,
                    args.fallback.join(", ")
                ));
                let files = Files::load(&args.fallback, session)?;
                Ok(Source::Files(Box::new(files)))
            }
            Err(error) => Err(error),
        }
    }

    /// The candidates of a request.
    ///
    /// # Errors
    /// As the queries.
    pub fn pool(&mut self, request: &Request, session: &Session) -> Result<Pooled, CommandError> {
        match self {
            Source::Catalog(catalog) => catalog.pool(request, session),
            Source::Files(files) => Ok(Pooled {
                pool: files.pool(request),
                revision: None,
            }),
        }
    }

    /// The names and platforms of the tools that share words with the query, best first.
    ///
    /// # Errors
    /// As the queries.
    pub fn ranked(
        &mut self,
        query: &str,
        session: &Session,
    ) -> Result<Vec<(String, String)>, CommandError> {
        match self {
            Source::Catalog(catalog) => catalog.ranked(query, session),
            Source::Files(files) => Ok(files.ranked(query)),
        }
    }
}
