//! The hash chain of the log: what an owner rewrites is found, by the chain or by a head kept elsewhere.

use sha2::{Digest, Sha256};

use crate::common::{World, definition};

/// A catalog with four revisions, the first of them a creation, then off, on, and a deletion.
fn lived_in() -> World {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml", "du.yaml"]);
    world.ok(&["disable", "df"]);
    world.ok(&["enable", "df"]);
    world.ok(&["delete", "du", "--yes"]);
    world
}

/// As the owner who switches the triggers off.
fn unguarded(world: &World, sql: &str) {
    world.sql(&format!(
        "ALTER TABLE tool_audit_log DISABLE TRIGGER USER; ALTER TABLE tool_audit_chain DISABLE TRIGGER USER; \
         {sql}; \
         ALTER TABLE tool_audit_log ENABLE TRIGGER USER; ALTER TABLE tool_audit_chain ENABLE TRIGGER USER"
    ));
}

/// The chain made again over whatever the log holds now.
const REHASH: &str = "DELETE FROM tool_audit_chain;
    DO $$ DECLARE made RECORD; before BYTEA := ''; BEGIN
        FOR made IN SELECT l.revision, max(l.id) AS last_id, string_agg(audit_digest(l), '' ORDER BY l.id) AS digests
                    FROM tool_audit_log l GROUP BY l.revision ORDER BY l.revision LOOP
            before := sha256(before || made.digests);
            INSERT INTO tool_audit_chain VALUES (made.revision, made.last_id, before);
        END LOOP;
    END $$";

fn head(world: &World) -> String {
    world.ok(&["audit", "head"]).trim().to_owned()
}

fn refused(world: &World, args: &[&str], expected: &str) {
    let run = world.run(&[&["audit", "verify"], args].concat());
    assert_eq!(run.code, 1, "{}", run.shown("audit verify"));
    assert!(run.stdout.contains(expected), "{}", run.shown(expected));
}

#[test]
fn a_log_that_nobody_touched_fits_its_chain_and_every_earlier_head() {
    let world = World::new();
    let mut heads = vec![head(&world)];
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    for act in [
        &["import", "df.yaml"][..],
        &["update", "df", "--yes", "--set", "policy.max_cost=3"],
        &["disable", "df"],
        &["delete", "df", "--yes"],
    ] {
        world.ok(act);
        heads.push(head(&world));
    }
    // Several statements of one transaction, by hand, and one that is undone.
    world.sql(
        "BEGIN; INSERT INTO tools (tool_name, version, description, platform, category)
                VALUES ('a', '1', 'd', 'linux', 'c');
         SAVEPOINT s; UPDATE tools SET description = 'never'; ROLLBACK TO s;
         UPDATE tools SET description = 'é \"(,)\" \\ x'; UPDATE tools SET enabled = false; COMMIT",
    );
    heads.push(head(&world));
    for kept in &heads {
        let run = world.run(&["audit", "verify", "--against", kept]);
        assert_eq!(run.code, 0, "{}", run.shown(kept));
        assert!(run.stdout.ends_with(&format!("head {}\n", heads[5])));
    }
    heads.dedup();
    assert_eq!(heads.len(), 6, "every change moves the head");
    let json = world.run(&["audit", "verify", "--format", "json"]).json();
    assert_eq!(json["head"], heads[5].as_str());
}

#[test]
fn f13_an_entry_that_was_changed_is_found() {
    for change in [
        "changed_by = 'mallory'",
        "changed_at = changed_at - INTERVAL '1 minute'",
        "reason = 'a good one'",
        "db_user = 'mallory'",
        "via = 'api'",
        "request_id = 'r'",
        "token_id = 1",
        "ip_address = '10.0.0.1'",
    ] {
        let world = lived_in();
        let sql = format!("UPDATE tool_audit_log SET {change} WHERE revision = 2");
        unguarded(&world, &sql);
        refused(
            &world,
            &[],
            "revision 2: its entries are not those that were hashed",
        );
    }
}

#[test]
fn f13_revisions_and_entries_that_were_taken_out_or_put_in_are_found() {
    let world = lived_in();
    unguarded(
        &world,
        "DELETE FROM tool_audit_log WHERE revision IN (2, 3)",
    );
    refused(
        &world,
        &[],
        "revision 2: it is not in the log, the next is 4",
    );

    let world = lived_in();
    unguarded(
        &world,
        "DELETE FROM tool_audit_log WHERE revision IN (2, 3); DELETE FROM tool_audit_chain WHERE revision IN (2, 3)",
    );
    refused(&world, &[], "revision 4: its entries are not those");

    let world = lived_in();
    unguarded(
        &world,
        "INSERT INTO tool_audit_log (revision, entity, entity_id, entity_name, action, changes, changed_by)
         VALUES (4, 'catalog', 0, 'x', 'blessed', '{}', 'mallory')",
    );
    refused(&world, &[], "no hash covers entry");

    let world = lived_in();
    unguarded(
        &world,
        "DELETE FROM tool_audit_log WHERE revision = 4; DELETE FROM tool_audit_chain WHERE revision = 4",
    );
    refused(&world, &[], "revision is 4, the log leads to 3");
}

