//! What an analysis says.

use toolcat::abtest::arms::ArmStats;
use toolcat::abtest::{ArmLabel, Execution};

use super::setting::{SEED, analysis, assign, record, started, world};

#[test]
fn the_database_sums_up_what_was_recorded() {
    let world = world();
    started(
        &world,
        &[
            "--metric",
            "time",
            "--guardrail",
            "cost:0.5",
            "--guardrail",
            "success:0.05",
        ],
    );
    assign(&world, 1..=500);
    record(&world, 0.9, 6, "true");
    let mut arms = [ArmStats::default(), ArmStats::default()];
    // the times that count: of successes
    let mut times = [Vec::new(), Vec::new()];
    for line in world
        .sql(
            "SELECT a.arm, t.actual_time_ms, t.actual_cost, t.success
             FROM tool_telemetry t JOIN tool_ab_assignments a ON a.unit = t.execution_id",
        )
        .lines()
    {
        let fields: Vec<&str> = line.split('|').collect();
        let arm = usize::from(fields[0] == "B");
        let time: f64 = fields[1].parse().expect("a time");
        if fields[3] == "t" {
            times[arm].push(time);
        }
        arms[arm].push(&Execution {
            failed: fields[3] == "f",
            time_ms: (fields[3] == "t").then_some(time),
            cost: fields[2].parse().ok(),
            estimate_ms: None,
        });
    }
    let (_, report) = analysis(&world);
    for (label, arm) in [("a", 0), ("b", 1)] {
        let (found, expected) = (&report["arms"][label], &arms[arm]);
        assert_eq!(found["records"], expected.records);
        assert_eq!(found["failures"], expected.failures);
        let near = |found: &serde_json::Value, expected: f64| {
            let found = found.as_f64().expect("a number");
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        };
        near(&found["ln_time"]["mean"], expected.ln_time.mean);
        near(
            &found["ln_time"]["squared_deviations"],
            expected.ln_time.squared_deviations,
        );
        near(&found["cost"]["mean"], expected.cost.mean);
        near(
            &found["cost"]["squared_deviations"],
            expected.cost.squared_deviations,
        );
        times[arm].sort_by(f64::total_cmp);
        for (name, q) in [("time_p50", 0.5), ("time_p95", 0.95)] {
            let expected =
                toolcat::abtest::quantile::quantile_interval(&times[arm], q, 0.95).expect("times");
            near(&found[name]["estimate"], expected.estimate);
            near(&found[name]["lower"], expected.lower.expect("a bound"));
            near(&found[name]["upper"], expected.upper.expect("a bound"));
        }
    }
}

#[test]
fn units_with_many_executions_are_summed_by_unit() {
    let world = world();
    started(&world, &["--metric", "time", "--unit", "user"]);
    assign(&world, 1..=200);
    world.sql(
        "INSERT INTO tool_telemetry (tool_id, user_id, actual_time_ms, success)
         SELECT CASE a.arm WHEN 'A' THEN x.tool_a_id ELSE x.tool_b_id END, a.unit,
                (CASE a.arm WHEN 'A' THEN 400 ELSE 200 END) + abs(hashtext(a.unit || i)) % 100, true
         FROM tool_ab_assignments a JOIN tool_ab_tests x ON x.id = a.test_id,
              generate_series(0, abs(hashtext(a.unit)) % 5) i",
    );
    let (code, report) = analysis(&world);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["decision"]["verdict"], "b_wins");
    assert_eq!(report["recorded"], 200);
    assert_eq!(
        report["arms"]["a"]["units"]["ln_time"]["units"],
        report["arms"]["a"]["assigned"]
    );
}

