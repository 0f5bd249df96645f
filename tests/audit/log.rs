//! What is logged, found again, proven, and kept from change.

use crate::common::{World, definition, psql};
use insta::assert_snapshot;

fn world() -> World {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("ping.yaml", definition("linux", "ping", "1.0", "reach"));
    world.ok(&["import", "df.yaml", "ping.yaml", "--actor", "alice"]);
    world.ok(&["disable", "df", "--actor", "bob", "--reason", "noisy"]);
    world.ok(&["update", "ping", "--set", "policy.max_cost=3", "--yes"]);
    world
}

#[test]
fn changes_are_found_by_what_is_known_of_them() {
    let world = world();
    assert_snapshot!(world.transcript(
        "audit df
         audit --actor bob --format csv
         audit --action created ping@1.0
         audit --field policy.max_cost --action updated
         audit --field policy.production_safe --action updated
         audit --until 2020-01-01
         audit --since 1h -n 1 --format json
         audit --since whenever
         audit nothing
         log"
    ));
}

#[test]
fn a_change_by_hand_is_logged() {
    let world = world();
    world.sql("UPDATE tools SET category = 'disks' WHERE tool_name = 'df'");
    world
        .sql("UPDATE tool_patterns SET complexity_score = 0.9 WHERE description = 'The usual way'");
    let user = world.sql("SELECT session_user");
    let entries = world.run(&[
        "audit", "df", "--field", "category", "--action", "updated", "--format", "json",
    ]);
    let entries = entries.json();
    assert_eq!(entries[0]["changes"]["category"]["new"], "disks");
    assert_eq!(entries[0]["changed_by"], user.trim());
    assert_eq!(entries[0]["db_user"], user.trim());
    let parts = world.run(&[
        "audit",
        "--field",
        "complexity_score",
        "--action",
        "updated",
        "--format",
        "json",
    ]);
    assert_eq!(parts.json().as_array().map(Vec::len), Some(2));
    world.ok(&["audit", "verify"]);
}

#[test]
fn when_and_by_whom_is_true_whoever_writes() {
    let world = world();
    let user = world.sql("SELECT session_user");
    world.sql("UPDATE tools SET updated_at = '2000-01-01', updated_by = 'mallory'");
    world.sql("UPDATE tool_patterns SET updated_at = '2000-01-01'");
    let last = "SELECT DISTINCT updated_by, updated_at > '2001-01-01' FROM tools";
    assert_eq!(world.sql(last), format!("{}|t\n", user.trim()));
    let parts = "SELECT DISTINCT updated_at > '2001-01-01' FROM tool_patterns";
    assert_eq!(world.sql(parts), "t\n");
    world.ok(&["update", "--set", "scope=all", "--yes", "--actor", "carol"]);
    assert_eq!(world.sql(last), "carol|t\n");
    let same_time = "SELECT count(*) FROM tools t JOIN tool_capabilities c ON c.tool_id = t.id \
                     JOIN tool_patterns p ON p.capability_id = c.id WHERE p.updated_at <> t.updated_at";
    assert_eq!(world.sql(same_time), "0\n");
    world.ok(&["audit", "verify"]);
}

#[test]
fn a_row_keeps_its_id_and_what_it_belongs_to() {
    let world = world();
    for change in [
        "UPDATE tools SET id = id + 100",
        "UPDATE tool_capabilities SET id = id + 100",
        "UPDATE tool_capabilities SET tool_id = 1, capability_name = 'other' WHERE tool_id = 2",
        "UPDATE tool_patterns SET id = id + 100, time_estimate_ms = '1'",
        "UPDATE tool_patterns SET capability_id = 1, pattern_name = 'other' WHERE capability_id = 2",
    ] {
        world.sql(&format!(
            "DO $$ BEGIN {change}; RAISE EXCEPTION 'it was done'; \
             EXCEPTION WHEN check_violation THEN NULL; END $$"
        ));
    }
    world.ok(&["audit", "verify"]);
}

