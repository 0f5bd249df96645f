//! What every handler works with: one catalog, and what all catalogs of the server share.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::follow::Following;
use super::limit::{self, Limit};
use super::metrics::Metrics;
use super::pool::Pool;
use super::problem::{Name, Problem};
use super::ui::Flashes;
use crate::operations::{Caller, Via};

/// One catalog as it is served.
pub struct App {
    /// Connections to it.
    pub pool: Arc<Pool>,
    /// Its index in memory, and its changes.
    pub following: Following,
    /// What all catalogs share.
    pub shared: Arc<Shared>,
}

impl App {
    /// The name of the catalog.
    pub fn catalog(&self) -> &str {
        self.pool.backend().location().catalog().as_str()
    }
}

/// The catalogs of the server, the default one first.
#[derive(Clone)]
pub struct Catalogs(pub Arc<[Arc<App>]>);

impl Catalogs {
    /// The one that paths are about which name none.
    pub fn default(&self) -> &Arc<App> {
        &self.0[0]
    }
}

/// What all catalogs of the server share.
pub struct Shared {
    /// As whom requests act if nobody has to sign in.
    pub own: String,
    /// Whether nobody on another machine can reach the server.
    pub is_local: bool,
    /// What a permission covers, in place of what is built in.
    pub covers: BTreeMap<String, Vec<String>>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What the pages say of acts that were just done.
    pub flashes: Flashes,
    /// Whether browsers speak to it without TLS, which they do on this machine alone.
    pub plain: bool,
    /// How often a caller may ask.
    pub limit: Arc<Limit>,
    /// Whether the server takes requests and is not about to end.
    open: AtomicBool,
    closing: watch::Sender<bool>,
    streams: Arc<Semaphore>,
    /// How many places each holds of those who follow the changes.
    held: Mutex<HashMap<Holder, usize>>,
}

/// How many may follow the changes at once.
const STREAMS: usize = 1000;

/// How many of them one caller may be.
const SHARE: usize = 50;

/// After how many seconds a place is free whose holder went away without a word.
const GIVEN_UP: u64 = 15;

/// Whose places among those who follow the changes are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A member of a catalog, with whatever token.
    Member {
        /// The catalog.
        catalog: String,
        /// The principal.
        name: String,
    },
    /// Whoever asks from there, if nobody has to sign in.
    At(limit::Key),
}

/// A place among those who follow the changes, until it is dropped.
pub struct Place {
    shared: Arc<Shared>,
    holder: Holder,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.shared.held();
        if let Some(count) = held.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.holder);
            }
        }
    }
}

impl Shared {
    /// A server on which requests act as that person if nobody has to sign in.
    pub fn new(
        own: String,
        (is_local, plain): (bool, bool),
        covers: BTreeMap<String, Vec<String>>,
        limit: Arc<Limit>,
    ) -> Arc<Self> {
        Arc::new(Self {
            own,
            is_local,
            plain,
            covers,
            flashes: Flashes::default(),
            metrics: Metrics::new(),
            limit,
            open: AtomicBool::new(true),
            closing: watch::Sender::new(false),
            streams: Arc::new(Semaphore::new(STREAMS)),
            held: Mutex::new(HashMap::new()),
        })
    }

    /// Whether the server is not about to end.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Lets streams end, and tells who asks that the server is about to.
    pub fn close(&self) {
        self.open.store(false, Ordering::Relaxed);
        self.closing.send_replace(true);
    }

    /// How many follow the changes.
    pub fn streams(&self) -> usize {
        STREAMS - self.streams.available_permits()
    }

    /// A place among those who follow the changes.
    ///
    /// # Errors
    /// 429 if the holder has its share; 503 if none is left.
    pub fn stream(self: &Arc<Self>, holder: Holder) -> Result<Place, Problem> {
        let mut held = self.held();
        if held.get(&holder).is_some_and(|count| *count >= SHARE) {
            let detail = format!("a caller may follow the changes {SHARE} times at once");
            let mut problem =
                Problem::new(Name::RateLimited, detail).hint("close another one first");
            problem.retry_after = Some(GIVEN_UP);
            return Err(problem);
        }
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        let full = |_| Problem::new(Name::Unavailable, "too many follow the changes already");
        let permit = permit.map_err(full)?;
        *held.entry(holder.clone()).or_default() += 1;
        Ok(Place {
            shared: Arc::clone(self),
            holder,
            _permit: permit,
        })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        // Counting leaves the counts whole, whoever panicked.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told when the server is about to end.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }
}

/// Who asks, as far as a request says it.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The acting person or program.
    pub name: String,
    /// The request in the log.
    pub request_id: String,
    /// The token that was shown, whose limits hold.
    pub token_id: Option<i64>,
    /// From where.
    pub address: Option<String>,
}

impl Asker {
    /// The same as operations take it.
    pub fn caller(&self, reason: Option<String>, dry_run: bool) -> Caller {
        Caller {
            reason,
            dry_run,
            via: Via::Api,
            request_id: Some(self.request_id.clone()),
            token_id: self.token_id,
            client_address: self.address.clone(),
            ..Caller::named(&self.name)
        }
    }
}
