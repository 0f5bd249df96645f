//! What is off is recommended away.

use super::*;

#[test]
fn a_wrong_slope_is_recommended_away() {
    for seed in 0..10 {
        let samples = simulate(seed, 100, 0.15, |_, n| 1480.0 + 0.91 * n);
        let outcome = try_recommend(&samples);
        let found = outcome.recommendation().expect("a recommendation");
        assert_eq!(found.form, Form::Own);
        assert!(
            (0.8..1.02).contains(&found.constants[1].new),
            "{}",
            found.expression
        );
        for constant in &found.constants {
            assert!(constant.interval.is_some_and(|i| i.contains(constant.new)));
        }
        assert!(found.evidence.p < 0.01 && found.evidence.improvement >= 0.05);
        let written = expression(&found.expression).constants();
        assert_eq!(written, [found.constants[0].new, found.constants[1].new]);
        assert_finite(&outcome);
    }
}

#[test]
fn every_estimator_finds_the_slope() {
    let samples = simulate(5, 120, 0.1, |_, n| 1480.0 + 0.91 * n);
    for estimator in [
        Estimator::RelativeLad,
        Estimator::Huber,
        Estimator::TheilSen,
        Estimator::RelativeLeastSquares,
    ] {
        let options = RefitOptions {
            estimator: Some(estimator),
            ..Default::default()
        };
        let outcome = recommend(&samples, &current(), &options);
        let found = outcome.recommendation().expect("a recommendation");
        assert!(
            (0.82..1.0).contains(&found.constants[1].new),
            "{}",
            found.expression
        );
    }
}

#[test]
fn a_quantile_lies_above_its_share_of_records() {
    let samples = simulate(6, 400, 0.3, |_, n| promised(n));
    let options = RefitOptions {
        quantile: Some(0.9),
        ..Default::default()
    };
    let outcome = recommend(&samples, &current(), &options);
    let found = outcome.recommendation().expect("a recommendation");
    let expression = expression(&found.expression);
    let contexts: Vec<_> = samples.iter().map(|s| &s.context).collect();
    let values = expression.predict(&expression.parameters(), &contexts);
    let below = samples
        .iter()
        .zip(values)
        .filter(|(s, v)| s.actual < *v)
        .count();
    assert!((340..380).contains(&below), "{below}");
}

#[test]
fn only_records_after_the_change_count() {
    let law = |i, n| {
        if i < 80 {
            promised(n)
        } else {
            3000.0 + 0.8 * n
        }
    };
    let outcome = try_recommend(&simulate(8, 160, 0.1, law));
    let found = outcome.recommendation().expect("a recommendation");
    assert!(found.records_before_change.abs_diff(80) <= 4);
    assert!(
        (0.72..0.88).contains(&found.constants[1].new),
        "{}",
        found.expression
    );
}

#[test]
fn another_form_only_where_it_is_much_better() {
    let samples = simulate(9, 150, 0.1, |_, n| 1000.0 + 0.002 * n * n);
    let outcome = try_recommend(&samples);
    let found = outcome.recommendation().expect("a recommendation");
    assert_eq!(found.form, Form::Quadratic, "{}", found.expression);
    assert!(expression(&found.expression).depends_on_inputs());
    let straight = simulate(10, 150, 0.1, |_, n| 1480.0 + 0.91 * n);
    let outcome = try_recommend(&straight);
    assert_eq!(outcome.recommendation().map(|r| r.form), Some(Form::Own));
    assert!(
        outcome
            .recommendation()
            .is_some_and(|r| !r.alternatives.is_empty())
    );
}

#[test]
fn terms_of_any_shape_are_kept() {
    let cases = [
        ("100 + 2 * N * log2(N)", "log2"),
        ("50 + 0.001 * N ^ 1.2", "^ 1.2"),
        ("max(500, 0.1 * N)", "max("),
        ("N", "* (N)"),
        ("ceil(N / 100) * 20", "ceil(N / 100)"),
    ];
    for (source, kept) in cases {
        let model = expression(source);
        let mut samples = simulate(11, 80, 0.1, |_, n| n);
        for sample in &mut samples {
            let noise = sample.actual.unwrap_or(1.0) / sample.context["N"];
            let value = model.predict(&model.parameters(), &[&sample.context])[0];
            sample.actual = value.map(|v| 1.7 * v * noise);
        }
        let outcome = recommend(&samples, &model, &RefitOptions::default());
        let found = outcome
            .recommendation()
            .unwrap_or_else(|| panic!("{source}: {outcome:?}"));
        assert!(
            found.expression.contains(kept),
            "{source} became {}",
            found.expression
        );
        assert!(
            found.fitted_median_absolute_error_percent < 12.0,
            "{}",
            found.expression
        );
    }
}
