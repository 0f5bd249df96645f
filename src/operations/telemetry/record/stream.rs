//! A stream of executions: one thread reads and checks, the other records.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::names_a_tool;
use crate::operations::{Backend, Caller, Kind, Refusal, Stage};
use crate::outside;
use crate::store::telemetry::{self as store, Chunk, Loaded};
use crate::telemetry::intake::{InputFormat, Odd, Reader, Targets};

/// Rows that are recorded together, at most.
const CHUNK_ROWS: usize = 5_000;
/// The same in bytes.
const CHUNK_BYTES: usize = 2 << 20;
/// Chunks that wait to be recorded: this and the size of a chunk bound the memory.
const WAITING: usize = 1;

/// A stream, and how it is recorded.
pub struct Stream<R> {
    /// What is read.
    pub input: R,
    /// Its length in bytes; 0 if it is not known.
    pub length: u64,
    /// Its format; found by the first character if it is not given.
    pub format: Option<InputFormat>,
    /// Lines before this one are passed over; they count from 1.
    pub first_line: u64,
    /// Whether nothing is recorded if a row is refused.
    pub atomic: bool,
    /// The reading stops when more rows than this are refused.
    pub max_rejects: Option<u64>,
}

/// Told of every row that is refused.
pub trait Refused: Send {
    /// The row of that line, as it was read, and why.
    ///
    /// # Errors
    /// If it cannot be kept; the reading stops then.
    fn row(&mut self, line: u64, reason: &str, text: &[u8]) -> io::Result<()>;

    /// No more will come.
    ///
    /// # Errors
    /// If what was told cannot be kept.
    fn finish(&mut self) -> io::Result<()>;
}

/// What recording a stream came to.
#[derive(Debug)]
pub struct Streamed {
    /// Executions recorded and committed; of a dry run, those that would be.
    pub recorded: u64,
    /// Executions passed over, since their ids were recorded before.
    pub duplicates: u64,
    /// Rows refused.
    pub rejected: u64,
    /// Spans that are named after no tool.
    pub skipped: u64,
    /// The last line that is dealt with for good.
    pub last_line: u64,
    /// Names of fields that were ignored, some of them at least.
    pub unknown: Vec<String>,
    /// How it ended.
    pub ending: Ending,
}

/// How recording a stream ended.
#[derive(Debug)]
pub enum Ending {
    /// At its end.
    Done,
    /// More rows were refused than may be.
    TooManyRejects,
    /// It could not be read to its end.
    Unreadable(io::Error),
    /// The database could not go on.
    Interrupted(Refusal),
}

/// Records a stream, part by part: each part in a transaction of its own, or all of them in one if it is
/// atomic. Its memory does not grow with the stream.
///
/// # Errors
/// [`Kind::Invalid`] if the stream cannot be read at all, [`Kind::NoDatabase`].
pub fn stream<R: BufRead + Send>(
    backend: &Backend,
    caller: &Caller,
    stream: Stream<R>,
    refused: &mut dyn Refused,
) -> Result<Streamed, Refusal> {
    let unreadable = |error| Refusal::new(Kind::Invalid, format!("cannot read or write: {error}"));
    let reader = Reader::new(stream.input, stream.format).map_err(unreadable)?;
    let mut connection = backend.connect()?;
    let targets = connection.read(|connection| store::targets(connection, None))?;
    connection.speak_for(Some(caller.act(None)));
    let rejected = AtomicU64::new(0);
    let mut checker = Checker {
        reader,
        targets,
        refused,
        rejected: &rejected,
        skipped: 0,
        first_line: stream.first_line,
        only_tools: stream.format == Some(InputFormat::Otel),
        atomic: stream.atomic,
        max_rejects: stream.max_rejects.unwrap_or(u64::MAX),
    };
    let progress = backend.progress();
    progress.begin(Stage::Recording, stream.length);
    let (sender, receiver) = sync_channel::<Chunk>(WAITING);
    let (checked, loaded) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let ending = checker.run(&sender);
            (checker, ending)
        });
        let mut seen = 0;
        let advance = |chunk: &Chunk| {
            progress.advance(chunk.bytes - seen);
            seen = chunk.bytes;
        };
        let keep = || rejected.load(Ordering::Acquire) == 0;
        let loaded = match caller.dry_run {
            true => Ok(counted(receiver, advance)),
            false => store::load(&mut connection, receiver, stream.atomic, keep, advance),
        };
        (reading.join(), loaded)
    });
    progress.end();
    let Ok((checker, read)) = checked else {
        let message = "the stream could not be checked";
        return Err(Refusal::new(Kind::Invalid, message));
    };
    let (loaded, ending) = match loaded {
        Ok(loaded) => (loaded, read.unwrap_or_else(Ending::Unreadable)),
        Err(it) => (it.loaded, Ending::Interrupted(it.error.into())),
    };
    let streamed = checker.streamed(loaded, ending);
    if streamed.recorded > 0 && !caller.dry_run {
        caller.kept.done();
    }
    Ok(streamed)
}

