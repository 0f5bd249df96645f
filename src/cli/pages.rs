//! `toolcat ui`: the pages for people, in a browser.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;

use clap::Args;
use tempfile::NamedTempFile;

use super::{CommandError, Outcome, Session, browser, serve};
use crate::server::{self, Listen};

/// Open the pages for people in a browser
///
/// Serves the catalog on this machine alone until it is told to end by Ctrl-C, and opens the pages with a link
/// that signs you in, once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat ui\n  toolcat ui --port 8080\n  toolcat ui --no-open")]
pub struct UiArgs {
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Print the link and open nothing
    #[arg(long)]
    no_open: bool,
}

pub fn run(args: &UiArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let listen = Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], args.port)));
    let options = serve::options(session, listen);
    let backend = session.backend()?.limited();
    let ui = &session.ui;
    // Kept until the end: a browser may take its time to read it.
    let mut opened = None;
    server::run(vec![backend], options, |url, link| {
        let page = link.map_or_else(|| format!("{url}/ui/"), str::to_owned);
        ui.status(&format!("serving {url}; Ctrl-C ends it"));
        opened = (!args.no_open).then(|| open(&page).ok()).flatten();
        if opened.is_none() {
            ui.status(&format!("open {page}"));
        }
    })?;
    Ok(Outcome::Done)
}

/// Opens the page in a browser, by a file that only this user can read: other users see the arguments of
/// programs, and would see the link in them.
fn open(page: &str) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix("toolcat-")
        .suffix(".html")
        .tempfile()?;
    let text = format!(
        "<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={page}\"><title>toolcat</title>\n"
    );
    file.write_all(text.as_bytes())?;
    let mut browser = browser::command(&file.path().display().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Nobody waits for a browser, but it is not left behind as a zombie.
    std::thread::spawn(move || browser.wait());
    Ok(file)
}
