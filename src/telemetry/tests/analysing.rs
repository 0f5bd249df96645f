//! What an analysis finds, and that it finds nothing else.

use super::*;

#[test]
fn a_change_of_a_quarter_is_found_within_100_records() {
    let found = (0..100)
        .filter(|seed| {
            let law = |i, n| promised(n) * if i < 100 { 1.0 } else { 1.25 };
            let samples = simulate(*seed, 200, 0.2, law);
            let analysis = analyze(&samples, Some(&current()), &AnalyzeOptions::default());
            analysis
                .changes
                .iter()
                .any(|c| c.index.abs_diff(100) <= 30 && c.ratio > 1.1)
        })
        .count();
    assert!(found >= 95, "{found}");
}

#[test]
fn no_change_is_found_where_there_is_none() {
    let quiet = (1000..1100)
        .filter(|seed| {
            let samples = simulate(*seed, 300, 0.3, |_, n| promised(n));
            let analysis = analyze(&samples, Some(&current()), &AnalyzeOptions::default());
            analysis.changes.is_empty() && !analysis.drift
        })
        .count();
    assert!(quiet >= 95, "{quiet}");
}

#[test]
fn growing_inputs_under_a_wrong_slope_are_no_change() {
    let mut samples = simulate(7, 120, 0.1, |_, n| 1480.0 + 0.91 * n);
    samples.sort_by(|a, b| a.context["N"].total_cmp(&b.context["N"]));
    for (i, sample) in samples.iter_mut().enumerate() {
        sample.executed_at = DateTime::UNIX_EPOCH + TimeDelta::hours(i as i64);
    }
    let outcome = try_recommend(&samples);
    let found = outcome.recommendation().expect("a recommendation");
    assert_eq!(found.records_before_change, 0);
    assert!(
        (0.8..1.02).contains(&found.constants[1].new),
        "{}",
        found.expression
    );
}

#[test]
fn cost_is_calibrated_on_the_mean_of_all_executions() {
    let mut samples = simulate(12, 100, 0.1, |_, n| 1.4 * promised(n));
    samples[3].success = false;
    let options = AnalyzeOptions {
        measure: Measure::Cost,
        ..Default::default()
    };
    let calibration = analyze(&samples, Some(&current()), &options)
        .calibration
        .unwrap();
    assert_eq!((calibration.records, calibration.estimand), (100, "mean"));
    assert!(
        calibration
            .mean_ratio_interval
            .is_some_and(|i| i.contains(1.4))
    );
    let options = RefitOptions {
        measure: Measure::Cost,
        ..Default::default()
    };
    assert!(
        recommend(&samples, &current(), &options)
            .recommendation()
            .is_some()
    );
}

#[test]
fn the_order_given_does_not_matter() {
    let samples = simulate(13, 120, 0.1, |i, n| {
        promised(n) * if i < 60 { 1.0 } else { 1.5 }
    });
    let mut reversed = samples.clone();
    reversed.reverse();
    let options = AnalyzeOptions::default();
    let (a, b) = (
        analyze(&samples, Some(&current()), &options),
        analyze(&reversed, Some(&current()), &options),
    );
    assert_eq!(a.changes, b.changes);
    assert_eq!(a.calibration, b.calibration);
    let text = |samples: &[Sample]| {
        try_recommend(samples)
            .recommendation()
            .map(|r| r.expression.clone())
    };
    assert_eq!(text(&samples), text(&reversed));
}
