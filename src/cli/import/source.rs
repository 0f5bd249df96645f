//! What is imported: the arguments, and the definitions that they name.

use clap::{Args, ValueEnum};

use crate::format::{self, Format};
use crate::operations::Backend;
use crate::operations::import::{self, Definitions, Request};
use crate::output::text;
use crate::store::import::OnConflict;
use crate::store::tools::Filter;
use crate::validate::Diagnostic;

use super::{CommandError, Session};

/// What to import, and how to treat what is there.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// Files, folders or globs to read; - is stdin
    #[arg(required_unless_present = "starter", value_name = "PATH")]
    paths: Vec<String>,

    /// The starter catalog, which the program holds, in place of files
    #[arg(long, conflicts_with_all = ["paths", "exclude", "from_format"])]
    starter: bool,

    /// Pass over the files that this matches, as a line of .gitignore (can be repeated)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Format to read [default: found by itself]
    #[arg(long, value_name = "FORMAT")]
    from_format: Option<Format>,

    /// What to do with a definition that differs under a version that is there
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    on_conflict: ConflictArg,

    /// Retire the tools that the files no longer hold: switched off and deprecated
    #[arg(long)]
    prune: bool,

    /// Retire only tools with this platform, category, status, owner, tag or capability: platform=linux,tag=net
    #[arg(
        long,
        value_name = "KEY=VALUE,...",
        requires = "prune",
        value_delimiter = ','
    )]
    scope: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ConflictArg {
    /// Import nothing
    #[default]
    Fail,
    /// Keep what the catalog has
    Skip,
    /// Change the version in place
    Update,
    /// Make it the next version
    Bump,
}

impl SourceArgs {
    /// The format to read, if it is said.
    pub fn format(&self) -> Option<Format> {
        self.from_format
    }

    /// Whether what differs becomes the next version.
    pub fn bumps(&self) -> bool {
        self.on_conflict == ConflictArg::Bump
    }

    /// Whether definitions come from stdin.
    pub fn reads_stdin(&self) -> bool {
        self.paths.iter().any(|it| it == "-")
    }

    /// The request that the arguments describe.
    ///
    /// # Errors
    /// If a scope cannot be read.
    pub fn request(&self) -> Result<Request, CommandError> {
        Ok(Request {
            on_conflict: match self.on_conflict {
                ConflictArg::Fail => OnConflict::Fail,
                ConflictArg::Skip => OnConflict::Skip,
                ConflictArg::Update => OnConflict::Update,
                ConflictArg::Bump => OnConflict::Bump,
            },
            prune: self.scope()?,
            ..Request::default()
        })
    }

    /// Among which tools those are retired that the files do not hold; `None` if none is.
    ///
    /// # Errors
    /// If a scope is none.
    fn scope(&self) -> Result<Option<Filter>, CommandError> {
        if !self.prune {
            return Ok(None);
        }
        let mut filter = Filter::default();
        for part in &self.scope {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let list = match key.trim() {
                "platform" => &mut filter.platforms,
                "category" => &mut filter.categories,
                "owner" => &mut filter.owners,
                "tag" => &mut filter.tags,
                "status" => &mut filter.statuses,
                "capability" => &mut filter.capabilities,
                _ => {
                    return Err(CommandError::invalid(format!("`{part}` is not a scope")).hint(
                        "a scope is KEY=VALUE with platform, category, owner, tag, status or capability",
                    ));
                }
            };
            if value.trim().is_empty() {
                return Err(CommandError::invalid(format!("`{part}` has no value")));
            }
            list.push(value.trim().to_owned());
        }
        Ok(Some(filter))
    }
}

/// Reads and validates everything, and says what is passed over or left out. What is not valid stops the
/// import, or, with `keep_going`, is left out file by file.
///
/// # Errors
/// If nothing can be read or something is not valid.
pub fn read(
    args: &SourceArgs,
    keep_going: bool,
    session: &Session,
    backend: &Backend,
) -> Result<Definitions, CommandError> {
    if args.starter {
        return Ok(import::texts(import::starter(), None)?);
    }
    let collected = format::collect_without(&args.paths, &args.exclude)
        .map_err(super::super::validate::input_error)?;
    let definitions = import::files(backend, &collected, args.from_format)?;
    for line in &definitions.passed_over {
        session.ui.status(line);
    }
    match definitions.refusal().filter(|_| !keep_going) {
        Some(refusal) => Err(refusal.into()),
        None => {
            say_left_out(session, &definitions.findings.diagnostics);
            Ok(definitions)
        }
    }
}

/// Says what of other formats is left out.
fn say_left_out(session: &Session, diagnostics: &[Diagnostic]) {
    const SHOWN: usize = 10;
    let left_out = || diagnostics.iter().filter(|it| it.rule == "format/left-out");
    for it in left_out().take(SHOWN) {
        let Diagnostic {
            file,
            line,
            column,
            message,
            rule,
            ..
        } = it;
        let file = text::visible(file);
        let told = format!("{file}:{line}:{column}: {message} [{rule}]");
        session.ui.warn(&told);
    }
    let more = left_out().count().saturating_sub(SHOWN);
    if more > 0 {
        session.ui.hint(&format!(
            "{} more; `toolcat validate` shows all that is left out",
            text::grouped(more)
        ));
    }
}
