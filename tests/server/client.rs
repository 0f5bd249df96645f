//! A real server on a free port, and a client that speaks HTTP itself, so that nothing between the test
//! and the wire is polite.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::common::World;

/// A server of a world; killed when it is dropped.
pub struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    log: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Server {
    /// Serves the catalog of the world on a free port.
    pub fn of(world: &World) -> Self {
        Self::with(world, &[])
    }

    /// The same with further arguments.
    pub fn with(world: &World, args: &[&str]) -> Self {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(args);
        Self::by(world.command(&all))
    }

    /// The server of a command.
    pub fn by(mut command: Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("toolcat runs");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let log = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (sender, receiver) = std::sync::mpsc::channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("serving ") {
                    let _ = sender.send(url.to_owned());
                }
                kept.0.lock().expect("the log").push(line);
                kept.1.notify_all();
            }
        });
        let url = receiver.recv().unwrap_or_else(|_| {
            panic!(
                "the server did not start: {:?}",
                log.0.lock().expect("the log")
            )
        });
        let address = url.split_once("://").expect("a URL").1.to_owned();
        Self {
            child,
            address,
            log,
        }
    }

    /// The log up to the line that holds the text, which may be written after the answer was sent.
    pub fn log_until(&self, text: &str) -> Vec<String> {
        let (lines, added) = &*self.log;
        let missing = |lines: &mut Vec<String>| !lines.iter().any(|it| it.contains(text));
        let lines = lines.lock().expect("the log");
        let (lines, waited) = added
            .wait_timeout_while(lines, Duration::from_secs(30), missing)
            .expect("the log");
        assert!(!waited.timed_out(), "no line with {text}: {lines:?}");
        lines.clone()
    }

    /// The process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// A connection.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("a connection")
    }

    /// Sends a request as it is, and reads the answer.
    pub fn raw(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect();
        // A server that refuses a large body may close before all of it was sent.
        let _ = stream.write_all(request.as_ref());
        Answer::read(stream)
    }

    /// A request with headers and a body.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("Connection: close\r\n\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.raw(request)
    }

    /// A GET below `/api/v1`.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", &format!("/api/v1{path}"), &[], b"")
    }

    /// A request with a body in JSON below `/api/v1`.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend(headers);
        let body = body.to_string();
        self.ask(method, &format!("/api/v1{path}"), &all, body.as_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status; 0 where the connection was closed without an answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads an answer to its end.
    pub fn read(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        let status = line.split(' ').nth(1).and_then(|it| it.parse().ok());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.trim_end().split_once(": ") {
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
        }
        let mut answer = Self {
            status: status.unwrap_or(0),
            headers,
            body: Vec::new(),
        };
        if answer.header("transfer-encoding") == "chunked" {
            answer.read_chunks(&mut reader);
        } else if let Ok(length) = answer.header("content-length").parse() {
            let _ = reader.take(length).read_to_end(&mut answer.body);
        } else {
            let _ = reader.read_to_end(&mut answer.body);
        }
        answer
    }

    fn read_chunks(&mut self, reader: &mut BufReader<TcpStream>) {
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let size = u64::from_str_radix(line.trim(), 16).expect("a size");
            let mut chunk = Vec::new();
            reader
                .take(size + 2)
                .read_to_end(&mut chunk)
                .expect("a chunk");
            chunk.truncate(usize::try_from(size).expect("a size"));
            self.body.extend(chunk);
            if size == 0 {
                return;
            }
        }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.text()))
    }

    /// The body of a success, as JSON.
    pub fn ok(&self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.text()
        );
        self.json()
    }

    /// The name of a problem, after checks that it is one: its type, its status, an id.
    pub fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        assert_eq!(
            problem["request_id"],
            self.header("x-request-id"),
            "{problem}"
        );
        for words in [
            "diesel",
            "SQLSTATE",
            "relation \"",
            "pg_",
            "psql",
            "column \"",
        ] {
            assert!(
                !self.text().contains(words),
                "words of the database: {problem}"
            );
        }
        let kind = problem["type"].as_str().expect("a type");
        kind.strip_prefix("urn:toolcat:problem:")
            .expect("a name")
            .to_owned()
    }
}
