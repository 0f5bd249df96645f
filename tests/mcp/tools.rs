//! The four tools, on a small catalog.

use serde_json::{Value, json};

use super::agent::Agent;
use crate::common::{World, definition};

/// Three tools for one capability: the second is better, the third needs a permission.
fn world() -> World {
    let world = World::new();
    let plain = definition("linux", "plain", "1.0", "disk_usage");
    let quick = definition("linux", "quick", "1.0", "disk_usage")
        .replace("time_estimate_ms: 100 + N", "time_estimate_ms: 10 + files")
        .replace("required_inputs: []", "required_inputs: [{name: path, type: path}]\n        optional_inputs: [{name: files, type: integer, default: 30}]\n        invocation: {argv: [quick, '{path}']}")
        .replace("expected_outputs: []", "expected_outputs: [sizes]\n        limitations: [counts links twice]");
    let guarded = definition("linux", "guarded", "1.0", "disk_usage").replace(
        "production_safe: true",
        "production_safe: true\n          required_permissions: [sudo]",
    );
    world.write("tools.yaml", format!("{plain}---\n{quick}---\n{guarded}"));
    world.ok(&["import", "tools.yaml"]);
    world
}

#[test]
fn find_tool_says_which_and_how() {
    let world = world();
    let mut agent = Agent::modern(&world);
    let found = agent.call(
        "find_tool",
        json!({"capability": "disk_usage", "prefer": "fast", "inputs": {"path": "/var/my files", "files": 70}}),
    );
    assert_eq!(found["selection_id"], "linux/quick@1.0:disk_usage:use");
    let answer = &found["answer"];
    assert_eq!(answer["tool"], "linux/quick@1.0");
    assert_eq!(answer["command"], json!(["quick", "/var/my files"]));
    assert_eq!(answer["expected"], json!({"time_ms": 80, "cost": 1}));
    assert_eq!(
        answer["run"],
        json!({"mode": "immediate", "requires_approval": false})
    );
    assert_eq!(answer["outputs"], json!(["sizes"]));
    assert_eq!(answer["limitations"], json!(["counts links twice"]));
    assert_eq!(found["alternatives"][0]["tool"], "linux/plain@1.0");
    assert_eq!(found["alternatives"][0]["difference"], "2.5 times slower");
    assert_eq!(found["set_aside"]["reasons"], json!({"permission": 1}));
    assert_eq!(
        found["set_aside"]["best"]["needs"],
        json!(["permission sudo"])
    );
    assert_eq!(
        (&found["total"], &found["complete"]),
        (&json!(2), &json!(true))
    );
    let held = agent.call(
        "find_tool",
        json!({"capability": "disk_usage", "permissions": ["sudo"], "limit": 1}),
    );
    assert_eq!(
        (&held["total"], &held["shown"], &held["complete"]),
        (&json!(3), &json!(1), &json!(false))
    );
    assert!(held.get("set_aside").is_none());
}

#[test]
fn what_is_assumed_and_what_is_missing_is_said() {
    let world = world();
    let mut agent = Agent::modern(&world);
    let found = agent.call("find_tool", json!({"job": "try quick"}));
    let answer = &found["answer"];
    assert_eq!(answer["expected"]["assumed"], json!({"files": 30}));
    assert_eq!(answer["missing_inputs"], json!(["path"]));
    assert_eq!(answer["command"], json!(["quick", "{path}"]));
    assert_eq!(
        answer["inputs"][0],
        json!({"name": "path", "type": "path", "required": true})
    );
}

