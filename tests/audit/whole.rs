//! A tool that is made has one entry in the log, and nothing is left out of it (issue 22).

use serde_json::Value;

use crate::common::{World, definition};

const TOOL: &str = "INSERT INTO tools (id, tool_name, version, description, platform, category) \
    VALUES (900, 'probe', '1', 'd', 'linux', 'system')";
const CAPABILITY: &str = "INSERT INTO tool_capabilities (id, tool_id, capability_name, description) \
    VALUES (910, 900, 'probing', 'Probes')";

fn pattern(id: i64, name: &str) -> String {
    format!(
        "INSERT INTO tool_patterns (id, capability_id, pattern_name, description, time_estimate_ms, cost_estimate, \
             complexity_score, scope, completeness, policy, preference_match) \
         VALUES ({id}, 910, '{name}', 'd', '10', '1', 0.1, 'single_item', 'complete', '{{}}', '{{}}')"
    )
}

/// The entries of a tool, the oldest first: action, what kind of row, and its name.
fn entries(world: &World, tool: &str) -> Vec<String> {
    let found = world.sql(&format!(
        "SELECT concat_ws(' ', action, entity, entity_name) FROM tool_audit_log \
         WHERE tool_name = '{tool}' ORDER BY revision, id"
    ));
    found.lines().map(str::to_owned).collect()
}

fn assert_verified(world: &World) {
    let run = world.run(&["audit", "verify"]);
    assert_eq!(run.code, 0, "{}", run.shown("audit verify"));
}

/// The definition of a tool as it is, and as the log has it.
fn assert_replayed(world: &World, tool: &str) {
    let revision = world.sql("SELECT revision FROM catalog_state");
    let now = world.ok(&["export", tool]);
    assert_eq!(world.ok(&["export", tool, "--at", revision.trim()]), now);
}

#[test]
fn a_tool_that_is_made_has_one_entry_with_the_whole_of_it() {
    let world = World::new();
    let mut text = definition("linux", "df", "1.0", "disk_usage");
    let more = text.split_once("  disk_usage:\n").expect("a capability").1;
    text += &format!("  inodes:\n{more}");
    world.write("df.yaml", &text);
    world.ok(&["import", "df.yaml", "--actor", "ann", "--reason", "first"]);
    assert_eq!(entries(&world, "df"), ["created tool df"]);
    let listed = world.run(&["audit", "--format", "json"]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&listed[0]["changed_by"], &listed[0]["reason"]),
        (&Value::from("ann"), &Value::from("first"))
    );
    let row = &listed[0]["changes"]["row"]["new"];
    assert_eq!(row["description"], "What df is for");
    let capabilities: Vec<&Value> = row["capabilities"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(capabilities.len(), 2);
    assert_eq!(capabilities[1]["capability_name"], "inodes");
    assert_eq!(capabilities[1]["patterns"][0]["pattern_name"], "use");
    assert_replayed(&world, "df");
    // What is changed later has entries of its own, and all of it is replayed and brought back.
    world.ok(&["update", "df", "--yes", "--set", "policy.max_cost=3"]);
    assert_eq!(entries(&world, "df").len(), 3);
    assert_replayed(&world, "df");
    assert!(
        !world
            .ok(&["export", "df", "--at", "1"])
            .contains("max_cost: 3")
    );
    let blamed = world.ok(&["blame", "df"]);
    assert!(blamed.contains("ann"), "{blamed}");
    let before = world.ok(&["export", "df"]);
    world.ok(&["delete", "df", "--yes"]);
    world.ok(&["restore", "df"]);
    assert_eq!(world.ok(&["export", "df"]), before);
    assert_eq!(
        entries(&world, "df").last().expect("an entry"),
        "restored tool df"
    );
    assert_replayed(&world, "df");
    world.ok(&["revert", "2"]);
    assert!(world.ok(&["export", "df"]).contains("max_cost: 10"));
    assert_verified(&world);
}

