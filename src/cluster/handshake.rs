//! Asking a socket whether a PostgreSQL server accepts connections there.
//!
//! The first exchange of the protocol is enough, as in libpq's `PQping`: a
//! server that is starting, recovering or stopping answers with SQLSTATE
//! 57P03 or 57P01, one that is ready with anything else.
//! <https://www.postgresql.org/docs/current/protocol-flow.html>

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{DATABASE, USER};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is behind a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A server that accepts connections.
    Ready,
    /// A server that starts, recovers, stops, or does not answer.
    NotReady,
    /// Nothing.
    Nobody,
}

/// Asks the server at `socket`.
pub(super) fn ask(socket: &Path) -> Answer {
    let Ok(stream) = UnixStream::connect(socket) else {
        return Answer::Nobody;
    };
    exchange(stream).unwrap_or(Answer::NotReady)
}

fn exchange(mut stream: UnixStream) -> std::io::Result<Answer> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&startup_message())?;
    let mut head = [0_u8; 5];
    stream.read_exact(&mut head)?;
    if head[0] != b'E' {
        // Terminate, so that the server's log has no broken connection.
        let _ = stream.write_all(&[b'X', 0, 0, 0, 4]);
        return Ok(Answer::Ready);
    }
    let mut message = Vec::new();
    stream.take(8192).read_to_end(&mut message)?;
    let state = message
        .split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"C"));
    Ok(match state {
        Some(b"57P03" | b"57P01" | b"57P02") => Answer::NotReady,
        _ => Answer::Ready,
    })
}

/// StartupMessage of protocol 3.0.
fn startup_message() -> Vec<u8> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for text in ["user", USER, "database", DATABASE, ""] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    let length = u32::try_from(body.len() + 4).unwrap_or_default();
    [length.to_be_bytes().as_slice(), &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// Asks a listener that says `reply` to whatever comes.
    fn answer_to(reply: &'static [u8]) -> Answer {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).unwrap();
            let mut rest = vec![0; u32::from_be_bytes(request) as usize - 4];
            stream.read_exact(&mut rest).unwrap();
            assert!(rest.ends_with(b"toolcat\0\0"));
            stream.write_all(reply).unwrap();
        });
        let answer = ask(&socket);
        server.join().unwrap();
        answer
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(answer_to(b"R\0\0\0\x08\0\0\0\0"), Answer::Ready);
        let starting = b"E\0\0\0\x20SFATAL\0VFATAL\0C57P03\0Mwait\0\0";
        assert_eq!(answer_to(starting), Answer::NotReady);
        let full = b"E\0\0\0\x20SFATAL\0VFATAL\0C53300\0Mfull\0\0";
        assert_eq!(answer_to(full), Answer::Ready);
        assert_eq!(answer_to(b""), Answer::NotReady);
    }

    #[test]
    fn no_socket_and_a_dead_socket_are_nobody() {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("s");
        assert_eq!(ask(&socket), Answer::Nobody);
        drop(UnixListener::bind(&socket).unwrap());
        assert_eq!(ask(&socket), Answer::Nobody);
    }
}
