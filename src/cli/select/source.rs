//! Where the candidates come from: the catalog, or definitions on disk.

use crate::definition::{Identity, ToolRef};
use crate::operations::{Kind, address};
use crate::select::{Answer, Pool, Request};
use crate::store::tools::{self, Filter};

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
            Ok(mut catalog) => {
                catalog.fallback.clone_from(&args.fallback);
                Ok(Source::Catalog(Box::new(catalog)))
            }
            Err(error) => Self::fall_back(&args.fallback, error, session),
        }
    }

    /// Definitions on disk in place of a database that cannot be used.
    fn fall_back(
        fallback: &[String],
        error: CommandError,
        session: &Session,
    ) -> Result<Self, CommandError> {
        if fallback.is_empty() || error.kind != ErrorKind::NoDatabase {
            return Err(error);
        }
        session.ui.warn(&format!(
            "{}; choosing from {} instead",
            error.message,
            fallback.join(", ")
        ));
        let files = Files::load(fallback, session)?;
        Ok(Source::Files(Box::new(files)))
    }

    /// The candidates of a request.
    ///
    /// # Errors
    /// As the queries.
    pub fn pool(&mut self, request: &Request, session: &Session) -> Result<Pooled, CommandError> {
        match self {
            Source::Catalog(catalog) => match catalog.pool(request, session) {
                Ok(pooled) => Ok(pooled),
                Err(error) => {
                    *self = Self::fall_back(&catalog.fallback, error, session)?;
                    self.pool(request, session)
                }
            },
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

    /// Why a tool is no candidate of the request.
    ///
    /// # Errors
    /// Not found, where there is no such tool.
    pub fn absence(
        &mut self,
        request: &Request,
        tool: &ToolRef,
    ) -> Result<Vec<String>, CommandError> {
        match self {
            Source::Catalog(catalog) => {
                let stored = address::find(catalog.connection(), tool);
                let stored = match stored {
                    Ok(stored) => stored,
                    Err(error) if error.kind == Kind::Ambiguous => {
                        let filter = Filter {
                            tools: vec![tool.clone()],
                            ..Filter::default()
                        };
                        let mut found = catalog
                            .connection()
                            .read(|connection| tools::list(connection, &filter))?;
                        if found.is_empty() {
                            return Err(error.into());
                        }
                        found.remove(0)
                    }
                    Err(error) => return Err(error.into()),
                };
                let names = catalog
                    .connection()
                    .read(|connection| tools::capability_names(connection, &[stored.id]))?;
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
            Source::Files(files) => match files.find(tool) {
                Some((identity, offers, tags)) => {
                    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                    Ok(outside(request, &identity, &offers, &tags))
                }
                None => Err(CommandError::not_found(format!(
                    "there is no tool `{tool}` that may be chosen among the files"
                ))),
            },
        }
    }
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
            "it is for {}, and only {} is asked for (--platform)",
            identity.platform,
            scope.platforms.join(" or ")
        ));
    }
    for tag in scope
        .tags
        .iter()
        .filter(|tag| !tags.contains(&tag.as_str()))
    {
        reasons.push(format!("it does not have the tag {tag} (--tag)"));
    }
    let excluded = |text: &&String| {
        text.parse::<ToolRef>()
            .is_ok_and(|reference| reference.matches(identity))
    };
    if let Some(exclude) = scope.exclude.iter().find(excluded) {
        reasons.push(format!("it is excluded (--exclude {exclude})"));
    }
    if reasons.is_empty() && scope.capabilities.is_empty() {
        reasons.push(format!(
            "it is not among the {} tools that share most with the words",
            crate::select::search::RETRIEVED
        ));
    }
    reasons
}
