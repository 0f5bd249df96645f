//! Every oddity of the data is a line under health, never a silent number.

use serde_json::Value;

use super::setting::{analysis, assign, record, started, world};

fn kinds(report: &Value) -> Vec<(String, bool)> {
    report["health"]["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|it| {
            (
                it["kind"].as_str().unwrap_or_default().to_owned(),
                it["blocking"].as_bool().unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn strays_clocks_and_silence_are_told() {
    let world = world();
    started(&world, &["--metric", "time"]);
    assign(&world, 1..=400);
    record(&world, 1.0, 4, "a.unit NOT IN ('e-1', 'e-2', 'e-3')");
    let other = |set: &str, unit: &str| {
        world.sql(&format!(
            "UPDATE tool_telemetry SET {set} WHERE execution_id = '{unit}'"
        ));
    };
    other("executed_at = executed_at - interval '3 hours'", "e-10");
    other("executed_at = executed_at + interval '3 hours'", "e-11");
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, execution_id, actual_time_ms, success)
         SELECT tool_a_id, 'stray', 10, true FROM tool_ab_tests",
    );
    let (code, report) = analysis(&world);
    assert_eq!(code, 1);
    let found = kinds(&report);
    assert!(
        found.contains(&("unassigned".to_owned(), false)),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|(kind, _)| kind == "missing" || kind == "pending"),
        "{found:?}"
    );
    let counts = &report["health"]["counts"];
    assert_eq!(counts["unassigned"], 1);
    // the ids prove the order: clocks that are hours off lose nothing (S14)
    assert_eq!(counts["before_assignment"], 0);
    assert_eq!(counts["in_future"], 0);
    let recorded = |arm: &str| report["arms"][arm]["records"].as_i64().unwrap_or(0);
    assert_eq!(recorded("a") + recorded("b"), 397);
}

/// A user has records from before the test, so that there the time decides, and is told (S14).
#[test]
fn clocks_are_told_where_users_are_assigned() {
    let world = world();
    started(&world, &["--metric", "time", "--unit", "user"]);
    assign(&world, 1..=300);
    let run_at = |when: &str, units: &str| {
        world.sql(&format!(
            "INSERT INTO tool_telemetry (tool_id, user_id, actual_time_ms, success, executed_at)
             SELECT CASE a.arm WHEN 'A' THEN x.tool_a_id ELSE x.tool_b_id END, a.unit, 100, true, now() + {when}
             FROM tool_ab_assignments a JOIN tool_ab_tests x ON x.id = a.test_id WHERE a.unit IN ({units})"
        ));
    };
    run_at(
        "interval '1 second'",
        "SELECT unit FROM tool_ab_assignments",
    );
    run_at("interval '-3 hours'", "'e-10'");
    run_at("interval '3 hours'", "'e-11'");
    let found = kinds(&analysis(&world).1);
    for kind in ["before_assignment", "in_future"] {
        assert!(
            found.contains(&(kind.to_owned(), false)),
            "{kind}: {found:?}"
        );
    }
    run_at("interval '-3 hours'", "'e-12', 'e-13', 'e-14'");
    let found = kinds(&analysis(&world).1);
    assert!(
        found.contains(&("before_assignment".to_owned(), true)),
        "{found:?}"
    );
}

#[test]
fn units_in_both_arms_make_a_test_invalid() {
    let world = world();
    started(&world, &["--metric", "time", "--unit", "user"]);
    assign(&world, 1..=300);
    let run_by = |arm: &str, other: &str, time: u32, limit: u32| {
        world.sql(&format!(
            "INSERT INTO tool_telemetry (tool_id, user_id, actual_time_ms, success)
             SELECT CASE a.arm WHEN '{arm}' THEN x.tool_a_id ELSE x.tool_b_id END, a.unit,
                    CASE a.arm WHEN '{other}' THEN {time} ELSE 100 END + abs(hashtext(a.unit)) % 50, true
             FROM tool_ab_assignments a JOIN tool_ab_tests x ON x.id = a.test_id
             ORDER BY a.unit LIMIT {limit}"
        ));
    };
    run_by("A", "A", 300, 1000);
    let (code, report) = analysis(&world);
    assert_eq!(code, 0, "{report}");
    // six users ran the version of the other arm as well
    run_by("B", "A", 100, 6);
    let (code, report) = analysis(&world);
    assert_eq!(code, 5);
    assert_eq!(report["decision"]["verdict"], "invalid");
    assert_eq!(kinds(&report), [("in_both_arms".to_owned(), true)]);
    let run = world.run(&["abtest", "conclude", "t", "--apply"]);
    assert_eq!(run.code, 5);
    assert_eq!(
        world.sql("SELECT status FROM tool_ab_tests").trim(),
        "active"
    );
}

#[test]
fn lost_assignments_are_a_sample_ratio_mismatch() {
    let world = world();
    started(&world, &["--metric", "time"]);
    assign(&world, 1..=1200);
    world.sql("DELETE FROM tool_ab_assignments WHERE arm = 'B' AND abs(hashtext(unit)) % 3 = 0");
    record(&world, 0.5, 4, "true");
    let run = world.run(&["abtest", "analyze", "t"]);
    assert_eq!(run.code, 5, "{}", run.shown(""));
    assert!(
        run.stdout.contains("sample ratio mismatch (SRM)"),
        "{}",
        run.stdout
    );
}

#[test]
fn outcomes_that_never_came_in_one_arm_make_a_test_invalid() {
    let world = world();
    started(&world, &["--metric", "time"]);
    assign(&world, 1..=400);
    record(
        &world,
        0.5,
        4,
        "a.arm = 'A' OR abs(hashtext(a.unit)) % 2 = 0",
    );
    world.sql(
        "ALTER TABLE tool_ab_assignments DISABLE TRIGGER keep;
         UPDATE tool_ab_assignments SET assigned_at = assigned_at - interval '1 day'",
    );
    let (code, report) = analysis(&world);
    assert_eq!(code, 5, "{report}");
    assert_eq!(kinds(&report), [("unequal_missing".to_owned(), true)]);
}