#[test]
fn by_hand_one_transaction_is_one_entry_and_each_later_one_its_own() {
    let world = World::new();
    // The parts, changes of them and of the tool, a part of it undone: what is left is in the entry.
    world.sql(&format!(
        "BEGIN; SET LOCAL toolcat.actor = 'ben'; {TOOL}; {CAPABILITY}; {}; SAVEPOINT s; {}; ROLLBACK TO s; \
         SET LOCAL toolcat.action = 'nothing'; UPDATE tool_patterns SET cost_estimate = '7' WHERE id = 920; \
         UPDATE tools SET description = 'changed' WHERE id = 900; COMMIT",
        pattern(920, "a"),
        pattern(921, "b"),
    ));
    assert_eq!(entries(&world, "probe"), ["created tool probe"]);
    let logged = world.sql(
        "SELECT changed_by, changes #>> '{row,new,description}', \
                changes #>> '{row,new,capabilities,0,patterns,0,cost_estimate}', \
                jsonb_array_length(changes #> '{row,new,capabilities,0,patterns}') FROM tool_audit_log",
    );
    assert_eq!(logged.trim(), "ben|changed|7|1");
    world.sql(&pattern(922, "c"));
    world.sql("UPDATE tool_patterns SET cost_estimate = '8' WHERE id = 920");
    world.sql("UPDATE tool_capabilities SET description = 'Probes more' WHERE id = 910");
    world.sql("DELETE FROM tool_patterns WHERE id = 922");
    let expected = [
        "created tool probe",
        "created pattern probing.c",
        "updated pattern probing.a",
        "updated capability probing",
        "deleted pattern probing.c",
    ];
    assert_eq!(entries(&world, "probe"), expected);
    assert_replayed(&world, "probe");
    assert_verified(&world);
}

#[test]
fn nothing_that_a_transaction_does_keeps_a_change_out_of_the_log() {
    let world = World::new();
    // Made and deleted at once.
    world.sql(&format!(
        "{TOOL}; {CAPABILITY}; {}; DELETE FROM tools WHERE id = 900",
        pattern(920, "a")
    ));
    let expected = [
        "created tool probe",
        "deleted pattern probing.a",
        "deleted capability probing",
        "deleted tool probe",
    ];
    assert_eq!(entries(&world, "probe"), expected);
    assert_verified(&world);
    world.ok(&["restore", "probe"]);
    assert!(world.ok(&["export", "probe"]).contains("probing"));
    world.ok(&["delete", "probe", "--yes"]);
    // A part deleted in the transaction that made it: the tool as it was before, and the deletion.
    world.sql(&format!(
        "{TOOL}; {CAPABILITY}; {}; DELETE FROM tool_patterns WHERE id = 920",
        pattern(920, "a")
    ));
    assert_eq!(
        entries(&world, "probe").last().expect("an entry"),
        "deleted pattern probing.a"
    );
    assert_replayed(&world, "probe");
    world.ok(&["delete", "probe", "--yes"]);
    // Constraints that are checked at once: each row has its entry.
    world.sql(&format!(
        "SET CONSTRAINTS ALL IMMEDIATE; {TOOL}; {CAPABILITY}; {}",
        pattern(920, "a")
    ));
    let written = entries(&world, "probe");
    let expected = [
        "created tool probe",
        "created capability probing",
        "created pattern probing.a",
    ];
    assert_eq!(written[written.len() - 3..], expected);
    assert_replayed(&world, "probe");
    assert_verified(&world);
    // Tools of several statements, of one statement, and of ranges that overlap.
    world.sql(
        "INSERT INTO tools (id, tool_name, version, description, platform, category) \
             SELECT i, 'many' || i, '1', 'd', 'linux', 'system' FROM generate_series(1000, 1010, 5) i; \
         INSERT INTO tools (id, tool_name, version, description, platform, category) \
             SELECT i, 'many' || i, '1', 'd', 'linux', 'system' FROM unnest(ARRAY[1012, 1002, 1007]) i",
    );
    let made = world.sql("SELECT count(*) FROM tool_audit_log WHERE tool_name LIKE 'many%'");
    assert_eq!(
        (
            made.trim(),
            world.sql("SELECT count(*) FROM audit_pending").trim()
        ),
        ("6", "0")
    );
    assert_verified(&world);
}

/// Whoever has every right that can be granted on tables still cannot take back what is to be logged.
#[test]
fn what_is_to_be_logged_is_the_owners_alone() {
    let world = World::new();
    world.sql(
        "CREATE ROLE whole_writer; GRANT USAGE ON SCHEMA tool_catalog TO whole_writer; \
         GRANT ALL ON ALL TABLES IN SCHEMA tool_catalog TO whole_writer; \
         GRANT ALL ON ALL SEQUENCES IN SCHEMA tool_catalog TO whole_writer",
    );
    for act in [
        "DELETE FROM audit_pending",
        "UPDATE audit_pending SET last_id = NULL",
        "TRUNCATE audit_pending",
    ] {
        let tried = world.sql(&format!(
            "SET ROLE whole_writer; {TOOL}; {CAPABILITY}; \
             DO $do$ BEGIN {act}; EXCEPTION WHEN insufficient_privilege OR object_in_use THEN \
                 RAISE NOTICE 'refused'; RETURN; END $do$; \
             SELECT count(*) FROM audit_pending; DELETE FROM tools WHERE id = 900; RESET ROLE"
        ));
        assert_eq!(tried.trim(), "1", "{act}");
    }
    assert_verified(&world);
    world.sql("DROP OWNED BY whole_writer; DROP ROLE whole_writer");
}
