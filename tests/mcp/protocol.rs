//! The protocol: eras, lists, faults, and that nothing but messages is written.

use serde_json::{Value, json};

use super::agent::{Agent, MODERN};
use crate::common::World;

#[test]
fn each_revision_is_spoken() {
    let world = World::new();
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut agent = Agent::legacy(&world, revision);
        assert_eq!(agent.request("ping", json!({}))["result"], json!({}));
        let listed = agent.request("tools/list", json!({}));
        let result = listed["result"].as_object().expect("a result");
        assert_eq!(result.len(), 1, "{listed}");
        let found = agent.result("list_capabilities", json!({}));
        let has_data = found.get("structuredContent").is_some();
        assert_eq!(has_data, revision != "2025-03-26");
        let missing = agent.request("resources/read", json!({"uri": "toolcat://tools/a/b"}));
        assert_eq!(missing["error"]["code"], -32002);
        assert_eq!(agent.end(), 0);
    }
    let mut agent = Agent::modern(&world);
    let found = agent.request("server/discover", json!({}));
    assert_eq!(found["result"]["supportedVersions"][0], MODERN);
    assert_eq!(found["result"]["resultType"], "complete");
    let listed = agent.request("tools/list", json!({}));
    assert_eq!(listed["result"]["cacheScope"], "public");
    assert_eq!(
        listed["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "toolcat"
    );
    let missing = agent.request("resources/read", json!({"uri": "toolcat://tools/a/b"}));
    assert_eq!(missing["error"]["code"], -32602);
    for removed in [
        "initialize",
        "ping",
        "logging/setLevel",
        "subscriptions/listen",
        "x",
    ] {
        assert_eq!(agent.request(removed, json!({}))["error"]["code"], -32601);
    }
    assert_eq!(agent.end(), 0);
}

#[test]
fn both_eras_can_be_mixed_on_one_connection() {
    let world = World::new();
    let mut agent = Agent::legacy(&world, "2025-11-25");
    agent.send(&json!({"jsonrpc": "2.0", "id": "m", "method": "tools/list", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {},
    }}}).to_string());
    assert_eq!(agent.receive()["result"]["resultType"], "complete");
    assert!(
        agent.request("tools/list", json!({}))["result"]
            .get("resultType")
            .is_none()
    );
}

#[test]
fn a_request_before_any_agreement_is_told_what_is_missing() {
    let world = World::new();
    let mut agent = Agent::start(&world, &[], false);
    let fault = agent.request("tools/list", json!({}));
    assert_eq!(fault["error"]["code"], -32602);
    let message = fault["error"]["message"].as_str().expect("text");
    assert!(message.contains("initialize"), "{message}");
    assert_eq!(agent.request("ping", json!({}))["result"], json!({}));
}

