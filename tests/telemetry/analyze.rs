//! Executions against the estimates, in every form.

use super::{lines, telemetry, world};

fn recorded(world: &crate::common::World, text: &str) {
    world.write("runs.jsonl", text);
    let run = telemetry(world, "record --batch runs.jsonl");
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn counts_percentiles_and_ratings_are_those_of_all_executions() {
    let world = world();
    recorded(
        &world,
        &lines(2_000, |_, n, noise| {
            (100.0 + n) * (0.2 * noise.normal()).exp()
        }),
    );
    // Few samples: what is counted must not depend on them.
    let run = telemetry(&world, "analyze df --samples 100 --format json");
    let analysis = &run.json()[0];
    assert_eq!(analysis["tool"], "linux/df@1.0");
    assert_eq!(analysis["executions"], 2_000);
    assert!(analysis["sampled"].as_u64().expect("a count") < 200);
    assert_eq!(analysis["success"]["successes"], 1_900);
    let expected = world.sql(
        "SELECT unnest(percentile_cont(ARRAY[0.5,0.9,0.95,0.99]) WITHIN GROUP (ORDER BY actual_time_ms)) \
         FROM tool_telemetry WHERE success",
    );
    let expected: Vec<f64> = expected
        .lines()
        .map(|it| it.parse().expect("a number"))
        .collect();
    for (name, value) in ["p50", "p90", "p95", "p99"].iter().zip(expected) {
        assert_eq!(
            analysis["percentiles"][name].as_f64(),
            Some(value),
            "{name}"
        );
    }
    assert_eq!(analysis["errors"][0]["count"], 100);
    assert_eq!(
        analysis["errors"][0]["shape"],
        "timeout after <n> ms on <path>"
    );
    assert_eq!(analysis["cost"], 1000.0);
    let mean = analysis["ratings"]["mean"].as_f64().expect("a mean");
    assert!((mean - 4.0).abs() < 0.01);
    assert!(
        analysis["ratings"]["interval"]["low"]
            .as_f64()
            .expect("a bound")
            < mean
    );
}

#[test]
fn a_change_is_found_with_its_date_and_size() {
    let world = world();
    recorded(
        &world,
        &lines(400, |i, n, noise| {
            let factor = if i < 200 { 1.0 } else { 1.4 };
            factor * (100.0 + n) * (0.1 * noise.normal()).exp()
        }),
    );
    let run = telemetry(&world, "analyze df --format json");
    let analysis = &run.json()[0];
    let changes = analysis["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 1, "{changes:?}");
    let percent = changes[0]["change_percent"].as_f64().expect("a size");
    assert!((35.0..45.0).contains(&percent), "{percent}");
    let at = changes[0]["at"].as_str().expect("a time");
    assert!(
        ("2026-01-01T03:15:00Z".."2026-01-01T03:25:00Z").contains(&at),
        "{at}"
    );
    assert_eq!(analysis["drift"], true);
    let text = telemetry(&world, "analyze df").stdout;
    assert!(
        text.contains("yes, 1 change") && text.contains("change: +"),
        "{text}"
    );
    let sparks = text.chars().filter(|c| ('▁'..='█').contains(c)).count();
    assert!(sparks > 20, "{text}");
}

#[test]
fn the_scope_narrows() {
    let world = world();
    recorded(&world, &lines(100, |_, n, _| n));
    let executions = |arguments: &str| {
        let run = telemetry(&world, &format!("analyze {arguments} --format json"));
        assert_eq!(run.code, 0, "{run:?}");
        run.json()[0]["executions"].as_u64().unwrap_or_default()
    };
    assert_eq!(executions("df --since 2026-01-01T01:00:00Z"), 40);
    assert_eq!(executions("df --until 2026-01-01T01:00:00Z"), 60);
    assert_eq!(executions("df --environment staging"), 0);
    assert_eq!(executions("df --version 1.0"), 100);
    assert_eq!(executions("df@1.0"), 100);
    assert_eq!(executions("du"), 0);
    assert_eq!(telemetry(&world, "analyze df --version 3").code, 4);
    assert_eq!(telemetry(&world, "analyze none").code, 4);
    assert_eq!(
        telemetry(&world, "analyze df --since 2026-02-01 --until 2026-01-01").code,
        2
    );
    assert_eq!(telemetry(&world, "analyze df --since soon").code, 2);
}

#[test]
fn every_format_is_written() {
    let world = world();
    recorded(&world, &lines(60, |_, n, _| 100.0 + n));
    for format in ["table", "wide", "json", "jsonl", "yaml", "csv", "name"] {
        let run = telemetry(&world, &format!("analyze --format {format}"));
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.stdout.contains("linux/df@1.0"), "{run:?}");
    }
    let run = telemetry(&world, "analyze --measure cost --format json");
    assert_eq!(run.json()[0]["percentiles"]["p50"], 0.5);
}

#[test]
fn the_page_is_self_contained_and_escapes() {
    let world = world();
    let text = lines(300, |_, n, noise| {
        3.0 * (100.0 + n) * (0.1 * noise.normal()).exp()
    });
    recorded(
        &world,
        &text.replace("timeout after", "<script>alert(1)</script> after"),
    );
    assert_eq!(telemetry(&world, "analyze --html page.html").code, 0);
    let page = world.read("page.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert!(
        !page.contains("http") || !page.contains("://"),
        "an address of the network"
    );
    assert_eq!(page.matches("<svg").count(), 3);
    for word in [
        "Actual and estimate over time",
        "Actual against N",
        "recommended: ",
        "Success rate",
        "Kinds of errors",
    ] {
        assert!(page.contains(word), "{word}");
    }
    let empty = telemetry(&world, "analyze --since 1h --html -").stdout;
    assert!(empty.contains("No execution was recorded"));
}

#[test]
fn an_empty_catalog_has_an_empty_answer() {
    let world = world();
    let run = telemetry(&world, "analyze");
    assert_eq!((run.code, &*run.stdout), (0, ""));
    assert_eq!(telemetry(&world, "analyze --format json").stdout, "[]\n");
    assert_eq!(telemetry(&world, "recommend --format json").stdout, "[]\n");
    assert_eq!(telemetry(&world, "costs --format json").stdout, "[]\n");
}
