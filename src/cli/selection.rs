//! Arguments of commands that act on several tools: which, and how.

use clap::Args;

use crate::definition::ToolRef;
use crate::operations::Changed;
use crate::operations::address::Selection;
use crate::output::{SummaryFormat, text};

use super::filter::FilterArgs;
use super::lines::Lines;
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
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    pub format: SummaryFormat,
}

impl SelectionArgs {
    /// The addresses given, those on stdin in the place of `-`.
    ///
    /// # Errors
    /// If one names nothing, or stdin cannot be read.
    fn references(&self) -> Result<Vec<ToolRef>, CommandError> {
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

    /// The selection that the arguments describe.
    ///
    /// # Errors
    /// If an address names nothing, or stdin cannot be read.
    pub fn selection(&self) -> Result<Selection, CommandError> {
        let tools = match self.tools.is_empty() {
            true => None,
            false => Some(self.references()?),
        };
        Ok(Selection {
            expect: None,
            tools,
            filter: self.filter.filter(),
            all: self.all,
        })
    }
}

fn reference(text: &str) -> Result<ToolRef, CommandError> {
    text.parse()
        .map_err(|error: crate::definition::ToolRefError| CommandError::invalid(error.to_string()))
}

impl ActArgs {
    /// Whether to go on: `--yes`, a dry run, or the user says so.
    ///
    /// # Errors
    /// If an answer is needed and nobody can be asked.
    pub fn confirmed(&self, session: &mut Session, question: &str) -> Result<bool, CommandError> {
        confirmed(session, self.yes || self.dry_run, question)
    }
}

/// Whether to go on with something that destroys: said already, or the user says so now.
///
/// # Errors
/// If an answer is needed and nobody can be asked.
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

/// Writes what an act did; `past` and `infinitive` are what people read (`enabled`, `enable`).
///
/// # Errors
/// If stdout cannot be written.
pub fn present(
    done: &Changed,
    session: &mut Session,
    format: SummaryFormat,
    (past, infinitive): (&str, &str),
) -> Result<Outcome, CommandError> {
    match format {
        SummaryFormat::Json => session.ui.json(done)?,
        SummaryFormat::Text => {
            for tool in &done.changed {
                let tool = text::visible(tool);
                match done.dry_run {
                    true => writeln!(session.ui.out(), "would {infinitive} {tool}")?,
                    false => writeln!(session.ui.out(), "{past} {tool}")?,
                }
            }
            session.ui.finish()?;
            let unchanged = match done.unchanged.len() {
                0 => String::new(),
                n => format!(", {} unchanged", text::grouped(n)),
            };
            let (changed, at) = match done.dry_run {
                true => ("would change", String::new()),
                false => ("changed", format!(", at revision {}", done.revision)),
            };
            session.ui.status(&format!(
                "{} {changed}{unchanged}{at}",
                text::counted(done.changed.len(), "tool"),
            ));
        }
    }
    Ok(Outcome::Done)
}
