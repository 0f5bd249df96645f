//! `GET /changes` over time: when a stream ends, and who may hold how many.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::access::{token, until};
use super::{Server, world};
use crate::common::World;
use toolcat::operations::access::Role;

/// A stream of changes, and the status with which it was opened.
struct Stream {
    status: String,
    reader: BufReader<TcpStream>,
}

impl Stream {
    fn open(server: &Server, token: Option<&str>) -> Self {
        let mut stream = server.connect();
        // What does not end is a failure, not a test that hangs.
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a deadline");
        let shown = token.map(|it| format!("Authorization: {it}\r\n"));
        let request = format!(
            "GET /api/v1/changes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
            shown.unwrap_or_default()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut reader = BufReader::new(stream);
        let mut status = String::new();
        reader.read_line(&mut status).expect("a status");
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).expect("a header");
        }
        let status = status.split(' ').nth(1).unwrap_or_default().to_owned();
        Self { status, reader }
    }

    /// The id of the next event.
    fn id(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).expect("a line");
            assert!(read > 0, "the stream ended");
            if let Some(id) = line.strip_prefix("id: ") {
                return id.trim().to_owned();
            }
        }
    }

    /// All that still comes until the server ends the stream.
    fn rest(mut self) -> String {
        let mut text = String::new();
        self.reader.read_to_string(&mut text).expect("an end");
        text
    }
}

/// Whoever could not ask any more is told nothing more.
fn assert_deaf(world: &World, stream: Stream) {
    world.ok(&["disable", "df"]);
    let rest = stream.rest();
    assert!(!rest.contains("\"disabled\""), "{rest}");
    world.ok(&["enable", "df"]);
}

/// S1: what is revoked ends a stream as well.
#[test]
fn a_stream_ends_with_the_token_or_the_member_that_opened_it() {
    let world = world();
    let server = Server::of(&world);
    let ann = token(&world, "ann", Role::Admin);
    let eve = token(&world, "eve", Role::Viewer);
    let bob = token(&world, "bob", Role::Viewer);
    until(|| server.get("/me"), 401);
    let mut kept = Stream::open(&server, Some(&ann));
    let of_eve = Stream::open(&server, Some(&eve));
    let revoked = world.sql("SELECT id FROM api_tokens WHERE principal = 'eve'");
    world.ok(&["token", "revoke", revoked.trim()]);
    assert_deaf(&world, of_eve);
    let of_bob = Stream::open(&server, Some(&bob));
    assert_eq!(of_bob.status, "200");
    world.ok(&["member", "remove", "bob"]);
    assert_deaf(&world, of_bob);
    // Who may still ask misses nothing.
    kept.id();
    // A token that expires is told by nobody: no trigger sees it here either.
    world.sql(
        "SET session_replication_role = replica; \
         UPDATE api_tokens SET created_at = now() - INTERVAL '2 days', expires_at = now() - INTERVAL '1 day' \
         WHERE principal = 'ann'",
    );
    kept.rest();
}

/// S1: with the first member, nobody follows without a token.
#[test]
fn a_stream_without_a_token_ends_when_the_catalog_gains_members() {
    let world = world();
    let server = Server::of(&world);
    let stream = Stream::open(&server, None);
    assert_eq!(stream.status, "200");
    token(&world, "ann", Role::Admin);
    assert_deaf(&world, stream);
}

/// S2: after a restore, the log is another one.
#[test]
fn a_restore_ends_the_streams_and_no_place_beyond_it_is_taken() {
    let world = world();
    world.ok(&["db", "backup", "all.jsonl"]);
    let server = Server::of(&world);
    let mut stream = Stream::open(&server, None);
    world.ok(&["disable", "df"]);
    world.ok(&["enable", "df"]);
    let last = [stream.id(), stream.id()][1].clone();
    world.ok(&["db", "restore", "all.jsonl", "--replace", "--yes"]);
    let rest = stream.rest();
    assert!(!rest.contains("id: "), "{rest}");
    for (path, headers) in [
        ("/api/v1/changes", &[("Last-Event-ID", last.as_str())][..]),
        ("/api/v1/changes?since=100000", &[]),
    ] {
        let answer = server.ask("GET", path, headers, b"");
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (409, "conflict"),
            "{path}"
        );
        let hint = answer.json()["hint"].as_str().map(str::to_owned);
        assert!(
            hint.is_some_and(|it| it.contains("without Last-Event-ID")),
            "{path}"
        );
    }
    // Whoever comes back without a place is told what happens from now on.
    let mut again = Stream::open(&server, None);
    world.ok(&["disable", "du"]);
    again.id();
}

/// L1: one caller cannot keep all others out.
#[test]
fn a_caller_holds_a_share_of_the_streams() {
    let world = world();
    let server = Server::of(&world);
    let ann = token(&world, "ann", Role::Admin);
    let vera = token(&world, "vera", Role::Viewer);
    until(|| server.get("/me"), 401);
    let open = |token: &str| Stream::open(&server, Some(token));
    let held: Vec<Stream> = (0..50).map(|_| open(&vera)).collect();
    assert!(held.iter().all(|it| it.status == "200"));
    let headers = [("Authorization", vera.as_str())];
    let refused = server.ask("GET", "/api/v1/changes", &headers, b"");
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (429, "rate-limited")
    );
    assert_ne!(refused.header("retry-after"), "");
    assert_eq!(open(&ann).status, "200");
    // A place is free again when its holder goes.
    drop(held);
    let start = Instant::now();
    while open(&vera).status != "200" {
        assert!(start.elapsed() < Duration::from_secs(60), "no place");
    }
}
