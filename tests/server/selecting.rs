//! `POST /select`, and how soon it sees a change.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Server, world};

fn best(server: &Server, body: &Value) -> Value {
    server.send("POST", "/select", &[], body).ok()["answer"].clone()
}

#[test]
fn a_selection_is_the_one_of_the_command_line() {
    let world = world();
    let server = Server::of(&world);
    for (body, args) in [
        (
            json!({"capabilities": ["disk_usage"]}),
            vec!["select", "--capability", "disk_usage"],
        ),
        (
            json!({"query": "what disk_usage does"}),
            vec!["select", "what disk_usage does"],
        ),
        (
            json!({"query": "reachabilty of a host", "platforms": ["linux"]}),
            vec!["select", "reachabilty of a host", "--platform", "linux"],
        ),
    ] {
        let here = server.send("POST", "/select", &[], &body).ok();
        let mut args = args;
        args.extend(["--format", "json"]);
        let there = world.run(&args).json();
        for field in [
            "answer",
            "ranking",
            "set_aside",
            "request_hash",
            "retrieval",
        ] {
            assert_eq!(here[field], there[field], "{field} of {body}");
        }
    }
}

#[test]
fn nothing_that_fits_is_an_answer_and_nothing_asked_is_not() {
    let world = world();
    let server = Server::of(&world);
    assert_eq!(
        best(&server, &json!({"capabilities": ["none_such"]})),
        Value::Null
    );
    let answer = server.send("POST", "/select", &[], &json!({}));
    assert_eq!((answer.status, answer.problem().as_str()), (422, "invalid"));
}

#[test]
fn why_not_asks_the_catalog() {
    let world = world();
    world.ok(&["disable", "du"]);
    let server = Server::of(&world);
    let body = json!({"capabilities": ["disk_usage"], "why_not": "du"});
    let answer = server.send("POST", "/select", &[], &body).ok();
    assert!(
        answer["why_not"].to_string().contains("switched off"),
        "{answer}"
    );
    let body = json!({"capabilities": ["disk_usage"], "why_not": "nobody"});
    let answer = server.send("POST", "/select", &[], &body);
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "not-found")
    );
}

/// Asks until the answer is as it should be; how long that took.
fn until(server: &Server, tool: &str) -> Duration {
    let start = Instant::now();
    while best(server, &json!({"capabilities": ["disk_usage"]}))["tool"] != tool {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{tool} never came"
        );
    }
    start.elapsed()
}

/// Changes by the command line and by hand, with words and without, show by themselves.
#[test]
fn a_change_of_anybody_shows_in_a_selection() {
    let world = world();
    let server = Server::of(&world);
    until(&server, "df");
    world.ok(&["disable", "df"]);
    until(&server, "du");
    world.sql("UPDATE tools SET enabled = true WHERE tool_name = 'df'");
    until(&server, "df");
    world.ok(&[
        "update",
        "du",
        "--set",
        "description=Weigh anchors and chains",
        "--yes",
    ]);
    let body = json!({"query": "weigh anchors and chains"});
    let start = Instant::now();
    while best(&server, &body)["tool"] != "du" {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "the words never came"
        );
    }
    world.ok(&["delete", "df", "--yes"]);
    until(&server, "du");
    let there = world.run(&["select", "weigh anchors and chains", "--format", "json"]);
    let here = server.send("POST", "/select", &[], &body).ok();
    assert_eq!(here["ranking"], there.json()["ranking"]);
}
