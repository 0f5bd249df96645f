//! Changes told to other systems: each is sent to a URL of the operator's, signed, until it is taken.
//!
//! The position in the audit log is kept in a file, so that a server that was restarted goes on where it was. A
//! batch may arrive twice, where the server ended between the answer and the file; its id is the same then.
//!
//! `Toolcat-Signature` is `t=SECONDS,v1=HEX`, an HMAC-SHA256 of the seconds, a dot and the body;
//! `Toolcat-Delivery` is the id of the last change in the body, as `GET /changes` names it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use chrono::Utc;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::ssl::{SslConnector, SslMethod};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::RecvError;
use tokio_openssl::SslStream;

use super::app::App;
use super::log;
use super::position::Position;
use crate::operations::{Backend, Kind, Refusal};
use crate::store::audit::{self, Entry};
use crate::store::chain::{self, Head};
use crate::store::{Connection, StoreError, tools};
use crate::words::hex;

/// How many entries of the log are sent at once.
const BATCH: i64 = 100;

/// How long the receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause after the first failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(300));

/// The most that is read of an answer, in bytes.
const LONGEST_LINE: u64 = 1024;

/// Until where the log was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The last entry.
    at: Position,
    /// The hash of the log at its revision, if it is known: another log may hold such a position as well.
    head: Option<Head>,
}

/// What follows a position, and the position that it begins at: another one where the log is not that of the position.
struct Batch {
    from: Taken,
    entries: Vec<Entry>,
    /// The hash of the log at the last entry.
    head: Option<Head>,
}

/// Where changes are sent, and how.
#[derive(Clone)]
pub struct Webhook {
    url: Uri,
    secret: Arc<[u8]>,
    folder: PathBuf,
}

impl Webhook {
    /// Sends to that URL, signs by the secret, and keeps its position in the folder.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a URL or a secret that cannot be used.
    pub fn new(url: &str, secret: &str, folder: PathBuf) -> Result<Self, Refusal> {
        // Of a URL no more than the host is said: the rest may hold a password, or a key.
        let unread = || Refusal::new(Kind::Invalid, "the URL of a webhook cannot be read");
        let parsed: Uri = url.parse().map_err(|_| unread())?;
        let host = parsed.host().ok_or_else(unread)?;
        let wrong =
            |why: &str| Refusal::new(Kind::Invalid, format!("the webhook at {host}: {why}"));
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match parsed.scheme_str() {
            Some("https") => {}
            Some("http") if is_here => {}
            Some("http") => return Err(wrong("http is for this machine alone; use https")),
            _ => return Err(wrong("https is needed")),
        }
        if parsed
            .authority()
            .is_some_and(|it| it.as_str().contains('@'))
        {
            return Err(wrong(
                "a password in a URL is read by others; the signature takes its place",
            ));
        }
        if secret.len() < 16 {
            return Err(wrong("the secret has less than 16 bytes"));
        }
        Ok(Self {
            url: parsed,
            secret: secret.as_bytes().into(),
            folder,
        })
    }

    /// Where the position in the log of a catalog is kept.
    fn file(&self, catalog: &str) -> PathBuf {
        let hash = Sha256::digest(self.url.to_string());
        let name = hex(&hash[..8]);
        self.folder.join(format!("{catalog}-{name}.position"))
    }

    /// Sends the changes of a catalog after a position, until the server ends.
    pub async fn follow(self, app: Arc<App>, mut taken: Taken) {
        let file = self.file(app.catalog());
        let mut pause = PAUSES.0;
        let mut closing = app.shared.closing();
        let mut replaced = app.following.replaced();
        loop {
            // Before the log is read, so that nothing is missed in between.
            let mut live = app.following.changes();
            let sent = self.send_all(&app, &file, &mut taken).await;
            let waited = match sent {
                Ok(()) => {
                    pause = PAUSES.0;
                    tokio::select! {
                        told = live.recv() => !matches!(told, Err(RecvError::Closed)),
                        told = replaced.changed() => told.is_ok(),
                        _ = closing.changed() => false,
                    }
                }
                Err(why) => {
                    let host = self.url.host().unwrap_or_default();
                    log::event("a webhook was not taken", Some(&format!("{host}: {why}")));
                    let waits = pause;
                    pause = (pause * 2).min(PAUSES.1);
                    tokio::select! {
                        () = tokio::time::sleep(waits) => true,
                        _ = closing.changed() => false,
                    }
                }
            };
            if !waited {
                return;
            }
        }
    }

