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

/// Every table of a catalog as text, but for what is derived and for the trace of a restore.
fn content(url: &str, catalog: &str) -> String {
    let tables = psql(
        url,
        &format!("SELECT tablename FROM pg_tables WHERE schemaname = '{catalog}' ORDER BY 1"),
    );
    let mut all = String::new();
    for table in tables.lines().filter(|it| !DERIVED.contains(it)) {
        let condition = match table {
            "tool_audit_log" => "entity <> 'catalog'".to_owned(),
            "tool_audit_chain" => format!(
                "revision NOT IN (SELECT revision FROM {catalog}.tool_audit_log WHERE entity = 'catalog')"
            ),
            _ => "true".to_owned(),
        };
        let rows = psql(
            url,
            &format!("SELECT t::text FROM {catalog}.{table} t WHERE {condition} ORDER BY 1"),
        );
        all.push_str(&format!("{table}:\n{rows}"));
    }
    all + &psql(
        url,
        &format!(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = '{catalog}' \
             AND sequencename <> 'tool_audit_log_id_seq' ORDER BY 1"
        ),
    )
}

const DERIVED: [&str; 5] = [
    "__diesel_schema_migrations",
    "catalog_state",
    "search_terms",
    "selection_index",
    "tool_vectors",
];

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

    // A backup of the copy holds the same rows, and the trace.
    let again = world.ok(&["db", "backup", "-", "--catalog", "copy"]);
    let rows = |text: &str| {
        text.lines()
            .filter(|it| it.starts_with("{\"table\":\"tool"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (before, after) = (rows(&text), rows(&again));
    assert!(before.iter().all(|it| after.contains(it)));
    assert_eq!(after.len(), before.len() + 2, "an entry and its link");

    // The copy lives: triggers write, sequences go on.
    world.ok(&["import", "ping.yaml", "--catalog", "copy"]);
    let audited = psql(
        world.url(),
        "SELECT count(*) FROM copy.tool_audit_log WHERE tool_name LIKE 'ping%' AND action = 'created'",
    );
    assert_eq!(audited.trim(), "2");
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
        (vec!["other.jsonl", "--replace", "--yes"], 2, "not a backup"),
        (
            vec!["nothing.jsonl", "--replace", "--yes"],
            2,
            "not a backup",
        ),
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

#[test]
fn f5_divided_telemetry_comes_back_in_a_new_catalog() {
    let world = lived_in();
    world.ok(&["migrate", "up", "--partition-telemetry"]);
    let count = |catalog: &str| {
        let sql = format!("SELECT count(*), sum(actual_cost) FROM {catalog}.tool_telemetry");
        psql(world.url(), &sql)
    };
    world.ok(&["db", "backup", "all.jsonl"]);
    let text = world.read("all.jsonl");
    assert!(text.contains("\"sequence\":\"tool_telemetry_id_seq\""));
    world.ok(&["db", "restore", "all.jsonl", "--catalog", "copy"]);
    assert_eq!(count("copy"), count("tool_catalog"));
    // An older toolcat left a number behind the name of the sequence.
    let older = text.replace("tool_telemetry_id_seq", "tool_telemetry_id_seq1");
    world.write("older.jsonl", crate::audit::chain::sealed(&older));
    world.ok(&["db", "restore", "older.jsonl", "--catalog", "older"]);
    assert_eq!(count("older"), count("tool_catalog"));
    let next = "SELECT last_value FROM older.tool_telemetry_id_seq";
    assert_eq!(
        psql(world.url(), next).trim(),
        "3001",
        "the next one, not given out yet"
    );
    let unknown = text.replace("tool_telemetry_id_seq", "nothing_id_seq");
    world.write("unknown.jsonl", crate::audit::chain::sealed(&unknown));
    let run = world.run(&["db", "restore", "unknown.jsonl", "--catalog", "unknown"]);
    assert_eq!(run.code, 2, "{}", run.shown(""));
    assert!(
        run.stderr.contains("no sequence `nothing_id_seq`"),
        "{}",
        run.stderr
    );
}

#[test]
fn f16_a_restore_is_all_or_nothing_with_its_migrations() {
    let world = World::bare();
    let backup = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/catalog-e377a3f.jsonl"
    );
    let text = std::fs::read_to_string(backup).expect("the backup");
    // The tables are made, and then refuse a row.
    let twice = text.replace("\"entity\":\"ab_test\"", "\"entity\":\"no_such\"");
    assert_ne!(twice, text);
    world.write("twice.jsonl", crate::audit::chain::sealed(&twice));
    let run = world.run(&["db", "restore", "twice.jsonl"]);
    assert_ne!(run.code, 0, "{}", run.shown(""));
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'tool_catalog'";
    assert_eq!(psql(world.url(), schemas).trim(), "0", "nothing is left");
    // A catalog that an interrupted restore of an older toolcat left half migrated is gone on with.
    psql(world.url(), "CREATE SCHEMA tool_catalog");
    let first = include_str!("../../migrations/2026-01-01-000001_definitions/up.sql");
    world.sql(&format!(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20260101000001'); {first}"
    ));
    world.ok(&["db", "restore", backup, "--replace", "--yes"]);
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
}

#[test]
fn tokens_and_sessions_are_no_part_of_a_backup() {
    let world = lived_in();
    world.sql(
        "INSERT INTO catalog_members (principal, role) VALUES ('ada', 'admin');
         INSERT INTO catalog_teams (principal, team) VALUES ('ada', 'storage');
         INSERT INTO api_tokens (principal, role, hash, note, expires_at)
         VALUES ('ada', 'admin', sha256('token'), 'a note', now() + INTERVAL '1 day');
         INSERT INTO sessions (principal, token_id, hash, expires_at)
         VALUES ('ada', 1, sha256('session'), now() + INTERVAL '1 day')",
    );
    let hash = |text: &str| world.sql(&format!("SELECT encode(sha256('{text}'), 'hex')"));
    let (token, session) = (hash("token"), hash("session"));
    world.ok(&["db", "backup", "all.jsonl"]);
    let text = world.read("all.jsonl");
    for secret in [
        token.trim(),
        session.trim(),
        "\"sessions\"",
        "\"api_tokens\"",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    world.ok(&["db", "restore", "all.jsonl", "--replace", "--yes"]);
    let left = "SELECT (SELECT count(*) FROM api_tokens), (SELECT count(*) FROM sessions), \
                (SELECT count(*) FROM catalog_members), (SELECT count(*) FROM catalog_teams)";
    assert_eq!(world.sql(left).trim(), "0|0|1|1", "members stay");
    let verify = world.run(&["audit", "verify"]);
    assert_eq!(verify.code, 0, "{}", verify.shown("audit verify"));
    let smuggled = text.replacen(
        "{\"table\":\"tool_ab_tests\"",
        "{\"table\":\"sessions\",\"row\":{\"id\":7,\"secret\":\"x\"}}\n{\"table\":\"tool_ab_tests\"",
        1,
    );
    world.write("smuggled.jsonl", crate::audit::chain::sealed(&smuggled));
    let run = world.run(&["db", "restore", "smuggled.jsonl", "--replace", "--yes"]);
    assert_eq!(run.code, 2, "{}", run.shown(""));
}

#[test]
fn a_backup_goes_through_age_and_comes_back() {
    if std::process::Command::new("age")
        .arg("--version")
        .output()
        .is_err()
    {
        return; // scripts/setup installs it where the package manager has it
    }
    let world = lived_in();
    let shell = |script: &str| {
        let output = world
            .command(&["--version"])
            .get_envs()
            .fold(
                std::process::Command::new("bash"),
                |mut bash, (name, value)| {
                    if let Some(value) = value {
                        bash.env(name, value);
                    }
                    bash
                },
            )
            .args(["-o", "pipefail", "-ec", script, crate::common::PROGRAM])
            .current_dir(world.path())
            .output()
            .expect("bash runs");
        crate::common::Run::of(output)
    };
    let made = shell(
        "age-keygen -o key.txt 2> /dev/null
         \"$0\" db backup - | age --recipient \"$(age-keygen -y key.txt)\" > all.age
         age --decrypt --identity key.txt all.age | \"$0\" db restore - --catalog copy",
    );
    assert_eq!(made.code, 0, "{}", made.shown("through age"));
    let sealed = std::fs::read(world.path().join("all.age")).expect("the file");
    assert!(sealed.starts_with(b"age-encryption.org/v1"));
    let head = |catalog: &str| world.ok(&["show", "df", "--format", "json", "--catalog", catalog]);
    assert_eq!(head("copy"), head("tool_catalog"));
    // What fails before the pipe fails the line, and half a file is refused.
    let failed = shell(
        "\"$0\" db backup - --catalog nowhere | age -r \"$(age-keygen -y key.txt)\" > none.age",
    );
    assert_ne!(failed.code, 0);
    let cut = shell(
        "head -c 5000 all.age > half.age
         age --decrypt --identity key.txt half.age | \"$0\" db restore - --catalog half",
    );
    assert_ne!(cut.code, 0);
    assert_eq!(world.run(&["list", "--catalog", "half"]).code, 4);
}

/// The backup with something else in the first row of a table.
fn in_a_row(text: &str, table: &str, from: &str, to: &str) -> String {
    let before = format!("{{\"table\":\"{table}\"");
    let row = text.lines().find(|it| it.starts_with(&before));
    let row = row.expect("a row of the table");
    assert!(row.contains(from), "{row}");
    text.replacen(row, &row.replacen(from, to, 1), 1)
}

/// Issue 14: what a backup brings is looked at like anything else that is written.
#[test]
fn a_definition_that_breaks_a_rule_of_today_comes_back_and_is_told() {
    let world = lived_in();
    world.ok(&["db", "backup", "all.jsonl"]);
    let text = world.read("all.jsonl");
    let broken = text.replace("\"100 + N\"", "\"100 + nonsense(N)\"");
    assert_ne!(broken, text);
    world.write("broken.jsonl", crate::audit::chain::sealed(&broken));
    let run = world.run(&["db", "restore", "broken.jsonl", "--catalog", "copy"]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    for expected in [
        "today's rules would refuse 2 definitions; kept as before",
        "linux/df@1.0",
        "linux/df@2.0",
        "nonsense",
        "[expr/unknown-function]",
    ] {
        assert!(run.stderr.contains(expected), "{}", run.shown(expected));
    }
    let shown = world.ok(&["show", "df", "--format", "json", "--catalog", "copy"]);
    assert!(shown.contains("100 + nonsense(N)"), "{shown}");
    let whole = world.run(&["db", "restore", "all.jsonl", "--catalog", "whole"]);
    assert!(!whole.stderr.contains("rules"), "{}", whole.shown(""));
}

/// Issue 14: a catalog whose definitions cannot be read back helps nobody.
#[test]
fn a_definition_that_cannot_be_read_back_stops_a_restore_at_its_line() {
    let world = lived_in();
    world.ok(&["db", "backup", "all.jsonl"]);
    let text = world.read("all.jsonl");
    let broken = in_a_row(
        &text,
        "tool_patterns",
        "\"max_cost\": 10",
        "\"max_cost\": 1e999",
    );
    world.write("broken.jsonl", crate::audit::chain::sealed(&broken));
    let at = text
        .lines()
        .position(|it| it.starts_with("{\"table\":\"tools\""));
    let line = at.expect("a definition") + 1;
    let run = world.run(&["db", "restore", "broken.jsonl", "--catalog", "copy"]);
    assert_eq!(run.code, 2, "{}", run.shown(""));
    let expected = format!("line {line} of the backup: linux/df@1.0 cannot be read back");
    assert!(run.stderr.contains(&expected), "{}", run.shown(&expected));
    assert_eq!(world.run(&["list", "--catalog", "copy"]).code, 4);
    // What the database refuses names the table.
    let refused = in_a_row(
        &text,
        "tools",
        "\"status\":\"active\"",
        "\"status\":\"lost\"",
    );
    world.write("refused.jsonl", crate::audit::chain::sealed(&refused));
    let run = world.run(&["db", "restore", "refused.jsonl", "--catalog", "copy"]);
    assert_eq!(run.code, 2, "{}", run.shown(""));
    assert!(
        run.stderr.contains("the rows of table `tools`"),
        "{}",
        run.shown("")
    );
}

/// Issue 14: what a deletion took away comes back as it was, also where today's rules are against it.
#[test]
fn a_deleted_definition_that_breaks_a_rule_of_today_comes_back_and_is_told() {
    let world = lived_in();
    world.sql("UPDATE tool_patterns SET time_estimate_ms = '100 + nonsense(N)'");
    world.ok(&["delete", "df@2.0", "--purge", "--force", "--yes"]);
    let run = world.run(&["restore", "df@2.0", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    let expected = "today's rules would refuse 1 definition; kept as before";
    assert!(run.stderr.contains(expected), "{}", run.shown(expected));
}