#[test]
fn nothing_fits_is_null_and_never_a_guess() {
    let world = world();
    let mut agent = Agent::modern(&world);
    let found = agent.call("find_tool", json!({"job": "bake a chocolate cake"}));
    assert_eq!(found["answer"], Value::Null);
    assert!(found.get("alternatives").is_none(), "{found}");
    assert!(
        found["why"].as_str().expect("text").starts_with("no"),
        "{found}"
    );
    let found = agent.call(
        "find_tool",
        json!({"capability": "disk_usage", "max_cost": 0.5}),
    );
    assert_eq!(found["answer"], Value::Null);
    assert_eq!(found["set_aside"]["count"], 3);
    assert_eq!(found["set_aside"]["best"]["needs"], json!(["max_cost 1"]));
    let found = agent.call(
        "find_tool",
        json!({"capability": "disk_usage", "platforms": ["windows"]}),
    );
    assert_eq!(found["answer"], Value::Null);
}

#[test]
fn mistakes_are_answered_so_that_they_can_be_mended() {
    let world = world();
    let mut agent = Agent::modern(&world);
    for (tool, arguments, said) in [
        (
            "find_tool",
            json!({}),
            "nothing is asked for (say the job in words, or name a capability)",
        ),
        (
            "find_tool",
            json!({"jop": "x"}),
            "there is no argument `jop` (did you mean `job`?)",
        ),
        (
            "find_tool",
            json!({"capability": "disc_usage"}),
            "no tool offers `disc_usage` (did you mean `disk_usage`?)",
        ),
        (
            "find_tool",
            json!({"job": "x", "prefer": "best"}),
            "`prefer` must be one of fast, accurate, thorough, cheap, simple, balanced",
        ),
        (
            "find_tool",
            json!({"job": "x", "limit": 0}),
            "`limit` must be an integer from 1 to 10, not 0",
        ),
        (
            "find_tool",
            json!({"job": "try quick", "why_not": "quik"}),
            "there is no tool `quik` in the catalog (did you mean quick?)",
        ),
        (
            "get_tool",
            json!({"tool": "garded"}),
            "there is no tool `garded` in the catalog (did you mean guarded?)",
        ),
        (
            "get_tool",
            json!({"tool": "quick", "section": "disk_usage.usee"}),
            "linux/quick@1.0 has no section `disk_usage.usee` (did you mean `disk_usage.use`?)",
        ),
        (
            "get_tool",
            json!({"tool": "quick", "section": "schema"}),
            "linux/quick@1.0 has no schema of its own",
        ),
        (
            "record_outcome",
            json!({"success": true, "time_ms": 1}),
            "nothing says what ran",
        ),
        (
            "record_outcome",
            json!({"selection_id": "17", "success": true, "time_ms": 1}),
            "`selection_id` is none that find_tool gave",
        ),
        (
            "record_outcome",
            json!({"tool": "quick", "pattern": "uses", "success": true, "time_ms": 1}),
            "linux/quick@1.0 has no pattern `uses`",
        ),
        (
            "record_outcome",
            json!({"tool": "quick", "time_ms": 1}),
            "`success` is missing",
        ),
    ] {
        let text = agent.refused(tool, arguments);
        assert!(text.starts_with(said), "{text}");
    }
}

#[test]
fn outcomes_are_recorded_once_with_what_was_expected() {
    let world = world();
    let mut agent = Agent::modern(&world);
    let found = agent.call(
        "find_tool",
        json!({"job": "try quick", "inputs": {"path": "/"}}),
    );
    let outcome = json!({
        "selection_id": found["selection_id"], "success": true, "time_ms": 60, "cost": 1, "execution_id": "run-1",
    });
    let recorded = agent.call("record_outcome", outcome.clone());
    assert_eq!(recorded["recorded"], true);
    assert_eq!(
        recorded["expected"],
        found["answer"]["expected"]
            .as_object()
            .map(|it| json!({"time_ms": it["time_ms"], "cost": it["cost"]}))
            .expect("figures")
    );
    assert_eq!(recorded["so_far"]["time_ratio"], 1.5);
    let again = agent.call("record_outcome", outcome);
    assert_eq!(
        (&again["recorded"], &again["already"]),
        (&json!(false), &json!(true))
    );
    let failed = agent.call(
        "record_outcome",
        json!({"tool": "plain", "capability": "disk_usage", "pattern": "use", "success": false, "time_ms": 5, "error": "no space", "inputs": {"N": 9}}),
    );
    assert_eq!(failed["expected"]["time_ms"], 109);
    assert_eq!(failed["so_far"]["successes"], 0);
    let rows = world.sql("SELECT execution_id IS NOT NULL, success, context_variables FROM tool_telemetry ORDER BY id");
    assert_eq!(rows, "t|t|{}\nt|f|{\"N\": 9}\n");
}

