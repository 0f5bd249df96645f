//! A whole catalog to a file and back.

use crate::common::{World, definition, psql};

/// A catalog with something in every table of the plan.
fn lived_in() -> World {
    let world = World::new();
    world.write("df1.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("df2.yaml", definition("linux", "df", "2.0", "disk_usage"));
    world.write(
        "ping.yaml",
        definition("windows", "ping \"\\ 日本", "1.0", "reachability"),
    );
    world.ok(&["import", "df1.yaml"]);
    world.ok(&[
        "import",
        "df2.yaml",
        "ping.yaml",
        "--reason",
        "why\u{301} \"not\"\n",
    ]);
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, actual_time_ms, actual_cost, estimated_time_ms, success, context_variables)
         SELECT t.id, n, 0.0003000000000000000000001 * n, n / 3.0::float8, n % 7 > 0, jsonb_build_object('N', n)
         FROM generate_series(1, 3000) n, (SELECT id FROM tools WHERE version = '2.0') t;
         INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, traffic_split)
         SELECT 'first', a.id, b.id, 0.333 FROM tools a, tools b WHERE a.version = '1.0' AND a.tool_name = 'df' AND b.version = '2.0';
         UPDATE tools SET description = 'changed by hand' WHERE version = '2.0';
         DELETE FROM tools WHERE tool_name LIKE 'ping%'",
    );
    world
}

/// Every table of a catalog as text.
fn content(url: &str, catalog: &str) -> String {
    let tables = psql(
        url,
        &format!("SELECT tablename FROM pg_tables WHERE schemaname = '{catalog}' ORDER BY 1"),
    );
    let mut all = String::new();
    for table in tables
        .lines()
        .filter(|it| *it != "__diesel_schema_migrations")
    {
        let rows = psql(
            url,
            &format!("SELECT t::text FROM {catalog}.{table} t ORDER BY 1"),
        );
        all.push_str(&format!("{table}:\n{rows}"));
    }
    all + &psql(
        url,
        &format!(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = '{catalog}' ORDER BY 1"
        ),
    )
}

#[test]
fn restored_equal_into_an_empty_database_and_into_another_catalog() {
    let world = lived_in();
    let before = content(world.url(), "tool_catalog");
    assert!(before.lines().count() > 3000);
    world.ok(&["db", "backup", "all.jsonl"]);

    let empty = World::bare();
    let text = world.read("all.jsonl");
    let run = empty.run_with_input(&["db", "restore", "-"], &text);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert_eq!(content(empty.url(), "tool_catalog"), before);

    world.ok(&["db", "restore", "all.jsonl", "--catalog", "copy"]);
    assert_eq!(content(world.url(), "copy"), before);

    // A backup of the copy differs in its header and in the digest over it alone.
    let again = world.ok(&["db", "backup", "-", "--catalog", "copy"]);
    let rows = |text: &str| {
        text.lines()
            .skip(1)
            .filter(|it| !it.starts_with("{\"end\""))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&again), rows(&text));

    // The copy lives: triggers write, sequences go on.
    world.ok(&["import", "ping.yaml", "--catalog", "copy"]);
    let audited = psql(
        world.url(),
        "SELECT count(*) FROM copy.tool_audit_log WHERE tool_name LIKE 'ping%' AND action = 'created'",
    );
    assert_eq!(audited.trim(), "6");
    assert!(psql_fails(world.url(), "DELETE FROM copy.tool_audit_log"));
}

fn psql_fails(url: &str, sql: &str) -> bool {
    std::panic::catch_unwind(|| psql(url, sql)).is_err()
}