#[test]
fn every_part_is_shown() {
    let world = world();
    started(
        &world,
        &[
            "--metric",
            "time",
            "--guardrail",
            "success:0.05",
            "--hypothesis",
            "one pass over the mounts",
        ],
    );
    assign(&world, 1..=1000);
    let early = world.run(&["abtest", "analyze", "t"]);
    assert_eq!(early.code, 1);
    assert!(
        early.stdout.contains("Verdict: Not decided yet"),
        "{}",
        early.stdout
    );
    record(&world, 0.7, 4, "true");
    let run = world.run(&["abtest", "analyze", "t"]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    for part in [
        "phase 1",
        "split 50 % A, 50 % B",
        SEED,
        "one pass over the mounts",
        "ASSIGNED",
        "RECORDED",
        "Health",
        "P, ONE LOOK ONLY",
        "5 points",
        "├",
        "●",
        "[x] primary",
        "[x] guardrail",
        "Verdict: B wins",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
    assert_eq!(
        world.sql("SELECT count(*) FROM tool_ab_looks").trim(),
        "2",
        "looks are noted"
    );
}

#[test]
fn the_page_needs_nothing_else() {
    let world = world();
    started(
        &world,
        &[
            "--metric",
            "time",
            "--hypothesis",
            "<script>alert(1)</script>",
        ],
    );
    assign(&world, 1..=300);
    record(&world, 0.7, 4, "true");
    let run = world.run(&["abtest", "analyze", "t", "--html", "t.html"]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    let page = world.read("t.html");
    let page = page.replace("<link rel=\"icon\" href=\"data:,\">", "");
    for outside in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in [
        "B wins",
        "Sequences over time",
        "Counts per day",
        "class=\"verdict good\"",
        "default-src 'none'",
        "class=\"band s0\"",
        "Triangles",
        "from the catalog",
        "NaN",
    ] {
        assert_eq!(page.contains(part), part != "NaN", "{part}");
    }
}

/// The same traffic with the names of the arms swapped gives the mirrored verdict and numbers.
#[test]
fn swapped_arms_mirror_the_analysis() {
    let world = world();
    started(&world, &["--metric", "time", "--guardrail", "success:0.2"]);
    assign(&world, 1..=800);
    record(&world, 0.8, 5, "true");
    let (code, one) = analysis(&world);
    world.sql(
        "ALTER TABLE tool_ab_assignments DISABLE TRIGGER keep;
         UPDATE tool_ab_tests SET tool_a_id = tool_b_id, tool_b_id = tool_a_id, traffic_split = 1 - traffic_split;
         UPDATE tool_ab_assignments SET arm = CASE arm WHEN 'A' THEN 'B' ELSE 'A' END",
    );
    let (mirrored, other) = analysis(&world);
    assert_eq!((code, mirrored), (0, 0));
    assert_eq!(one["decision"]["verdict"], "b_wins");
    assert_eq!(other["decision"]["verdict"], "a_wins");
    for (metric, swapped) in one["metrics"]
        .as_array()
        .expect("metrics")
        .iter()
        .zip(other["metrics"].as_array().expect("metrics"))
    {
        let number = |value: &serde_json::Value| value.as_f64().expect("a number");
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * a.abs().max(1e-9), "{a} {b}");
        near(number(&metric["ln_ratio"]), -number(&swapped["ln_ratio"]));
        near(number(&metric["p_now"]), number(&swapped["p_now"]));
        near(
            number(&metric["ratio_sequential"]["lower"]),
            1.0 / number(&swapped["ratio_sequential"]["upper"]),
        );
    }
    let leader =
        |report: &serde_json::Value| report["decision"]["leader"].as_str().map(str::to_owned);
    assert_eq!(leader(&one).as_deref(), Some(ArmLabel::B.as_str()));
    assert_eq!(leader(&other).as_deref(), Some(ArmLabel::A.as_str()));
}

#[test]
fn replays_and_simulations_say_how_often() {
    let world = world();
    started(&world, &["--metric", "time"]);
    let none = world.run(&["abtest", "selfcheck", "t"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("hint:"), "{}", none.stderr);
    assign(&world, 1..=300);
    record(&world, 1.0, 4, "true");
    let args = [
        "abtest",
        "selfcheck",
        "t",
        "--streams",
        "50",
        "--records",
        "300",
        "--format",
        "json",
    ];
    let run = world.run(&args);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert!(
        run.json()["false_winner_rate"]
            .as_f64()
            .is_some_and(|rate| rate <= 0.1)
    );
    let args = [
        "abtest",
        "simulate",
        "--metric",
        "time",
        "--effect",
        "time:-50%",
        "--planned",
        "400",
        "--streams",
        "50",
        "--per-day",
        "100",
        "--format",
        "json",
    ];
    let run = world.run(&args);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    let result = run.json();
    assert_eq!(result["wins"]["b"], 1.0);
    assert_eq!(result["days_to_planned"], 4.0);
    let plan = world.run(&["abtest", "plan", "t", "--mde", "10%", "--format", "json"]);
    assert_eq!(plan.code, 0, "{}", plan.shown(""));
    assert!(
        plan.json()["steps"][0]["total"]
            .as_u64()
            .is_some_and(|total| total > 100)
    );
}
