//! `toolcat db backup` and `toolcat db restore`: a whole catalog to a file and back.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::PathBuf;

use chrono::{SecondsFormat, Utc};
use clap::Args;

use crate::output::text;
use crate::store::Act;
use crate::store::backup::{self, BackupError, TableRows};

use super::super::files::{self, Readers};
use super::super::{CommandError, Outcome, Session};

/// Write the whole catalog to a file: definitions, telemetry, tests and the audit log.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// File to write; - is stdout
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

/// Fill an empty catalog from such a file.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// File to read; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace what the catalog holds
    #[arg(long)]
    replace: bool,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    /// Say what would be restored, and restore nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn backup(args: &BackupArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let made_at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    if args.file.as_os_str() == "-" {
        let mut connection = session.connect()?;
        let tables = backup::backup(&mut connection, &made_at, session.ui.out())?;
        session.ui.status(&summary("wrote", &tables));
        return Ok(Outcome::Done);
    }
    if !args.force {
        files::refuse_to_replace(&args.file)?;
    }
    let mut connection = session.connect()?;
    // Only the owner may read it: it holds all that the catalog does.
    let tables = files::write_with(&args.file, Readers::Owner, |out| {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        let tables = backup::backup(&mut connection, &made_at, &mut out)?;
        out.flush()?;
        Ok(tables)
    })?;
    session.ui.status(&summary("wrote", &tables));
    Ok(Outcome::Done)
}

pub fn restore(args: &RestoreArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let catalog = session.catalog()?;
    let from_stdin = args.file.as_os_str() == "-";
    if args.replace && !args.yes && !args.dry_run {
        confirm(
            session,
            &format!("Replace everything in catalog {catalog}?"),
        )?;
    }
    let act = Act {
        dry_run: args.dry_run,
        ..session.act()
    };
    let mut connection;
    let restored = if from_stdin {
        connection = session.open()?;
        let mut input = std::io::stdin().lock();
        backup::restore(&mut connection, &act, &mut input, args.replace)?
    } else {
        let file = File::open(&args.file).map_err(|error| {
            CommandError::invalid(format!("cannot read {}: {error}", args.file.display()))
        })?;
        connection = session.open()?;
        let mut input = BufReader::with_capacity(1 << 16, file);
        backup::restore(&mut connection, &act, &mut input, args.replace)?
    };
    let done = if args.dry_run {
        "would restore"
    } else {
        "restored"
    };
    session.ui.status(&format!(
        "{} into catalog {catalog}, from a backup of {} made at {}",
        summary(done, &restored.tables),
        restored.header.catalog,
        restored.header.made_at,
    ));
    Ok(Outcome::Done)
}

fn confirm(session: &Session, question: &str) -> Result<(), CommandError> {
    match session.ui.confirm(question)? {
        Some(true) => Ok(()),
        Some(false) => Err(CommandError::invalid("nothing was replaced")),
        None => Err(CommandError::invalid(
            "this removes what the catalog holds, and nobody can be asked",
        )
        .hint("give --yes to do it all the same")),
    }
}

fn summary(done: &str, tables: &[TableRows]) -> String {
    let rows: u64 = tables.iter().map(|it| it.rows).sum();
    let tools = tables
        .iter()
        .find(|it| it.table == "tools")
        .map_or(0, |it| it.rows);
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    format!(
        "{done} {} in {}, {} of them definitions",
        text::counted(count(rows), "row"),
        text::counted(tables.len(), "table"),
        text::grouped(count(tools)),
    )
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Self::invalid("who reads the backup went away before its end: it is not whole")
            }
            error @ BackupError::NotEmpty { .. } => Self::conflict(error.to_string()).hint(
                "restore into another catalog with --catalog, or give --replace to lose what is there",
            ),
            error @ BackupError::OtherSchema { .. } => Self::conflict(error.to_string())
                .hint("restore into a catalog that does not exist yet, with --catalog; it is migrated afterwards"),
            error => Self::invalid(error.to_string()),
        }
    }
}
