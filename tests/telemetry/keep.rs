//! The table over time: totals, pruning, size, partitions.

use super::{lines, rows, telemetry, world};
use crate::common::World;
use insta::assert_snapshot;

/// 3,000 executions from 2026-01-01 on, one every 30 minutes: two months.
fn filled() -> World {
    let world = world();
    let text = lines(3_000, |_, n, _| 100.0 + n);
    world.write("runs.jsonl", text);
    assert_eq!(telemetry(&world, "record --batch runs.jsonl").code, 0);
    world.sql("UPDATE tool_telemetry SET executed_at = '2026-01-01'::timestamptz + (executed_at - '2026-01-01') * 30");
    world
}

#[test]
fn costs_add_up() {
    let world = filled();
    assert_snapshot!(telemetry(&world, "costs --by tool,user --format csv").stdout, @"
    tool,user,environment,day,executions,successes,with_cost,cost,cost_per_success,time_ms
    linux/df,u0,,,1000,950,1000,500.0,0.5263157894736842,592568.0
    linux/df,u1,,,1000,950,1000,500.0,0.5263157894736842,625063.0
    linux/df,u2,,,1000,950,1000,500.0,0.5263157894736842,596619.0
    ");
    let days = telemetry(
        &world,
        "costs --by day --since 2026-01-02 --until 2026-01-04 --format json",
    );
    assert_eq!(days.json()[0]["day"], "2026-01-02");
    assert_eq!(days.json()[0]["executions"], 48);
    assert_eq!(telemetry(&world, "costs --by week").code, 2);
}

/// A day without an offset begins at midnight where the user is, as in the audit log.
#[test]
fn a_day_is_meant_where_the_user_is() {
    let world = filled();
    let executions = |zone: &str, since: &str| {
        let run = crate::common::Run::of(
            world
                .command(&["telemetry", "costs", "--since", since, "--format", "json"])
                .env("TZ", zone)
                .output()
                .expect("toolcat runs"),
        );
        run.json()[0]["executions"].as_i64().expect("a number")
    };
    let in_utc = executions("UTC", "2026-01-31");
    // five hours later, of an execution each half hour
    assert_eq!(executions("EST5", "2026-01-31"), in_utc - 10);
    assert_eq!(executions("EST5", "2026-01-31T00:00:00Z"), in_utc);
}

#[test]
fn old_executions_are_pruned_after_a_question() {
    let world = filled();
    let old = "prune --before 2026-02-01";
    let run = telemetry(&world, &format!("{old} --dry-run"));
    assert_snapshot!(run.stdout, @"would remove 1,488 executions from 2026-01-01 to 2026-01-31");
    let run = telemetry(&world, old);
    assert_eq!((run.code, rows(&world)), (2, 3_000));
    assert!(run.stderr.contains("give --yes"), "{run:?}");
    let run = telemetry(&world, &format!("{old} --yes"));
    assert_eq!(
        (&*run.stdout, rows(&world)),
        ("removed 1,488 executions\n", 1_512)
    );
    let run = telemetry(&world, &format!("{old} --yes"));
    assert_eq!((run.code, &*run.stdout), (0, ""));
}

#[test]
fn the_size_is_told() {
    let world = filled();
    let run = telemetry(&world, "stats --format json");
    let stats = run.json();
    assert_eq!(
        (&stats["rows"], &stats["tools"]),
        (&3_000.into(), &1.into())
    );
    assert!(stats["table_bytes"].as_u64().expect("bytes") > 100_000);
    assert_eq!(stats["growth"].as_array().expect("a list").len(), 3);
    for format in ["table", "yaml"] {
        assert_eq!(
            telemetry(&world, &format!("stats --format {format}")).code,
            0
        );
    }
}

#[test]
fn a_divided_table_behaves_the_same() {
    let world = filled();
    let before = telemetry(&world, "export").stdout;
    let analysis = telemetry(&world, "analyze --format json").stdout;
    let columns = "SELECT column_name, data_type, is_nullable FROM information_schema.columns \
                   WHERE table_name = 'tool_telemetry' ORDER BY ordinal_position";
    let shape = world.sql(columns);
    let keys =
        "SELECT conname FROM pg_constraint WHERE conrelid = 'tool_telemetry'::regclass ORDER BY 1";
    let constraints = world.sql(keys);
    let indexes = "SELECT relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid \
                   WHERE indrelid = 'tool_telemetry'::regclass ORDER BY 1";
    let names = world.sql(indexes);
    world.sql(
        "CREATE ROLE reader_of_telemetry; GRANT SELECT ON tool_telemetry TO reader_of_telemetry",
    );

    world.ok(&["migrate", "up", "--partition-telemetry"]);
    world.ok(&["migrate", "up", "--partition-telemetry"]);
    assert_eq!(world.sql(columns), shape);
    assert_eq!(world.sql(keys), constraints);
    assert_eq!(world.sql(indexes), names);
    assert_eq!(
        world.sql("SELECT has_table_privilege('reader_of_telemetry', 'tool_telemetry', 'SELECT')"),
        "t\n"
    );
    world.sql(
        "REVOKE ALL ON tool_telemetry FROM reader_of_telemetry; DROP ROLE reader_of_telemetry",
    );
    assert_eq!(telemetry(&world, "export").stdout, before);
    assert_eq!(telemetry(&world, "analyze --format json").stdout, analysis);

    // Recorded once, in a month that had no partition, whatever time is given the second time.
    let record = |at: &str| {
        telemetry(
            &world,
            &format!("record df --time-ms 5 --success --execution-id x --at {at}"),
        )
        .stdout
    };
    assert_eq!(record("2025-03-05"), "recorded 1 execution\n");
    assert_eq!(
        record("2025-04-05"),
        "recorded 0 executions, 1 recorded before\n"
    );
    assert_eq!(
        world.sql("SELECT tableoid::regclass FROM tool_telemetry WHERE execution_id = 'x'"),
        "tool_telemetry_2025_03\n"
    );
    // Rows that another program wrote where no partition was move to one when it is made.
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, actual_time_ms, success, executed_at) \
               SELECT id, 5, true, '2024-07-07' FROM tools LIMIT 1",
    );
    assert_eq!(
        telemetry(&world, "record df --time-ms 5 --success --at 2024-07-08").code,
        0
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM tool_telemetry_2024_07"),
        "2\n"
    );

    let run = telemetry(&world, "prune --before 2026-02-01 --yes");
    assert_eq!(
        run.stdout, "removed 1,491 executions, 4 partitions dropped\n",
        "{run:?}"
    );
    assert_eq!(rows(&world), 1_512);
    assert_eq!(telemetry(&world, "prune --before 2026-02-10 --yes").code, 0);
    assert_eq!(rows(&world), 1_080);
    assert!(
        telemetry(&world, "stats")
            .stdout
            .contains("partition  tool_telemetry_2026_02")
    );
    world.ok(&["migrate", "down", "-n", "99", "--yes"]);
    world.ok(&["migrate", "up"]);
}

#[test]
fn recent_executions_are_found_by_an_index() {
    let world = filled();
    world.sql("INSERT INTO tool_telemetry (tool_id, actual_time_ms, success, executed_at) \
               SELECT (SELECT id FROM tools LIMIT 1), 5, true, '2026-01-01'::timestamptz + g * interval '1 minute' \
               FROM generate_series(1, 50000) g; ANALYZE tool_telemetry");
    let plan =
        world.sql("EXPLAIN SELECT count(*) FROM tool_telemetry WHERE executed_at >= '2026-02-04'");
    assert!(!plan.contains("Seq Scan"), "{plan}");
}
