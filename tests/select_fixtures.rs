//! Selections with known answers, and retrieval on real tool pages, through the real command; runs
//! where the shared reference data is present.

use std::collections::HashMap;

use crate::common::{World, shared};
use serde_json::Value;

/// Scores may differ by this much.
const TOLERANCE: f64 = 1e-9;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

#[test]
fn every_known_case_has_its_ranking_from_the_catalog_and_from_files() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("fixtures/select");
    let catalog = folder.join("catalog").display().to_string();
    let cases = folder.join("cases.jsonl").display().to_string();
    let expected = std::fs::read_to_string(folder.join("expected.jsonl")).expect("answers");
    let world = World::new();
    world.ok(&["import", &catalog]);
    let arguments = [
        "select",
        "--scoring",
        "classic",
        "--limit",
        "0",
        "--batch",
        &cases,
    ];
    let stored = world.ok(&arguments);
    let from_files = world.ok(&[&arguments[..], &["--from", &catalog]].concat());
    assert_eq!(stored, from_files);
    let found: HashMap<String, Value> = lines(&stored)
        .into_iter()
        .map(|it| (it["id"].as_str().expect("an id").to_owned(), it))
        .collect();
    let expected = lines(&expected);
    assert_eq!((expected.len(), found.len()), (300, 300));
    for case in &expected {
        compare(case, &found[case["id"].as_str().expect("an id")]);
    }
}

fn compare(expected: &Value, found: &Value) {
    let id = &expected["id"];
    let close = |a: &Value, b: &Value, what: &str| {
        let (a, b) = (a.as_f64().expect(what), b.as_f64().expect(what));
        assert!(
            (a - b).abs() <= TOLERANCE * a.abs().max(1.0),
            "{id} {what}: {a} {b}"
        );
    };
    let names = |ranking: &Value| -> Vec<[String; 3]> {
        ranking
            .as_array()
            .expect("a ranking")
            .iter()
            .map(|it| ["tool", "capability", "pattern"].map(|key| it[key].to_string()))
            .collect()
    };
    assert_eq!(
        names(&expected["ranking"]),
        names(&found["ranking"]),
        "{id}"
    );
    assert_eq!(expected["mode"], found["mode"], "{id}");
    let pairs = expected["ranking"].as_array().into_iter().flatten();
    for (a, b) in pairs.zip(found["ranking"].as_array().into_iter().flatten()) {
        close(&a["score"], &b["score"], "score");
        close(&a["time_ms"], &b["estimated_time_ms"], "time");
        close(&a["cost"], &b["estimated_cost"], "cost");
        assert_eq!(a["requires_approval"], b["requires_approval"], "{id}");
        close(
            &a["features"]["time_ms"],
            &b["features"]["time"],
            "time feature",
        );
        for feature in ["cost", "complexity", "accuracy", "completeness"] {
            close(&a["features"][feature], &b["features"][feature], feature);
        }
    }
    if found["ranking"].as_array().is_some_and(|it| !it.is_empty()) {
        assert_eq!(expected["is_ambiguous"], found["ambiguous"], "{id}");
        assert_eq!(expected["sla_class"], found["answer"]["sla_class"], "{id}");
    }
}

#[test]
fn words_find_real_tools() {
    let Some(shared) = shared() else { return };
    let catalog = shared.join("corpus/tldr-500.yaml").display().to_string();
    let queries = shared
        .join("corpus/tldr-500.queries.jsonl")
        .display()
        .to_string();
    let world = World::new();
    world.ok(&["import", &catalog]);
    let arguments = ["select", "--eval", &queries, "--format", "json"];
    let stored = world.run(&[&arguments[..], &["--min-recall-5", "0.81"]].concat());
    assert_eq!(stored.code, 0, "{}", stored.stderr);
    let report = stored.json();
    assert!(report["recall_at_1"].as_f64() >= Some(0.62), "{report}");
    assert!(report["recall_at_5"].as_f64() >= Some(0.81), "{report}");
    assert!(report["mrr"].as_f64() >= Some(0.71), "{report}");
    let from_files = world.run(&[&arguments[..], &["--from", &catalog]].concat());
    let from_files = from_files.json();
    for figure in ["queries", "recall_at_1", "recall_at_5", "recall_at_10"] {
        assert_eq!(report[figure], from_files[figure], "{figure}");
    }
    // what a request shows is the same; beyond the tools that are judged, equals may stand in another order
    let shown = |report: &serde_json::Value| {
        let misses = report["misses"].as_array().cloned().unwrap_or_default();
        let of = |miss: &serde_json::Value| (miss["query"].clone(), miss["found"].clone());
        misses.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(shown(&report), shown(&from_files));
    let above = world.run(&[&arguments[..], &["--min-recall-5", "0.99"]].concat());
    assert_eq!(above.code, 1);
}
