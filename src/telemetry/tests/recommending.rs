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

/// S06: executions that were stopped at their limit stay in; the median is right, and a quantile beyond is refused.
#[test]
fn timeouts_do_not_flatter_the_estimate() {
    let limited = |seed: u64, limit: fn(f64) -> f64| {
        let mut samples = simulate(seed, 300, 0.5, |_, n| promised(n));
        for sample in &mut samples {
            let limit = limit(sample.context["N"]);
            if sample.actual.is_some_and(|actual| actual > limit) {
                (sample.actual, sample.success, sample.timed_out) = (Some(limit), false, true);
            }
        }
        samples
    };
    let wrong = expression("1500 + 0.4 * N");
    for (seed, limit) in [
        (21, (|n| promised(n)) as fn(f64) -> f64),
        (22, |n| 1.5 * promised(n)),
        (23, |_| 7000.0),
    ] {
        let samples = limited(seed, limit);
        let outcome = recommend(&samples, &wrong, &RefitOptions::default());
        let found = outcome.recommendation().expect("a recommendation");
        assert!(found.timeouts > 0);
        let found = expression(&found.expression);
        let at = |n: f64| {
            let context = Context::from([("N".to_owned(), n)]);
            found.predict(&found.parameters(), &[&context])[0].unwrap_or_default()
        };
        for n in [500.0, 3000.0, 9000.0] {
            let ratio = at(n) / promised(n);
            assert!((0.88..1.12).contains(&ratio), "{seed}: {ratio} at {n}");
        }
    }
    let options = RefitOptions {
        quantile: Some(0.9),
        ..Default::default()
    };
    let outcome = recommend(&limited(24, |n| 1.5 * promised(n)), &wrong, &options);
    let reason = &outcome.refusal().expect("a refusal").reason;
    assert!(
        matches!(reason, RefusalReason::BeyondLimit { .. }),
        "{reason:?}"
    );
    let outcome = recommend(&limited(25, |n| 2.5 * promised(n)), &wrong, &options);
    assert!(outcome.recommendation().is_some(), "{outcome:?}");
}

/// S07: a cost is judged by its mean: half the mean is recommended away, the mean itself is left alone.
#[test]
fn costs_are_judged_by_their_mean() {
    let options = RefitOptions {
        measure: Measure::Cost,
        ..Default::default()
    };
    let (mut mended, mut changed) = (0, 0);
    let total = 20;
    for seed in 0..total {
        let costs = |scale: f64| {
            let mut samples = simulate(100 + seed, 200, 1.2, |_, n| promised(n));
            for sample in &mut samples {
                sample.actual = sample.actual.map(|cost| cost * scale);
            }
            samples
        };
        let mean = f64::exp(-0.72);
        let double = recommend(&costs(2.0 * mean), &current(), &options);
        mended += u64::from(double.recommendation().is_some());
        let right = recommend(&costs(mean), &current(), &options);
        changed += u64::from(right.recommendation().is_some());
    }
    assert!(mended >= 19, "{mended} of {total} mended");
    assert!(changed <= 1, "{changed} of {total} changed");
}

/// An estimate that is off in noisy records is scaled, although the error hardly falls.
#[test]
fn a_level_that_is_surely_off_is_recommended_away_in_noise() {
    for seed in 0..10 {
        let samples = simulate(300 + seed, 400, 0.6, |_, n| 1.3 * promised(n));
        let outcome = try_recommend(&samples);
        assert!(outcome.recommendation().is_some(), "{seed}: {outcome:?}");
    }
}

/// Laws that the expression cannot follow: a power beside a constant, a bend, and a variable that it lacks.
#[test]
fn the_form_of_the_truth_is_found() {
    let near = |outcome: &Outcome, truth: &dyn Fn(f64, f64) -> f64| {
        let found = outcome
            .recommendation()
            .unwrap_or_else(|| panic!("{outcome:?}"));
        let law = expression(&found.expression);
        for (n, m) in [(200.0, 5.0), (2000.0, 40.0), (15000.0, 80.0)] {
            let context = Context::from([("N".to_owned(), n), ("M".to_owned(), m)]);
            let value = law.predict(&law.parameters(), &[&context])[0].unwrap_or_default();
            let ratio = value / truth(n, m);
            assert!(
                (0.9..1.1).contains(&ratio),
                "{}: {ratio} at {n}, {m}",
                found.expression
            );
        }
        found.form
    };
    let power = |n: f64, _: f64| 500.0 + 3.0 * n.powf(0.7);
    let form = near(
        &try_recommend(&simulate(41, 300, 0.1, |_, n| power(n, 0.0))),
        &power,
    );
    assert_eq!(form, Form::ShiftedPower);
    let bent = |n: f64, _: f64| 1000.0 + 0.2 * n + (n - 5000.0).max(0.0) * 2.0;
    let outcome = try_recommend(&simulate(42, 400, 0.1, |_, n| bent(n, 0.0)));
    assert_eq!(near(&outcome, &bent), Form::Hinge);
    for (seed, truth, form) in [
        (
            43,
            (|n, m| 500.0 + 0.3 * n + 40.0 * m) as fn(f64, f64) -> f64,
            Form::Added,
        ),
        (44, |n, m| 100.0 + 0.02 * n * m, Form::Product),
    ] {
        let mut draw = Draw(seed);
        let samples: Vec<Sample> = (0..300)
            .map(|i| {
                let (n, m) = (draw.size(), (1.0 + 99.0 * draw.uniform()).round());
                let mut one = sample(i, n, truth(n, m) * (0.1 * draw.normal()).exp());
                one.context.insert("M".to_owned(), m);
                one
            })
            .collect();
        let outcome = try_recommend(&samples);
        assert_eq!(near(&outcome, &truth), form);
        let found = outcome
            .recommendation()
            .and_then(|it| it.unexplained.as_ref());
        assert!(found.is_some_and(|it| it.variable == "M" && it.rank_correlation > 0.3));
    }
}
