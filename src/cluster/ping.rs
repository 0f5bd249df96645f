//! Asking a socket whether a PostgreSQL server accepts connections there.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::{DATABASE, USER, layout};

/// How long an answer may take, in seconds.
const PATIENCE: &str = "2";

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

/// Asks the server whose socket is in `folder`.
pub(super) fn ask(folder: &Path) -> Answer {
    match ping(folder) {
        pq_sys::PGPing::PQPING_OK => Answer::Ready,
        pq_sys::PGPing::PQPING_REJECT => Answer::NotReady,
        // A variable of the environment that libpq cannot use, and names where a connection is tried.
        pq_sys::PGPing::PQPING_NO_ATTEMPT if listens(folder) => Answer::Ready,
        // A server that is too busy to answer, or stopped by a signal, still listens.
        _ if listens(folder) => Answer::NotReady,
        _ => Answer::Nobody,
    }
}

fn listens(folder: &Path) -> bool {
    UnixStream::connect(folder.join(layout::socket_name())).is_ok()
}

#[expect(unsafe_code, reason = "libpq's question is a C function")]
fn ping(folder: &Path) -> pq_sys::PGPing {
    // Empty values, so that the environment's for other servers are not taken.
    let mut question = format!(
        "port={} user={USER} dbname={DATABASE} connect_timeout={PATIENCE} sslmode=disable \
         gssencmode=disable hostaddr='' requirepeer='' require_auth='' sslrootcert='' \
         min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=disable \
         ssl_min_protocol_version='' ssl_max_protocol_version='' \
         sslcertmode=disable sslnegotiation=postgres load_balance_hosts=disable target_session_attrs=any host='",
        layout::PORT
    )
    .into_bytes();
    for byte in folder.as_os_str().as_bytes() {
        if matches!(byte, b'\'' | b'\\') {
            question.push(b'\\');
        }
        question.push(*byte);
    }
    question.push(b'\'');
    let question = CString::new(question).unwrap_or_default();
    // SAFETY: a C string that outlives the call.
    unsafe { pq_sys::PQping(question.as_ptr()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    /// Asks a listener that says `reply` to whatever comes.
    fn answer_to(reply: &'static [u8]) -> Answer {
        let place = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(place.path().join(layout::socket_name())).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).unwrap();
            let mut rest = vec![0; u32::from_be_bytes(request) as usize - 4];
            stream.read_exact(&mut rest).unwrap();
            stream.write_all(reply).unwrap();
            drop(stream);
            listener
        });
        let answer = ask(place.path());
        server.join().unwrap();
        answer
    }

    #[test]
    fn answers_are_told_apart() {
        let starting = b"E\0\0\0\x20SFATAL\0VFATAL\0C57P03\0Mwait\0\0";
        assert_eq!(answer_to(starting), Answer::NotReady);
        let full = b"E\0\0\0\x20SFATAL\0VFATAL\0C53300\0Mfull\0\0";
        assert_eq!(answer_to(full), Answer::Ready);
        assert_eq!(answer_to(b""), Answer::NotReady);
    }

    #[test]
    fn no_socket_and_a_dead_socket_are_nobody() {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join(layout::socket_name());
        assert_eq!(ask(place.path()), Answer::Nobody);
        drop(UnixListener::bind(&socket).unwrap());
        assert_eq!(ask(place.path()), Answer::Nobody);
    }
}
