//! Where the candidates come from: the catalog, its index in memory, or definitions on disk.

use std::sync::Arc;

use crate::definition::{Identity, ToolRef};
use crate::operations::{Backend, Kind, Refusal, address};
use crate::select::retrieval::Encoding;
use crate::select::search::Ranked;
use crate::select::{Answer, Pool, Request};
use crate::store::index::Snapshot;
use crate::store::tools::{self, Filter};
use crate::store::{Connection, Transaction};

use super::Warning;
use super::catalog::Catalog;
use super::files::Files;

/// Where the candidates come from.
pub enum Source {
    /// The catalog.
    Catalog(Box<Catalog>),
    /// The catalog's index in memory.
    Memory(Box<Memory>),
    /// Definitions on disk.
    Files(Box<Files>),
}

/// The catalog's index in memory, as it was at a revision.
pub struct Memory {
    /// The index.
    pub index: Arc<Snapshot>,
    /// A connection for what is asked beside the candidates: tests, telemetry, records. Without one,
    /// a request must ask for none of them.
    pub connection: Option<Connection>,
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
    /// [`Kind::Invalid`] if the relevance weight cannot be one.
    pub fn answer(&self, request: &Request) -> Result<Answer, Refusal> {
        self.pool
            .answer(request)
            .map_err(|error| Refusal::new(Kind::Invalid, error.to_string()))
    }
}

impl Source {
    /// The catalog.
    ///
    /// # Errors
    /// [`Kind::NoDatabase`].
    pub fn catalog(backend: Backend) -> Result<Self, Refusal> {
        Ok(Source::Catalog(Box::new(Catalog::open(backend)?)))
    }

