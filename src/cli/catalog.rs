//! `toolcat catalog`: the catalogs of the database.

use clap::{Args, Subcommand};

use crate::operations::catalog::{self, Described};
use crate::output::{Column, Format, Record, record, text};
use crate::store::Connection;
use crate::store::catalogs::Holding;
use crate::store::location::Catalog;

use super::selection::confirmed;
use super::{CommandError, Outcome, Session, misfits};

/// List, make, copy, rename and drop the catalogs of the database
#[derive(Debug, Args)]
#[command(
    after_help = "A catalog is a schema of the database: a team, a tenant or an environment can have its own, with \
                  members of its own.\n\n\
                  Examples:\n  toolcat catalog create staging\n  toolcat catalog copy tool_catalog staging\n  \
                  toolcat --catalog staging list"
)]
pub struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// List the catalogs
    List {
        /// How to write the list
        #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
        format: Format,
    },
    /// Make an empty catalog
    Create {
        /// Its name
        #[arg(value_name = "CATALOG")]
        name: String,
    },
    /// Copy a catalog whole, but for tokens and sessions, into one that is made by that
    Copy {
        /// Catalog to copy
        #[arg(value_name = "CATALOG")]
        from: String,

        /// Name of the copy
        #[arg(value_name = "NEW_CATALOG")]
        to: String,
    },
    /// Give a catalog another name
    Rename {
        /// Catalog to rename
        #[arg(value_name = "CATALOG")]
        from: String,

        /// Its new name
        #[arg(value_name = "NEW_CATALOG")]
        to: String,

        /// See whether it could be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove a catalog with everything in it
    Drop {
        /// Catalog to remove
        #[arg(value_name = "CATALOG")]
        name: String,

        /// Do not ask
        #[arg(long, short)]
        yes: bool,

        /// Say what would be lost, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}

impl Record for Described {
    const COLUMNS: &'static [Column] = &[
        Column::text("catalog"),
        Column::number("tools"),
        Column::number("executions"),
        Column::number("revision"),
        Column::number("bytes"),
        Column::text("owner"),
    ];

    fn cells(&self) -> Vec<String> {
        let number = |it: Option<i64>| it.map_or_else(String::new, grouped);
        vec![
            self.entry.name.clone(),
            number(self.tools),
            number(self.executions),
            number(self.revision),
            grouped(self.entry.bytes),
            self.entry.owner.clone(),
        ]
    }

    fn name(&self) -> String {
        self.entry.name.clone()
    }
}

fn grouped(number: i64) -> String {
    text::grouped(usize::try_from(number).unwrap_or(0))
}

pub fn run(args: &CatalogArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match &args.command {
        CatalogCommand::List { format } => {
            let found = catalog::list(&mut session.open()?)?;
            if found.is_empty() && format.is_for_people() {
                session.ui.status("no catalog");
                return Ok(Outcome::Done);
            }
            record::write_list(&mut session.ui, &found, *format)?;
        }
        CatalogCommand::Create { name } => {
            let name = named(name)?;
            catalog::create(&mut open(session, &name)?)?;
            session.ui.status(&format!("made catalog {name}"));
        }
        CatalogCommand::Copy { from, to } => copy(&named(from)?, &named(to)?, session)?,
        CatalogCommand::Rename { from, to, dry_run } => {
            let (from, to) = (named(from)?, named(to)?);
            let mut connection = open(session, &to)?;
            catalog::rename(&mut connection, &session.caller(*dry_run), &from)?;
            let done = if *dry_run { "could rename" } else { "renamed" };
            session.ui.status(&format!("{done} catalog {from} to {to}"));
        }
        CatalogCommand::Drop { name, yes, dry_run } => {
            return drop_catalog(&named(name)?, *yes, *dry_run, session);
        }
    }
    Ok(Outcome::Done)
}

fn named(name: &str) -> Result<Catalog, CommandError> {
    name.parse().map_err(CommandError::invalid)
}

/// A connection to a catalog that may not exist.
fn open(session: &Session, name: &Catalog) -> Result<Connection, CommandError> {
    Ok(session.backend_for(name)?.open()?)
}

fn copy(from: &Catalog, to: &Catalog, session: &mut Session) -> Result<(), CommandError> {
    let (mut source, mut target) = (open(session, from)?, open(session, to)?);
    let copied = catalog::copy(&mut source, &mut target, &session.caller(false))?;
    misfits::tell(session, &copied.misfits);
    let rows: u64 = copied.tables.iter().map(|it| it.rows).sum();
    session.ui.status(&format!(
        "copied catalog {from} to {to}: {}; tokens and sessions are not copied",
        text::counted(usize::try_from(rows).unwrap_or(usize::MAX), "row")
    ));
    Ok(())
}

fn drop_catalog(
    name: &Catalog,
    yes: bool,
    dry_run: bool,
    session: &mut Session,
) -> Result<Outcome, CommandError> {
    let mut connection = open(session, name)?;
    let lost = said(&catalog::losses(&mut connection, name)?);
    let question = format!("Remove catalog {name} with {lost}, for good?");
    if !confirmed(session, yes || dry_run, &question)? {
        return Ok(Outcome::No);
    }
    catalog::remove(&mut connection, &session.caller(dry_run), name)?;
    let done = if dry_run { "would remove" } else { "removed" };
    session
        .ui
        .status(&format!("{done} catalog {name} with {lost}"));
    Ok(Outcome::Done)
}

fn said(lost: &Holding) -> String {
    let count = |number: i64, one: &str| text::counted(usize::try_from(number).unwrap_or(0), one);
    let entries = match lost.entries {
        1 => "1 entry".to_owned(),
        n => format!("{} entries", grouped(n)),
    };
    format!(
        "{} in {}, {}, and {entries} of the audit log",
        count(lost.tools, "tool"),
        count(lost.versions, "version"),
        count(lost.executions, "recorded execution"),
    )
}
