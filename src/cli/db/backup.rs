//! `toolcat db backup` and `toolcat db restore`: a whole catalog to a file and back.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::operations::backup::{self as operation, Request};
use crate::output::text;
use crate::outside;
use crate::store::backup::TableRows;

use super::super::files::{self, Readers};
use super::super::{CommandError, Outcome, Session, misfits};

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
    let now = outside::now();
    let to_stdout = args.file.as_os_str() == "-";
    if !args.force && !to_stdout {
        files::refuse_to_replace(&args.file)?;
    }
    let backend = session.backend()?;
    let mut connection = backend.connect()?;
    let progress = backend.progress();
    let tables = match to_stdout {
        true => operation::write(&mut connection, now, session.ui.out(), progress)?,
        // Only the owner may read it: it holds all that the catalog does.
        false => files::write_with(&args.file, Readers::Owner, |out| {
            let mut out = BufWriter::with_capacity(1 << 16, out);
            let tables = operation::write(&mut connection, now, &mut out, progress)?;
            out.flush()?;
            Ok(tables)
        })?,
    };
    session.ui.status(&summary("wrote", &tables));
    Ok(Outcome::Done)
}

pub fn restore(args: &RestoreArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let catalog = session.catalog()?;
    if args.replace && !args.yes && !args.dry_run {
        confirm(
            session,
            &format!("Replace everything in catalog {catalog}?"),
        )?;
    }
    let (mut input, length) = open(&args.file)?;
    let backend = session.backend()?;
    let mut connection = backend.open()?;
    let request = Request {
        input: &mut *input,
        length,
        replace: args.replace,
    };
    let caller = session.caller(args.dry_run);
    let restored = operation::restore(&mut connection, &caller, request, backend.progress())?;
    misfits::tell(session, &restored.misfits);
    let done = match args.dry_run {
        true => "would restore",
        false => "restored",
    };
    session.ui.status(&format!(
        "{} into catalog {catalog}, from a backup of {} made at {}",
        summary(done, &restored.tables),
        text::visible(&restored.catalog),
        text::visible(&restored.made_at),
    ));
    Ok(Outcome::Done)
}

/// The file to restore from, and its length; 0 if it is not known.
fn open(file: &Path) -> Result<(Box<dyn BufRead>, u64), CommandError> {
    if file.as_os_str() == "-" {
        return Ok((Box::new(std::io::stdin().lock()), 0));
    }
    let unreadable = |error: std::io::Error| {
        CommandError::invalid(format!("cannot read {}: {error}", file.display()))
    };
    let opened = File::open(file).map_err(unreadable)?;
    let length = opened.metadata().map_err(unreadable)?.len();
    let input = BufReader::with_capacity(1 << 16, opened);
    Ok((Box::new(input), length))
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
