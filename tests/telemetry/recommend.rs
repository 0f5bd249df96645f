//! Better estimates: proposed with evidence, refused with a reason, applied as a new version.

use super::{lines, telemetry, world};
use insta::assert_snapshot;

fn planted() -> crate::common::World {
    let world = world();
    let text = lines(300, |_, n, noise| {
        (100.0 + 3.0 * n) * (0.1 * noise.normal()).exp()
    });
    world.write("runs.jsonl", text);
    assert_eq!(telemetry(&world, "record --batch runs.jsonl").code, 0);
    world
}

#[test]
fn a_planted_slope_is_recommended_and_applied() {
    let world = planted();
    let run = telemetry(&world, "recommend df --format json");
    let answer = &run.json()[0];
    assert_eq!(answer["outcome"], "recommend", "{answer}");
    assert_eq!(answer["constants"].as_array().expect("a list").len(), 2);
    let slope = answer["constants"][1]["new"].as_f64().expect("a number");
    assert!((2.8..3.2).contains(&slope), "{slope}");
    assert_eq!(
        answer["apply"],
        "toolcat telemetry recommend linux/df@1.0 --apply"
    );

    let dry = telemetry(&world, "recommend df --apply --dry-run");
    assert!(dry.stderr.contains("would write linux/df@1.1"), "{dry:?}");
    assert_eq!(
        world.sql("SELECT count(*) FROM tools WHERE version = '1.1'"),
        "0\n"
    );
    let run = world.run(&[
        "telemetry",
        "recommend",
        "df",
        "--apply",
        "--reason",
        "ticket 5",
    ]);
    assert!(
        run.stderr
            .contains("wrote linux/df@1.1, made from linux/df@1.0"),
        "{run:?}"
    );
    let expression = answer["expression"].as_str().expect("text");
    assert_eq!(
        world.sql("SELECT t.version, t.is_latest, p.time_estimate_ms FROM tools t \
                   JOIN tool_capabilities c ON c.tool_id = t.id JOIN tool_patterns p ON p.capability_id = c.id \
                   WHERE tool_name = 'df' ORDER BY 1"),
        format!("1.0|f|100 + N\n1.1|t|{expression}\n")
    );
    let reason = world.sql(
        "SELECT reason FROM tool_audit_log WHERE version = '1.1' AND entity = 'tool' AND action = 'created'",
    );
    assert!(
        reason.starts_with("ticket 5: telemetry: disk_usage.use from `100 + N` to `"),
        "{reason}"
    );
    assert!(reason.contains("cross-validation"), "{reason}");
    // What was recorded belongs to the version that ran; the new one starts anew.
    let run = telemetry(&world, "recommend df --format json");
    assert_eq!(run.json()[0]["reason"], "too_few_records");
    let run = telemetry(&world, "recommend df --apply");
    assert_eq!(run.code, 1, "{run:?}");
}

/// What is applied is validated as every other change is: a fault that a change by hand brought in is not
/// carried into a new version.
#[test]
fn what_is_applied_is_validated() {
    let world = planted();
    world.sql("UPDATE tool_patterns SET cost_estimate = '1 +'");
    let run = telemetry(&world, "recommend df --apply");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr
            .contains("linux/df@1.1 would not be valid; nothing was written"),
        "{run:?}"
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM tools WHERE version = '1.1'"),
        "0\n"
    );
}

#[test]
fn a_right_estimate_is_left_alone() {
    let world = world();
    let text = lines(300, |_, n, noise| {
        (100.0 + n) * (0.1 * noise.normal()).exp()
    });
    world.write("runs.jsonl", text);
    telemetry(&world, "record --batch runs.jsonl");
    let run = telemetry(&world, "recommend df");
    assert!(
        run.stdout
            .contains("no recommendation: no fit predicts better"),
        "{run:?}"
    );
    assert_eq!(telemetry(&world, "recommend --check 20").code, 0);
}

