//! What a server must get over: clients that dawdle, a database that is busy or leaves, its own sudden end.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::access::{token_of, until};
use super::proxy::Proxy;
use super::{Answer, Server, world};
use crate::access::Staffed;
use crate::common::{Holder, definition};

/// Both deadlines are waited for at once, as the server keeps them.
#[test]
fn clients_that_never_finish_are_cut_off() {
    let world = world();
    let server = Server::of(&world);
    let mut headers = server.connect();
    headers
        .write_all(b"GET /api/v1/tools/df HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        .expect("sent");
    let mut body = server.connect();
    body.write_all(
        b"POST /api/v1/select HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
          Content-Length: 100\r\n\r\n{\"query\":",
    )
    .expect("sent");
    let headers = Answer::read(headers);
    assert!(matches!(headers.status, 0 | 408), "{headers:?}");
    let body = Answer::read(body);
    assert_eq!((body.status, body.problem().as_str()), (408, "timeout"));
    server.get("/tools/df").ok();
}

#[test]
fn a_body_of_100_megabytes_is_refused_by_its_length() {
    let world = world();
    let server = Server::of(&world);
    for path in ["select", "tools", "tools/import", "telemetry", "abtests"] {
        let head = format!(
            "POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 104857600\r\nConnection: close\r\n\r\n"
        );
        let answer = server.raw(head);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (413, "too-large"),
            "{path}"
        );
    }
}

/// Whoever finds no connection free is told so within two seconds; what is in memory is answered all the same.
#[test]
fn a_pool_that_is_full_says_when_to_come_back() {
    let world = world();
    let server = Server::with(&world, &["--connections", "1"]);
    let holder = Holder::of(
        world.url(),
        "LOCK TABLE tool_catalog.tools IN ACCESS EXCLUSIVE MODE",
    );
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| server.get("/tools/df")))
            .collect();
        holder.await_rival();
        let job = json!({"capabilities": ["disk_usage"]});
        assert_eq!(
            server.send("POST", "/select", &[], &job).ok()["answer"]["tool"],
            "df"
        );
        asked
            .into_iter()
            .map(|it| it.join().expect("an answer"))
            .collect()
    });
    let full: Vec<_> = answers
        .iter()
        .filter(|it| it.status == 503 && it.text().contains("every connection"))
        .collect();
    assert!(!full.is_empty(), "{answers:?}");
    for answer in full {
        assert_eq!(
            (answer.problem().as_str(), answer.header("retry-after")),
            ("unavailable", "1")
        );
    }
    drop(holder);
    until(|| server.get("/tools/df"), 200);
}

/// Connections that were idle when the database left are of no use when it is back, nor is the follower's.
#[test]
fn a_database_that_leaves_and_comes_back_needs_no_restart() {
    let staffed = Staffed::new();
    let proxy = Proxy::to(&staffed.world);
    let url = proxy.url(&staffed.url("server"));
    let server = Server::with(&staffed.world, &["--database-url", &url]);
    let secret = token_of(&staffed.world, &staffed.name("ada"));
    let headers = [("Authorization", secret.as_str())];
    let get = || server.ask("GET", "/api/v1/tools/du", &headers, b"");
    let job = json!({"capabilities": ["disk_usage"], "exclude": ["df", "ncdu"]});
    let select = || server.send("POST", "/select", &headers, &job);
    assert_eq!(get().ok()["enabled"], true);
    assert_eq!(select().ok()["answer"]["tool"], "du");
    proxy.cut();
    let gone = get();
    assert_eq!(
        (gone.problem().as_str(), gone.header("retry-after")),
        ("unavailable", "1")
    );
    assert_eq!(server.ask("GET", "/health/ready", &[], b"").status, 503);
    assert_eq!(server.ask("GET", "/health/live", &[], b"").status, 200);
    staffed.world.ok(&["disable", "du"]);
    proxy.mend();
    assert_eq!(until(get, 200).ok()["enabled"], false);
    // What was changed meanwhile is not missed by the index in memory.
    server.log_until("the catalog is followed again");
    assert!(select().ok()["answer"].is_null());
}

/// A server that is killed under load has kept each write that it answered for, once.
#[test]
fn what_was_acknowledged_is_there_once_after_a_kill() {
    const ENOUGH: usize = 60;
    let world = world();
    let mut server = Server::of(&world);
    let acknowledged = Mutex::new(Vec::new());
    let count = AtomicUsize::new(0);
    let address = server.address.clone();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (address, acknowledged, count) = (&address, &acknowledged, &count);
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("t{writer}x{number}");
                    let text = definition("linux", &name, "1.0", "disk_usage");
                    let head = format!(
                        "POST /api/v1/tools HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\n\
                         Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
                        text.len()
                    );
                    let Ok(mut stream) = std::net::TcpStream::connect(address) else {
                        return;
                    };
                    let _ = stream.write_all(head.as_bytes());
                    if Answer::read(stream).status != 201 {
                        return;
                    }
                    acknowledged.lock().expect("a list").push(name);
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        while count.load(Ordering::SeqCst) < ENOUGH {
            std::thread::yield_now();
        }
        server.child().kill().expect("killed");
    });
    let kept =
        world.sql("SELECT tool_name, count(*) FROM tools WHERE tool_name ~ '^t[0-9]x' GROUP BY 1");
    let logged = world.sql(
        "SELECT tool_name, count(*) FROM tool_audit_log WHERE action = 'created' AND entity = 'tool' AND tool_name ~ '^t[0-9]x' GROUP BY 1",
    );
    let acknowledged = acknowledged.into_inner().expect("a list");
    assert!(acknowledged.len() >= ENOUGH);
    for name in &acknowledged {
        let line = format!("{name}|1");
        for found in [&kept, &logged] {
            assert!(found.lines().any(|it| it == line), "{line} in {found}");
        }
    }
    // At most the writes that were under way are there besides.
    assert!(kept.lines().count() <= acknowledged.len() + 4);
    let again = Server::of(&world);
    let name = acknowledged.last().expect("a name");
    again.get(&format!("/tools/{name}")).ok();
}

/// A change that somebody else makes shows in the list, in the answers and in the stream, in that order of making.
#[test]
fn changes_by_others_are_seen_in_their_order() {
    let world = world();
    let server = Server::of(&world);
    let job = json!({"capabilities": ["disk_usage"]});
    let best = || server.send("POST", "/select", &[], &job).ok()["answer"]["tool"].clone();
    let shows = |tool: &str| {
        let asked = || {
            let mut answer = server.get("/tools/df");
            answer.status = if best() == tool { 200 } else { 0 };
            answer
        };
        until(asked, 200);
    };
    for _ in 0..10 {
        world.ok(&["disable", "df"]);
        assert_eq!(server.get("/tools/df").ok()["enabled"], false);
        shows("du");
        world.sql("UPDATE tools SET enabled = true, status = 'active' WHERE tool_name = 'df'");
        assert_eq!(server.get("/tools/df").ok()["enabled"], true);
        shows("df");
    }
    let log = server.get("/audit?tool=df&limit=20").ok();
    let actions: Vec<&str> = log["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|it: &Value| it["action"].as_str())
        .collect();
    assert_eq!(actions.len(), 20, "{actions:?}");
}
