//! How a server starts, what it says, and how it ends.

use std::io::Write as _;

use super::{Server, world};

#[test]
fn health_is_told_and_every_request_is_logged() {
    let world = world();
    let server = Server::of(&world);
    assert_eq!(
        server.ask("GET", "/health/live", &[], b"").ok()["status"],
        "ok"
    );
    let ready = server.ask("GET", "/health/ready", &[], b"").ok();
    assert!(
        ready["revision"].as_i64().is_some_and(|it| it > 0),
        "{ready}"
    );
    let answer = server.get("/tools/nothing_like_it");
    let id = answer.header("x-request-id");
    let log = server.log_until(id);
    let line = log.iter().find(|it| it.contains(id)).expect("a line");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["route"], "/api/v1/tools/{name}");
    assert_eq!(line["status"], 404);
    assert_eq!(line["principal"], "tester");
    assert!(line["ms"].as_f64().is_some());
}

#[test]
fn the_server_ends_when_it_is_told_to() {
    let world = world();
    let mut server = Server::of(&world);
    // A connection that is kept open does not hold it up.
    let mut idle = server.connect();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("sent");
    let child = server.child();
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn a_socket_of_the_file_system_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    let path = world.path().join("api.sock");
    let text = format!("unix:{}", path.display());
    let mut child = world
        .command(&["serve", "--listen", &text])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("toolcat runs");
    let mut stderr = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut line).expect("a line");
    assert!(line.contains("serving unix:"), "{line}");
    let mode = std::fs::metadata(&path)
        .expect("the socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut stream = std::os::unix::net::UnixStream::connect(&path).expect("a connection");
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn an_address_that_others_reach_is_refused_without_tls() {
    let world = world();
    let run = world.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("can be reached from other machines"),
        "{run:?}"
    );
    assert_eq!(world.run(&["serve", "--listen", "nowhere"]).code, 2);
}

#[test]
fn without_a_database_it_does_not_start() {
    let world = world();
    let mut command = world.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("TOOLCAT_DATABASE_URL", "postgresql://127.0.0.1:1/none");
    assert_eq!(
        command.output().expect("toolcat runs").status.code(),
        Some(3)
    );
}

#[test]
fn figures_are_shown_on_an_address_of_their_own() {
    let world = world();
    let path = world.path().join("figures.sock");
    let socket = format!("unix:{}", path.display());
    let server = Server::with(&world, &["--metrics", &socket]);
    server.get("/tools/df").ok();
    assert_eq!(server.ask("GET", "/metrics", &[], b"").status, 404);
    let mut stream = std::os::unix::net::UnixStream::connect(&path).expect("a connection");
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).expect("an answer");
    let line =
        "toolcat_requests_total{route=\"/api/v1/tools/{name}\",method=\"GET\",status=\"2xx\"} 1";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("toolcat_followed 1"), "{text}");
    assert!(!text.contains("df"), "{text}");
}

#[test]
fn a_caller_who_asks_too_often_is_told_when_to_come_back() {
    let world = world();
    let server = Server::with(&world, &["--rate-limit", "1"]);
    let answers: Vec<_> = (0..20).map(|_| server.get("/tools/df")).collect();
    assert_eq!(answers[0].header("ratelimit-policy"), "\"caller\";q=1;w=1");
    assert_eq!(answers[0].header("ratelimit"), "\"caller\";r=0;t=1");
    let refused = answers
        .iter()
        .find(|it| it.status == 429)
        .expect("a refusal");
    assert_eq!(refused.problem(), "rate-limited");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(server.ask("GET", "/health/live", &[], b"").status, 200);
}
