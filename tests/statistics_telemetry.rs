//! The reference cases of the statistical contract, if they are at hand: `TOOLCAT_SHARED`, or `../shared`.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta};
use serde_json::Value;
use toolcat::expression::Expression;
use toolcat::statistics::{ROBUST_NORMAL, median, median_absolute_deviation};
use toolcat::telemetry::{
    AnalyzeOptions, Context, HUBER_C, Matrix, Model, Outcome, RefitOptions, RefusalReason, Sample,
    analyze, best_split, burst_p, huber, modified_z, pinball, psi, quantile_regression, recommend,
    relative_lad, siegel, theil_sen,
};

fn cases() -> Option<Vec<Value>> {
    let shared = std::env::var_os("TOOLCAT_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")));
    let text = std::fs::read_to_string(shared.join("fixtures/stats_cases.json")).ok()?;
    let document: Value = serde_json::from_str(&text).expect("the reference cases are JSON");
    let cases = document["cases"]
        .as_array()
        .expect("a list of cases")
        .clone();
    Some(
        cases
            .into_iter()
            .filter(|case| case["area"] == "telemetry")
            .collect(),
    )
}

fn case(id: &str) -> Option<Value> {
    let cases = cases()?;
    Some(
        cases
            .into_iter()
            .find(|case| case["id"] == id)
            .unwrap_or_else(|| panic!("no case {id}")),
    )
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

fn close(case: &Value, what: &str, got: f64, expected: &Value) {
    let expected = expected
        .as_f64()
        .unwrap_or_else(|| panic!("{what} is not a number"));
    let tolerance = case["rel_tol"].as_f64().unwrap_or(1e-6);
    assert!(
        (got - expected).abs() <= (tolerance * expected.abs()).max(1e-9),
        "{} {what}: got {got}, expected {expected}",
        case["id"]
    );
}

#[test]
fn modified_z_scores() {
    let Some(case) = case("modified_z_hyperfine") else {
        return;
    };
    let x = numbers(&case["input"]["x"]);
    let expected = &case["expected"];
    let centre = median(&x).unwrap();
    close(&case, "median", centre, &expected["median"]);
    close(
        &case,
        "mad",
        median_absolute_deviation(&x, centre).unwrap(),
        &expected["mad"],
    );
    let z = modified_z(&x);
    for (got, expected) in z.iter().zip(expected["z"].as_array().unwrap()) {
        close(&case, "z", *got, expected);
    }
    let far: Vec<usize> = (0..z.len()).filter(|i| z[*i].abs() > 3.5).collect();
    assert_eq!(serde_json::json!(far), expected["outlier_index"]);
    assert!((ROBUST_NORMAL - 0.6745).abs() < 1e-4);
}

#[test]
fn theil_sen_and_siegel() {
    let Some(case) = case("theil_sen") else {
        return;
    };
    let (x, y) = (numbers(&case["input"]["x"]), numbers(&case["input"]["y"]));
    let expected = &case["expected"];
    let line = theil_sen(&x, &y, 0.95).unwrap();
    close(&case, "slope", line.slope, &expected["slope"]);
    close(&case, "intercept", line.intercept, &expected["intercept"]);
    let interval = line.slope_interval.unwrap();
    close(&case, "low", interval.low, &expected["slope_ci"][0]);
    close(&case, "high", interval.high, &expected["slope_ci"][1]);
    close(
        &case,
        "siegel",
        siegel(&x, &y).unwrap().slope,
        &expected["siegel_slope"],
    );
}

#[test]
fn huber_estimate() {
    let Some(case) = case("huber") else { return };
    let (x, y) = (numbers(&case["input"]["x"]), numbers(&case["input"]["y"]));
    let fit = huber(&Matrix::line(&x), &y, HUBER_C).unwrap();
    close(
        &case,
        "intercept",
        fit.coefficients[0],
        &case["expected"]["intercept"],
    );
    close(
        &case,
        "slope",
        fit.coefficients[1],
        &case["expected"]["slope"],
    );
    close(&case, "scale", fit.scale, &case["expected"]["scale"]);
}

#[test]
fn quantile_regression_loss() {
    let Some(case) = case("quantile_regression_0.9") else {
        return;
    };
    let (x, y) = (numbers(&case["input"]["x"]), numbers(&case["input"]["y"]));
    let tau = case["input"]["tau"].as_f64().unwrap();
    let design = Matrix::line(&x);
    let fit = quantile_regression(&design, &y, tau).unwrap();
    let loss = design
        .times(&fit)
        .iter()
        .zip(&y)
        .map(|(f, y)| pinball(y - f, tau))
        .sum();
    close(&case, "loss", loss, &case["expected"]["min_pinball_loss"]);
}

#[test]
fn population_stability() {
    let Some(case) = case("psi") else { return };
    let got = psi(
        &numbers(&case["input"]["reference"]),
        &numbers(&case["input"]["current"]),
    );
    close(&case, "psi", got.unwrap(), &case["expected"]["psi"]);
}

#[test]
fn no_change_in_noise() {
    let Some(case) = case("changepoint_null") else {
        return;
    };
    let least = case["input"]["min_segment"].as_u64().unwrap() as usize;
    let x = numbers(&case["input"]["x"]);
    let split = best_split(&x, least).unwrap();
    assert_eq!(
        serde_json::json!(split.index),
        case["expected"]["best_split"]
    );
    close(
        &case,
        "p",
        split.uncorrected_p,
        &case["expected"]["uncorrected_p"],
    );
    close(
        &case,
        "corrected p",
        split.corrected_p,
        &case["expected"]["bonferroni_p"],
    );
    let times: Vec<_> = (0..x.len() as i64)
        .filter_map(|i| chrono::DateTime::from_timestamp(300 * i, 0))
        .collect();
    let found = toolcat::telemetry::levels(&times, &x);
    assert!(found.changes.is_empty());
}

#[test]
fn failure_bursts() {
    let Some(case) = case("failure_burst") else {
        return;
    };
    let input = &case["input"];
    let baseline = input["baseline"].as_f64().unwrap();
    let (n, x) = (numbers(&input["n"]), numbers(&input["x"]));
    for (i, expected) in case["expected"]["p"].as_array().unwrap().iter().enumerate() {
        close(
            &case,
            "p",
            burst_p(x[i] as u64, n[i] as u64, baseline),
            expected,
        );
    }
}

/// The samples of a scenario; all succeed.
fn samples(case: &Value) -> Vec<Sample> {
    let (n, actual) = (
        numbers(&case["input"]["N"]),
        numbers(&case["input"]["actual_time_ms"]),
    );
    let sample = |i: usize| Sample {
        executed_at: DateTime::UNIX_EPOCH + TimeDelta::hours(i as i64),
        estimate: None,
        actual: Some(actual[i]),
        success: true,
        context: Context::from([("N".to_owned(), n[i])]),
        execution_id: Some(format!("run-{i}")),
        error: None,
        timed_out: false,
    };
    (0..n.len()).map(sample).collect()
}

fn estimate(case: &Value) -> Expression {
    Expression::parse(case["input"]["estimate"].as_str().expect("a text")).expect("an expression")
}

fn within(value: f64, range: &Value) -> bool {
    let range = numbers(range);
    range[0] <= value && value <= range[1]
}

fn reference_lad(samples: &[Sample], line: &Expression) -> Vec<f64> {
    let n: Vec<f64> = samples.iter().map(|s| s.context["N"]).collect();
    let y: Vec<f64> = samples.iter().filter_map(|s| s.actual).collect();
    let contexts: Vec<_> = samples.iter().map(|s| &s.context).collect();
    let reference: Vec<f64> = line
        .predict(&line.parameters(), &contexts)
        .into_iter()
        .flatten()
        .collect();
    relative_lad(&Matrix::line(&n), &y, &reference).unwrap()
}

#[test]
fn refit_needed() {
    let Some(case) = case("telemetry_refit_needed") else {
        return;
    };
    let (samples, line, expected) = (samples(&case), estimate(&case), &case["expected"]);
    let fit = reference_lad(&samples, &line);
    close(&case, "intercept", fit[0], &expected["relative_lad_fit"][0]);
    close(&case, "slope", fit[1], &expected["relative_lad_fit"][1]);
    let analysis = analyze(&samples, Some(&line), &AnalyzeOptions::default());
    assert!(analysis.drift && analysis.changes.is_empty());
    let found: Vec<usize> = analysis.outliers.iter().map(|o| o.index).collect();
    assert_eq!(serde_json::json!(found), expected["outlier_index"]);
    let calibration = analysis.calibration.unwrap();
    let error = calibration.median_absolute_log_error;
    close(
        &case,
        "error",
        error,
        &expected["median_abs_log_error_current"],
    );
    let outcome = recommend(&samples, &line, &RefitOptions::default());
    let recommendation = outcome.recommendation().expect("a recommendation");
    assert!(within(
        recommendation.constants[0].new,
        &expected["intercept_range"]
    ));
    assert!(within(
        recommendation.constants[1].new,
        &expected["slope_range"]
    ));
}

#[test]
fn no_drift() {
    let Some(case) = case("telemetry_no_drift") else {
        return;
    };
    let (samples, line, expected) = (samples(&case), estimate(&case), &case["expected"]);
    let fit = reference_lad(&samples, &line);
    close(&case, "intercept", fit[0], &expected["relative_lad_fit"][0]);
    let analysis = analyze(&samples, Some(&line), &AnalyzeOptions::default());
    assert!(!analysis.drift && analysis.changes.is_empty());
    let error = analysis.calibration.unwrap().median_absolute_log_error;
    close(
        &case,
        "error",
        error,
        &expected["median_abs_log_error_current"],
    );
    let outcome = recommend(&samples, &line, &RefitOptions::default());
    assert!(outcome.refusal().is_some());
}

#[test]
fn constant_input() {
    let Some(case) = case("telemetry_constant_input") else {
        return;
    };
    let (samples, line) = (samples(&case), estimate(&case));
    let analysis = analyze(&samples, Some(&line), &AnalyzeOptions::default());
    assert!(analysis.drift);
    let ratio = analysis.calibration.unwrap().median_ratio;
    close(&case, "ratio", ratio, &case["expected"]["median_ratio"]);
    let Outcome::Refuse(refusal) = recommend(&samples, &line, &RefitOptions::default()) else {
        panic!("a slope was recommended");
    };
    assert!(matches!(
        refusal.reason,
        RefusalReason::ConstantInput {
            rescaling: Some(_),
            ..
        }
    ));
}

#[test]
fn step_change() {
    let Some(case) = case("telemetry_step_change") else {
        return;
    };
    let (samples, line, expected) = (samples(&case), estimate(&case), &case["expected"]);
    let pooled = reference_lad(&samples, &line);
    close(
        &case,
        "pooled",
        pooled[0],
        &expected["relative_lad_fit_pooled"][0],
    );
    let after = reference_lad(&samples[60..], &line);
    close(
        &case,
        "after",
        after[0],
        &expected["relative_lad_fit_after_change"][0],
    );
    let analysis = analyze(&samples, Some(&line), &AnalyzeOptions::default());
    assert_eq!(analysis.changes.len(), 1);
    assert_eq!(
        serde_json::json!(analysis.changes[0].index),
        expected["best_split"]
    );
    close(
        &case,
        "p",
        analysis.changes[0].corrected_p,
        &expected["bonferroni_p"],
    );
    let outcome = recommend(&samples, &line, &RefitOptions::default());
    let recommendation = outcome.recommendation().expect("a recommendation");
    let expected_records = (samples.len() - analysis.changes[0].index) as i64;
    assert!((recommendation.records as i64 - expected_records).abs() <= 6);
    assert!(within(
        recommendation.constants[0].new,
        &expected["intercept_range"]
    ));
    assert!(within(
        recommendation.constants[1].new,
        &expected["slope_range"]
    ));
}
