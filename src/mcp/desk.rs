//! The catalog behind one connection that is kept from call to call, and made again when it broke.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use crate::definition::{Document, Status, ToolRef};
use crate::format;
use crate::operations::select::{self, Memory, Selected, Source};
use crate::operations::telemetry::record;
use crate::operations::{Backend, Caller, Kind, Refusal, Silent, capabilities, import, show};
use crate::select::candidate::candidates_of;
use crate::select::estimate::estimate;
use crate::select::{Candidate, Request as Job};
use crate::store::index::Snapshot;
use crate::store::{Connection, StoreError, lessons};
use crate::telemetry::intake::Entry;

use super::context::{Catalog, Recorded};
use super::outcome::Mend;

/// How long nobody tries to connect after the first failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest that it gets.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Definitions that are kept, at most.
const KEPT: usize = 200;

/// Makes what a connection is made from.
type Make<'a> = Box<dyn Fn() -> Result<Backend, Refusal> + 'a>;

/// The catalog behind one connection.
pub struct Desk<'a> {
    make: Make<'a>,
    source: Option<Source>,
    index: Index,
    closed: Option<Closed>,
    kept: HashMap<String, Document>,
    /// The revision of the catalog that they are of.
    kept_of: Option<i64>,
}

/// The index in memory. The first answer does without: it takes longer to read than to answer.
enum Index {
    Unread,
    /// A thread reads it.
    Reading(Receiver<Snapshot>),
    Read(Arc<Snapshot>),
}

/// A catalog that could not be reached.
struct Closed {
    /// Why.
    why: Mend,
    /// Until when nobody tries again.
    until: Instant,
    /// How long that was.
    wait: Duration,
}

impl<'a> Desk<'a> {
    /// A desk that connects when the first question comes.
    pub fn new(make: impl Fn() -> Result<Backend, Refusal> + 'a) -> Self {
        Self {
            make: Box::new(make),
            source: None,
            index: Index::Unread,
            closed: None,
            kept: HashMap::new(),
            kept_of: None,
        }
    }

    /// Works with the catalog, and once more on a new connection where the one from before is lost: so the
    /// work must be such that it may be done twice.
    fn with<T>(&mut self, work: impl Fn(&mut Source) -> Result<T, Refusal>) -> Result<T, Mend> {
        let now = Instant::now();
        if let Some(closed) = self.closed.as_ref().filter(|it| now < it.until) {
            return Err(closed.why.clone().wait(closed.until - now));
        }
        let was_open = self.source.is_some();
        let mut result = self.attempt(&work);
        if was_open && is_lost(&result) {
            result = self.attempt(&work);
        }
        match result {
            Err(refusal) if refusal.kind == Kind::NoDatabase => Err(self.close(refusal)),
            result => {
                self.closed = None;
                result.map_err(Mend::from)
            }
        }
    }

    fn attempt<T>(
        &mut self,
        work: impl Fn(&mut Source) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut source = match self.source.take() {
            Some(source) => source,
            None => Source::catalog((self.make)()?)?,
        };
        let result = work(&mut source);
        if !is_lost(&result) {
            self.source = Some(source);
        }
        result
    }

