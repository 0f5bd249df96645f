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
        examples: [{command: du -sh /var}, {note: none}]
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

#[test]
fn the_command_is_filled_and_never_run() {
    let world = World::new();
    world.write("du.yaml", du());
    world.ok(&["import", "du.yaml"]);
    let select = ["select", "--capability", "disk_usage"];
    let asked = |more: &[&str]| world.run(&[&select[..], more].concat());
    let missing = asked(&["--format", "command"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (2, ""));
    assert!(
        missing.stderr.contains("--input path=..."),
        "{}",
        missing.stderr
    );
    let hostile = "path=a b'$(touch ran)\n`touch ran`";
    let run = asked(&[
        "--format", "command", "--input", hostile, "--input", "depth=2",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        run.stdout,
        "du -s --max-depth 2 'a b'\\''$(touch ran)\n`touch ran`'\n"
    );
    assert!(!world.path().join("ran").exists());
    let dashed = asked(&["--format", "command", "--input", "path=-x"]);
    assert_eq!(dashed.stdout, "du -s ./-x\n");
    let shown = world.ok(&["show", "du", "--format", "command", "--input", "path=/var"]);
    assert_eq!(shown, "du -s /var\n");
    let answer = asked(&["--format", "json", "--input", "depth=2"]).json();
    assert_eq!(
        answer["answer"]["command"],
        json!(["du", "-s", "--max-depth", "2", "{path}"])
    );
    assert_eq!(answer["answer"]["missing_inputs"], json!(["path"]));
    assert_eq!(answer["answer"]["examples"], json!(["du -sh /var"]));
    let page = asked(&["--input", "path=/var"]).stdout;
    assert!(
        page.contains("  run: du -s /var\n  example: du -sh /var\n"),
        "{page}"
    );
    let unknown = asked(&[
        "--format", "command", "--input", "path=/", "--input", "dept=1",
    ]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("has no input `dept`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_value_that_would_be_an_option_is_refused() {
    let world = World::new();
    world.write("du.yaml", du().replace("type: path", "type: string"));
    world.ok(&["import", "du.yaml"]);
    let run = world.run(&[
        "select",
        "--capability",
        "disk_usage",
        "--format",
        "command",
        "--input",
        "path=-x",
    ]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(
        run.stderr.contains("would be read as an option"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_needs_a_terminal_is_no_answer_in_a_pipe() {
    let world = World::new();
    world.write(
        "top.yaml",
        du().replace("argv:", "interactive: true\n          argv:"),
    );
    world.ok(&["import", "top.yaml"]);
    let run = world.run(&["select", "--capability", "disk_usage", "--format", "json"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.json()["set_aside"][0]["reason"]["kind"], "interactive");
    world.ok(&[
        "select",
        "--capability",
        "disk_usage",
        "--allow-interactive",
    ]);
}

#[test]
fn only_inputs_of_the_tool_are_exported() {
    let world = World::new();
    let inputs = "[{name: N, type: integer}, {name: path, type: path}]";
    world.write(
        "du.yaml",
        du().replace("[{name: path, type: path}]", inputs),
    );
    world.ok(&["import", "du.yaml"]);
    for (format, key) in [
        ("mcp", "inputSchema"),
        ("openai", "parameters"),
        ("anthropic", "input_schema"),
    ] {
        let written = json_of(&world.ok(&["export", "--to-format", format]));
        let tools = written.get("tools").unwrap_or(&written);
        let schema = &tools[0][key];
        assert_eq!(schema["required"], json!(["path"]), "{format} {written}");
        assert_eq!(schema["properties"]["N"], Value::Null);
    }
}

#[test]
fn where_the_asker_stands_is_configured() {
    let world = World::new();
    let guarded = |name: &str, permission: &str| {
        definition("linux", name, "1.0", "job").replace(
            "          max_cost: 10\n",
            &format!("          max_cost: 10\n          required_permissions: [{permission}]\n"),
        )
    };
    world.write("one.yaml", guarded("one", "docker"));
    world.write("two.yaml", guarded("two", "operator"));
    world.ok(&["import", "one.yaml", "two.yaml"]);
    let names = |more: &[&str]| -> Vec<Value> {
        let run = world.run(&[&["select", "-c", "job", "--format", "json"], more].concat());
        let ranking = run.json()["ranking"].clone();
        let ranking = ranking.as_array().expect("a ranking");
        ranking.iter().map(|it| it["tool"].clone()).collect()
    };
    assert_eq!(names(&[]), Vec::<Value>::new());
    assert_eq!(names(&["--permission", "root"]), ["one", "two"]);
    assert_eq!(names(&["--permission", "admin"]), ["two"]);
    world.write(
        "toolcat.toml",
        "[select]\npermissions = [\"sudo\"]\nlimit = 1\n[covers]\nsudo = [\"docker\", \"operator\"]\n",
    );
    assert_eq!(names(&[]), Vec::<Value>::new());
    world.ok(&["config", "trust"]);
    assert_eq!(names(&[]), ["one"]);
    assert_eq!(names(&["--limit", "0"]), ["one", "two"]);
    assert_eq!(names(&["--permission", "admin"]), ["two"]);
}

#[test]
fn installed_keeps_to_what_this_machine_has() {
    let world = World::new();
    let with = |name: &str, program: &str| {
        definition("linux", name, "1.0", "job")
            + &format!("        invocation: {{argv: [{program}]}}\n")
    };
    world.write("one.yaml", with("one", "sh"));
    world.write("two.yaml", with("two", "no-such-program-anywhere"));
    world.ok(&["import", "one.yaml", "two.yaml"]);
    let run = world.run(&["select", "-c", "job", "--installed", "--format", "json"]);
    let found = run.json();
    assert_eq!(found["answer"]["tool"], "one");
    assert_eq!(found["set_aside"][0]["reason"]["kind"], "not_installed");
}

#[test]
fn tools_of_another_system_come_last() {
    let world = World::new();
    for (platform, name) in [("windows", "aa"), ("linux", "bb"), ("network", "cc")] {
        world.write(
            &format!("in/{name}.yaml"),
            definition(platform, name, "1.0", "job"),
        );
    }
    world.ok(&["import", "in"]);
    let names = |more: &[&str]| -> String {
        let run = world.run(&[&["select", "-c", "job", "--format", "json"], more].concat());
        let ranking = run.json()["ranking"].clone();
        let ranking = ranking.as_array().expect("a ranking");
        let names = ranking.iter().filter_map(|it| it["tool"].as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&[]), "aa bb cc");
    world.write("toolcat.toml", "[select]\nplatform = \"linux\"\n");
    assert_eq!(names(&[]), "bb cc aa");
    assert_eq!(names(&["--platform", "any"]), "aa bb cc");
    assert_eq!(names(&["--platform", "windows"]), "aa");
    let shown = world.ok(&["select", "-c", "job"]);
    assert!(shown.contains("windows/aa (away)"), "{shown}");
}
