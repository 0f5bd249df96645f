//! What a folder, a server or a pool in between may decide, and what it may not.

mod folder;
mod limits;
mod pool;
mod relay;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// A server that asks for the password in clear, and tells the test what each client did.
pub struct Thief {
    port: u16,
    seen: Receiver<Vec<u8>>,
}

impl Thief {
    /// Begins to listen.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tell, seen) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = tell.send(ask(stream));
            }
        });
        Self { port, seen }
    }

    /// A URL that leads to it.
    pub fn url(&self) -> String {
        format!("postgresql://me@127.0.0.1:{}/x?sslmode=disable", self.port)
    }

    /// What the clients sent after they were asked, one entry for each connection so far. A command
    /// has ended when this is called, so that its connection was accepted or never made.
    pub fn taken(&self) -> Vec<String> {
        // A connection of the test's own comes after those of the command.
        drop(TcpStream::connect(("127.0.0.1", self.port)).expect("the thief listens"));
        let mut taken = Vec::new();
        loop {
            let said = self.seen.recv().expect("the thief lives");
            if said == OWN {
                return taken;
            }
            taken.push(String::from_utf8_lossy(&said).into_owned());
        }
    }
}

/// What a connection that says nothing at all is noted as.
const OWN: &[u8] = b"(nothing)";

fn ask(mut stream: TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    if stream.read_exact(&mut length).is_err() {
        return OWN.to_vec();
    }
    let mut rest = vec![0; (u32::from_be_bytes(length) as usize).clamp(4, 10_000) - 4];
    let _ = stream.read_exact(&mut rest);
    // AuthenticationCleartextPassword.
    let _ = stream.write_all(b"R\0\0\0\x08\0\0\0\x03");
    let mut answer = Vec::new();
    let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(20)));
    let mut head = [0; 5];
    if stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        answer = vec![0; length.clamp(4, 10_000) - 4];
        let _ = stream.read_exact(&mut answer);
    }
    answer
}
