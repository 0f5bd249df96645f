//! Definitions in and out.

use serde_json::json;

use super::{Answer, Server, world};
use crate::common::definition;

const YAML: (&str, &str) = ("Content-Type", "application/yaml");

fn yaml(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], text: &str) -> Answer {
    let mut all = vec![YAML];
    all.extend(headers);
    server.ask(method, &format!("/api/v1{path}"), &all, text.as_bytes())
}

#[test]
fn a_tool_is_created_once() {
    let world = world();
    let server = Server::of(&world);
    let text = definition("linux", "a b", "1.0", "lookup");
    let made = yaml(
        &server,
        "POST",
        "/tools",
        &[("Toolcat-Reason", "new")],
        &text,
    );
    assert_eq!(
        (made.status, made.json()["created"].clone()),
        (201, json!(1))
    );
    assert_eq!(made.header("location"), "/api/v1/tools/linux%2Fa%20b@1.0");
    let shown = server.ask("GET", made.header("location"), &[], b"").ok();
    assert_eq!(shown["tool"], "a b");
    let again = yaml(&server, "POST", "/tools", &[], &text);
    assert_eq!(
        (again.status, again.json()["unchanged"].clone()),
        (200, json!(1))
    );
    let other = text.replace("What a b is for", "Something else");
    let conflict = yaml(&server, "POST", "/tools", &[], &other);
    assert_eq!(
        (conflict.status, conflict.problem().as_str()),
        (409, "conflict")
    );
    let dry = definition("linux", "later", "1.0", "lookup");
    assert_eq!(
        yaml(&server, "POST", "/tools?dry_run=true", &[], &dry).status,
        200
    );
    assert_eq!(server.get("/tools/later").status, 404);
}

#[test]
fn what_is_wrong_with_a_definition_is_told_at_its_place() {
    let world = world();
    let server = Server::of(&world);
    let text = definition("linux", "new", "1.0", "lookup").replace("100 + N", "100 +");
    let answer = yaml(&server, "POST", "/tools", &[], &text);
    assert_eq!((answer.status, answer.problem().as_str()), (422, "invalid"));
    let fault = answer.json()["errors"][0].clone();
    assert!(fault["line"].as_u64().is_some_and(|it| it > 1), "{fault}");
    assert_eq!(fault["subject"], "body");
    assert!(
        fault["rule"].as_str().is_some_and(|it| it.contains('/')),
        "{fault}"
    );
    let two = format!("{text}---\n{text}");
    for (text, status) in [
        ("", 422),
        ("{", 422),
        (two.as_str(), 422),
        ("a: 1\na: 2\n", 422),
    ] {
        let answer = yaml(&server, "POST", "/tools", &[], text);
        answer.problem();
        assert_eq!(answer.status, status, "{text}");
    }
    let answer = server.ask(
        "POST",
        "/api/v1/tools",
        &[("Content-Type", "text/html")],
        b"<p>",
    );
    assert_eq!(answer.problem(), "media-type");
    let valid = yaml(&server, "POST", "/tools/df/validate", &[], &text).ok();
    assert_eq!(valid["ok"], false);
    let stored = server
        .ask("POST", "/api/v1/tools/df/validate", &[], b"")
        .ok();
    assert_eq!(stored["ok"], true);
}

#[test]
fn a_definition_is_replaced_and_what_others_changed_elsewhere_stays() {
    let world = world();
    let server = Server::of(&world);
    let first = server.get("/tools/df");
    let tag = first.header("etag").to_owned();
    let mut mine = first.json()["definition"].clone();
    mine["description"] = json!("Free space");
    let missing = server.send("PUT", "/tools/df", &[], &mine);
    assert_eq!(
        (missing.status, missing.problem().as_str()),
        (428, "precondition-missing")
    );
    world.ok(&["update", "df", "--set", "category=filesystem", "--yes"]);
    let edited = server
        .send("PUT", "/tools/df", &[("If-Match", &tag)], &mine)
        .ok();
    assert_eq!(edited["changes"][0]["field"], "description");
    let now = server.get("/tools/df").ok();
    assert_eq!(now["definition"]["description"], "Free space");
    assert_eq!(now["definition"]["category"], "filesystem");
    // The same field, from the same state, is somebody else's by now.
    mine["description"] = json!("Something else");
    let late = server.send("PUT", "/tools/df", &[("If-Match", &tag)], &mine);
    assert_eq!(
        (late.status, late.problem().as_str()),
        (412, "precondition")
    );
    let overlap = late.json()["overlaps"][0].clone();
    assert_eq!(
        (&overlap["field"], &overlap["theirs"], &overlap["ours"]),
        (
            &json!("description"),
            &json!("Free space"),
            &json!("Something else")
        )
    );
    let watching = "/tools/df?dry_run=true&impact=true";
    let tried = server
        .send("PUT", watching, &[("If-Match", "*")], &mine)
        .ok();
    assert_eq!(tried["impact"], json!({"selections": 0, "changed": []}));
    let any = server.send("PUT", "/tools/df", &[("If-Match", "*")], &mine);
    assert_eq!(any.ok()["changes"][0]["new"], "Something else");
    mine["tool_name"] = json!("other");
    let other = server.send("PUT", "/tools/df", &[("If-Match", "*")], &mine);
    assert_eq!((other.status, other.problem().as_str()), (422, "invalid"));
}

