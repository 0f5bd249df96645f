//! A catalog of an earlier release is carried over whole: from its backup, and where it stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{World, psql};

/// A backup of a catalog with rows in every table, made by the release before the hash chain: versions,
/// telemetry, an A/B test with assignments and a look, recorded selections, a deleted tool, and
/// changes made by hand.
const BACKUP: &str = "tests/fixtures/catalog-e377a3f.jsonl";

/// The newest migration of that release.
const LAST: &str = "2026-01-01-000050";

/// Tables that say where a catalog stands, or are derived from the others.
const DERIVED: &[&str] = &[
    "catalog_state",
    "selection_index",
    "search_terms",
    "tool_vectors",
];

fn backup() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(BACKUP);
    let text = std::fs::read_to_string(&path).expect("the backup");
    (path, text)
}

/// The rows of a backup by table, as JSON.
fn rows(text: &str) -> BTreeMap<String, Vec<Value>> {
    let mut tables: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(table) = line["table"].as_str().map(str::to_owned) {
            tables.entry(table).or_default().push(line["row"].take());
        }
    }
    tables
}

/// Those of the catalog's rows that were there before, with the columns that they had.
fn kept(world: &World, table: &str, like: &Value) -> Vec<Value> {
    let columns: Vec<&str> = (like.as_object().expect("a row").keys())
        .map(String::as_str)
        .collect();
    let found = world.sql(&format!(
        "SET TimeZone = 'UTC'; SELECT row_to_json(r) FROM (SELECT {} FROM {table}) r",
        columns.join(", ")
    ));
    found
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Every row of the backup stands in the catalog as it was.
fn assert_kept(world: &World, text: &str) {
    let before = rows(text);
    assert_eq!(before.len(), 12, "a row in every table");
    for (table, rows) in before {
        if DERIVED.contains(&table.as_str()) {
            continue;
        }
        let after = kept(world, &table, &rows[0]);
        for row in rows {
            assert!(after.contains(&row), "{table} lost or changed {row}");
        }
    }
}

/// The commands of every day do what they did.
fn assert_usable(world: &World) {
    let verify = world.run(&["audit", "verify"]);
    assert_eq!(verify.code, 0, "{}", verify.shown("audit verify"));
    assert!(world.ok(&["show", "df"]).contains("2.0"));
    assert_eq!(world.run(&["show", "uptime"]).code, 4);
    assert!(world.ok(&["versions", "df"]).contains("1.0"));
    let selected = world.ok(&["select", "--capability", "disk_usage", "--format", "json"]);
    assert!(selected.contains("disk_usage"), "{selected}");
    let statistics = world
        .run(&["telemetry", "stats", "--format", "json"])
        .json();
    assert_eq!(statistics["rows"], 9);
    assert!(
        world
            .ok(&["abtest", "show", "faster-df"])
            .contains("active")
    );
    let unit = [
        "abtest",
        "assign",
        "faster-df",
        "--unit",
        "e4",
        "--format",
        "name",
    ];
    assert_eq!(world.ok(&unit).trim(), "linux/df@2.0", "a stored arm stays");
    world.ok(&["restore", "uptime"]);
    world.ok(&["enable", "fc"]);
    world.ok(&["telemetry", "record", "du", "--time-ms", "5", "--success"]);
    let verify = world.run(&["audit", "verify"]);
    assert_eq!(verify.code, 0, "{}", verify.shown("audit verify"));
}

#[test]
fn a_backup_of_the_last_release_is_restored_whole() {
    let (path, text) = backup();
    let world = World::bare();
    world.ok(&["db", "restore", &path.display().to_string()]);
    assert_kept(&world, &text);
    assert_usable(&world);
}

/// The up.sql of every migration of that release, in order.
fn earlier_migrations() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("migrations")
        .map(|it| {
            it.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| &name[..LAST.len()] <= LAST)
        .collect();
    names.sort_unstable();
    names
        .into_iter()
        .map(|name| {
            let sql = std::fs::read_to_string(folder.join(&name).join("up.sql")).expect(&name);
            (name, sql)
        })
        .collect()
}

/// A catalog as that release left it, with rows that its own triggers logged.
fn standing_catalog() -> World {
    let world = World::bare();
    psql(
        world.url(),
        "CREATE SCHEMA tool_catalog;
         CREATE TABLE tool_catalog.__diesel_schema_migrations (
             version VARCHAR(50) PRIMARY KEY NOT NULL,
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    );
    for (name, sql) in earlier_migrations() {
        world.sql(&sql);
        let version: String = name[..LAST.len()].replace('-', "");
        world.sql(&format!(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"
        ));
    }
    world.sql(
        "INSERT INTO tools (tool_name, version, description, platform, category, is_latest)
         SELECT name, version, 'What it is for', 'linux', 'filesystem', version = '2.0'
         FROM unnest(ARRAY['df', 'du', 'gone']) name, unnest(ARRAY['1.0', '2.0']) version;
         INSERT INTO tool_capabilities (tool_id, capability_name, description)
         SELECT id, 'disk_usage', 'How full' FROM tools;
         INSERT INTO tool_patterns (capability_id, pattern_name, description, time_estimate_ms, cost_estimate,
                                    complexity_score, scope, completeness, policy, preference_match)
         SELECT id, 'use', 'The usual way', '10', '0.1', 0.2, 'single_item', 'complete', '{}', '{\"speed\": 0.5}'
         FROM tool_capabilities",
    );
    world.sql("UPDATE tool_patterns SET complexity_score = 0.3 WHERE id = 1");
    world.sql("DELETE FROM tools WHERE tool_name = 'gone'");
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, actual_time_ms, success) SELECT id, 5, true FROM tools;
         INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id)
         SELECT 'first', a.id, b.id FROM tools a JOIN tools b USING (tool_name)
         WHERE tool_name = 'df' AND a.version < b.version;
         INSERT INTO tool_ab_assignments (test_id, phase, unit, arm, bucket, seed)
         SELECT id, 1, 'u1', 'A', 0.2, seed FROM tool_ab_tests;
         INSERT INTO tool_selections (revision, request_hash, request, pool)
         VALUES (1, repeat('a', 64), '{}', '{}')",
    );
    world
}

#[test]
fn a_catalog_of_the_last_release_is_migrated_where_it_stands() {
    let world = standing_catalog();
    let tables = [
        "tools",
        "tool_capabilities",
        "tool_patterns",
        "tool_telemetry",
        "tool_ab_tests",
        "tool_ab_assignments",
        "tool_selections",
        "tool_audit_log",
    ];
    let before: Vec<Vec<Value>> = tables
        .iter()
        .map(|table| {
            let rows = world.sql(&format!(
                "SET TimeZone = 'UTC'; SELECT row_to_json(t) FROM {table} t"
            ));
            let rows = rows
                .lines()
                .map(|it| serde_json::from_str(it).expect("JSON"));
            rows.collect()
        })
        .collect();
    world.ok(&["migrate", "up"]);
    for (table, rows) in tables.iter().zip(&before) {
        assert!(!rows.is_empty(), "{table} has rows");
        let after = kept(&world, table, &rows[0]);
        assert_eq!(after.len(), rows.len(), "{table}");
        for row in rows {
            assert!(after.contains(row), "{table} lost or changed {row}");
        }
    }
    let verify = world.run(&["audit", "verify"]);
    assert_eq!(verify.code, 0, "{}", verify.shown("audit verify"));
    let selected = world.ok(&["select", "--capability", "disk_usage", "--format", "json"]);
    assert!(selected.contains("\"2.0\""), "{selected}");
    world.ok(&["disable", "df"]);
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
}
