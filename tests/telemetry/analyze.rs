//! Executions against the estimates, in every form.

use super::{lines, rows, telemetry, world};

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
    assert_eq!(page.matches("<svg class=\"chart\"").count(), 3);
    for word in [
        "Actual over estimate, over time",
        "Time taken against N",
        "recommended: ",
        "linux/df@1.0 disk_usage.use takes 3.0",
        "Success rate",
        "Kinds of errors",
    ] {
        assert!(page.contains(word), "{word}");
    }
    let empty = telemetry(&world, "analyze --since 1h --html -").stdout;
    assert!(empty.contains("No execution was recorded"));
}

/// The page as text: without its style, its tags and its charts, and with fixed words for what is never the same.
fn words(page: &str) -> String {
    let body = page.split_once("<main>").expect("a body").1;
    let mut text = String::new();
    let mut depth = 0;
    for part in body.split('<') {
        let (tag, rest) = part.split_once('>').unwrap_or(("", part));
        depth += i32::from(tag.starts_with("svg")) - i32::from(tag == "/svg");
        if depth == 0 && !rest.trim().is_empty() {
            text.push_str(rest.trim());
            text.push('\n');
        }
    }
    let (text, made) = text.split_once("Made by ").expect("a foot");
    let made = made.split_once(" from the catalog ").expect("a catalog").1;
    format!("{text}Made by SOMEBODY at a time from the catalog {made}")
}

/// The page said the ratio over all executions, the terminal that since the change.
#[test]
fn the_page_says_what_the_terminal_says() {
    let world = world();
    recorded(
        &world,
        &lines(400, |i, n, noise| {
            let factor = if i < 200 { 1.0 } else { 3.0 };
            factor * (100.0 + n) * (0.1 * noise.normal()).exp()
        }),
    );
    let terminal = telemetry(&world, "analyze df").stdout;
    let json = telemetry(&world, "analyze df --format json").json();
    let ratio = json[0]["calibration_since_change"]["median_ratio"].as_f64();
    let ratio = format!("{:.2}", ratio.expect("a ratio"));
    let page = telemetry(&world, "analyze df --html -").stdout;
    assert!(terminal.contains(&ratio), "{ratio} in {terminal}");
    let shown = format!("<td class=\"n\">{ratio}</td>");
    assert!(page.contains(&shown), "{shown} in {page}");
    let sentence = json[0]["sentence"].as_str().expect("a sentence");
    assert!(page.contains(sentence), "{sentence}");
    assert!(page.contains(&format!(
        "takes {ratio} times as long as estimated, since it rose by"
    )));
    assert!(page.contains("executions before the change"));
    assert!(page.contains("class=\"dots s0 dim\""));
    insta::assert_snapshot!(words(&page).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

/// Executions of one moment, or a single one, were shown on an axis of years.
#[test]
fn a_page_of_one_moment_has_an_axis_of_that_day() {
    let world = world();
    let all = lines(40, |_, n, _| 100.0 + n);
    let one = all.lines().next().expect("a line").to_owned();
    for text in [
        one,
        all.lines()
            .map(|it| {
                let (start, rest) = it.split_once("\"at\":\"").expect("a time");
                let (_, rest) = rest.split_once('"').expect("its end");
                format!("{start}\"at\":\"2026-01-01T12:00:00Z\"{rest}\n").replace("\"e", "\"f")
            })
            .collect(),
    ] {
        recorded(&world, &text);
        let since = if rows(&world) > 1 {
            "--since 2026-01-01T06:00:00Z"
        } else {
            ""
        };
        let page = telemetry(&world, &format!("analyze {since} --html -")).stdout;
        assert!(
            page.contains("time (UTC), 1 Jan 2026") || page.contains("to 1 Jan 2026"),
            "{page}"
        );
        assert!(!page.contains("NaN") && !page.contains("2027"), "{page}");
    }
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