#[test]
fn too_few_records_are_refused_with_how_many_are_missing() {
    let world = world();
    world.write("runs.jsonl", lines(10, |_, n, _| n));
    telemetry(&world, "record --batch runs.jsonl");
    assert_snapshot!(telemetry(&world, "recommend df").stdout, @"
    linux/df@1.0 disk_usage.use
      no recommendation: 10 usable records; 20 more are needed (30 in all)
      current: 100 + N
      median error: 14.0 % over 10 records
    ");
}

/// The lines with another N, from the number of the line and the N that it has.
fn with_n(lines: &str, n: impl Fn(usize, f64) -> f64) -> String {
    let mut text = String::new();
    for (i, line) in lines.lines().enumerate() {
        let mut line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let old = line["context"]["N"].as_f64().expect("a number");
        line["context"]["N"] = n(i, old).into();
        text.push_str(&format!("{line}\n"));
    }
    text
}

#[test]
fn outliers_alone_are_no_reason_to_change_an_estimate() {
    let world = world();
    let text = lines(80, |i, n, noise| {
        let factor = if i % 16 == 5 { 12.0 } else { 1.0 };
        factor * (100.0 + n) * (0.1 * noise.normal()).exp()
    });
    world.write("runs.jsonl", text);
    telemetry(&world, "record --batch runs.jsonl");
    assert_snapshot!(telemetry(&world, "recommend df").stdout, @"
    linux/df@1.0 disk_usage.use
      no recommendation: the estimate holds but for 5 outliers, which no estimate would meet
      current: 100 + N
      median error: 8.4 % over 80 records
    ");
    let run = telemetry(&world, "recommend df --format json");
    assert_eq!(run.json()[0]["reason"], "outliers_only", "{run:?}");
    assert_eq!(telemetry(&world, "recommend df --apply").code, 1);
}

#[test]
fn larger_inputs_alone_are_no_reason_to_change_an_estimate() {
    let world = world();
    let shift = |i: usize| if i < 60 { 0.0 } else { 30_000.0 };
    let text = lines(120, |i, n, noise| {
        (100.0 + n + shift(i)) * (0.1 * noise.normal()).exp()
    });
    world.write("runs.jsonl", with_n(&text, |i, n| n + shift(i)));
    telemetry(&world, "record --batch runs.jsonl");
    assert_snapshot!(telemetry(&world, "recommend df").stdout, @"
    linux/df@1.0 disk_usage.use
      no recommendation: the estimate holds; its inputs have shifted (N), so it is used outside its earlier range
      current: 100 + N
      median error: 7.2 % over 120 records
    ");
    let run = telemetry(&world, "recommend df --format json");
    assert_eq!(run.json()[0]["reason"], "input_shift_only", "{run:?}");
    assert_eq!(telemetry(&world, "recommend df --apply").code, 1);
}

#[test]
fn a_constant_input_is_refused_with_a_rescaling() {
    let world = world();
    let text = lines(100, |_, _, noise| 450.0 * (0.1 * noise.normal()).exp());
    world.write("runs.jsonl", with_n(&text, |_, _| 50.0));
    telemetry(&world, "record --batch runs.jsonl");
    let run = telemetry(&world, "recommend df --format json");
    let answer = &run.json()[0];
    assert_eq!(answer["reason"], "constant_input", "{answer}");
    assert!(answer["rescaling"]["factor"].as_f64().expect("a factor") > 2.5);
}

#[test]
fn a_median_error_above_the_limit_fails_the_check() {
    let world = planted();
    let run = telemetry(&world, "recommend --check 25 --format name");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("above 25 %"), "{run:?}");
    assert_eq!(telemetry(&world, "recommend --check 500").code, 0);
    assert_eq!(telemetry(&world, "recommend --check much").code, 2);
}

#[test]
fn a_quantile_can_be_asked_for() {
    let world = planted();
    let run = telemetry(&world, "recommend df --quantile 0.9 --format json");
    let answer = &run.json()[0];
    assert_eq!(
        (&answer["outcome"], &answer["estimand"]),
        (&"recommend".into(), &"quantile".into())
    );
    assert_eq!(telemetry(&world, "recommend df --quantile 1.5").code, 2);
}
