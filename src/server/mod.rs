//! The HTTP interface: the operations of the catalog for programs, over one process.
//!
//! This is the only asynchronous place. A handler reads its request, hands one operation to a thread
//! (the [pool](pool) lends it a connection) and shows the report; it knows no terminal and no SQL. The
//! [follower](follow) keeps the index of selection in memory. Errors leave as [problems](problem).

mod abtests;
mod api;
mod app;
mod audit;
mod auth;
mod capabilities;
mod catalogs;
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
mod members;
mod metrics;
mod openapi;
mod pool;
mod position;
mod problem;
mod reference;
pub mod secret;
mod select;
mod telemetry;
mod tls;
mod tools;
mod ui;
mod webhook;
mod writes;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Control;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::operations::{Backend, Kind, Refusal, Remedy};
use crate::store;
use app::{App, Catalogs, Shared};
use follow::Following;
use guard::Guard;
use limit::Limit;
use listen::Bound;
pub use listen::Listen;
pub use openapi::openapi;
use pool::Pool;
use problem::Problem;
pub use tls::Tls;
pub use webhook::Webhook;

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
    /// As whom requests act if nobody has to sign in.
    pub own: String,
    /// What a permission covers, in place of what is built in.
    pub covers: BTreeMap<String, Vec<String>>,
    /// Where changes are sent.
    pub webhooks: Vec<Webhook>,
    /// The most connections to the database, for each catalog.
    pub connections: usize,
}

/// Serves catalogs, of which the first is the default one, until the process is told to end; `listening` is told
/// the URL once requests can be answered, and on this machine a link that signs its user in to the pages, once.
///
/// # Errors
/// [`Kind::NoDatabase`] if the catalog cannot be used; [`Kind::Invalid`] if the server cannot
/// listen there, or must not.
pub fn run(
    backends: Vec<Backend>,
    options: Options,
    listening: impl FnOnce(&str, Option<&str>),
) -> Result<(), Refusal> {
    refuse_unprotected(&options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error))?;
    let outcome = runtime.block_on(serve(backends, options, listening));
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
    backends: Vec<Backend>,
    options: Options,
    listening: impl FnOnce(&str, Option<&str>),
) -> Result<(), Refusal> {
    let is_local = options.listen.is_local();
    let plain = is_local && options.tls.is_none();
    let limit = Limit::new(options.rate, options.trusted_proxies);
    let shared = Shared::new(options.own, (is_local, plain), options.covers, limit);
    let mut all = Vec::new();
    for backend in backends {
        let pool = Pool::new(backend, options.connections);
        all.push(Arc::new(followed(pool, &shared).await?));
    }
    let catalogs = Catalogs(all.into());
    let guard = Guard { loopback: is_local };
    let tls = options.tls.as_ref().map(Tls::read).transpose()?;
    let bound = Bound::new(&options.listen, tls.clone())?;
    let url = bound.url();
    let control = Control::new();
    if let Some(listen) = &options.metrics {
        let figures = Bound::new(listen, None)?;
        tokio::spawn(figures.serve(metrics::router(catalogs.clone()), control.clone()));
    }
    let serving = tokio::spawn(bound.serve(api::router(&catalogs, guard), control.clone()));
    for webhook in options.webhooks {
        for app in catalogs.0.iter() {
            let at = tokio::task::block_in_place(|| webhook.begin(app.pool.backend()))?;
            tokio::spawn(webhook.clone().follow(Arc::clone(app), at));
        }
    }
    if let (Some(files), Some(config)) = (options.tls, tls) {
        tokio::spawn(files.read_again(config));
    }
    // From now on a signal is heard, so that who reads the URL may send one.
    let ending = Ending::new().map_err(|error| failed(&error))?;
    let link = match plain && url.starts_with("http://") {
        true => ui::link(catalogs.default(), &url).await,
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

/// A catalog that is followed from now on.
async fn followed(pool: Arc<Pool>, shared: &Arc<Shared>) -> Result<App, Refusal> {
    let start = {
        let pool = Arc::clone(&pool);
        move || {
            require_bound(pool.backend())?;
            Following::start(&pool)
        }
    };
    let start = tokio::task::spawn_blocking(start);
    let following = start.await.map_err(|error| failed(&error))??;
    let app = App {
        pool,
        following,
        shared: Arc::clone(shared),
    };
    require_members(&app)?;
    Ok(app)
}

/// Refuses to serve as a role that the rules of the catalog do not bind: a fault of the server, or whoever
/// finds a way into it, would then have all of it. On a private local server, that is the user alone.
fn require_bound(backend: &Backend) -> Result<(), Refusal> {
    if backend.is_private() {
        return Ok(());
    }
    let mut connection = backend.connect()?;
    let Some(role) = connection.read(store::access::unbound)? else {
        return Ok(());
    };
    let message = format!(
        "the database role {role} owns the catalog {}, or is a superuser: nothing binds it",
        connection.location().catalog()
    );
    let help = "let the server connect as a role of its own, which is a member that speaks for others; \
                docs/access.md has its grants";
    Err(Refusal::new(Kind::Forbidden, message).remedy(Remedy::Said(help.to_owned())))
}

/// Refuses to let others in if nobody is a member: there, whoever asks would be let in.
fn require_members(app: &App) -> Result<(), Refusal> {
    if app.shared.is_local || app.following.has_members() {
        return Ok(());
    }
    let message = format!(
        "the catalog {} has no members, and the server can be reached from other machines",
        app.catalog()
    );
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
/// 500 if it ended early.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::internal(format!("a task ended early: {error}")))
}
