//! The HTTP interface: the operations of the catalog for programs, over one process.
//!
//! This is the only asynchronous place. A handler reads its request, hands one operation to a thread
//! (the [pool](pool) lends it a connection) and shows the report; it knows no terminal and no SQL. The
//! [follower](follow) keeps the index of selection in memory. Errors leave as [problems](problem).

mod api;
mod app;
mod audit;
mod auth;
mod capabilities;
mod changes;
mod definitions;
mod extract;
mod finish;
mod follow;
mod guard;
mod health;
mod hint;
mod limit;
mod listen;
mod log;
mod mcp;
mod metrics;
mod openapi;
mod pool;
mod problem;
mod select;
mod telemetry;
mod tls;
mod tools;
mod ui;
mod writes;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Control;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::operations::{Backend, Kind, Refusal, Remedy};
use api::Rules;
use app::{App, Shared};
use follow::Following;
use guard::Guard;
use limit::Limit;
use listen::Bound;
pub use listen::Listen;
pub use openapi::openapi;
use pool::Pool;
use problem::Problem;
pub use tls::Tls;

/// How long requests may take to end when the server does.
const DRAIN: Duration = Duration::from_secs(10);

/// How the server is run.
pub struct Options {
    /// Where it listens.
    pub listen: Listen,
    /// Where figures for its operators are shown, if anywhere.
    pub metrics: Option<Listen>,
    /// What it shows to prove who it is, where it speaks TLS.
    pub tls: Option<Tls>,
    /// Whether it may listen without TLS where others can reach it.
    pub insecure: bool,
    /// How often a caller may ask in a second.
    pub rate: u32,
    /// The proxies that are trusted to say whose request they pass on.
    pub trusted_proxies: Vec<IpAddr>,
    /// As whom requests act where nobody has to sign in.
    pub own: String,
    /// What a permission covers, in place of what is built in.
    pub covers: BTreeMap<String, Vec<String>>,
    /// The most connections to the database.
    pub connections: usize,
}

/// Serves the catalog until the process is told to end; `listening` is told the URL once requests can
/// be answered, and on this machine a link that signs its user in to the pages, once.
///
/// # Errors
/// [`Kind::NoDatabase`] where the catalog cannot be used; [`Kind::Invalid`] where the server cannot
/// listen there, or must not.
pub fn run(
    backend: Backend,
    options: Options,
    listening: impl FnOnce(&str, Option<&str>),
) -> Result<(), Refusal> {
    refuse_unprotected(&options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error))?;
    let outcome = runtime.block_on(serve(backend, options, listening));
    // Work that still waits for the database does not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// Refuses to listen where others could read what is said, or do what they like.
fn refuse_unprotected(options: &Options) -> Result<(), Refusal> {
    if options.metrics.as_ref().is_some_and(|it| !it.is_local()) && !options.insecure {
        let message = "the figures can be read from other machines, and nothing protects them";
        return Err(Refusal::new(Kind::Invalid, message));
    }
    if options.listen.is_local() || options.insecure || options.tls.is_some() {
        return Ok(());
    }
    let message = format!(
        "{} can be reached from other machines, and nothing encrypts what is said there",
        options.listen
    );
    Err(Refusal::new(Kind::Invalid, message))
}

async fn serve(
    backend: Backend,
    options: Options,
    listening: impl FnOnce(&str, Option<&str>),
) -> Result<(), Refusal> {
    let pool = Pool::new(backend, options.connections);
    let following = {
        let pool = Arc::clone(&pool);
        let start = tokio::task::spawn_blocking(move || Following::start(&pool));
        start.await.map_err(|error| failed(&error))??
    };
    let plain = options.listen.is_local() && options.tls.is_none();
    let where_from = (options.listen.is_local(), plain);
    let shared = Shared::new(options.own.clone(), where_from, options.covers);
    require_members(&shared, &following)?;
    let app = Arc::new(App {
        pool,
        following,
        shared: Arc::clone(&shared),
    });
    let rules = Rules {
        guard: Guard {
            loopback: options.listen.is_local(),
        },
        limit: Limit::new(options.rate, options.trusted_proxies),
    };
    let tls = options.tls.as_ref().map(Tls::read).transpose()?;
    let bound = Bound::new(&options.listen, tls.clone())?;
    let url = bound.url();
    let control = Control::new();
    if let Some(listen) = &options.metrics {
        let figures = Bound::new(listen, None)?;
        tokio::spawn(figures.serve(metrics::router(Arc::clone(&app)), control.clone()));
    }
    let serving = tokio::spawn(bound.serve(api::router(Arc::clone(&app), rules), control.clone()));
    if let (Some(files), Some(config)) = (options.tls, tls) {
        tokio::spawn(files.read_again(config));
    }
    // From now on a signal is heard, so that who reads the URL may send one.
    let ending = Ending::new().map_err(|error| failed(&error))?;
    let link = match plain && url.starts_with("http://") {
        true => ui::link(&app, &url).await,
        false => None,
    };
    listening(&url, link.as_deref());
    ending.told().await;
    log::event("the server is about to end", None);
    shared.close();
    control.graceful_shutdown(Some(DRAIN));
    match serving.await {
        Ok(ended) => ended.map_err(|error| failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

/// Refuses to let others in where nobody is a member: there, whoever asks would be let in.
fn require_members(shared: &Shared, following: &Following) -> Result<(), Refusal> {
    if shared.is_local || following.has_members() {
        return Ok(());
    }
    let message = "the catalog has no members, and the server can be reached from other machines";
    let help = "make an admin a member of the catalog first";
    Err(Refusal::new(Kind::Invalid, message).remedy(Remedy::Said(help.to_owned())))
}

/// The signals by which a process is told to end.
struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

impl Ending {
    /// Hears the signals from now on.
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns when one has come.
    async fn told(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Kind::Invalid, format!("the server cannot run: {error}"))
}

/// Runs work that takes time on a thread of its own.
///
/// # Errors
/// 500 where it ended early.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::internal(format!("a task ended early: {error}")))
}
