//! A file of executions.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::reject::Rejects;
use super::{RecordArgs, Summary};
use crate::cli::{CommandError, Outcome, Session};
use crate::operations::Refusal;
use crate::operations::telemetry::record::{self, Ending, Stream, Streamed};
use crate::output::text;
use crate::telemetry::intake::{Field, InputFormat};

pub fn run(args: &RecordArgs, file: &Path, session: &mut Session) -> Result<Outcome, CommandError> {
    let (input, length) = open(file)?;
    let mut rejects = Rejects::new(reject_path(args, file), args.reject_file.is_some());
    let stream = Stream {
        input,
        length,
        format: args.from_format.map(InputFormat::from),
        first_line: args.from_line.unwrap_or_default(),
        atomic: args.atomic,
        max_rejects: args.max_rejects,
    };
    let (backend, caller) = (session.backend()?, session.caller(args.dry_run));
    let streamed = record::stream(&backend, &caller, stream, &mut rejects)?;
    report(&streamed, &rejects, session);
    let summary = Summary {
        recorded: streamed.recorded,
        duplicates: streamed.duplicates,
        rejected: streamed.rejected,
        skipped: streamed.skipped,
        reject_file: rejects.path().map(|it| it.display().to_string()),
        dry_run: args.dry_run,
    };
    let last_line = streamed.last_line;
    match streamed.ending {
        Ending::Done => {}
        Ending::TooManyRejects => return Err(too_many(args, &summary)),
        Ending::Unreadable(error) => return Err(unreadable(&error, &summary, last_line)),
        Ending::Interrupted(refusal) => return Err(cut_off(args, refusal, &summary, last_line)),
    }
    if args.atomic && summary.rejected > 0 {
        return Err(CommandError::invalid(format!(
            "{} refused; nothing was recorded",
            text::counted(count(summary.rejected), "row")
        ))
        .hint(see(&summary)));
    }
    summary.present(args.format, session)?;
    Ok(match summary.rejected {
        0 => Outcome::Done,
        _ => Outcome::No,
    })
}

/// What the user should know before the summary.
fn report(streamed: &Streamed, rejects: &Rejects, session: &Session) {
    for line in rejects.shown() {
        session.ui.warn(line);
    }
    let more = streamed.rejected - rejects.shown().len() as u64;
    if more > 0 {
        let more = text::grouped(count(more));
        session.ui.status(&format!("and {more} more"));
    }
    for name in &streamed.unknown {
        let near = text::did_you_mean(Field::near(name));
        let message = format!("ignored the unknown field `{name}`{near}");
        session.ui.warn(&message);
    }
}

/// Opens the file; with its length, 0 if it is not known.
fn open(file: &Path) -> Result<(Box<dyn BufRead + Send>, u64), CommandError> {
    if file.as_os_str() == "-" {
        return Ok((
            Box::new(BufReader::with_capacity(256 * 1024, io::stdin())),
            0,
        ));
    }
    let opened = File::open(file).and_then(|opened| {
        let metadata = opened.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is a folder",
            ));
        }
        Ok((opened, metadata.len()))
    });
    match opened {
        Ok((opened, length)) => Ok((
            Box::new(BufReader::with_capacity(256 * 1024, opened)),
            length,
        )),
        Err(error) => Err(CommandError::invalid(format!(
            "cannot read {}: {error}",
            file.display()
        ))),
    }
}

fn reject_path(args: &RecordArgs, file: &Path) -> PathBuf {
    match &args.reject_file {
        Some(path) => path.clone(),
        None if file.as_os_str() == "-" => PathBuf::from("telemetry.rejects.jsonl"),
        None => {
            let mut name = file.as_os_str().to_owned();
            name.push(".rejects.jsonl");
            PathBuf::from(name)
        }
    }
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn see(summary: &Summary) -> String {
    match &summary.reject_file {
        Some(file) => format!("the refused rows and their reasons are in {file}"),
        None => "nothing was refused".to_owned(),
    }
}

fn recorded(summary: &Summary) -> String {
    match (summary.recorded, summary.dry_run) {
        (0, _) | (_, true) => "nothing was recorded".to_owned(),
        (n, _) => format!("{} recorded", text::counted(count(n), "execution")),
    }
}

fn too_many(args: &RecordArgs, summary: &Summary) -> CommandError {
    let limit = args.max_rejects.unwrap_or_default();
    CommandError::invalid(format!(
        "more than {limit} rows were refused; {}",
        recorded(summary)
    ))
    .hint(see(summary))
}

fn unreadable(error: &io::Error, summary: &Summary, line: u64) -> CommandError {
    CommandError::invalid(format!(
        "cannot read on after line {line}: {error}; {}",
        recorded(summary)
    ))
}

/// The database was lost half-way.
fn cut_off(args: &RecordArgs, refusal: Refusal, summary: &Summary, line: u64) -> CommandError {
    let cause = CommandError::from(refusal);
    let sofar = match summary.recorded {
        0 => "nothing was recorded".to_owned(),
        n => format!(
            "{} recorded, to line {line}",
            text::counted(count(n), "execution")
        ),
    };
    let hint = match args.atomic {
        true => "run it again".to_owned(),
        false => format!(
            "run it again: rows with an execution_id are recorded once; without them, go on with --from-line {}",
            line + 1
        ),
    };
    CommandError::new(cause.kind, format!("{}; {sofar}", cause.message)).hint(hint)
}
