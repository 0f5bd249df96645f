//! The catalog as it was: blame, and export and diff of a state that is gone by (issue 20).

use serde_json::Value;

use crate::common::{World, definition};

/// Revision 1: df and du; 2: the time of df by alice; 3: df 1.1 by bob; 4: df is off; 5: du is deleted.
fn world() -> World {
    let world = World::new();
    let df = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", &df);
    world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml", "du.yaml"]);
    let by = |actor: &str, reason: &str, args: &[&str]| {
        let said = ["--actor", actor, "--reason", reason];
        world.ok(&[&said[..], args].concat());
    };
    let set = ["update", "df", "--set", "time_estimate_ms=7 + N", "--yes"];
    by("alice", "measured", &set);
    let newer = df
        .replace("version: '1.0'", "version: '1.1'")
        .replace("100 + N", "7 + N")
        .replace("What df is for", "Show free space");
    world.write("newer.yaml", newer);
    by("bob", "clearer", &["import", "newer.yaml"]);
    by("carol", "noisy", &["disable", "df"]);
    world.ok(&["delete", "du", "--yes"]);
    world
}

#[test]
fn each_field_is_that_of_the_revision_that_gave_it_its_value() {
    let world = world();
    let fields = world.run(&["blame", "df", "-o", "json"]).json();
    let origin = |field: &str| {
        let fields = fields.as_array().expect("a list");
        let found = fields.iter().find(|it| it["field"] == field).expect(field);
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        (
            found["revision"].as_i64().expect("a number"),
            text("changed_by"),
            text("reason"),
            text("tool"),
        )
    };
    let is = |revision: i64, by: &str, why: &str, tool: &str| {
        (revision, by.to_owned(), why.to_owned(), tool.to_owned())
    };
    let pattern = "capabilities.disk_usage.patterns.use";
    // What 1.1 took over from 1.0 is still that of its own revision.
    let time = origin(&format!("{pattern}.time_estimate_ms"));
    assert_eq!(time, is(2, "alice", "measured", "linux/df@1.0"));
    let cost = origin(&format!("{pattern}.cost_estimate"));
    assert_eq!(cost, is(1, "tester", "", "linux/df@1.0"));
    let description = origin("description");
    assert_eq!(description, is(3, "bob", "clearer", "linux/df@1.1"));
    assert_eq!(origin("enabled"), is(4, "carol", "noisy", "linux/df@1.1"));
    // Every field of the definition is there, once, with its value.
    let mut shown = world.run(&["show", "df", "-o", "json"]).json();
    for it in fields.as_array().expect("a list") {
        let path = it["field"].as_str().expect("text").replace('.', "/");
        if !["status", "enabled", "owner"].contains(&path.as_str()) {
            assert_eq!(
                shown.pointer(&format!("/{path}")),
                Some(&it["value"]),
                "{path}"
            );
        }
    }
    for life in ["status", "enabled", "owner"] {
        shown[life] = Value::Null;
    }
    assert_eq!(fields.as_array().map(Vec::len), Some(leaves(&shown)));
}

/// Values of a document without values below them.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(fields) if !fields.is_empty() => fields.values().map(leaves).sum(),
        _ => 1,
    }
}

#[test]
fn one_field_is_blamed_alone_and_what_there_is_not_is_refused() {
    let world = world();
    let told = world.ok(&["blame", "df", "--field", "time_estimate_ms"]);
    let line = told.lines().nth(1).unwrap_or_default();
    for part in ["2 ", "alice", "\"7 + N\"", "measured"] {
        assert!(line.contains(part), "{told}");
    }
    assert_eq!(told.lines().count(), 2, "{told}");
    for (args, hint) in [
        (&["blame", "df", "--field", "time"][..], "toolcat blame df"),
        (&["blame", "du"], "toolcat restore linux/du"),
        (&["blame", "df@9"], "did you mean"),
    ] {
        let run = world.run(args);
        assert_eq!(run.code, 4, "{}", run.shown(""));
        assert!(run.stderr.contains(hint), "{}", run.shown(""));
    }
}

#[test]
fn a_catalog_is_exported_as_it_was() {
    let world = world();
    let then = world.ok(&["export", "--at", "2"]);
    assert!(
        then.contains("tool_name: du") && then.contains("7 + N"),
        "{then}"
    );
    assert!(!then.contains("1.1"), "{then}");
    // What comes out goes in again, and is what was there.
    let copy = World::new();
    copy.write("then.yaml", &then);
    copy.ok(&["import", "then.yaml"]);
    assert_eq!(copy.ok(&["export"]), then);
    // Filters and addresses mean what they meant then.
    let names = |args: &[&str]| {
        let told = world.ok(&[&["export", "-q"], args].concat());
        let lines = told.lines().filter_map(|it| it.strip_prefix("tool_name: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&["du", "--at", "@4"]), ["du"]);
    assert_eq!(names(&["--enabled=true", "--at", "3"]), ["df", "du"]);
    assert_eq!(names(&["--enabled=true", "--at", "4"]), ["du"]);
    assert_eq!(names(&["--all-versions", "--at", "3"]), ["df", "df", "du"]);
    assert_eq!(
        names(&["--tag", "test", "--tag", "no", "--at", "3"]),
        [""; 0]
    );
    assert_eq!(names(&["--at", "now"]), ["df"]);
    world.ok(&["export", "--at", "2", "--to-dir", "then"]);
    assert!(world.read("then/linux/df@1.0.yaml").contains("7 + N"));
    for (args, part) in [
        (&["export", "df", "--at", "0"][..], "there was no such tool"),
        (&["export", "--at", "99"], "there is no revision 99 yet"),
    ] {
        let run = world.run(args);
        assert_eq!(run.code, 4, "{}", run.shown(""));
        assert!(run.stderr.contains(part), "{}", run.shown(""));
    }
}

#[test]
fn a_difference_is_told_from_then_to_now() {
    let world = world();
    let run = world.run(&["diff", "df", "--at", "2"]);
    assert_eq!(run.code, 1, "{}", run.shown(""));
    for part in [
        "linux/df@1.0 -> linux/df@1.1",
        "description: \"What df is for\" -> \"Show free space\"",
        "enabled: true -> false",
    ] {
        assert!(run.stdout.contains(part), "{}", run.shown(""));
    }
    assert!(
        !run.stdout.contains("time_estimate_ms"),
        "{}",
        run.shown("")
    );
    let all = world.run(&["diff", "--at", "1"]);
    assert!(all.stdout.contains("- linux/du@1.0"), "{}", all.shown(""));
    let same = world.run(&["diff", "catalog:", "--at", "5"]);
    assert_eq!(same.code, 0, "{}", same.shown(""));
    let files = world.run(&["diff", "df.yaml", "df", "--at", "1"]);
    assert_eq!(files.code, 2, "{}", files.shown(""));
    assert!(
        files.stderr.contains("files have no past"),
        "{}",
        files.shown("")
    );
    assert_eq!(world.run(&["diff", "df"]).code, 2);
}
