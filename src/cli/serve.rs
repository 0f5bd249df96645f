//! `toolcat serve`: the catalog over HTTP.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::{CommandError, Outcome, Session};
use crate::operations::{Backend, catalog};
use crate::server::{self, Listen, Options, Tls, Webhook};
use crate::store::location::Catalog;

/// How often each caller may ask in a second, where nothing else is said.
const USUAL_RATE: u32 = 1000;

/// The most connections to the database, where nothing else is said.
const USUAL_CONNECTIONS: u16 = 8;

/// Serve the catalog over HTTP
///
/// --catalog can be repeated: the first is found at /api/v1, each at /api/v1/catalogs/NAME.
/// Answers until it is told to end by Ctrl-C or SIGTERM; requests that are under way may take ten seconds
/// more. The log goes to stderr, one JSON object a line. On this machine alone, a link is printed that signs you in
/// to the pages for people, once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat serve\n  toolcat serve --listen unix:/run/toolcat/api.sock\n  \
                        curl http://127.0.0.1:8080/api/v1/tools/df"
)]
pub struct ServeArgs {
    /// Serve every catalog of the database that this role may read, not only those that --catalog names
    #[arg(long)]
    all_catalogs: bool,

    /// Where to listen: an address with a port (port 0 takes a free one), or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value_t)]
    listen: Listen,

    /// Speak TLS, with the certificate and its chain in this PEM file; read again on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Listen without TLS where other machines can reach it, as behind a proxy that has it
    #[arg(long)]
    insecure_http: bool,

    /// How often each caller may ask in a second
    #[arg(long, value_name = "COUNT", default_value_t = USUAL_RATE, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate_limit: u32,

    /// Address of a proxy that is trusted to say in X-Forwarded-For whose request it passes on (can be repeated)
    #[arg(long, value_name = "IP")]
    trusted_proxy: Vec<IpAddr>,

    /// Show figures for Prometheus at /metrics of this address, which is not the one of the catalog
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<Listen>,

    /// Send each change to this URL, as JSON that is signed, until it is taken (can be repeated)
    #[arg(long, value_name = "URL")]
    webhook: Vec<String>,

    /// File with the secret that signs what webhooks are sent [default: TOOLCAT_WEBHOOK_SECRET]
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_secret: Option<PathBuf>,

    /// Folder for the positions of webhooks in the audit log, from which a restart goes on
    #[arg(
        long,
        value_name = "FOLDER",
        env = "STATE_DIRECTORY",
        hide_env_values = true
    )]
    webhook_state: Option<PathBuf>,

    /// The most connections to the database, for each catalog
    #[arg(long, value_name = "COUNT", default_value_t = USUAL_CONNECTIONS, value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: u16,
}

pub fn run(args: &ServeArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    if !args.listen.is_local() && !args.insecure_http && args.tls_cert.is_none() {
        return Err(CommandError::invalid(format!(
            "{} can be reached from other machines, and nothing encrypts what is said there",
            args.listen
        ))
        .hint("listen on 127.0.0.1 or a Unix socket, or give --tls-cert and --tls-key; behind a proxy that speaks TLS, say --insecure-http"));
    }
    let mut options = options(session, args.listen.clone());
    options.tls = (args.tls_cert.clone().zip(args.tls_key.clone()))
        .map(|(certificate, key)| Tls { certificate, key });
    options.metrics = args.metrics.clone();
    options.insecure = args.insecure_http;
    options.rate = args.rate_limit;
    options.trusted_proxies = args.trusted_proxy.clone();
    options.connections = usize::from(args.connections);
    options.webhooks = webhooks(args)?;
    let backends = backends(args, session)?;
    let ui = &session.ui;
    server::run(backends, options, |url, link| {
        ui.status(&format!("serving {url}"));
        if let Some(link) = link {
            ui.status(&format!(
                "for people: {link} (signs you in once, within 15 minutes)"
            ));
        }
    })?;
    Ok(Outcome::Done)
}

/// How a server there is run where nothing more is asked for.
pub fn options(session: &Session, listen: Listen) -> Options {
    Options {
        listen,
        tls: None,
        metrics: None,
        insecure: false,
        rate: USUAL_RATE,
        trusted_proxies: Vec::new(),
        own: session.caller(false).actor,
        covers: session.config.covers.clone(),
        webhooks: Vec::new(),
        connections: usize::from(USUAL_CONNECTIONS),
    }
}

/// Where changes are sent, signed by a secret that stands in no argument.
fn webhooks(args: &ServeArgs) -> Result<Vec<Webhook>, CommandError> {
    if args.webhook.is_empty() {
        return Ok(Vec::new());
    }
    let secret = match &args.webhook_secret {
        Some(file) => {
            let read = server::secret::read(file).map_err(|error| error.to_string());
            let read =
                read.and_then(|it| String::from_utf8(it).map_err(|_| "it is not UTF-8".to_owned()));
            read.map_err(|why| {
                CommandError::invalid(format!("cannot read {}: {why}", file.display()))
            })?
        }
        None => std::env::var("TOOLCAT_WEBHOOK_SECRET").map_err(|_| {
            CommandError::invalid("--webhook needs a secret to sign by")
                .hint("name a file with it by --webhook-secret, or set TOOLCAT_WEBHOOK_SECRET")
        })?,
    };
    let Some(folder) = &args.webhook_state else {
        let message = "--webhook needs a folder for its position in the audit log";
        return Err(CommandError::invalid(message).hint("name one by --webhook-state"));
    };
    if !folder.is_dir() {
        let message = format!(
            "--webhook-state {}: there is no such folder",
            folder.display()
        );
        return Err(CommandError::invalid(message));
    }
    let made = args.webhook.iter();
    let made = made.map(|url| Ok(Webhook::new(url, secret.trim(), folder.clone())?));
    made.collect()
}

/// The catalogs that are served, each once, the default one first.
fn backends(args: &ServeArgs, session: &mut Session) -> Result<Vec<Backend>, CommandError> {
    let mut names = session.catalogs()?;
    if args.all_catalogs {
        let first = session.backend_for(&names[0])?;
        let found = catalog::list(&mut first.connect()?)?;
        let readable = found.iter().filter(|it| it.entry.readable);
        names.extend(readable.filter_map(|it| it.entry.name.parse::<Catalog>().ok()));
    }
    let encoding = session.encoding();
    let mut backends: Vec<Backend> = Vec::new();
    for name in &names {
        if backends.iter().all(|it| it.location().catalog() != name) {
            let backend = session.backend_for(name)?.limited();
            backends.push(backend.encoding_by(encoding.clone()));
        }
    }
    Ok(backends)
}