#[test]
fn definitions_are_imported_and_exported_as_a_whole() {
    let world = world();
    let server = Server::of(&world);
    let body = json!({"tools": ["df", "du"]});
    let text = server.send("POST", "/tools/export", &[], &body);
    assert_eq!(text.header("content-type"), "application/yaml");
    let text = text.text();
    let same = yaml(&server, "POST", "/tools/import", &[], &text).ok();
    assert_eq!(
        (&same["unchanged"], &same["created"]),
        (&json!(2), &json!(0))
    );
    let changed = text.replace("What df is for", "Free space");
    let answer = yaml(&server, "POST", "/tools/import", &[], &changed);
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (409, "conflict")
    );
    let bumped = yaml(
        &server,
        "POST",
        "/tools/import?on_conflict=bump",
        &[],
        &changed,
    )
    .ok();
    assert_eq!(bumped["bumped"], 1);
    assert_eq!(
        server.get("/tools/df").ok()["definition"]["description"],
        "Free space"
    );
    let lines = server.send(
        "POST",
        "/tools/export",
        &[],
        &json!({"format": "jsonl", "filter": {"platforms": ["windows"]}}),
    );
    assert_eq!(lines.header("content-type"), "application/jsonl");
    assert_eq!(lines.text().lines().count(), 1);
    let jsonl = [("Content-Type", "application/jsonl")];
    let again = server
        .ask("POST", "/api/v1/tools/import", &jsonl, &lines.body)
        .ok();
    assert_eq!(again["unchanged"], 1);
    for (body, status) in [
        (json!({"format": "clay"}), 422),
        (json!({"tools": ["nothing"]}), 404),
        (json!({"colour": "red"}), 422),
    ] {
        let answer = server.send("POST", "/tools/export", &[], &body);
        answer.problem();
        assert_eq!(answer.status, status, "{body}");
    }
    assert_eq!(server.get("/tools/import").problem(), "not-found");
    let huge = server.ask(
        "POST",
        "/api/v1/tools/import?on_conflict=maybe",
        &[YAML],
        b"a: 1",
    );
    assert_eq!(huge.problem(), "parameter");
}

#[test]
fn the_log_says_who_changed_what() {
    let world = world();
    let server = Server::of(&world);
    world.ok(&["disable", "df", "--reason", "slow"]);
    let log = server.get("/audit?action=disabled").ok();
    let entry = &log["entries"][0];
    assert_eq!(
        (&entry["tool"], &entry["reason"]),
        (&json!("df"), &json!("slow"))
    );
    let mut seen = 0;
    let mut path = "/audit?limit=3&tool=linux%2Fdf".to_owned();
    loop {
        let page = server.get(&path).ok();
        seen += page["entries"].as_array().map_or(0, Vec::len);
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        path = format!("/audit?limit=3&tool=linux%2Fdf&cursor={cursor}");
    }
    let all = server.get("/audit?tool=linux%2Fdf&limit=200").ok();
    assert_eq!(Some(seen), all["entries"].as_array().map(Vec::len));
    for path in [
        "/audit?limit=0",
        "/audit?cursor=x",
        "/audit?since=yesterday",
        "/audit?who=me",
    ] {
        assert_eq!(server.get(path).problem(), "parameter", "{path}");
    }
    assert_eq!(server.get("/audit?tool=nobody").status, 404);
}
