//! A server that has fallen silent: its machine answers and its process does not, or something in
//! between keeps what is sent. libpq would wait for ever. A thread beside the connection looks how
//! long a statement has been without an answer, asks the server on a second connection whether it is
//! still there, and ends the first if it is not. A statement that only takes long goes on.

use std::ffi::CString;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use rustix::net::{SocketAddrAny, SocketAddrUnix, SocketType};

use super::Location;

/// Connections of this process are made one after the other, so that the socket of each is known.
static OPENING: Mutex<()> = Mutex::new(());

/// How often the thread looks.
const LOOK: Duration = Duration::from_millis(500);

/// No statement is under way.
const IDLE: u64 = u64::MAX;

/// The look at one connection; it ends when this is dropped.
pub struct Watch {
    shared: Arc<Shared>,
    _end: Sender<()>,
}

struct Shared {
    start: Instant,
    /// When the statement under way was sent, in milliseconds since the start.
    busy_since: AtomicU64,
    /// The socket, once it is known.
    socket: Mutex<Option<Socket>>,
    /// Whether the connection was ended because the server was silent.
    ended: AtomicBool,
    patience: Duration,
    /// The ports of the server, by which its socket is told from others that are opened meanwhile.
    ports: Vec<String>,
    /// The folders of its socket, as this process finds them: the server may call its own by a relative path.
    folders: Vec<String>,
}

/// An open socket of this process. The number of its file tells it from a later one of the same
/// descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Socket {
    descriptor: i32,
    file: u64,
}

/// Makes a connection under watch.
pub fn watched<T>(location: &Location, open: impl FnOnce() -> T) -> (T, Option<Watch>) {
    // Zero waits for ever, which is then what is wanted.
    let Some(patience) = location.patience() else {
        return (open(), None);
    };
    let _one = OPENING.lock().unwrap_or_else(|error| error.into_inner());
    let before = sockets();
    let shared = Arc::new(Shared {
        start: Instant::now(),
        busy_since: AtomicU64::new(IDLE),
        socket: Mutex::new(None),
        ended: AtomicBool::new(false),
        patience,
        ports: location.ports(),
        folders: location.folders(),
    });
    let (end, ended) = channel();
    let watch = Watch {
        shared: Arc::clone(&shared),
        _end: end,
    };
    let known = before.clone();
    std::thread::spawn(move || look(&shared, &known, &ended));
    let opened = open();
    // If there is more than one, whose it is cannot be told, and none is watched.
    let made = watch.shared.made_since(&before);
    if let [socket] = &made[..] {
        watch.shared.set(socket.clone());
    }
    (opened, Some(watch))
}

impl Watch {
    /// Hears when a statement is sent and answered.
    pub fn listener(&self) -> impl Instrumentation + use<> {
        let shared = Arc::clone(&self.shared);
        move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => shared.busy(),
            InstrumentationEvent::FinishQuery { .. } => shared.idle(),
            _ => {}
        }
    }

    /// Whether the connection was ended because the server was silent.
    pub fn has_ended_it(&self) -> bool {
        self.shared.ended.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn busy(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(0);
        self.busy_since.store(now, Ordering::Relaxed);
    }

    fn idle(&self) {
        self.busy_since.store(IDLE, Ordering::Relaxed);
    }

    /// The sockets to the server that were not there before.
    fn made_since(&self, before: &[Socket]) -> Vec<Socket> {
        let mut made = sockets();
        made.retain(|it| {
            !before.contains(it)
                && it.server(&self.folders).is_some_and(|server| {
                    self.ports
                        .iter()
                        .any(|port| server.ends_with(&format!(" port={port}")))
                })
        });
        made
    }

    fn set(&self, socket: Socket) {
        *self.socket.lock().unwrap_or_else(|it| it.into_inner()) = Some(socket);
    }

    fn socket(&self) -> Option<Socket> {
        self.socket
            .lock()
            .unwrap_or_else(|it| it.into_inner())
            .clone()
    }

    /// For how long the statement under way has had no answer.
    fn silent_for(&self) -> Duration {
        match self.busy_since.load(Ordering::Relaxed) {
            IDLE => Duration::ZERO,
            since => self
                .start
                .elapsed()
                .saturating_sub(Duration::from_millis(since)),
        }
    }

    fn end(&self, socket: &Socket) {
        self.ended.store(true, Ordering::Relaxed);
        socket.shut();
    }
}

