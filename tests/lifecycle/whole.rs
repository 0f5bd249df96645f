//! The whole life of one tool, with its audit trail.

use crate::common::{World, definition};
use insta::assert_snapshot;

#[test]
fn the_whole_life_of_a_tool() {
    let world = World::new();
    let first = definition("linux", "df", "1.0", "disk_usage");
    world.write("df.yaml", &first);
    let mut shown = world.transcript("import df.yaml --actor alice");
    let edit = world
        .command(&["edit", "df", "--actor", "bob", "--reason", "clearer"])
        .env("EDITOR", "sed -i 's/What df is for/Free space/'")
        .output()
        .expect("toolcat runs");
    shown.push_str(&crate::common::Run::of(edit).shown("edit df"));
    world.write("df.yaml", first.replace("100 + N", "50 + N"));
    shown.push_str(&world.transcript(
        "import df.yaml --on-conflict bump --actor carol
         versions df --format name
         rollback df --reason slower
         disable df
         delete df --yes --reason unused
         show df
         restore df --reason missed
         versions df --format name
         show df
         audit verify
         audit df
         log",
    ));
    assert_snapshot!(world.masked(&shown));
}

#[test]
fn a_tool_is_shown_as_it_was() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    let original = world.ok(&["show", "df", "--format", "yaml"]);
    let then = world.sql(
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    );
    world.ok(&[
        "update",
        "df",
        "--set",
        "scope=batch",
        "--set",
        "category=disks",
        "--yes",
    ]);
    world.ok(&["delete", "df", "--yes"]);
    let at = |at: &str| world.run(&["show", "df", "--format", "yaml", "--at", at]);
    assert_eq!(at(then.trim()).stdout, original);
    assert_eq!(at("@1").stdout, original);
    assert!(at("@2").stdout.contains("category: disks"));
    assert_eq!(at("@3").code, 4);
    assert_eq!(at("1970-01-01").code, 4);
    assert_eq!(at("soon").code, 2);
}

#[test]
fn what_was_shown_of_a_tool_can_be_shown_again() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    // Made long ago, as the log has it too, so that a change is told apart.
    world.sql(
        "ALTER TABLE tool_audit_log DISABLE TRIGGER keep; \
         UPDATE tool_audit_log SET changed_at = changed_at - INTERVAL '1 year', changes = CASE entity \
             WHEN 'tool' THEN jsonb_set(changes, '{row,new,updated_at}', '\"2020-01-01T00:00:00Z\"') \
             ELSE changes END; \
         ALTER TABLE tool_audit_log ENABLE TRIGGER keep",
    );
    assert!(
        world
            .ok(&["show", "df", "--at", "@1"])
            .contains("2020-01-01")
    );
    // A field of a pattern: the log has no entry for the tool itself.
    world.ok(&[
        "update",
        "df",
        "--set",
        "scope=batch",
        "--yes",
        "--actor",
        "carol",
    ]);
    let shown = world.ok(&["show", "df", "--at", "@2"]);
    assert!(
        !shown.contains("2020-01-01") && shown.contains("by carol"),
        "{shown}"
    );
}

#[test]
fn a_tool_that_was_renamed_by_hand_is_shown_as_it_was() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    let before = world.ok(&["show", "df", "--format", "yaml"]);
    world.sql("UPDATE tools SET tool_name = 'dff' WHERE tool_name = 'df'");
    world.ok(&["update", "dff", "--set", "scope=all", "--yes"]);
    let show = |name: &str, at: &str| world.run(&["show", name, "--format", "yaml", "--at", at]);
    assert_eq!(
        show("dff", "now").stdout,
        world.ok(&["show", "dff", "--format", "yaml"])
    );
    assert_eq!(show("df", "now").code, 4);
    assert_eq!(show("df", "@1").stdout, before);
    assert_eq!(show("dff", "@99").code, 4);
}

#[test]
fn a_version_that_comes_back_is_a_parent_again() {
    let world = World::new();
    for version in ["1.0", "2.0", "3.0"] {
        world.write("df.yaml", definition("linux", "df", version, "disk_usage"));
        world.ok(&["import", "df.yaml"]);
    }
    let versions = || {
        world.sql(
            "SELECT t.version, p.version, t.is_latest FROM tools t \
             LEFT JOIN tools p ON p.id = t.parent_version_id ORDER BY t.version",
        )
    };
    let before = versions();
    world.ok(&["delete", "df@1.0", "--yes"]);
    assert_ne!(versions(), before);
    world.ok(&["restore", "df"]);
    assert_eq!(versions(), before);
    world.ok(&["audit", "verify"]);
}
