//! Where the server listens, and how it ends.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum_server::tls_openssl::{OpenSSLAcceptor, OpenSSLConfig};
use axum_server::{Control, Handle, Server};

use crate::operations::{Kind, Refusal};

/// How long the headers of a request may take to arrive.
const HEADERS: Duration = Duration::from_secs(10);

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system, which only its owner may use.
    Unix(PathBuf),
}

impl Listen {
    /// Whether nobody on another machine can reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Listen::Tcp(address) => address.ip().is_loopback(),
            Listen::Unix(_) => true,
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 8080)))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => write!(f, "{address}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("`unix:` needs a path".to_owned()),
                path => Ok(Listen::Unix(PathBuf::from(path))),
            };
        }
        if text.starts_with('/') || text.starts_with("./") {
            return Ok(Listen::Unix(PathBuf::from(text)));
        }
        text.parse().map(Listen::Tcp).map_err(|_| {
            format!("`{text}` is not an address: expected one such as 127.0.0.1:8080 or unix:/run/toolcat.sock")
        })
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// An address.
    Address(std::net::IpAddr),
    /// A process on this machine.
    Local,
}

impl Peer {
    /// Its address, if it has one.
    pub fn address(self) -> Option<String> {
        match self {
            Peer::Address(address) => Some(address.to_string()),
            Peer::Local => None,
        }
    }
}

impl Connected<SocketAddr> for Peer {
    fn connect_info(address: SocketAddr) -> Self {
        Peer::Address(address.ip().to_canonical())
    }
}

impl Connected<UnixAddr> for Peer {
    fn connect_info(_: UnixAddr) -> Self {
        Peer::Local
    }
}

/// Something that listens, and does not answer yet.
pub enum Bound {
    /// An address, with or without TLS.
    Tcp(TcpListener, Option<OpenSSLConfig>),
    /// A socket in the file system.
    Unix(UnixListener, PathBuf),
}

impl Bound {
    /// Listens.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if the address cannot be used, or another process uses it.
    pub fn new(listen: &Listen, tls: Option<OpenSSLConfig>) -> Result<Self, Refusal> {
        let failed = |error: io::Error| {
            Refusal::new(Kind::Invalid, format!("cannot listen on {listen}: {error}"))
        };
        match listen {
            Listen::Tcp(address) => {
                let listener = TcpListener::bind(address).map_err(failed)?;
                listener.set_nonblocking(true).map_err(failed)?;
                Ok(Bound::Tcp(listener, tls))
            }
            Listen::Unix(path) => {
                remove_left_over(path).map_err(failed)?;
                let listener = UnixListener::bind(path).map_err(failed)?;
                let owner_only = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(path, owner_only).map_err(failed)?;
                listener.set_nonblocking(true).map_err(failed)?;
                Ok(Bound::Unix(listener, path.clone()))
            }
        }
    }

    /// Where, as a client names it.
    pub fn url(&self) -> String {
        match self {
            Bound::Tcp(listener, tls) => {
                let scheme = if tls.is_some() { "https" } else { "http" };
                match listener.local_addr() {
                    Ok(address) => format!("{scheme}://{address}"),
                    Err(_) => scheme.to_owned(),
                }
            }
            Bound::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    /// Answers until the control ends it.
    ///
    /// # Errors
    /// If the listener cannot be used.
    pub async fn serve(self, router: Router, control: Control) -> io::Result<()> {
        let service = router.into_make_service_with_connect_info::<Peer>();
        match self {
            Bound::Tcp(listener, tls) => {
                let handle = Handle::with_control(control);
                let server = patient(axum_server::from_tcp(listener)?).handle(handle);
                match tls {
                    None => server.serve(service).await,
                    Some(tls) => {
                        let acceptor = OpenSSLAcceptor::new(tls);
                        server.acceptor(acceptor).serve(service).await
                    }
                }
            }
            Bound::Unix(listener, path) => {
                let handle = Handle::with_control(control);
                let server = patient(axum_server::from_unix(listener)?).handle(handle);
                let ended = server.serve(service).await;
                let _ = std::fs::remove_file(path);
                ended
            }
        }
    }
}

/// Cuts off clients that never finish their headers.
fn patient<A: axum_server::Address>(mut server: Server<A>) -> Server<A> {
    server.http_builder().http1().header_read_timeout(HEADERS);
    server.first_request_timeout(HEADERS)
}

/// Removes the socket of a server that was killed; one that answers is another server's.
fn remove_left_over(path: &Path) -> io::Result<()> {
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        let kind = io::ErrorKind::AlreadyExists;
        return Err(io::Error::new(kind, "there is a file that is not a socket"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another server listens there",
        )),
        Err(_) => std::fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let local = |text: &str| text.parse::<Listen>().map(|it| it.is_local());
        assert_eq!(local("127.0.0.1:0"), Ok(true));
        assert_eq!(local("[::1]:8080"), Ok(true));
        assert_eq!(local("unix:/run/toolcat.sock"), Ok(true));
        assert_eq!(local("./toolcat.sock"), Ok(true));
        assert_eq!(local("0.0.0.0:8080"), Ok(false));
        for wrong in ["", "8080", "example.org:80", "unix:"] {
            assert!(local(wrong).is_err(), "{wrong}");
        }
    }
}