#[test]
fn a_revision_cannot_be_forged() {
    let world = world();
    let now = world.sql("SELECT revision FROM catalog_state");
    world.sql(
        "SELECT set_config('toolcat.revision_' || md5(current_schema()), '1', false); \
         UPDATE tools SET category = 'disks' WHERE tool_name = 'df'; \
         UPDATE tools SET category = 'discs' WHERE tool_name = 'df'",
    );
    let then: i64 = now.trim().parse().expect("a number");
    assert_eq!(
        world.sql("SELECT max(revision) FROM tool_audit_log").trim(),
        (then + 1).to_string()
    );
    world.ok(&["audit", "verify"]);
    // A catalog restored on another server can meet the number of its last transaction again.
    world.sql(
        "BEGIN; UPDATE catalog_state SET begun_by = pg_current_xact_id()::text::bigint; \
         UPDATE tools SET category = 'plates' WHERE tool_name = 'df'; COMMIT",
    );
    assert_eq!(
        world.sql("SELECT max(revision) FROM tool_audit_log").trim(),
        (then + 2).to_string()
    );
    // The owner can put it back, which is found.
    world.sql("UPDATE catalog_state SET revision = 1");
    let run = world.run(&["audit", "verify"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("revision"), "{run:?}");
}

#[test]
fn what_the_log_does_not_lead_to_is_found() {
    let world = world();
    world.ok(&["audit", "verify"]);
    // Only a superuser can go behind the triggers.
    world.sql(
        "SET session_replication_role = replica; \
         UPDATE tools SET category = 'forged' WHERE tool_name = 'df'; \
         UPDATE tool_audit_log SET changes = jsonb_set(changes, '{policy,new,max_cost}', '4') \
         WHERE entity = 'pattern' AND action = 'updated'; \
         INSERT INTO tools (tool_name, version, description, platform, category) \
         VALUES ('ghost', '1', 'd', 'linux', 'c')",
    );
    let run = world.run(&["audit", "verify", "--format", "json"]);
    assert_eq!(run.code, 1);
    let found = run.json();
    assert_eq!(found["ok"], false);
    let mut kinds: Vec<(String, String)> = found["discrepancies"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["kind"].to_string(), it["field"].to_string()))
        .collect();
    kinds.sort();
    let expected = [
        ("chain", "hash"),
        ("present", "category"),
        ("present", "policy"),
        ("unlogged", "id"),
    ]
    .map(|(kind, field)| (format!("\"{kind}\""), format!("\"{field}\"")));
    assert_eq!(kinds, expected);
}

#[test]
fn values_are_logged_in_one_form_whatever_the_session() {
    let world = world();
    world.sql(
        "SET timezone = 'Asia/Tokyo'; SET extra_float_digits = -10; SET datestyle = 'German'; \
         UPDATE tool_patterns SET complexity_score = 0.123456789; \
         INSERT INTO tools (tool_name, version, description, platform, category) \
         VALUES ('by-hand', '1', 'd', 'linux', 'c')",
    );
    world.ok(&["audit", "verify"]);
}

#[test]
fn an_ordinary_role_cannot_change_or_remove_what_is_logged() {
    let world = world();
    let role = format!("clerk_{}", world.sql("SELECT current_database()").trim());
    world.sql(&format!(
        "CREATE ROLE {role}; GRANT USAGE ON SCHEMA tool_catalog TO {role}; \
         GRANT ALL ON ALL TABLES IN SCHEMA tool_catalog TO {role}; \
         REVOKE ALL ON tool_audit_log FROM {role}; GRANT SELECT ON tool_audit_log TO {role}"
    ));
    let refused = |statement: &str| {
        world.sql(&format!(
            "DO $$ BEGIN SET LOCAL ROLE {role}; {statement}; RAISE EXCEPTION 'it was done'; \
             EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
        ))
    };
    for statement in [
        "UPDATE tool_audit_log SET changed_by = 'nobody'",
        "UPDATE tool_audit_log SET tool_id = NULL",
        "DELETE FROM tool_audit_log",
        "TRUNCATE tool_audit_log",
        "INSERT INTO tool_audit_log (revision, entity, entity_id, entity_name, action, changes, changed_by) \
         VALUES (99, 'tool', 1, 'x', 'created', '{}', 'x')",
        "ALTER TABLE tool_audit_log DISABLE TRIGGER ALL",
    ] {
        refused(statement);
    }
    // Even with every right on the table, no row is changed or removed.
    world.sql(&format!("GRANT ALL ON tool_audit_log TO {role}"));
    for statement in [
        "UPDATE tool_audit_log SET changed_by = 'nobody'",
        "DELETE FROM tool_audit_log",
        "TRUNCATE tool_audit_log",
    ] {
        refused(statement);
    }
    // Nor can it have the owner's trigger function write, or run, what it likes.
    world.sql(&format!(
        "DO $$ BEGIN SET LOCAL ROLE {role}; CREATE TEMP TABLE forged (LIKE tools); \
             CREATE TRIGGER forge AFTER INSERT ON forged REFERENCING NEW TABLE AS new_rows \
                 FOR EACH STATEMENT EXECUTE FUNCTION audit_change('tool', 'r.tool_name', ', tools t'); \
             RAISE EXCEPTION 'it was done'; \
         EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
    ));
    // What the role may do to tools is logged all the same.
    world.sql(&format!(
        "SET ROLE {role}; UPDATE tools SET category = 'clerical' WHERE tool_name = 'df'"
    ));
    let entries = world.run(&[
        "audit", "df", "--field", "category", "--action", "updated", "--format", "json",
    ]);
    assert_eq!(entries.json().as_array().map(Vec::len), Some(1));
    world.ok(&["audit", "verify"]);
    psql(
        world.url(),
        &format!("DROP OWNED BY {role}; DROP ROLE {role}"),
    );
}
