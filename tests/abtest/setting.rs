//! A catalog with two versions of a tool, and traffic made up by the database.

use serde_json::Value;

use crate::common::{World, definition};

/// A seed, so that every run assigns alike.
pub const SEED: &str = "0190c5f2-7a3e-7c11-9d2b-3f0e5a6b7c8d";

/// A world with `df` 1.0 and 2.0, 2.0 being the latest, and another tool for another job.
pub fn world() -> World {
    let world = World::new();
    for version in ["1.0", "2.0"] {
        world.write(
            &format!("df-{version}.yaml"),
            definition("linux", "df", version, "disk_usage"),
        );
        world.ok(&["import", &format!("df-{version}.yaml")]);
    }
    world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.write("ping.yaml", definition("linux", "ping", "1.0", "reach"));
    world.ok(&["import", "du.yaml", "ping.yaml"]);
    world
}

/// Makes a test `t` of df 1.0 against 2.0, which may be decided at once and keeps no guardrail unless `more`
/// says otherwise.
pub fn created(world: &World, more: &[&str]) {
    let mut args = vec![
        "abtest", "create", "t", "--a", "df@1.0", "--b", "df@2.0", "--seed", SEED,
    ];
    for default in [["--min-duration", "0s"], ["--guardrail", "none"]] {
        if !more.contains(&default[0]) {
            args.extend(default);
        }
    }
    args.extend(more);
    world.ok(&args);
}

/// The same, and starts it.
pub fn started(world: &World, more: &[&str]) {
    created(world, more);
    world.ok(&["abtest", "start", "t"]);
}

/// Assigns units `e-1` .. `e-n`.
pub fn assign(world: &World, units: std::ops::RangeInclusive<u32>) {
    let ids: String = units.map(|unit| format!("e-{unit}\n")).collect();
    let run = world.run_with_input(
        &["abtest", "assign", "t", "--batch", "-", "--format", "csv"],
        &ids,
    );
    assert_eq!(run.code, 0, "{}", run.shown(""));
}

/// Records an outcome of every assigned unit that `only` holds for: B takes `time_b` times the time of A,
/// and fails in `failing` of 100 cases where A fails in 4.
pub fn record(world: &World, time_b: f64, failing: u32, only: &str) {
    world.sql(&format!(
        "INSERT INTO tool_telemetry (tool_id, execution_id, actual_time_ms, actual_cost, success)
         SELECT CASE a.arm WHEN 'A' THEN x.tool_a_id ELSE x.tool_b_id END, a.unit,
                ((200 + abs(hashtext(a.unit) % 300)) * CASE a.arm WHEN 'B' THEN {time_b} ELSE 1 END)::int,
                0.001 * (1 + abs(hashtext('c' || a.unit) % 10)),
                abs(hashtext('f' || a.unit) % 100) >= CASE a.arm WHEN 'B' THEN {failing} ELSE 4 END
         FROM tool_ab_assignments a JOIN tool_ab_tests x ON x.id = a.test_id AND x.phase = a.phase
         WHERE {only}
           AND NOT EXISTS (SELECT FROM tool_telemetry t WHERE t.execution_id = a.unit)"
    ));
}

/// The analysis of `t` as JSON, with the exit code.
pub fn analysis(world: &World) -> (i32, Value) {
    let run = world.run(&["abtest", "analyze", "t", "--format", "json"]);
    (run.code, run.json())
}
