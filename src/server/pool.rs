//! Connections to one catalog, lent to work that runs on threads of its own: a handler never waits for
//! the database on a thread of the runtime.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::problem::{Name, Problem};
use crate::operations::{Backend, Refusal};
use crate::store::Connection;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// The connections to one catalog.
pub struct Pool {
    backend: Backend,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    waits: AtomicU64,
}

impl Pool {
    /// A pool of at most so many connections, none of which is made yet.
    pub fn new(backend: Backend, size: usize) -> Arc<Self> {
        Arc::new(Self {
            backend,
            idle: Mutex::new(Vec::with_capacity(size)),
            permits: Arc::new(Semaphore::new(size)),
            waits: AtomicU64::new(0),
        })
    }

    /// Where the connections lead.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// How many requests had to wait for a connection since the start.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// A new connection to the catalog that the server began with. None is made in the place of one that is gone:
    /// an empty one would answer as if all were well.
    ///
    /// # Errors
    /// [`Kind::NoDatabase`](crate::operations::Kind::NoDatabase) if it is gone, or not as this program needs it.
    pub fn connect(&self) -> Result<Connection, Refusal> {
        self.backend.reconnect()
    }

    /// Runs work on a connection. A connection that was lost is dropped with all that wait idly, since
    /// what ended it ended them.
    ///
    /// # Errors
    /// 503 if no connection is free in time or none can be made; the refusal of the work.
    pub async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        self.lend(move |mut connection| {
            let outcome = work(&mut connection);
            let usable = !outcome.as_ref().is_err_and(Refusal::is_lost);
            (usable.then_some(connection), outcome.map_err(Problem::from))
        })
        .await
    }

    /// The same for work that only reads: where a connection turns out to have been lost while it
    /// waited, the work is done again on a new one.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        mut work: impl FnMut(&mut Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        let pool = Arc::clone(self);
        self.lend(move |mut connection| {
            let mut outcome = work(&mut connection);
            if outcome.as_ref().is_err_and(Refusal::is_lost) {
                pool.forget_idle();
                match pool.connect() {
                    Ok(new) => {
                        connection = new;
                        outcome = work(&mut connection);
                    }
                    Err(refusal) => return (None, Err(refusal.into())),
                }
            }
            let usable = !outcome.as_ref().is_err_and(Refusal::is_lost);
            (usable.then_some(connection), outcome.map_err(Problem::from))
        })
        .await
    }

    /// Runs work that takes a connection and gives it back, unless it is of no more use.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn lend<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(Connection) -> (Option<Connection>, Result<T, Problem>) + Send + 'static,
    ) -> Result<T, Problem> {
        let permits = Arc::clone(&self.permits);
        if permits.available_permits() == 0 {
            self.waits.fetch_add(1, Ordering::Relaxed);
        }
        let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, permits.acquire_owned()).await else {
            return Err(Problem::new(
                Name::Unavailable,
                "every connection to the database is in use",
            ));
        };
        let pool = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is over, even if nobody waits for it any more.
            let _permit = permit;
            let idle = pool.idle().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => pool.connect()?,
            };
            let (connection, outcome) = work(connection);
            match connection {
                Some(mut connection) => {
                    connection.speak_for(None);
                    pool.idle().push(connection);
                }
                None => pool.forget_idle(),
            }
            outcome
        });
        done.await
            .unwrap_or_else(|error| Err(Problem::internal(format!("a task ended early: {error}"))))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // Pushing and popping leave the list whole, whoever panicked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_idle(&self) {
        self.idle().clear();
    }
}