#[test]
fn an_owner_who_is_no_superuser_can_do_it() {
    let world = lived_in();
    let before = content(world.url(), "tool_catalog");
    world.ok(&["db", "backup", "all.jsonl"]);
    let name = format!("owner_{}", std::process::id());
    let database = psql(world.url(), "SELECT current_database()");
    let database = database.trim();
    psql(
        world.url(),
        &format!(
            "CREATE ROLE {name} LOGIN; GRANT CREATE, TEMPORARY ON DATABASE {database} TO {name}"
        ),
    );
    let url = match world.url().contains('?') {
        true => format!("{}&user={name}", world.url()),
        false => format!("{}?user={name}", world.url()),
    };
    let url = url.replacen("toolcat@", &format!("{name}@"), 1);
    let run = world.run(&[
        "db",
        "restore",
        "all.jsonl",
        "--catalog",
        "theirs",
        "--database-url",
        &url,
    ]);
    let same = content(world.url(), "theirs") == before;
    let owner = psql(
        world.url(),
        "SELECT tableowner FROM pg_tables WHERE schemaname = 'theirs' LIMIT 1",
    );
    psql(
        world.url(),
        &format!("DROP OWNED BY {name} CASCADE; DROP ROLE {name}"),
    );
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert_eq!(owner.trim(), name);
    assert!(same);
}

#[test]
fn what_cannot_be_restored_changes_nothing() {
    let world = lived_in();
    let before = content(world.url(), "tool_catalog");
    world.ok(&["db", "backup", "all.jsonl"]);
    let text = world.read("all.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    world.write("cut.jsonl", lines[..lines.len() - 1].join("\n"));
    world.write(
        "less.jsonl",
        [&lines[..20], &lines[21..]].concat().join("\n") + "\n",
    );
    world.write(
        "changed.jsonl",
        text.replacen("disk_usage", "disk_wastage", 1),
    );
    world.write("other.jsonl", "{\"a\":1}\n");
    world.write(
        "newer.jsonl",
        text.replacen("20260101000001", "20990101000001", 1),
    );
    world.write("nothing.jsonl", "");
    for (args, code, expected) in [
        (vec!["all.jsonl"], 5, "is not empty"),
        (vec!["all.jsonl", "--replace"], 2, "--yes"),
        (vec!["cut.jsonl", "--replace", "--yes"], 2, "ends here"),
        (
            vec!["less.jsonl", "--replace", "--yes"],
            2,
            "not those that were written",
        ),
        (
            vec!["changed.jsonl", "--replace", "--yes"],
            2,
            "not those that were written",
        ),
        (vec!["other.jsonl", "--replace", "--yes"], 2, "no backup"),
        (vec!["nothing.jsonl", "--replace", "--yes"], 2, "no backup"),
        (
            vec!["newer.jsonl", "--replace", "--yes"],
            3,
            "newer toolcat",
        ),
        (vec!["missing.jsonl"], 2, "cannot read missing.jsonl"),
        (
            vec!["all.jsonl", "--replace", "--dry-run"],
            0,
            "would restore",
        ),
        (vec!["cut.jsonl", "--catalog", "fresh"], 2, "ends here"),
        (
            vec!["all.jsonl", "--catalog", "fresh", "--dry-run"],
            0,
            "would restore",
        ),
    ] {
        let run = world.run(&[&["db", "restore"], args.as_slice()].concat());
        assert_eq!(run.code, code, "{}", run.shown(&args.join(" ")));
        assert!(
            run.stderr.contains(expected),
            "{}",
            run.shown(&args.join(" "))
        );
    }
    assert_eq!(content(world.url(), "tool_catalog"), before);
    assert_eq!(
        psql(
            world.url(),
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'fresh'"
        )
        .trim(),
        "0"
    );
    let run = world.run(&["db", "backup", "all.jsonl"]);
    assert_eq!(
        (run.code, run.stderr.contains("--force")),
        (5, true),
        "{}",
        run.shown("")
    );
    world.sql("UPDATE tools SET description = 'later'");
    world.ok(&["db", "restore", "all.jsonl", "--replace", "--yes"]);
    assert_eq!(content(world.url(), "tool_catalog"), before);
}
