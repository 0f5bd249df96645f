//! A way to the test's database that can be cut, and that is not the socket of toolcat's own server.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::common::World;

/// The connections, and whether new ones are let through.
struct Way {
    open: bool,
    streams: Vec<UnixStream>,
}

/// A socket in a folder of its own, which passes on what it hears.
pub struct Proxy {
    folder: tempfile::TempDir,
    way: Arc<Mutex<Way>>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl Proxy {
    /// To the database of the world.
    pub fn to(world: &World) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let there = folder_of(world.url()).replace("%2F", "/");
        let there = PathBuf::from(there).join(SOCKET);
        let way = Arc::new(Mutex::new(Way {
            open: true,
            streams: Vec::new(),
        }));
        let kept = Arc::clone(&way);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut way = kept.lock().expect("the way");
                // A connection that is dropped here is one that the server refused.
                if let (true, Ok(server)) = (way.open, UnixStream::connect(&there)) {
                    for (from, to) in [(&client, &server), (&server, &client)] {
                        pass_on(from, to);
                    }
                    way.streams.extend([client, server]);
                }
            }
        });
        Self { folder, way }
    }

    /// The URL by which the database is reached through it.
    pub fn url(&self, url: &str) -> String {
        url.replace(&folder_of(url), &self.folder.path().display().to_string())
    }

    /// Ends every connection, and lets no new one through.
    pub fn cut(&self) {
        let mut way = self.way.lock().expect("the way");
        way.open = false;
        for stream in way.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.way.lock().expect("the way").open = true;
    }
}

fn pass_on(from: &UnixStream, to: &UnixStream) {
    let (mut from, mut to) = (
        from.try_clone().expect("a stream"),
        to.try_clone().expect("a stream"),
    );
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// The folder of the socket in a URL, as it stands there.
fn folder_of(url: &str) -> String {
    let (_, rest) = url.split_once("host=").expect("a host");
    rest.split('&').next().unwrap_or(rest).to_owned()
}