/// What would be recorded.
fn counted(chunks: Receiver<Chunk>, mut advance: impl FnMut(&Chunk)) -> Loaded {
    let mut loaded = Loaded::default();
    for chunk in chunks {
        loaded.recorded += chunk.rows.len() as u64;
        loaded.duplicates += chunk.rows.repeated();
        advance(&chunk);
    }
    loaded
}

/// Reads, checks and encodes, in its own thread.
struct Checker<'a, R> {
    reader: Reader<R>,
    targets: Targets,
    refused: &'a mut dyn Refused,
    rejected: &'a AtomicU64,
    skipped: u64,
    first_line: u64,
    /// Whether what names no tool is passed over.
    only_tools: bool,
    atomic: bool,
    max_rejects: u64,
}

impl<R: BufRead> Checker<'_, R> {
    /// What it all came to.
    fn streamed(&self, loaded: Loaded, ending: Ending) -> Streamed {
        Streamed {
            recorded: loaded.recorded,
            duplicates: loaded.duplicates,
            rejected: self.rejected.load(Ordering::Acquire),
            skipped: self.skipped,
            last_line: loaded.last_line,
            unknown: self.reader.unknown().map(str::to_owned).collect(),
            ending,
        }
    }

    fn run(&mut self, sender: &SyncSender<Chunk>) -> io::Result<Ending> {
        let mut chunk = Chunk::default();
        let ending = self.fill(&mut chunk, sender);
        self.refused.finish()?;
        if self.may_send() && !(chunk.rows.is_empty() && chunk.rows.repeated() == 0) {
            self.close(&mut chunk);
            // Where nobody listens any more the recording failed, and says so itself.
            let _ = sender.send(chunk);
        }
        ending
    }

    /// Whether what is read is still going to be recorded.
    fn may_send(&self) -> bool {
        !self.atomic || self.rejected.load(Ordering::Acquire) == 0
    }

    fn close(&self, chunk: &mut Chunk) {
        chunk.bytes = self.reader.bytes();
        chunk.last_line = self.reader.lines();
    }

    fn fill(&mut self, chunk: &mut Chunk, sender: &SyncSender<Chunk>) -> io::Result<Ending> {
        while let Some(record) = self.reader.read()? {
            if record.line < self.first_line {
                continue;
            }
            let found = match record.entries {
                Ok(found) => found,
                Err(reason) => vec![Err(Odd {
                    tool: None,
                    reason,
                    text: None,
                })],
            };
            let several = found.len() > 1;
            for entry in found {
                let tool = match &entry {
                    Ok(entry) => &entry.tool,
                    Err(odd) => &odd.tool,
                };
                let is_span = self.only_tools && (tool.is_some() || entry.is_ok());
                if is_span && !is_of_a_tool(&self.targets, tool.as_deref()) {
                    self.skipped += 1;
                    continue;
                }
                let odd = match entry {
                    Err(odd) => odd,
                    Ok(entry) => {
                        let id = entry.execution_id.clone().filter(|_| several);
                        match self.targets.execution(entry, outside::now()) {
                            Ok(execution) => {
                                chunk.rows.push(&execution);
                                continue;
                            }
                            Err(rejection) => Odd::rejected(id, &rejection),
                        }
                    }
                };
                let text = odd.text.as_deref().map_or(record.text, str::as_bytes);
                self.refused.row(record.line, &odd.reason, text)?;
                if self.rejected.fetch_add(1, Ordering::AcqRel) >= self.max_rejects {
                    return Ok(Ending::TooManyRejects);
                }
            }
            if chunk.rows.len() >= CHUNK_ROWS || chunk.rows.bytes() >= CHUNK_BYTES {
                self.close(chunk);
                let full = std::mem::take(chunk);
                if self.may_send() && sender.send(full).is_err() {
                    return Ok(Ending::Done);
                }
            }
        }
        Ok(Ending::Done)
    }
}

fn is_of_a_tool(targets: &Targets, tool: Option<&str>) -> bool {
    let tool = tool.unwrap_or_default();
    tool.parse().is_ok_and(|it| names_a_tool(targets, &it))
}