    /// Sends what the log holds after the position.
    async fn send_all(&self, app: &Arc<App>, file: &Path, taken: &mut Taken) -> Result<(), String> {
        loop {
            let from = *taken;
            let read = app.pool.read(move |it| Ok(batch(it, from)?));
            let Batch {
                from: now,
                entries,
                head,
            } = read.await.map_err(|it| it.detail.clone())?;
            if now.at != from.at {
                let host = self.url.host().unwrap_or_default();
                let (was, now) = (from.at.revision, now.at.revision);
                let why =
                    format!("{host}: was at revision {was}, and goes on after revision {now}");
                log::event("the catalog of a webhook was replaced", Some(&why));
            }
            *taken = now;
            let Some(last) = entries.last() else {
                return Ok(());
            };
            let at = Position::of(last);
            let catalog = app.catalog();
            let body = serde_json::to_vec(&Changes {
                catalog,
                entries: &entries,
            });
            let body = body.map_err(|error| error.to_string())?;
            let sent = tokio::time::timeout(PATIENCE, self.send(&body, at)).await;
            sent.unwrap_or_else(|_| Err("no answer in time".to_owned()))?;
            *taken = Taken { at, head };
            keep(file, *taken).map_err(|error| format!("the position cannot be kept: {error}"))?;
        }
    }

    /// The position that was kept for a catalog; if there is none, the present end of the log.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if a position can be neither read nor kept; that of the database.
    pub fn begin(&self, backend: &Backend) -> Result<Taken, Refusal> {
        let file = self.file(backend.location().catalog().as_str());
        let failed = |why: &dyn std::fmt::Display| {
            Refusal::new(Kind::Invalid, format!("{}: {why}", file.display()))
        };
        match fs::read_to_string(&file) {
            Ok(text) => {
                let read = text.parse();
                read.map_err(|()| failed(&"not a position in the audit log"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let taken = backend
                    .reconnect()?
                    .snapshot(|it| -> Result<_, StoreError> {
                        let now = tools::revision(it)?;
                        let (at, head) = (Position::after(now), chain::at(it, now)?);
                        Ok(Taken { at, head })
                    })?;
                keep(&file, taken).map_err(|error| failed(&error))?;
                Ok(taken)
            }
            Err(error) => Err(failed(&error)),
        }
    }

    async fn send(&self, body: &[u8], at: Position) -> Result<(), String> {
        let host = self.url.host().unwrap_or_default();
        let is_tls = self.url.scheme_str() == Some("https");
        let port = self.url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let name = host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((name, port)).await;
        let stream = stream.map_err(|error| error.to_string())?;
        let head = self.head(body, at)?;
        match is_tls {
            false => exchange(stream, &head, body).await,
            true => exchange(encrypted(stream, name).await?, &head, body).await,
        }
    }

    /// The lines before the body.
    fn head(&self, body: &[u8], at: Position) -> Result<String, String> {
        let host = self.url.authority().map_or("", |it| it.as_str());
        let path = self.url.path_and_query().map_or("/", |it| it.as_str());
        let seconds = Utc::now().timestamp();
        let signature = sign(&self.secret, seconds, body).map_err(|error| error.to_string())?;
        Ok(format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: toolcat\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nToolcat-Signature: t={seconds},v1={signature}\r\n\
             Toolcat-Delivery: {at}\r\nConnection: close\r\n\r\n",
            body.len(),
        ))
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        self.head.map_or(Ok(()), |head| write!(f, " {head}"))
    }
}

impl FromStr for Taken {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split_whitespace();
        let at = parts.next().ok_or(())?.parse()?;
        let head = parts.next().map(|it| it.parse().map_err(|_| ()));
        Ok(Self {
            at,
            head: head.transpose()?,
        })
    }
}