#[test]
fn a_tool_can_be_looked_at_in_parts() {
    let world = world();
    let mut agent = Agent::modern(&world);
    let overview = agent.call("get_tool", json!({"tool": "quick"}));
    assert_eq!(
        overview["sections"],
        json!({"disk_usage.use": "The usual way"})
    );
    assert_eq!(overview["complete"], true);
    for section in ["use", "disk_usage.use"] {
        let whole = agent.call(
            "get_tool",
            json!({"tool": "linux/quick@1.0", "section": section}),
        );
        assert_eq!(whole["time_estimate_ms"], "10 + files");
        assert_eq!(whole["section"], "disk_usage.use");
    }
    let read = agent.request(
        "resources/read",
        json!({"uri": "toolcat://tools/linux/quick"}),
    );
    let text = read["result"]["contents"][0]["text"]
        .as_str()
        .expect("text");
    let definition: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(definition["tool_name"], "quick");
}

#[test]
fn capabilities_come_in_pages() {
    let world = World::new();
    let tools: Vec<String> = ["a_b", "a_c", "b_c", "c"]
        .iter()
        .map(|it| definition("linux", &format!("tool_{it}"), "1.0", it))
        .collect();
    world.write("tools.yaml", tools.join("---\n"));
    world.ok(&["import", "tools.yaml"]);
    let mut agent = Agent::modern(&world);
    let first = agent.call("list_capabilities", json!({"limit": 3}));
    assert_eq!(first["capabilities"], json!({"a_b": 1, "a_c": 1, "b_c": 1}));
    assert_eq!(
        (&first["total"], &first["complete"]),
        (&json!(4), &json!(false))
    );
    let second = agent.call(
        "list_capabilities",
        json!({"limit": 3, "cursor": first["next"]}),
    );
    assert_eq!(second["capabilities"], json!({"c": 1}));
    assert!(second.get("next").is_none());
    let found = agent.call("list_capabilities", json!({"words": "B c"}));
    assert_eq!(found["capabilities"], json!({"b_c": 1}));
    let read = agent.request("resources/read", json!({"uri": "toolcat://capabilities"}));
    assert!(
        read["result"]["contents"][0]["text"]
            .as_str()
            .expect("text")
            .contains("\"a_b\"")
    );
}

