//! What can be changed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{Answer, Server, world};

fn patch(server: &Server, path: &str, tag: &str) -> Answer {
    let path = format!("/api/v1{path}");
    server.ask("PATCH", &path, &[("If-Match", tag)], b"")
}

fn tag(server: &Server, tool: &str) -> String {
    let answer = server.get(&format!("/tools/{tool}"));
    answer.header("etag").to_owned()
}

#[test]
fn a_tool_is_switched_off_and_on_and_the_log_says_by_whom() {
    let world = world();
    let server = Server::of(&world);
    let headers = [("If-Match", "*"), ("Toolcat-Reason", "too slow")];
    let answer = server.ask("PATCH", "/api/v1/tools/df/disable", &headers, b"");
    assert_eq!(answer.ok()["changed"], json!(["linux/df@1.0"]));
    let id = answer.header("x-request-id").to_owned();
    assert_eq!(
        world.sql("SELECT changed_by, reason, via, request_id FROM tool_audit_log WHERE action = 'disabled'"),
        format!("tester|too slow|api|{id}\n")
    );
    // What was written shows in the next request.
    let body = json!({"capabilities": ["disk_usage"]});
    let best = server.send("POST", "/select", &[], &body).ok()["answer"]["tool"].clone();
    assert_eq!(best, "du");
    let again = patch(&server, "/tools/df/disable", "*").ok();
    assert_eq!(
        (&again["changed"], &again["unchanged"]),
        (&json!([]), &json!(["linux/df@1.0"]))
    );
    assert_eq!(
        patch(&server, "/tools/df/enable?dry_run=true", "*").ok()["dry_run"],
        true
    );
    assert_eq!(server.get("/tools/df").ok()["enabled"], false);
    patch(&server, "/tools/df/enable", "*").ok();
    assert_eq!(server.get("/tools/df").ok()["enabled"], true);
}

#[test]
fn a_change_is_for_the_state_that_was_seen() {
    let world = world();
    let server = Server::of(&world);
    let path = "/api/v1/tools/df/disable";
    let missing = server.ask("PATCH", path, &[], b"");
    assert_eq!(
        (missing.status, missing.problem().as_str()),
        (428, "precondition-missing")
    );
    let old = tag(&server, "df");
    world.ok(&["chown", "ann", "df"]);
    let late = patch(&server, "/tools/df/disable", &old);
    assert_eq!(
        (late.status, late.problem().as_str()),
        (412, "precondition")
    );
    assert_eq!(server.get("/tools/df").ok()["enabled"], true);
    let now = tag(&server, "df");
    patch(&server, "/tools/df/disable", &format!("\"other\", {now}")).ok();
    let gone = server.ask("DELETE", "/api/v1/tools/df", &[("If-Match", &now)], b"");
    assert_eq!(gone.problem(), "precondition");
    let ambiguous = patch(&server, "/tools/ping/disable", "*");
    assert_eq!(
        (ambiguous.status, ambiguous.problem().as_str()),
        (409, "ambiguous")
    );
    assert_eq!(patch(&server, "/tools/nothing/disable", "*").status, 404);
}

/// Of many who act on the same state, one wins.
#[test]
fn two_writers_of_one_state_are_one_winner() {
    let world = world();
    let server = Server::of(&world);
    let state = tag(&server, "du");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| patch(&server, "/tools/du/disable", &state).status))
            .collect();
        writers
            .into_iter()
            .map(|it| it.join().expect("an answer"))
            .collect()
    });
    let count = |status: u16| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(200), count(412)), (1, 3), "{statuses:?}");
}

#[test]
fn a_tool_is_deleted() {
    let world = world();
    let server = Server::of(&world);
    let path = "/api/v1/tools/windows%2Fping";
    let answer = server.ask("DELETE", path, &[("If-Match", "*")], b"");
    assert_eq!(answer.ok()["changed"], json!(["windows/ping@1.0"]));
    assert_eq!(server.get("/tools/ping").ok()["platform"], "linux");
    let force = server.ask(
        "DELETE",
        "/api/v1/tools/df?force=true",
        &[("If-Match", "*")],
        b"",
    );
    assert_eq!((force.status, force.problem().as_str()), (400, "parameter"));
}

