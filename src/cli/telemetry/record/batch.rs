//! A file of executions: one thread reads and checks, the other records.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use chrono::Utc;

use super::reject::Rejects;
use super::{RecordArgs, Summary};
use crate::cli::{CommandError, Outcome, Session};
use crate::output::text;
use crate::store::telemetry::{self as store, Chunk};
use crate::telemetry::intake::{Field, InputFormat, Reader, Targets};

/// Rows that are recorded together, at most.
const CHUNK_ROWS: usize = 5_000;
/// The same in bytes.
const CHUNK_BYTES: usize = 2 << 20;
/// Chunks that wait to be recorded: this and the size of a chunk bound the memory.
const WAITING: usize = 1;

pub fn run(args: &RecordArgs, file: &Path, session: &mut Session) -> Result<Outcome, CommandError> {
    let (input, length) = open(file)?;
    let reader = Reader::new(input, args.from_format.map(InputFormat::from))?;
    let mut connection = session.connect()?;
    let targets = connection.read(|connection| store::targets(connection, None))?;
    let progress = session.ui.progress(length, "recording");
    let rejected = AtomicU64::new(0);
    let (sender, receiver) = sync_channel::<Chunk>(WAITING);
    let mut checker = Checker {
        args,
        reader,
        targets,
        rejects: Rejects::new(reject_path(args, file)),
        rejected: &rejected,
        skipped: 0,
        repeated: 0,
    };
    let (checked, loaded) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let result = checker.run(&sender);
            (checker, result)
        });
        let mut seen = 0;
        let mut advance = |chunk: &Chunk| {
            progress.advance(chunk.bytes - seen);
            seen = chunk.bytes;
        };
        let loaded = if args.dry_run {
            let mut loaded = store::Loaded::default();
            for chunk in receiver {
                loaded.recorded += chunk.rows.len() as u64;
                loaded.duplicates += chunk.rows.repeated();
                advance(&chunk);
            }
            Ok(loaded)
        } else {
            let keep = || rejected.load(Ordering::Acquire) == 0;
            store::load(&mut connection, receiver, args.atomic, keep, advance)
        };
        (reading.join(), loaded)
    });
    drop(progress);
    let Ok((checker, read)) = checked else {
        return Err(CommandError::invalid("the file could not be checked"));
    };
    checker.report(session);
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(interrupted) => return Err(cut_off(args, interrupted)),
    };
    let summary = Summary {
        recorded: loaded.recorded,
        duplicates: loaded.duplicates,
        rejected: checker.rejects.count(),
        skipped: checker.skipped,
        reject_file: checker.rejects.path().map(|it| it.display().to_string()),
        dry_run: args.dry_run,
    };
    match read {
        Ok(Ending::Done) => {}
        Ok(Ending::TooManyRejects) => return Err(too_many(args, &summary)),
        Err(error) => return Err(unreadable(&error, &summary, loaded.last_line)),
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

/// Opens the file; with its length, 0 where it is not known.
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

/// How the reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Done,
    TooManyRejects,
}

/// Reads, checks and encodes, in its own thread.
struct Checker<'a> {
    args: &'a RecordArgs,
    reader: Reader<Box<dyn BufRead + Send>>,
    targets: Targets,
    rejects: Rejects,
    rejected: &'a AtomicU64,
    skipped: u64,
    repeated: u64,
}

impl Checker<'_> {
    fn run(&mut self, sender: &SyncSender<Chunk>) -> io::Result<Ending> {
        let mut chunk = Chunk::default();
        let ending = self.fill(&mut chunk, sender);
        self.rejects.finish()?;
        let may_send = !self.args.atomic || self.rejects.count() == 0;
        if may_send && !(chunk.rows.is_empty() && chunk.rows.repeated() == 0) {
            self.close(&mut chunk);
            // Where nobody listens any more the recording failed, and says so itself.
            let _ = sender.send(chunk);
        }
        ending
    }

    fn close(&self, chunk: &mut Chunk) {
        chunk.bytes = self.reader.bytes();
        chunk.last_line = self.reader.lines();
    }

    fn fill(&mut self, chunk: &mut Chunk, sender: &SyncSender<Chunk>) -> io::Result<Ending> {
        let only_spans_of_tools = self.args.from_format == Some(super::FromFormat::Otel);
        let first = self.args.from_line.unwrap_or_default();
        while let Some(record) = self.reader.read()? {
            if record.line < first {
                continue;
            }
            let refused = match record.entries {
                Err(reason) => Some(reason),
                Ok(entries) => {
                    let mut refused = None;
                    for entry in entries {
                        let name = entry.tool.as_deref().unwrap_or_default();
                        if only_spans_of_tools && !is_known(&self.targets, name) {
                            self.skipped += 1;
                            continue;
                        }
                        match self.targets.execution(entry, Utc::now()) {
                            Ok(execution) => chunk.rows.push(&execution),
                            Err(rejection) => refused = Some(rejection.line()),
                        }
                    }
                    refused
                }
            };
            if let Some(reason) = refused {
                self.rejects.add(record.line, &reason, record.text)?;
                self.rejected.store(self.rejects.count(), Ordering::Release);
                let limit = self.args.max_rejects.unwrap_or(u64::MAX);
                if self.rejects.count() > limit {
                    return Ok(Ending::TooManyRejects);
                }
            }
            if chunk.rows.len() >= CHUNK_ROWS || chunk.rows.bytes() >= CHUNK_BYTES {
                self.close(chunk);
                let full = std::mem::take(chunk);
                self.repeated += full.rows.repeated();
                let wanted = !self.args.atomic || self.rejects.count() == 0;
                if wanted && sender.send(full).is_err() {
                    return Ok(Ending::Done);
                }
            }
        }
        Ok(Ending::Done)
    }

    /// What the user should know before the summary.
    fn report(&self, session: &Session) {
        for line in self.rejects.shown() {
            session.ui.warn(line);
        }
        let more = self.rejects.count() - self.rejects.shown().len() as u64;
        if more > 0 {
            session
                .ui
                .status(&format!("and {} more", text::grouped(count(more))));
        }
        for name in self.reader.unknown() {
            let near = text::did_you_mean(Field::near(name));
            session
                .ui
                .warn(&format!("ignored the unknown field `{name}`{near}"));
        }
    }
}

fn is_known(targets: &Targets, tool: &str) -> bool {
    tool.parse::<crate::definition::ToolRef>()
        .is_ok_and(|reference| {
            let readings = reference.readings();
            readings
                .iter()
                .any(|reading| targets.has_name(reading.name))
        })
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
fn cut_off(args: &RecordArgs, interrupted: store::Interrupted) -> CommandError {
    let loaded = interrupted.loaded;
    let cause = CommandError::from(interrupted.error);
    let sofar = match loaded.recorded {
        0 => "nothing was recorded".to_owned(),
        n => format!(
            "{} recorded, to line {}",
            text::counted(count(n), "execution"),
            loaded.last_line
        ),
    };
    let hint = match args.atomic {
        true => "run it again".to_owned(),
        false => format!(
            "run it again: rows with an execution_id are recorded once; without them, go on with --from-line {}",
            loaded.last_line + 1
        ),
    };
    CommandError::new(cause.kind, format!("{}; {sofar}", cause.message)).hint(hint)
}
