//! A/B tests from the first to the last request.

use serde_json::{Value, json};

use super::{Answer, Server, world};
use crate::common::definition;

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    server.send("POST", path, &[], body)
}

#[test]
fn a_test_is_made_started_assigned_judged_and_concluded() {
    let world = world();
    world.write("df2.yaml", definition("linux", "df", "2.0", "disk_usage"));
    world.ok(&["import", "df2.yaml"]);
    let server = Server::of(&world);
    let mut new = json!({"name": "faster df", "a": "df@1.0", "b": "df@2.0", "metrics": ["time"], "dry_run": true});
    let would = post(&server, "/abtests", &new);
    assert_eq!(
        (would.status, &would.json()["state"]),
        (200, &json!("draft"))
    );
    assert_eq!(server.get("/abtests").ok()["tests"], json!([]));
    new["dry_run"] = json!(false);
    let made = post(&server, "/abtests", &new);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("location"), "/api/v1/abtests/faster%20df");
    // Where time decides, success is kept unless that is waived.
    assert_eq!(
        made.json()["guardrails"],
        json!([{"metric": "success", "margin": 0.02}])
    );
    assert_eq!(post(&server, "/abtests", &new).problem(), "conflict");

    let path = "/abtests/faster%20df";
    let early = server.get(&format!("{path}/analysis"));
    assert_eq!(early.problem(), "conflict");
    let plan = server.get("/abtests/plan?test=faster+df").ok();
    assert_eq!(plan["steps"][0]["planned"], true);
    let started = post(
        &server,
        &format!("{path}/actions"),
        &json!({"action": "start"}),
    )
    .ok();
    assert_eq!(started["state"], "active");
    let units = json!({"units": ["run-1", "run-2"]});
    let first = post(&server, &format!("{path}/assignments"), &units).ok();
    let again = post(&server, &format!("{path}/assignments"), &units).ok();
    for (before, after) in [0, 1].map(|at| (&first["assignments"][at], &again["assignments"][at])) {
        assert_eq!(
            (&before["arm"], &before["sticky"]),
            (&after["arm"], &json!(false))
        );
        assert_eq!(after["sticky"], true);
    }
    let split = json!({"action": "split", "split": 0.1});
    let split = post(&server, &format!("{path}/actions"), &split).ok();
    assert_eq!(
        (&split["phase"], &split["split"]["b"]),
        (&json!(2), &json!(0.1))
    );
    let analysis = server.get(&format!("{path}/analysis")).ok();
    assert_eq!(
        analysis["decision"]["verdict"],
        json!("continue"),
        "{analysis}"
    );

    // The rule does not end it, a person may, with a reason.
    let not_yet = post(&server, &format!("{path}/conclude"), &json!({})).ok();
    assert_eq!(not_yet["concluded"], false);
    let forced = json!({"force": "A", "apply": true});
    let unexplained = post(&server, &format!("{path}/conclude"), &forced);
    assert_eq!(unexplained.problem(), "invalid");
    let reason = [("Toolcat-Reason", "B is withdrawn")];
    let forced = server
        .send("POST", &format!("{path}/conclude"), &reason, &forced)
        .ok();
    assert_eq!(
        (&forced["applied"], &forced["winner"]),
        (&json!(true), &json!("A"))
    );
    assert_eq!(server.get("/tools/df").ok()["version"], "1.0");
    let ended = server.get("/abtests?status=completed").ok();
    assert_eq!(ended["tests"][0]["name"], "faster df");
}

#[test]
fn what_cannot_be_tested_is_refused() {
    let world = world();
    let server = Server::of(&world);
    for (body, status, name) in [
        (
            json!({"name": "x", "a": "df", "b": "df", "metrics": ["time"]}),
            422,
            "invalid",
        ),
        (
            json!({"name": "x", "a": "df", "b": "ping", "metrics": ["time"]}),
            409,
            "ambiguous",
        ),
        (
            json!({"name": "x", "a": "df", "b": "nothing", "metrics": ["time"]}),
            404,
            "not-found",
        ),
        (
            json!({"name": "x", "a": "df", "b": "du", "metrics": []}),
            422,
            "invalid",
        ),
        (
            json!({"name": "x", "a": "df", "b": "du", "metrics": ["speed"]}),
            422,
            "invalid",
        ),
        (
            json!({"name": "x", "a": "df", "b": "du", "metrics": ["time"], "split": 2}),
            422,
            "invalid",
        ),
        (
            json!({"name": "x", "a": "df", "b": "du", "metrics": ["time"], "planned": 50, "effect": 0.1}),
            422,
            "invalid",
        ),
    ] {
        let answer = post(&server, "/abtests", &body);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, name),
            "{body}"
        );
    }
    assert_eq!(server.get("/abtests/nothing").problem(), "not-found");
    assert_eq!(server.get("/abtests/plan").problem(), "parameter");
    assert_eq!(server.get("/abtests?status=over").problem(), "parameter");
    let many = json!({"units": []});
    assert_eq!(
        post(&server, "/abtests/x/assignments", &many).problem(),
        "invalid"
    );
}

#[test]
fn executions_are_compared_with_the_estimates() {
    let world = world();
    let server = Server::of(&world);
    let batch: Vec<Value> = (0..40)
        .map(|it| json!({"tool": "df", "actual_time_ms": 10 + it, "success": true}))
        .collect();
    post(&server, "/telemetry", &json!(batch)).ok();
    let analysed = server.get("/telemetry/analysis?tool=df").ok();
    assert_eq!(analysed["patterns"][0]["executions"], 40);
    assert_eq!(analysed["patterns"][0]["tool"], "linux/df@1.0");
    assert_eq!(analysed["tools"][0]["executions"], 40, "{analysed}");
    assert!(analysed["days"][0]["day"].is_string(), "{analysed}");
    assert_eq!(
        server.get("/telemetry/analysis?tool=du").ok()["patterns"],
        json!([])
    );
    assert_eq!(
        server.get("/telemetry/analysis?tool=nothing").problem(),
        "not-found"
    );
    assert_eq!(
        server.get("/telemetry/analysis?measure=size").problem(),
        "parameter"
    );
    assert_eq!(
        server.get("/telemetry/analysis?samples=1").problem(),
        "parameter"
    );
}
