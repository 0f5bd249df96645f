//! A place between the program and the server: what it carries, and from when on it is silent.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A TCP port that leads to the test's server.
pub struct Relay {
    pub port: u16,
}

impl Relay {
    /// Carries everything.
    pub fn new(url: &str) -> Self {
        Self::until(url, None)
    }

    /// Carries everything until a client says that; from then on nothing, for anyone, though it goes
    /// on accepting.
    pub fn silent_at(url: &str, word: &'static str) -> Self {
        Self::until(url, Some(word))
    }

    fn until(url: &str, word: Option<&'static str>) -> Self {
        let socket = socket_of(url);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let silent = Arc::new(AtomicBool::new(false));
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for client in listener.incoming().flatten() {
                if silent.load(Ordering::SeqCst) {
                    kept.push(client);
                    continue;
                }
                let server = UnixStream::connect(&socket).expect("the server");
                let silent = Arc::clone(&silent);
                std::thread::spawn(move || carry(client, server, &silent, word));
            }
        });
        Self { port }
    }
}

fn carry(client: TcpStream, server: UnixStream, silent: &AtomicBool, word: Option<&str>) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut from, mut to) = (&server, &client);
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                if silent.load(Ordering::SeqCst) || to.write_all(&bytes[..count]).is_err() {
                    break;
                }
            }
            if !silent.load(Ordering::SeqCst) {
                let _ = client.shutdown(Shutdown::Write);
            }
        });
        let (mut from, mut to) = (&client, &server);
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let said = &bytes[..count];
            let is_word = |word: &str| said.windows(word.len()).any(|it| it == word.as_bytes());
            if word.is_some_and(is_word) {
                silent.store(true, Ordering::SeqCst);
            }
            if !silent.load(Ordering::SeqCst) && to.write_all(said).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
}

/// The socket that a URL of the test's server names.
fn socket_of(url: &str) -> PathBuf {
    let value = |name: &str| {
        let (_, rest) = url.split_once(&format!("{name}=")).expect(name);
        let value = rest.split('&').next().expect("a value").to_owned();
        value.replace("%2F", "/")
    };
    PathBuf::from(format!("{}/.s.PGSQL.{}", value("host"), value("port")))
}

/// The name of a world's database.
pub fn database_of(url: &str) -> String {
    let (_, rest) = url.split_once(":///").expect("a URL of the local server");
    rest.split('?').next().expect("a name").to_owned()
}
