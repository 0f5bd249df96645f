//! What every handler works with: one catalog, and what all catalogs of the server share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::follow::Following;
use super::limit::Limit;
use super::metrics::Metrics;
use super::pool::Pool;
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
    /// As whom requests act where nobody has to sign in.
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
}

/// How many may follow the changes at once.
const STREAMS: usize = 1000;

impl Shared {
    /// A server on which requests act as that person where nobody has to sign in.
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

    /// A place among those who follow the changes, if one is left.
    pub fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
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