    /// Lets selections read the index in memory, as it is now, once it is there.
    fn warm(&mut self) {
        let Some(connection) = self.source.as_mut().and_then(Source::connection) else {
            return;
        };
        let index = match &self.index {
            Index::Unread => {
                self.index = self.read();
                return;
            }
            Index::Reading(reading) => match reading.try_recv() {
                Ok(index) => Arc::new(index),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.index = Index::Unread;
                    return;
                }
            },
            Index::Read(index) => Arc::clone(index),
        };
        let renewed = connection.snapshot(|connection| index.renewed(connection));
        let source = self.source.take();
        // Where it cannot be told whether the index is up to date, the question asks the database.
        let Ok(next) = renewed else { return };
        let index = next.map_or(index, Arc::new);
        self.index = Index::Read(Arc::clone(&index));
        let connection = source.and_then(Source::into_connection);
        self.source = Some(Source::Memory(Box::new(Memory { index, connection })));
    }

    /// Reads the index in a thread, with a connection of its own.
    fn read(&self) -> Index {
        let (sender, reading) = sync_channel(1);
        let read = |backend: Backend| {
            let thread = std::thread::Builder::new().name("index".to_owned());
            thread.spawn(move || {
                let connection = backend.connect().ok();
                let index = connection.and_then(|mut it| {
                    let load = |it: &mut _| Snapshot::load(it, backend.encoding());
                    it.snapshot(load).ok()
                });
                if let Some(index) = index {
                    // Nobody waits for it once the last question was asked.
                    let _ = sender.send(index);
                }
            })
        };
        match (self.make)().ok().map(read) {
            Some(Ok(_)) => Index::Reading(reading),
            Some(Err(_)) | None => Index::Unread,
        }
    }

    /// Keeps everybody away for a while.
    fn close(&mut self, refusal: Refusal) -> Mend {
        let wait = match &self.closed {
            None => FIRST_WAIT,
            Some(closed) => (closed.wait * 2).min(LONGEST_WAIT),
        };
        let why = Mend::from(refusal);
        self.closed = Some(Closed {
            why: why.clone(),
            until: Instant::now() + wait,
            wait,
        });
        why.wait(wait)
    }
}

fn is_lost<T>(result: &Result<T, Refusal>) -> bool {
    matches!(result, Err(refusal) if refusal.kind == Kind::NoDatabase)
}

/// The connection to a catalog.
fn connection(source: &mut Source) -> Result<&mut Connection, Refusal> {
    let files = || Refusal::new(Kind::Invalid, "files are no catalog");
    source.connection().ok_or_else(files)
}

impl Catalog for Desk<'_> {
    fn select(&mut self, caller: &Caller, request: &select::Request) -> Result<Selected, Mend> {
        self.warm();
        self.with(|source| select::run(source, caller, request, None))
    }

    fn definition(&mut self, tool: &ToolRef, revision: Option<i64>) -> Result<Document, Mend> {
        if revision.is_none() || self.kept_of != revision || self.kept.len() >= KEPT {
            self.kept.clear();
            self.kept_of = revision;
        }
        if let Some(document) = self.kept.get(tool.as_str()) {
            return Ok(document.clone());
        }
        let document = self.with(|source| shown(source, tool))?;
        self.kept.insert(tool.to_string(), document.clone());
        Ok(document)
    }

    fn capabilities(&mut self) -> Result<Vec<(String, i64)>, Mend> {
        self.with(counted)
    }

    fn propose(&mut self, caller: &Caller, definition: &str) -> Result<String, Mend> {
        self.with(|source| proposed(connection(source)?, caller, definition))
    }

    fn record(&mut self, caller: &Caller, entry: &Entry) -> Result<Recorded, Mend> {
        self.with(|source| recorded(connection(source)?, caller, entry))
    }
}

/// The catalog behind a source that is lent for one message.
pub struct Lent<'a> {
    /// The source, with a connection.
    pub source: &'a mut Source,
    /// Set once the database is lost on the way.
    pub lost: Rc<Cell<bool>>,
}

impl Lent<'_> {
    fn with<T>(&mut self, work: impl FnOnce(&mut Source) -> Result<T, Refusal>) -> Result<T, Mend> {
        let result = work(self.source);
        if is_lost(&result) {
            self.lost.set(true);
        }
        result.map_err(Mend::from)
    }
}

impl Catalog for Lent<'_> {
    fn select(&mut self, caller: &Caller, request: &select::Request) -> Result<Selected, Mend> {
        self.with(|source| select::run(source, caller, request, None))
    }

    fn definition(&mut self, tool: &ToolRef, _: Option<i64>) -> Result<Document, Mend> {
        self.with(|source| shown(source, tool))
    }

    fn capabilities(&mut self) -> Result<Vec<(String, i64)>, Mend> {
        self.with(counted)
    }

    fn propose(&mut self, caller: &Caller, definition: &str) -> Result<String, Mend> {
        self.with(|source| proposed(connection(source)?, caller, definition))
    }

    fn record(&mut self, caller: &Caller, entry: &Entry) -> Result<Recorded, Mend> {
        self.with(|source| recorded(connection(source)?, caller, entry))
    }
}

