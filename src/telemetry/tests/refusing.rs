//! Where a recommendation would be wrong there is none, with the reason.

use super::*;

#[test]
fn refuses_too_few_records() {
    let refusal = refusal(&simulate(1, 22, 0.1, |_, n| 3.0 * promised(n)));
    let expected = RefusalReason::TooFewRecords {
        usable: 22,
        required: 30,
        missing: 8,
        before_change: 0,
    };
    assert_eq!(refusal.reason, expected);
    assert!(refusal.message.contains("8 more"));
}

#[test]
fn refuses_a_slope_for_an_input_that_never_varies() {
    let mut samples = simulate(2, 60, 0.1, |_, _| 1.5 * promised(500.0));
    samples
        .iter_mut()
        .for_each(|s| s.context = Context::from([("N".to_owned(), 500.0)]));
    let offer = |samples: &[Sample]| match refusal(samples).reason {
        RefusalReason::ConstantInput { rescaling, .. } => rescaling,
        other => panic!("{other:?}"),
    };
    let rescaling = offer(&samples).expect("an offer");
    assert!((1.4..1.6).contains(&rescaling.factor));
    let value = expression(&rescaling.expression);
    assert_eq!(value.constants(), [rescaling.factor, 2000.0, 0.5]);
    samples
        .iter_mut()
        .for_each(|s| s.actual = s.actual.map(|a| a / 1.5));
    assert_eq!(offer(&samples), None);
}

#[test]
fn refuses_where_only_outliers_are_off() {
    let mut samples = simulate(3, 80, 0.1, |_, n| promised(n));
    for i in [5, 20, 33, 50, 71] {
        samples[i].actual = samples[i].actual.map(|a| 12.0 * a);
    }
    assert_eq!(
        refusal(&samples).reason,
        RefusalReason::OutliersOnly { count: 5 }
    );
}

#[test]
fn refuses_where_only_inputs_shift() {
    let mut samples = simulate(4, 120, 0.1, |_, n| promised(n));
    for (i, s) in samples.iter_mut().enumerate().skip(60) {
        let n = s.context["N"];
        let noise = s.actual.unwrap_or(1.0) / promised(n);
        *s = sample(i, n + 30_000.0, noise * promised(n + 30_000.0));
    }
    let refusal = refusal(&samples);
    assert_eq!(
        refusal.reason,
        RefusalReason::InputShiftOnly {
            variables: vec!["N".into()]
        }
    );
    let analysis = analyze(&samples, Some(&current()), &AnalyzeOptions::default());
    assert_eq!(analysis.input_shift[0].band, ShiftBand::Major);
    assert!(!analysis.drift && analysis.changes.is_empty());
}

#[test]
fn refuses_where_the_estimate_is_right() {
    let refused = (20..40).filter(|seed| {
        let outcome = try_recommend(&simulate(*seed, 60, 0.2, |_, n| promised(n)));
        outcome.refusal().is_some_and(|r| r.evidence.is_some())
    });
    // the test errs at a level of 0.01
    assert!(refused.count() >= 19);
}

#[test]
fn refuses_an_estimate_that_is_not_positive() {
    let samples = simulate(1, 40, 0.1, |_, _| 300.0);
    for source in ["0", "0 * N", "5 - 10 * N"] {
        let outcome = recommend(&samples, &expression(source), &RefitOptions::default());
        let refusal = outcome.refusal().expect("a refusal");
        let RefusalReason::EstimateNotPositive {
            count: 40,
            constant: Some(middle),
        } = refusal.reason
        else {
            panic!("{refusal:?}");
        };
        assert!((270.0..330.0).contains(&middle));
    }
}
