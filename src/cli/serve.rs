//! `toolcat serve`: the catalog over HTTP.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::{CommandError, Outcome, Session};
use crate::server::{self, Listen, Options, Tls};

/// How often each caller may ask in a second, where nothing else is said.
const USUAL_RATE: u32 = 1000;

/// The most connections to the database, where nothing else is said.
const USUAL_CONNECTIONS: u16 = 8;

/// Serve the catalog over HTTP
///
/// Answers until it is told to end by Ctrl-C or SIGTERM; requests that are under way may take ten seconds
/// more. The log goes to stderr, one JSON object a line. On this machine alone, a link is printed that signs you in
/// to the pages for people, once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat serve\n  toolcat serve --listen unix:/run/toolcat/api.sock\n  \
                        curl http://127.0.0.1:8080/api/v1/tools/df"
)]
pub struct ServeArgs {
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

    /// The most connections to the database
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
    let backend = session.backend()?.limited();
    let ui = &session.ui;
    server::run(backend, options, |url, link| {
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
        connections: usize::from(USUAL_CONNECTIONS),
    }
}
