//! `--learned` and `--infer-context`.

use crate::common::{World, definition};

fn world() -> World {
    let world = World::new();
    for (name, time) in [("promises", "100"), ("holds", "200 + memory")] {
        let text = definition("linux", name, "1.0", "job").replace("100 + N", time);
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.ok(&["import", "tools"]);
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, capability_id, pattern_id, actual_time_ms, success, \
                                     estimated_time_ms, estimated_cost, context_variables) \
         SELECT t.id, c.id, p.id, CASE t.tool_name WHEN 'promises' THEN 10000 ELSE 200 END, i % 4 > 0, \
                CASE t.tool_name WHEN 'promises' THEN 100 ELSE 200 END, 1, \
                jsonb_build_object('memory', i, 'unit', 'MB') \
         FROM tools t JOIN tool_capabilities c ON c.tool_id = t.id \
              JOIN tool_patterns p ON p.capability_id = c.id, generate_series(1, 41) i",
    );
    world
}

#[test]
fn records_correct_an_estimate() {
    let world = world();
    let ask = [
        "select",
        "-c",
        "job",
        "--mode",
        "fast",
        "--context",
        "memory=1",
        "--format",
        "json",
    ];
    let plain = world.run(&ask).json();
    assert_eq!(plain["answer"]["tool"], "promises");
    let learned = world.run(&[&ask[..], &["--learned"]].concat()).json();
    assert_eq!(learned["answer"]["tool"], "holds");
    let promises = &learned["ranking"][1]["learned"];
    assert_eq!(
        (&promises["records"], &promises["expression_time_ms"]),
        (&41.into(), &100.0.into())
    );
    // 31 of the 41 succeeded
    let factor = promises["time_factor"].as_f64().expect("a factor");
    assert!((factor - 100f64.powf(31.0 / 51.0)).abs() < 1e-9, "{factor}");
    let reliability = promises["reliability"].as_f64().expect("a share");
    assert!((reliability - 40.0 / 51.0).abs() < 1e-12, "{reliability}");
}

#[test]
fn a_variable_takes_its_recorded_median() {
    let world = world();
    let ask = [
        "select",
        "-c",
        "job",
        "--exclude",
        "promises",
        "--format",
        "json",
    ];
    let assumed = world.run(&ask).json();
    assert_eq!(assumed["answer"]["assumed"][0]["name"], "memory");
    assert_eq!(assumed["answer"]["estimated_time_ms"], 300.0);
    let run = world.run(&[&ask[..], &["--strict-context"]].concat());
    assert_eq!(run.code, 1, "memory has no value");
    assert!(run.stdout.contains("missing_variable"));
    let inferred = world.run(&[&ask[..], &["--infer-context"]].concat()).json();
    assert_eq!(inferred["answer"]["estimated_time_ms"], 221.0);
    assert_eq!(inferred["inferred_context"][0]["name"], "memory");
    assert_eq!(inferred["inferred_context"][0]["value"], 21.0);
    let given = world
        .run(&[&ask[..], &["--infer-context", "--context", "memory=1"]].concat())
        .json();
    assert_eq!(given["answer"]["estimated_time_ms"], 201.0);
}

/// S08: what a tool was before its last change, and what it is in other environments, corrects nothing; few successes
/// correct nothing; the mean of the costs is learned, and not their median.
#[test]
fn only_what_still_holds_is_learned() {
    let world = World::new();
    for name in ["old", "envs", "fewok", "costly"] {
        let text = definition("linux", name, "1.0", "job").replace("100 + N", "1000");
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.ok(&["import", "tools"]);
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, capability_id, pattern_id, actual_time_ms, success, environment, \
                                     estimated_time_ms, actual_cost, estimated_cost, executed_at) \
         SELECT t.id, c.id, p.id, \
                (1 + (i * 7919 % 101) / 1000.0) * CASE t.tool_name \
                    WHEN 'old' THEN CASE WHEN i <= 200 THEN 3000 ELSE 1000 END \
                    WHEN 'envs' THEN CASE WHEN i % 2 = 0 THEN 500 ELSE 2000 END \
                    WHEN 'fewok' THEN 4000 ELSE 1000 END, \
                t.tool_name <> 'fewok' OR i % 60 = 0, \
                CASE WHEN t.tool_name = 'envs' THEN CASE WHEN i % 2 = 0 THEN 'dev' ELSE 'production' END END, \
                1000, CASE WHEN i % 3 = 0 THEN 7 ELSE 1 END, 1, '2026-01-01'::timestamptz + i * interval '5 minutes' \
         FROM tools t JOIN tool_capabilities c ON c.tool_id = t.id \
              JOIN tool_patterns p ON p.capability_id = c.id, generate_series(1, 300) i",
    );
    let learned = world
        .run(&[
            "select",
            "-c",
            "job",
            "--learned",
            "--environment",
            "production",
            "--format",
            "json",
            "--limit",
            "0",
        ])
        .json();
    let factor = |tool: &str, of: &str| {
        let rows = learned["ranking"].as_array().expect("a ranking");
        let row = rows.iter().find(|row| row["tool"] == tool).expect(tool);
        row["learned"][of].as_f64().expect("a factor")
    };
    let near = |value: f64, expected: f64| (value / expected - 1.0).abs() < 0.1;
    assert!(near(factor("old", "time_factor"), 1.05), "{learned}");
    assert!(near(factor("envs", "time_factor"), 2.0), "{learned}");
    assert_eq!(factor("fewok", "time_factor"), 1.0);
    assert!(near(factor("costly", "cost_factor"), 2.8), "{learned}");
}