    /// The catalog, or definitions on disk where it cannot be used, now or later.
    ///
    /// # Errors
    /// As [`catalog`](Self::catalog) if there is no fallback, else as [`files`](Self::files).
    pub fn with_fallback(
        backend: Result<Backend, Refusal>,
        fallback: &[String],
        encoding: &Encoding,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Refusal> {
        match backend.and_then(Catalog::open) {
            Ok(mut catalog) => {
                catalog.fallback = fallback.to_vec();
                Ok(Source::Catalog(Box::new(catalog)))
            }
            Err(refusal) => Self::fall_back(fallback, encoding, refusal, warnings),
        }
    }

    /// Definitions on disk in place of a database that cannot be used.
    fn fall_back(
        fallback: &[String],
        encoding: &Encoding,
        refusal: Refusal,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Refusal> {
        if fallback.is_empty() || !matches!(refusal.kind, Kind::NoDatabase | Kind::Forbidden) {
            return Err(refusal);
        }
        let files = Self::files(fallback, encoding)?;
        warnings.push(Warning::FellBack {
            why: refusal.message,
            paths: fallback.to_vec(),
        });
        Ok(files)
    }

    /// Definitions on disk: files, folders, globs.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if a definition has an error, or cannot be read.
    pub fn files(paths: &[String], encoding: &Encoding) -> Result<Self, Refusal> {
        Ok(Source::Files(Box::new(Files::load(paths, encoding)?)))
    }

    /// A connection to the catalog, for what is asked beside the candidates.
    pub fn connection(&mut self) -> Option<&mut Connection> {
        match self {
            Source::Catalog(catalog) => Some(catalog.connection()),
            Source::Memory(memory) => memory.connection.as_mut(),
            Source::Files(_) => None,
        }
    }

    /// The connection to the catalog, if there is one.
    pub fn into_connection(self) -> Option<Connection> {
        match self {
            Source::Memory(memory) => memory.connection,
            Source::Catalog(catalog) => Some(catalog.into_connection()),
            Source::Files(_) => None,
        }
    }

    /// The candidates of a request.
    ///
    /// # Errors
    /// Those of the database.
    pub fn pool(
        &mut self,
        request: &Request,
        warnings: &mut Vec<Warning>,
    ) -> Result<Pooled, Refusal> {
        match self {
            Source::Catalog(catalog) => match catalog.pool(request) {
                Ok(pooled) => Ok(pooled),
                Err(refusal) => {
                    let encoding = catalog.encoding();
                    *self = Self::fall_back(&catalog.fallback, encoding, refusal, warnings)?;
                    self.pool(request, warnings)
                }
            },
            Source::Memory(memory) => Ok(Pooled {
                pool: memory.index.pool(request)?,
                revision: Some(memory.index.revision()),
            }),
            Source::Files(files) => Ok(Pooled {
                pool: files.pool(request),
                revision: None,
            }),
        }
    }

    /// The tools that share words with the query, best first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ranked(&mut self, query: &str) -> Result<Vec<Ranked>, Refusal> {
        match self {
            Source::Catalog(catalog) => catalog.ranked(query),
            Source::Memory(memory) => Ok(memory.index.ranked(query)?),
            Source::Files(files) => Ok(files.ranked(query)),
        }
    }

    /// Why a tool is not a candidate of the request.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if there is no such tool.
    pub fn absence(&mut self, request: &Request, tool: &ToolRef) -> Result<Vec<String>, Refusal> {
        if let Some(connection) = self.connection() {
            return connection.direct(|connection| absence(connection, request, tool));
        }
        match self {
            Source::Catalog(_) | Source::Memory(_) => Ok(Vec::new()),
            Source::Files(files) => match files.find(tool) {
                Some((identity, offers, tags)) => {
                    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                    Ok(outside(request, &identity, &offers, &tags))
                }
                None => Err(Refusal::new(
                    Kind::NotFound,
                    format!("there is no tool `{tool}` that may be chosen among the files"),
                )),
            },
        }
    }
}

/// Why a tool of the catalog is not a candidate; of several that are meant, the first.
fn absence(
    connection: &mut Transaction,
    request: &Request,
    tool: &ToolRef,
) -> Result<Vec<String>, Refusal> {
    let stored = match address::one(connection, tool) {
        Err(refusal) if refusal.kind == Kind::Ambiguous => {
            let filter = Filter {
                tools: vec![tool.clone()],
                ..Filter::default()
            };
            let found = tools::list(connection, &filter)?;
            found.into_iter().next().ok_or(refusal)?
        }
        other => other?,
    };
    let names = tools::capability_names(connection, &[stored.id])?;
    let tags: Vec<&str> = stored
        .metadata
        .get("tags")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect();
    let mut reasons = Vec::new();
    if !stored.is_latest {
        reasons.push(format!(
            "version {} is not the version in use",
            stored.version
        ));
    }
    if !stored.enabled {
        reasons.push("it is switched off".to_owned());
    }
    if stored.status != "active" {
        reasons.push(format!("its status is {}, not active", stored.status));
    }
    let offers = names.get(&stored.id).map_or(&[][..], Vec::as_slice);
    reasons.extend(outside(request, &stored.identity(), offers, &tags));
    Ok(reasons)
}

/// What in the request keeps a tool from being a candidate.
fn outside(
    request: &Request,
    identity: &Identity,
    offers: &[String],
    tags: &[&str],
) -> Vec<String> {
    let scope = &request.scope;
    let mut reasons = Vec::new();
    if !scope.capabilities.is_empty() && !scope.capabilities.iter().any(|it| offers.contains(it)) {
        reasons.push(format!(
            "it does not offer {}; it offers {}",
            scope.capabilities.join(" or "),
            offers.join(", ")
        ));
    }
    if !scope.platforms.is_empty() && !scope.platforms.contains(&identity.platform) {
        reasons.push(format!(
            "it is for {}, and only {} is asked for",
            identity.platform,
            scope.platforms.join(" or ")
        ));
    }
    for tag in scope
        .tags
        .iter()
        .filter(|tag| !tags.contains(&tag.as_str()))
    {
        reasons.push(format!("it does not have the tag {tag}"));
    }
    let excluded = |text: &&String| {
        text.parse::<ToolRef>()
            .is_ok_and(|reference| reference.matches(identity))
    };
    if let Some(exclude) = scope.exclude.iter().find(excluded) {
        reasons.push(format!("it is excluded: {exclude}"));
    }
    if reasons.is_empty() && scope.capabilities.is_empty() {
        reasons.push(format!(
            "it is not among the {} tools that share most with the words",
            crate::select::search::RETRIEVED
        ));
    }
    reasons
}