/// The definition that an address means.
fn shown(source: &mut Source, tool: &ToolRef) -> Result<Document, Refusal> {
    Ok(show::run(connection(source)?, tool, None)?.document)
}

/// The capabilities for which tools may be chosen, with their number.
fn counted(source: &mut Source) -> Result<Vec<(String, i64)>, Refusal> {
    let counted = capabilities::all(connection(source)?, &[])?;
    let selectable = counted.into_iter().filter(|it| it.selectable > 0);
    Ok(selectable
        .map(|it| (it.capability, it.selectable))
        .collect())
}

/// Records an execution, with what was expected of it.
fn recorded(
    connection: &mut Connection,
    caller: &Caller,
    entry: &Entry,
) -> Result<Recorded, Refusal> {
    let mut candidates: Vec<Candidate> = ran(connection, entry)?.into_iter().collect();
    let entry = candidates.first().map_or_else(
        || entry.clone(),
        |candidate| with_estimates(entry.clone(), candidate),
    );
    let is_new = record::one(connection, caller, entry.clone())?;
    let environment = entry.environment.as_deref();
    connection.direct(|it| lessons::teach(it, candidates.iter_mut(), environment))?;
    Ok(Recorded {
        is_new,
        entry,
        lesson: candidates.first().and_then(|it| it.lesson),
    })
}

/// Adds a new tool in testing. One that the catalog has is left alone: a new version would take its place.
fn proposed(
    connection: &mut Connection,
    caller: &Caller,
    definition: &str,
) -> Result<String, Refusal> {
    let source = format::Source::new("definition", definition);
    let mut definitions = import::texts(vec![source], None)?;
    if let Some(refusal) = definitions.refusal() {
        return Err(refusal);
    }
    let [brief] = definitions.documents.briefs() else {
        let message = "one definition is proposed at a time";
        return Err(Refusal::new(Kind::Invalid, message));
    };
    let identity = brief.identity.clone();
    let testing = definitions.documents.in_status(Status::Testing);
    definitions.documents = testing.map_err(StoreError::from)?;
    let address = format!("{}/{}", identity.platform, identity.name);
    let known = address
        .parse()
        .map(|tool| show::run(connection, &tool, None));
    match known {
        Ok(Err(refusal)) if refusal.kind == Kind::NotFound => {}
        Ok(Err(refusal)) => return Err(refusal),
        Ok(Ok(_)) | Err(_) => {
            let message = format!("the catalog has {address}; a person changes what it has");
            return Err(Refusal::new(Kind::Conflict, message));
        }
    }
    let request = import::Request::default();
    import::run(connection, caller, &definitions, &request, &Silent)?.accepted(&definitions)?;
    Ok(identity.to_string())
}

/// The way of using a tool that ran; none if the entry names none, or one that is not there.
fn ran(connection: &mut Connection, entry: &Entry) -> Result<Option<Candidate>, Refusal> {
    let tool = entry.tool.as_deref().and_then(|it| it.parse().ok());
    let (Some(tool), Some(pattern)) = (tool, &entry.pattern) else {
        return Ok(None);
    };
    let shown = match show::run(connection, &tool, None) {
        Ok(shown) => shown,
        Err(refusal) if matches!(refusal.kind, Kind::NotFound | Kind::Ambiguous) => {
            return Ok(None);
        }
        Err(refusal) => return Err(refusal),
    };
    let tool = shown.document.to_tool().map_err(StoreError::from)?;
    let mut candidates = candidates_of(&tool, entry.capability.as_slice());
    candidates.retain(|it| it.pattern == *pattern);
    Ok((candidates.len() == 1).then(|| candidates.swap_remove(0)))
}

/// The entry with what a selection expects of it.
fn with_estimates(entry: Entry, candidate: &Candidate) -> Entry {
    let mut job = Job::default();
    for (name, value) in &entry.context {
        job.context.set(name.as_str(), *value);
    }
    match estimate(candidate, &job) {
        Ok((expected, _)) => Entry {
            estimated_time_ms: Some(expected.time_ms),
            estimated_cost: Some(expected.cost),
            ..entry
        },
        Err(_) => entry,
    }
}