#[test]
fn many_tools_are_changed_as_agreed_or_not_at_all() {
    let world = world();
    let server = Server::of(&world);
    let act = |body: Value| server.send("POST", "/tools/actions", &[], &body);
    let filter = json!({"capabilities": ["disk_usage"]});
    let other = act(json!({"action": "disable", "filter": filter, "expect": 3}));
    assert_eq!((other.status, other.problem().as_str()), (409, "conflict"));
    let dry = act(json!({"action": "disable", "filter": filter, "expect": 2, "dry_run": true}));
    assert_eq!(dry.ok()["changed"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.get("/tools/df").ok()["enabled"], true);
    act(json!({"action": "disable", "filter": filter, "expect": 2})).ok();
    assert_eq!(server.get("/tools/df").ok()["enabled"], false);
    let given =
        act(json!({"action": "chown", "tools": ["df", "linux/du"], "expect": 2, "owner": "ann"}));
    given.ok();
    assert_eq!(server.get("/tools/du").ok()["owner"], "ann");
    for (body, status) in [
        (
            json!({"action": "chown", "tools": ["df"], "expect": 1}),
            422,
        ),
        (
            json!({"action": "enable", "tools": ["df"], "expect": 1, "purge": true}),
            422,
        ),
        (json!({"action": "enable", "expect": 5}), 422),
        (json!({"action": "enable", "tools": ["df"]}), 422),
        (
            json!({"action": "shout", "tools": ["df"], "expect": 1}),
            422,
        ),
        (
            json!({"action": "enable", "tools": ["ping"], "expect": 1}),
            409,
        ),
        (
            json!({"action": "enable", "tools": ["nothing"], "expect": 1}),
            404,
        ),
    ] {
        let answer = act(body.clone());
        answer.problem();
        assert_eq!(answer.status, status, "{body}");
    }
    act(json!({"action": "delete", "tools": ["du"], "expect": 1})).ok();
    assert_eq!(server.get("/tools/du").status, 404);
}

#[test]
fn executions_are_recorded_once() {
    let world = world();
    let server = Server::of(&world);
    let with = |id: &str| {
        json!({"tool": "df", "capability": "disk_usage", "pattern": "use",
            "actual_time_ms": 12, "success": true, "execution_id": id})
    };
    let record = |body: &Value| server.send("POST", "/telemetry", &[], body);
    assert_eq!(record(&with("run-1")).ok()["recorded"], 1);
    assert_eq!(record(&with("run-1")).ok()["duplicates"], 1);
    let batch = record(&json!([with("run-1"), with("run-2"), {"tool": "nothing"}])).ok();
    assert_eq!(
        (&batch["recorded"], &batch["duplicates"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(batch["rejected"][0]["index"], 2);
    for (body, status) in [
        (json!({"tool": "df", "speed": 1}), 422),
        (json!(5), 422),
        (json!("df"), 422),
    ] {
        let answer = record(&body);
        answer.problem();
        assert_eq!(answer.status, status, "{body}");
    }
}

/// Reads the events of a stream, line by line.
fn events(server: &Server, path: &str, headers: &str) -> BufReader<TcpStream> {
    let mut stream = server.connect();
    let request = format!("GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).expect("a header");
    }
    reader
}

/// The data of the next event and its id.
fn next(reader: &mut BufReader<TcpStream>) -> (Value, String) {
    let (mut data, mut id): (Option<Value>, Option<String>) = (None, None);
    loop {
        let mut line = String::new();
        assert!(
            reader.read_line(&mut line).expect("a line") > 0,
            "the stream ended"
        );
        if let Some(text) = line.strip_prefix("data: ") {
            data = serde_json::from_str(text).ok();
        }
        if let Some(text) = line.strip_prefix("id: ") {
            id = Some(text.trim().to_owned());
        }
        if let (Some(data), Some(id)) = (&data, &id) {
            return (data.clone(), id.clone());
        }
    }
}

#[test]
fn changes_are_followed_and_resumed() {
    let world = world();
    let server = Server::of(&world);
    let mut live = events(&server, "/changes", "");
    world.ok(&["disable", "df"]);
    let (first, id) = next(&mut live);
    assert_eq!(
        (&first["action"], &first["tool"]),
        (&json!("disabled"), &json!("df"))
    );
    world.sql("UPDATE tools SET enabled = false WHERE tool_name = 'du'");
    let (second, _) = next(&mut live);
    assert_eq!(
        (&second["tool"], &second["via"]),
        (&json!("du"), &json!("psql"))
    );
    // Whoever comes back misses nothing.
    let mut again = events(&server, "/changes", &format!("Last-Event-ID: {id}\r\n"));
    assert_eq!(next(&mut again).0, second);
    let mut all = events(&server, "/changes?since=0", "");
    assert_eq!(next(&mut all).0["action"], "created");
    let wrong = server.ask("GET", "/api/v1/changes", &[("Last-Event-ID", "x")], b"");
    assert_eq!((wrong.status, wrong.problem().as_str()), (400, "parameter"));
}