/// A list of tools as a server of the protocol gives it: the agent calls them by their own names.
#[test]
fn tools_of_servers_are_told_with_their_own_name_and_schema() {
    let world = World::new();
    let schema = json!({"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]});
    let list = json!({"tools": [{"name": "tickets.create", "description": "Create a ticket in the tracker.", "inputSchema": schema}]});
    world.write("tools.json", list.to_string());
    world.ok(&["import", "tools.json"]);
    let mut agent = Agent::modern(&world);
    let found = agent.call(
        "find_tool",
        json!({"job": "create a ticket in the tracker"}),
    );
    assert_eq!(
        found["answer"]["call"],
        json!({"name": "tickets.create", "input_schema": schema})
    );
    assert_eq!(found["answer"]["run"]["requires_approval"], true);
    let told = agent.call(
        "get_tool",
        json!({"tool": "tickets.create", "section": "schema"}),
    );
    assert_eq!(
        (&told["name"], &told["input_schema"]),
        (&json!("tickets.create"), &schema)
    );
}

/// A change of the catalog is seen by the next call.
#[test]
fn the_next_call_sees_a_change() {
    let world = world();
    let mut agent = Agent::modern(&world);
    let ask = json!({"capability": "disk_usage", "prefer": "fast"});
    let before = agent.call("find_tool", ask.clone());
    assert_eq!(before["answer"]["tool"], "linux/quick@1.0");
    world.ok(&["disable", "quick", "--yes"]);
    let after = agent.call("find_tool", ask);
    assert_eq!(after["answer"]["tool"], "linux/plain@1.0");
    assert!(after["revision"].as_i64() > before["revision"].as_i64());
}

/// Also once the index has been read into memory, which happens beside the first answers.
#[test]
fn every_call_sees_every_change() {
    let world = world();
    let mut agent = Agent::modern(&world);
    let ask =
        json!({"job": "quick look at the disk", "capability": "disk_usage", "prefer": "fast"});
    for round in 0..12 {
        let (verb, expected) = match round % 2 {
            0 => ("disable", "linux/plain@1.0"),
            _ => ("enable", "linux/quick@1.0"),
        };
        world.ok(&[verb, "quick", "--yes"]);
        let found = agent.call("find_tool", ask.clone());
        assert_eq!(found["answer"]["tool"], expected, "round {round}: {found}");
    }
}

#[test]
fn an_execution_takes_part_in_a_test() {
    let world = world();
    let next = definition("linux", "plain", "2.0", "disk_usage");
    world.write("next.yaml", next);
    world.ok(&["import", "next.yaml"]);
    world.ok(&[
        "abtest",
        "create",
        "try",
        "--a",
        "plain@1.0",
        "--b",
        "plain@2.0",
        "--metric",
        "time",
    ]);
    world.ok(&["abtest", "start", "try"]);
    let mut agent = Agent::modern(&world);
    let found = agent.call(
        "find_tool",
        json!({"job": "try plain", "execution_id": "e1"}),
    );
    assert_eq!(found["experiment"]["test"], "try", "{found}");
    let version = found["experiment"]["version"].as_str().expect("a version");
    assert_eq!(found["answer"]["tool"], format!("linux/plain@{version}"));
}

const DEFINITION: &str = "tool_name: fresh";

#[test]
fn new_tools_can_be_proposed_and_wait_for_a_person() {
    let world = world();
    let plain = definition("linux", "fresh", "1.0", "disk_usage");
    let mut agent = Agent::start(&world, &["--allow-writes"], true);
    let checked = agent.call("validate_definition", json!({"definition": DEFINITION}));
    assert_eq!(checked["valid"], false);
    assert_eq!(checked["findings"][0]["severity"], "error");
    let checked = agent.call("validate_definition", json!({"definition": plain}));
    assert_eq!(checked["valid"], true, "{checked}");
    let refused = agent.refused("propose_definition", json!({"definition": DEFINITION}));
    assert!(!refused.is_empty());
    let proposed = agent.call(
        "propose_definition",
        json!({"definition": plain, "reason": "missing here"}),
    );
    assert_eq!(
        proposed,
        json!({"proposed": "linux/fresh@1.0", "status": "testing"})
    );
    let found = agent.call(
        "find_tool",
        json!({"capability": "disk_usage", "limit": 10}),
    );
    assert!(!found.to_string().contains("linux/fresh"), "{found}");
    let logged =
        world.sql("SELECT DISTINCT via, reason FROM tool_audit_log WHERE tool_name = 'fresh'");
    assert_eq!(logged, "mcp|missing here\n");
    for known in ["1.0", "2.0"] {
        let again = definition("linux", "fresh", known, "disk_usage");
        let refused = agent.refused("propose_definition", json!({"definition": again}));
        assert!(
            refused.starts_with("the catalog has linux/fresh"),
            "{refused}"
        );
    }
    let mut plain_agent = Agent::modern(&world);
    let fault = plain_agent.request(
        "tools/call",
        json!({"name": "propose_definition", "arguments": {"definition": plain}}),
    );
    assert_eq!(fault["error"]["code"], -32602);
}