/// What the log holds after what was taken. If it is another log by now, as after a restore, that is all since the
/// restore; without a trace of one, all there is.
fn batch(connection: &mut Connection, taken: Taken) -> Result<Batch, StoreError> {
    connection.snapshot(|it| {
        let Position { revision, entry } = taken.at;
        let head = chain::at(it, revision)?;
        let is_there = audit::holds(it, revision, entry)?;
        let mut from = Taken { head, ..taken };
        if !is_there || (taken.head.is_some() && taken.head != head) {
            let restored = audit::last_restore(it)?;
            let before = restored.map_or(0, |it| it.revision - 1);
            from = Taken {
                at: Position::after(before),
                head: chain::at(it, before)?,
            };
        }
        let entries = audit::after(it, from.at.revision, from.at.entry, BATCH)?;
        let head = match entries.last() {
            Some(last) => chain::at(it, last.revision)?,
            None => from.head,
        };
        Ok(Batch {
            from,
            entries,
            head,
        })
    })
}

/// What is sent.
#[derive(Serialize)]
struct Changes<'a> {
    catalog: &'a str,
    entries: &'a [Entry],
}

/// The HMAC-SHA256 of the time and the body, in hexadecimal digits.
fn sign(secret: &[u8], seconds: i64, body: &[u8]) -> Result<String, openssl::error::ErrorStack> {
    let key = PKey::hmac(secret)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(format!("{seconds}.").as_bytes())?;
    signer.update(body)?;
    let signature = signer.sign_to_vec()?;
    Ok(hex(signature))
}

/// TLS to a receiver whose certificate the system trusts for its name.
async fn encrypted(stream: TcpStream, name: &str) -> Result<SslStream<TcpStream>, String> {
    let connect = || -> Result<SslStream<TcpStream>, openssl::error::ErrorStack> {
        let connector = SslConnector::builder(SslMethod::tls_client())?.build();
        SslStream::new(connector.configure()?.into_ssl(name)?, stream)
    };
    let mut stream = connect().map_err(|error| error.to_string())?;
    let shaken = std::pin::Pin::new(&mut stream).connect().await;
    shaken.map_err(|error| format!("TLS: {error}"))?;
    Ok(stream)
}

/// Sends a request, and takes any 2xx for a yes. Nothing leads elsewhere: a redirect is a no.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    head: &str,
    body: &[u8],
) -> Result<(), String> {
    let mut line = String::new();
    let exchanged = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        stream.flush().await?;
        let mut answer = BufReader::new(stream.take(LONGEST_LINE));
        answer.read_line(&mut line).await
    };
    exchanged.await.map_err(|error| error.to_string())?;
    let status = line.strip_prefix("HTTP/1.").and_then(|it| it.get(2..5));
    match status {
        Some(status) if status.starts_with('2') => Ok(()),
        Some(status) => Err(format!("answered {status}")),
        None => Err("the answer is no HTTP".to_owned()),
    }
}

/// Keeps a position, whole or as it was.
fn keep(file: &Path, taken: Taken) -> io::Result<()> {
    let folder = file.parent().unwrap_or(file);
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut new, format!("{taken}\n").as_bytes())?;
    new.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figure is that of `printf '12.{}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn the_signature_is_an_hmac_of_the_time_and_the_body() {
        let signature = sign(b"0123456789abcdef", 12, b"{}").expect("a signature");
        assert_eq!(
            signature,
            "f051a19593197922319f9643937715ca37db8d8195e085e441f7765f4a5c5359"
        );
    }

    #[test]
    fn a_webhook_goes_over_tls_or_to_this_machine() {
        let new = |url: &str| Webhook::new(url, "0123456789abcdef", PathBuf::new()).is_ok();
        assert!(new("https://hooks.example/toolcat?team=1"));
        assert!(new("http://127.0.0.1:8000/"));
        for wrong in [
            "http://hooks.example/",
            "ftp://hooks.example/",
            "hooks.example",
            "/path",
            "",
            "https://user:password@hooks.example/",
        ] {
            assert!(!new(wrong), "{wrong}");
        }
        // L10: no message holds what only the operator should know.
        for secret in [
            "https://user:hunter2@hooks.example/",
            "ftp://hooks.example/hunter2",
            "https:// hunter2",
        ] {
            let refused = Webhook::new(secret, "0123456789abcdef", PathBuf::new());
            let message = refused.map(drop).expect_err("refused").message;
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(Webhook::new("https://hooks.example", "short", PathBuf::new()).is_err());
    }
}
