//! How a pattern is run: kept by every command that carries a definition, and filled in safely.

use serde_json::{Value, json};

use crate::common::{World, definition};

/// A definition whose pattern says how it is run.
fn du() -> String {
    definition("linux", "du", "1.0", "disk_usage").replace(
        "        required_inputs: []\n",
        "        effect: read
        required_inputs: [{name: path, type: path}]
        optional_inputs: [{name: depth, type: integer}]
        invocation:
          argv: [du, -s, [--max-depth, '{depth}'], '{path}']
",
    )
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn pattern(definition: &Value) -> &Value {
    let patterns = &definition["capabilities"]["disk_usage"]["patterns"];
    patterns
        .as_object()
        .and_then(|it| it.values().next())
        .expect("a pattern")
}

#[test]
fn it_goes_in_and_comes_out_in_every_format() {
    let world = World::new();
    world.write("du.yaml", du());
    world.ok(&["import", "du.yaml"]);
    let shown = json_of(&world.ok(&["show", "du", "--format", "json"]));
    assert_eq!(pattern(&shown)["effect"], "read");
    let argv = json!(["du", "-s", ["--max-depth", "{depth}"], "{path}"]);
    assert_eq!(pattern(&shown)["invocation"], json!({"argv": argv}));
    for format in ["yaml", "json", "jsonl", "profile", "mcp"] {
        let file = format!("out.{}", if format == "mcp" { "json" } else { format });
        let text = world.ok(&["export", "--to-format", format]);
        world.write(&file, text);
        assert_eq!(
            world.ok(&["import", "--from-format", format, &file]),
            "imported 1 definition: 0 created, 0 updated, 1 unchanged, 0 refused\n",
            "{format}"
        );
    }
    let columns = world.sql("SELECT effect, invocation -> 'argv' ->> 0 FROM tool_patterns");
    assert_eq!(columns.trim(), "read|du");
    assert!(
        world
            .ok(&["show", "du"])
            .contains("du -s [--max-depth {depth}] {path}")
    );
}

#[test]
fn it_is_set_compared_and_cleared() {
    let world = World::new();
    world.write("du.yaml", du());
    world.ok(&["import", "du.yaml"]);
    world.ok(&[
        "update",
        "du",
        "--set",
        "effect=write",
        "--set",
        "invocation.endless=true",
        "--yes",
    ]);
    let shown = json_of(&world.ok(&["show", "du", "--format", "json"]));
    assert_eq!(pattern(&shown)["effect"], "write");
    assert_eq!(pattern(&shown)["invocation"]["endless"], true);
    let difference = world.run(&["diff", "du", "du.yaml"]).stdout;
    assert!(
        difference.contains("effect") && difference.contains("invocation.endless"),
        "{difference}"
    );
    for wrong in [
        "effect=remove",
        "invocation.argv=[\"du\"]",
        "invocation.shell=sh",
    ] {
        let run = world.run(&["update", "du", "--yes", "--set", wrong]);
        assert_eq!(run.code, 2, "{wrong}: {}", run.stderr);
    }
    world.ok(&["audit", "verify"]);
}