/// Looks until the connection is closed.
fn look(shared: &Shared, before: &[Socket], ended: &Receiver<()>) {
    let mut logging_in: Option<(Socket, Instant)> = None;
    let mut next_question = shared.patience;
    while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let Some(socket) = shared.socket() else {
            // libpq itself limits a login: what is older has logged in, and is silent since.
            let now = Instant::now();
            let made = shared.made_since(before).into_iter().next();
            logging_in = made.map(|socket| match logging_in.take() {
                Some((known, since)) if known == socket => (known, since),
                _ => (socket, now),
            });
            if let Some((socket, since)) = &logging_in
                && since.elapsed() > shared.patience + 2 * LOOK
            {
                shared.end(socket);
                logging_in = None;
            }
            continue;
        };
        let silent = shared.silent_for();
        if silent < shared.patience {
            next_question = shared.patience;
        } else if silent >= next_question {
            next_question = silent + shared.patience;
            let is_there = socket
                .server(&shared.folders)
                .is_none_or(|it| answers(&it, shared.patience));
            // An answer may have come meanwhile.
            if !is_there && shared.silent_for() >= silent {
                shared.end(&socket);
                return;
            }
        }
    }
}

impl Socket {
    fn shut(&self) {
        if let Some(same) = Self::of(self.descriptor).filter(|it| it == self) {
            let _ = rustix::net::shutdown(same.borrowed(), rustix::net::Shutdown::Both);
        }
    }

    #[expect(
        unsafe_code,
        reason = "a descriptor that libpq owns has no owner in Rust"
    )]
    fn borrowed(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is used for a single call of the system, which refuses one that is
        // closed, and only after its file was seen to be the same.
        unsafe { BorrowedFd::borrow_raw(self.descriptor) }
    }

    /// The stream socket of that descriptor, if it is one and leads somewhere.
    fn of(descriptor: i32) -> Option<Self> {
        let mut socket = Self {
            descriptor,
            file: 0,
        };
        let found = rustix::fs::fstat(socket.borrowed()).ok()?;
        socket.file = found.st_ino;
        let is_stream =
            rustix::net::sockopt::socket_type(socket.borrowed()) == Ok(SocketType::STREAM);
        is_stream.then_some(socket)
    }

    /// The server at its other end, as a connection string.
    fn server(&self, folders: &[String]) -> Option<String> {
        let address = rustix::net::getpeername(self.borrowed()).ok()??;
        server(&address, folders)
    }
}

fn server(address: &SocketAddrAny, folders: &[String]) -> Option<String> {
    if let Ok(unix) = SocketAddrUnix::try_from(address.clone()) {
        let path = unix.path()?.to_str().ok()?.to_owned();
        let (bound, port) = path.rsplit_once("/.s.PGSQL.")?;
        let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        let folder = match folders {
            _ if bound.starts_with('/') => bound,
            [folder] => folder,
            several => several.iter().find(|it| name(it) == name(bound))?,
        };
        let folder = folder.replace('\\', "\\\\").replace('\'', "\\'");
        return Some(format!("host='{folder}' port={port}"));
    }
    let address = std::net::SocketAddr::try_from(address.clone()).ok()?;
    Some(format!("hostaddr={} port={}", address.ip(), address.port()))
}

/// Whether a server answers a new client within that time; it need not let it in.
#[expect(unsafe_code, reason = "libpq's question is a C function")]
fn answers(server: &str, patience: Duration) -> bool {
    let seconds = patience.as_secs().max(2);
    let question = format!(
        "{server} connect_timeout={seconds} sslmode=disable gssencmode=disable user=toolcat dbname=toolcat"
    );
    let Ok(question) = CString::new(question) else {
        return true;
    };
    // SAFETY: a C string that outlives the call.
    let answer = unsafe { pq_sys::PQping(question.as_ptr()) };
    answer != pq_sys::PGPing::PQPING_NO_RESPONSE
}

/// The stream sockets that this process has open.
fn sockets() -> Vec<Socket> {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else {
        return Vec::new();
    };
    let numbers: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    numbers.into_iter().filter_map(Socket::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The local server binds its socket by a relative path, at which it is asked in vain: each statement of more
    /// than ten seconds was ended.
    #[test]
    fn a_server_is_asked_where_this_process_finds_it() {
        let at = |path: &str, folders: &[&str]| {
            let address = SocketAddrUnix::new(path).expect("an address");
            let folders: Vec<String> = folders.iter().map(|it| (*it).to_owned()).collect();
            server(&SocketAddrAny::from(address), &folders)
        };
        let relative = "../run/.s.PGSQL.5432";
        let found = at(relative, &["/home/ann/it's/run"]);
        assert_eq!(
            found.as_deref(),
            Some("host='/home/ann/it\\'s/run' port=5432")
        );
        let found = at(relative, &["/a/other", "/b/run"]);
        assert_eq!(found.as_deref(), Some("host='/b/run' port=5432"));
        assert_eq!(at(relative, &[]), None);
        let found = at("/var/run/postgresql/.s.PGSQL.5433", &["/b/run"]);
        assert_eq!(
            found.as_deref(),
            Some("host='/var/run/postgresql' port=5433")
        );
    }
}
