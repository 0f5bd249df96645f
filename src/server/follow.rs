//! The catalog's index in memory, kept up to date: a thread hears of each change, renews the index, and
//! passes the change on to those who follow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use super::auth::Tokens;
use super::log;
use super::pool::Pool;
use crate::operations::{Refusal, access};
use crate::store::audit::Entry;
use crate::store::index::Snapshot;
use crate::store::listen::{Follower, LOOK};
use crate::store::{Connection, StoreError};

/// How long after the last look at the log it is looked at even though nothing was told.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// Longest pause between two attempts to reconnect.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How many changes a reader of the stream may lag behind.
const BACKLOG: usize = 1024;

/// How long a write waits until what it wrote shows in memory.
const SETTLING: Duration = Duration::from_secs(1);

/// The index in memory; none while it cannot be told whether it is up to date.
pub type Warm = Option<Arc<Snapshot>>;

/// A catalog that is followed.
pub struct Following {
    warm: watch::Receiver<Warm>,
    changes: broadcast::Sender<Arc<Entry>>,
    replaced: watch::Sender<u64>,
    nudge: SyncSender<()>,
    members: Arc<Members>,
}

/// What is known of the members.
#[derive(Default)]
struct Members {
    /// Whether there are any: without members, nobody has to sign in.
    any: AtomicBool,
    tokens: Tokens,
}

impl Following {
    /// Follows the catalog until this is dropped. Returns when the index has been read.
    ///
    /// # Errors
    /// If there is no database, or no catalog.
    pub fn start(pool: &Arc<Pool>) -> Result<Self, Refusal> {
        let (sender, warm) = watch::channel(None);
        let (changes, _) = broadcast::channel(BACKLOG);
        let replaced = watch::Sender::default();
        let (nudge, nudged) = sync_channel(1);
        let members = Arc::new(Members::default());
        let mut thread = Thread {
            members: Arc::clone(&members),
            pool: Arc::clone(pool),
            follower: Follower::new(pool.backend().location(), None),
            warm: sender,
            changes: changes.clone(),
            replaced: replaced.clone(),
            nudged,
            said: String::new(),
        };
        let connection = thread.begin(pool.backend().connect()?)?;
        std::thread::Builder::new()
            .name("follower".to_owned())
            .spawn(move || thread.run(connection))
            .map_err(|error| StoreError::Lost(format!("no thread can be started: {error}")))?;
        Ok(Self {
            warm,
            changes,
            replaced,
            nudge,
            members,
        })
    }

    /// Whether the catalog has members, so that whoever asks must sign in.
    pub fn has_members(&self) -> bool {
        self.members.any.load(Ordering::Relaxed)
    }

    /// The tokens that were shown a moment ago.
    pub fn tokens(&self) -> &Tokens {
        &self.members.tokens
    }

    /// The index in memory.
    pub fn warm(&self) -> Warm {
        self.warm.borrow().clone()
    }

    /// Told of each change from now on.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.changes.subscribe()
    }

    /// Told when the catalog turns out to be another one than was followed, as after a restore: from then on, its
    /// log is.
    pub fn replaced(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    /// Returns when the index in memory shows the revision, or will not for a while.
    pub async fn settle(&self, revision: i64) {
        let shows = |warm: &Warm| warm.as_ref().is_none_or(|it| it.revision() >= revision);
        if shows(&self.warm.borrow()) {
            return;
        }
        // One that is full has been nudged already.
        let _ = self.nudge.try_send(());
        let mut warm = self.warm.clone();
        let _ = tokio::time::timeout(SETTLING, warm.wait_for(shows)).await;
    }
}

/// Why following ended.
enum Ended {
    /// Nobody wants to know any more.
    Unwanted,
    /// The connection was lost.
    Lost(Refusal),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Ended::Lost(error.into())
    }
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Ended::Lost(refusal)
    }
}