#[test]
fn f13_a_log_that_was_rewritten_whole_is_found_by_a_head_kept_elsewhere() {
    let world = lived_in();
    let kept = head(&world);
    unguarded(
        &world,
        &format!("UPDATE tool_audit_log SET changed_by = 'mallory' WHERE revision = 1; {REHASH}"),
    );
    assert_eq!(
        world.run(&["audit", "verify"]).code,
        0,
        "it agrees with itself"
    );
    let expected = "the log is not the one whose head was kept";
    refused(&world, &["--against", &kept], expected);
    // Changes that came later do not hide it.
    world.ok(&["disable", "df"]);
    refused(&world, &["--against", &kept], expected);

    // A log that was cut off holds no such revision.
    let world = lived_in();
    let kept = head(&world);
    unguarded(
        &world,
        "DELETE FROM tool_audit_log WHERE revision > 1; DELETE FROM tool_audit_chain WHERE revision > 1",
    );
    refused(&world, &["--against", &kept], expected);
    let run = world.run(&["audit", "verify", "--against", "yesterday"]);
    assert_eq!((run.code, run.stderr.contains("REVISION:HASH")), (2, true));
}

#[test]
fn f13_an_edited_backup_that_is_restored_is_found() {
    let world = lived_in();
    let kept = head(&world);
    world.ok(&["db", "backup", "all.jsonl"]);
    world.ok(&[
        "db",
        "restore",
        "all.jsonl",
        "--replace",
        "--yes",
        "--reason",
        "a drill",
    ]);
    let verify = world.run(&["audit", "verify", "--against", &kept]);
    assert_eq!(
        verify.code,
        0,
        "{}",
        verify.shown("a restore does not rewrite")
    );
    let trace = world.ok(&["audit", "--action", "restored", "--format", "jsonl"]);
    let trace: serde_json::Value = serde_json::from_str(trace.trim()).expect("one entry");
    assert_eq!(trace["entity"], "catalog");
    assert_eq!(trace["reason"], "a drill");
    assert_eq!(trace["changed_by"], "tester");
    assert_eq!(trace["via"], "cli");
    assert_eq!(trace["changes"]["catalog"]["new"], "tool_catalog");

    let text = world.read("all.jsonl");
    let edited = text.replace("\"changed_by\":\"tester\"", "\"changed_by\":\"mallory\"");
    assert_ne!(text, edited);
    world.write("edited.jsonl", sealed(&edited));
    world.ok(&["db", "restore", "edited.jsonl", "--replace", "--yes"]);
    refused(&world, &[], "its entries are not those that were hashed");
    unguarded(&world, REHASH);
    refused(&world, &["--against", &kept], "the log is not the one");
}

/// The backup with the last line that fits its content.
pub fn sealed(text: &str) -> String {
    let (body, end) = text.trim_end().rsplit_once('\n').expect("lines");
    let body = format!("{body}\n");
    let digest: String = Sha256::digest(body.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut end: serde_json::Value = serde_json::from_str(end).expect("JSON");
    end["sha256"] = digest.into();
    format!("{body}{end}\n")
}

#[test]
fn a_clock_that_was_set_back_is_told_and_hides_nothing() {
    let world = lived_in();
    unguarded(
        &world,
        &format!(
            "UPDATE tool_audit_log SET changed_at = changed_at + INTERVAL '48 hours' WHERE revision < 3; {REHASH}"
        ),
    );
    refused(&world, &[], "revision 3: its time");
    let shown = world.run(&["show", "df", "--at", "0s"]);
    assert_eq!(shown.code, 0, "{}", shown.shown("show df --at 0s"));
    unguarded(
        &world,
        &format!(
            "UPDATE tool_audit_log SET changed_at = changed_at + INTERVAL '48 hours'; {REHASH}"
        ),
    );
    refused(&world, &[], "is yet to come, the clock was set back");
}

#[test]
fn f22_a_tool_that_a_rename_by_hand_left_without_a_latest_version_is_named() {
    let world = World::new();
    world.write("1.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("2.yaml", definition("linux", "df", "2.0", "disk_usage"));
    world.ok(&["import", "1.yaml"]);
    world.ok(&["import", "2.yaml"]);
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
    world.sql("UPDATE tools SET tool_name = 'dfree' WHERE is_latest");
    refused(&world, &[], "linux/df: no version is the latest");
    assert!(world.run(&["doctor"]).stdout.contains("linux/df is_latest"));
}

#[test]
fn an_action_that_the_fields_contradict_is_not_taken_over() {
    let world = lived_in();
    for (setting, change, action) in [
        ("deleted", "description = 'other'", "updated"),
        ("enabled", "enabled = false", "disabled"),
        ("retired", "owner = 'me'", "updated"),
        ("rolled_back", "owner = 'you'", "rolled_back"),
    ] {
        world.sql(&format!(
            "SET toolcat.action = '{setting}'; UPDATE tools SET {change}"
        ));
        let logged =
            world.sql("SELECT action || ' ' || via FROM tool_audit_log ORDER BY id DESC LIMIT 1");
        assert_eq!(
            logged.trim(),
            format!("{action} psql"),
            "{setting}, {change}"
        );
    }
}
