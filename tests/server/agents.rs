//! `POST /mcp`: the protocol of agents over HTTP.

use serde_json::{Value, json};
use toolcat::operations::access::Role;

use super::access::token;
use super::{Answer, Server, world};

/// The newest revision, in which a request says everything itself.
const MODERN: &str = "2026-07-28";

/// Sends a message of an earlier revision.
fn say(server: &Server, headers: &[(&str, &str)], message: &Value) -> Answer {
    server.send("POST", "/mcp", headers, message)
}

fn call(tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

fn content(answer: &Answer) -> Value {
    let message = answer.ok();
    let text = message["result"]["content"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{message}"))).expect("JSON")
}

#[test]
fn an_agent_finds_runs_and_records() {
    let world = world();
    let server = Server::of(&world);
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
        {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
    let agreed = say(&server, &[], &hello).ok();
    assert_eq!(agreed["result"]["protocolVersion"], "2025-06-18");
    let begun = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(say(&server, &[], &begun).status, 202);
    let version = [("MCP-Protocol-Version", "2025-06-18")];
    let find = call("find_tool", &json!({"capability": "disk_usage"}));
    let found = content(&say(&server, &version, &find));
    assert_eq!(found["answer"]["tool"], "linux/df@1.0");
    let outcome = json!({"selection_id": found["selection_id"], "success": true, "time_ms": 12, "execution_id": "e1"});
    for _ in 0..2 {
        let recorded = say(&server, &version, &call("record_outcome", &outcome));
        assert_eq!(recorded.ok()["result"]["isError"], false, "{recorded:?}");
    }
    assert_eq!(world.sql("SELECT count(*) FROM tool_telemetry").trim(), "1");
}

#[test]
fn a_request_of_the_newest_revision_says_everything_itself() {
    let world = world();
    let server = Server::of(&world);
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    let headers = [
        ("MCP-Protocol-Version", MODERN),
        ("Mcp-Method", "tools/list"),
    ];
    let listed = say(&server, &headers, &message).ok();
    assert_eq!(listed["result"]["tools"].as_array().map(Vec::len), Some(4));
    let refused = say(&server, &headers[..1], &message);
    let fault: Value = serde_json::from_slice(&refused.body).expect("JSON");
    assert_eq!(
        (refused.status, &fault["error"]["code"]),
        (400, &json!(-32020))
    );
}

#[test]
fn pages_of_others_strangers_and_viewers_are_kept_out() {
    let world = world();
    let server = Server::of(&world);
    let find = call("find_tool", &json!({"capability": "disk_usage"}));
    let origin = [("Origin", "https://evil.example")];
    assert_eq!(say(&server, &origin, &find).status, 403);
    assert_eq!(server.get("/mcp").status, 405);
    token(&world, "ann", Role::Admin);
    let viewer = token(&world, "vera", Role::Viewer);
    let signed = [("Authorization", viewer.as_str())];
    super::access::until(|| say(&server, &[], &find), 401);
    let found = content(&say(&server, &signed, &find));
    assert_eq!(found["answer"]["tool"], "linux/df@1.0");
    let outcome = json!({"selection_id": found["selection_id"], "success": true, "time_ms": 12});
    let refused = say(&server, &signed, &call("record_outcome", &outcome)).ok();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    assert_eq!(world.sql("SELECT count(*) FROM tool_telemetry").trim(), "0");
}

#[test]
fn what_is_no_message_is_answered_by_a_fault() {
    let world = world();
    let server = Server::of(&world);
    for body in ["", "{", "[]", "null", "{\"jsonrpc\":\"2.0\"}", "\u{0}"] {
        let answer = server.ask(
            "POST",
            "/api/v1/mcp",
            &[("Content-Type", "application/json")],
            body.as_bytes(),
        );
        assert_eq!(answer.status, 400, "{body:?}: {answer:?}");
        let fault: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(fault["error"]["code"].is_i64(), "{body:?}: {fault}");
    }
}