struct Thread {
    pool: Arc<Pool>,
    follower: Follower,
    warm: watch::Sender<Warm>,
    changes: broadcast::Sender<Arc<Entry>>,
    /// How often the catalog was replaced.
    replaced: watch::Sender<u64>,
    nudged: Receiver<()>,
    members: Arc<Members>,
    /// What the log says of why the catalog is not followed.
    said: String,
}

/// Whether a change is about who may do what.
fn is_of_access(entry: &Entry) -> bool {
    matches!(entry.entity.as_str(), "member" | "team" | "token")
}

impl Thread {
    fn run(mut self, connection: Connection) {
        let mut connection = Some(connection);
        let mut pause = Duration::from_millis(20);
        loop {
            let followed = match connection.take() {
                Some(connection) => {
                    pause = Duration::from_millis(20);
                    self.follow(connection)
                }
                None => match self.pool.connect().and_then(|it| self.begin(it)) {
                    Ok(new) => {
                        log::event("the catalog is followed again", None);
                        connection = Some(new);
                        continue;
                    }
                    Err(refusal) => Err(Ended::Lost(refusal)),
                },
            };
            match followed {
                Ok(()) | Err(Ended::Unwanted) => return,
                Err(Ended::Lost(refusal)) => {
                    let was_followed = self.warm.send_replace(None).is_some();
                    if was_followed || self.said != refusal.message {
                        log::event("the catalog is not followed", Some(&refusal.message));
                        self.said = refusal.message;
                    }
                }
            }
            if let Err(RecvTimeoutError::Disconnected) = self.nudged.recv_timeout(pause) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Begins to follow, and reads the whole index. A catalog that was replaced is followed from now on.
    fn begin(&mut self, mut connection: Connection) -> Result<Connection, Refusal> {
        if let Err(StoreError::Overtaken(_)) = self.follower.connect() {
            self.follower = Follower::new(self.pool.backend().location(), None);
            self.follower.connect()?;
            self.replaced.send_modify(|it| *it += 1);
        }
        if !self.follower.is_connected() {
            self.follower.connect()?;
        }
        self.read_members(&mut connection)?;
        let snapshot =
            connection.snapshot(|it| Snapshot::load(it, self.pool.backend().encoding()))?;
        self.warm.send_replace(Some(Arc::new(snapshot)));
        Ok(connection)
    }

    fn follow(&mut self, mut connection: Connection) -> Result<(), Ended> {
        loop {
            loop {
                let entries = self.follower.fetch()?;
                self.renew(&mut connection)?;
                if entries.iter().any(is_of_access) {
                    self.read_members(&mut connection)?;
                }
                if entries.is_empty() {
                    break;
                }
                for entry in entries {
                    // Without a reader there is nobody to tell.
                    let _ = self.changes.send(Arc::new(entry));
                }
            }
            self.wait()?;
        }
    }

    /// Looks whether there are members, and forgets what tokens stood for.
    fn read_members(&self, connection: &mut Connection) -> Result<(), Refusal> {
        let any = !access::member::list(connection)?.is_empty();
        self.members.any.store(any, Ordering::Relaxed);
        self.members.tokens.forget();
        Ok(())
    }

    /// Waits until a change was told, or it is time to look anyway.
    fn wait(&mut self) -> Result<(), Ended> {
        let mut quiet = Duration::ZERO;
        loop {
            match self.nudged.recv_timeout(LOOK) {
                Ok(()) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(Ended::Unwanted),
                Err(RecvTimeoutError::Timeout) => quiet += LOOK,
            }
            if self.follower.is_told()? || quiet >= LOOK_ANYWAY {
                return Ok(());
            }
        }
    }

    fn renew(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let Some(present) = self.warm.borrow().clone() else {
            return Ok(());
        };
        let next = connection.snapshot(|connection| present.renewed(connection))?;
        if let Some(next) = next {
            self.warm.send_replace(Some(Arc::new(next)));
        }
        Ok(())
    }
}