#[test]
fn the_tools_are_few_short_and_described() {
    let world = World::new();
    let mut agent = Agent::modern(&world);
    let listed = agent.request("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().expect("tools");
    let names: Vec<&str> = tools.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(
        names,
        [
            "find_tool",
            "record_outcome",
            "get_tool",
            "list_capabilities"
        ]
    );
    for tool in tools {
        assert_eq!(tool["inputSchema"]["type"], "object");
        let schema = jsonschema::validator_for(&tool["inputSchema"]).expect("a schema");
        assert!(!schema.is_valid(&json!({"no such argument": 1})), "{tool}");
    }
    // 1,500 tokens of 3 bytes at least.
    let size = Value::Array(tools.clone()).to_string().len();
    assert!(size <= 4500, "{size} bytes");
    let mut reader = Agent::start(&world, &["--read-only"], true);
    let listed = reader.request("tools/list", json!({}));
    assert_eq!(listed["result"]["tools"].as_array().map(Vec::len), Some(3));
    let refused = reader.request(
        "tools/call",
        json!({"name": "record_outcome", "arguments": {"tool": "a", "success": true, "time_ms": 1}}),
    );
    assert_eq!(refused["error"]["code"], -32602);
}

/// Everything that can be wrong with a line, in one connection that goes on.
#[test]
fn every_line_on_stdout_is_a_message_whatever_comes() {
    let world = World::new();
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(5 * 1024 * 1024));
    let lines: Vec<(Vec<u8>, i64)> = vec![
        (b"{".to_vec(), -32700),
        (b"\xff\xfe".to_vec(), -32700),
        (vec![b'['; 100_000], -32700),
        (b"[]".to_vec(), -32600),
        (b"{}".to_vec(), -32600),
        (long.into_bytes(), -32600),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":"x/y"}"#.to_vec(),
            -32602,
        ),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#.to_vec(),
            -32600,
        ),
    ];
    let modern = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let faults = [
        ("tools/call", r#""name":"nope""#, -32602),
        ("tools/call", r#""name":7"#, -32602),
        ("tools/call", r#""name":"find_tool","arguments":[]"#, -32602),
        ("tools/list", r#""cursor":"x""#, -32602),
        ("resources/read", r#""uri":"file:///etc/passwd""#, -32602),
        ("resources/read", r#""uri":"toolcat://tools/%zz/x""#, -32602),
        ("resources/read", r#""uri":"toolcat://tools/linux""#, -32602),
        ("prompts/get", r#""name":"x""#, -32601),
    ];
    let made = faults.map(|(method, params, code)| {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params},{modern}}}}}"#
        );
        (line.into_bytes(), code)
    });
    let all: Vec<(Vec<u8>, i64)> = lines.into_iter().chain(made).collect();
    let mut input = b"\n  \n".to_vec();
    for (line, _) in &all {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    // An answer, a notification and half a line get no answer.
    input.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
    input.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}\n");
    world.write("input", &input);
    let file = std::fs::File::open(world.path().join("input")).expect("a file");
    let run = world
        .command(&["mcp"])
        .stdin(file)
        .output()
        .expect("toolcat runs");
    assert!(run.status.success());
    let output = String::from_utf8(run.stdout).expect("UTF-8");
    let codes: Vec<i64> = output
        .lines()
        .map(|line| {
            let message: Value = serde_json::from_str(line).expect(line);
            assert_eq!(message["jsonrpc"], "2.0");
            message["error"]["code"].as_i64().expect(line)
        })
        .collect();
    let wanted: Vec<i64> = all.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes, wanted);
    assert!(output.ends_with('\n'));
}

#[test]
fn without_a_database_only_messages_are_written() {
    let world = World::new();
    let nowhere = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2";
    let mut agent = Agent::start(&world, &["--database-url", nowhere], true);
    let said = agent.refused("find_tool", json!({"job": "list files"}));
    assert!(said.starts_with("cannot reach the database"), "{said}");
    assert!(said.contains("Do not retry before "), "{said}");
    let read = agent.request("resources/read", json!({"uri": "toolcat://capabilities"}));
    assert_eq!(read["error"]["code"], -32603);
    assert_eq!(agent.end(), 0);
    let wrong = world.run(&["mcp", "--nonsense"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    let wrong = world.run(&["mcp", "--catalog", "no such\nname"]);
    assert_eq!(wrong.stdout, "");
}

#[test]
fn check_shows_what_a_client_sees() {
    let world = World::new();
    let shown = world.ok(&["mcp", "--check"]);
    assert!(shown.contains("find_tool, at most "), "{shown}");
    assert!(shown.contains("together at most "), "{shown}");
}

/// A client of the oldest revision may send several messages as one list.
#[test]
fn a_list_of_messages_is_answered_as_a_list() {
    let world = World::new();
    let mut agent = Agent::legacy(&world, "2025-03-26");
    agent.send(
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"x"},3,{"jsonrpc":"2.0","id":2,"method":"y"}]"#,
    );
    let answers = agent.receive();
    assert_eq!(answers[0]["result"], json!({}));
    assert_eq!(answers[1]["error"]["code"], -32600);
    assert_eq!(answers[2]["error"]["code"], -32601);
    agent.send(r#"[{"jsonrpc":"2.0","method":"x"}]"#);
    assert_eq!(agent.request("ping", json!({}))["result"], json!({}));
    let mut newer = Agent::legacy(&world, "2025-06-18");
    newer.send(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#);
    assert_eq!(newer.receive()["error"]["code"], -32600);
}
