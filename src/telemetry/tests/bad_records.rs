//! Records as bad as they come.

use super::*;

/// What is bad about them, the records, and the problem that must be named with its count.
type BadRecords = (&'static str, Vec<Sample>, Option<(ProblemKind, usize)>);

/// Records as bad as they come.
fn degenerate() -> Vec<BadRecords> {
    let usual = || simulate(1, 60, 0.1, |_, n| promised(n));
    let changed = |change: &dyn Fn(usize, &mut Sample)| {
        let mut samples = usual();
        samples
            .iter_mut()
            .enumerate()
            .for_each(|(i, s)| change(i, s));
        samples
    };
    use ProblemKind::*;
    vec![
        ("none", vec![], Some((NoRecords, 0))),
        ("one", usual()[..1].to_vec(), Some((TooFewRecords, 1))),
        (
            "equal",
            changed(&|_, s| s.actual = Some(5.0)),
            Some((AllActualsEqual, 60)),
        ),
        (
            "zero",
            changed(&|i, s| s.actual = s.actual.filter(|_| i > 9).or(Some(0.0))),
            Some((ZeroActual, 10)),
        ),
        (
            "null",
            changed(&|_, s| s.actual = None),
            Some((MissingActual, 60)),
        ),
        (
            "missing",
            changed(&|i, s| {
                if i % 2 == 0 {
                    s.context.clear()
                }
            }),
            Some((MissingVariable, 30)),
        ),
        (
            "negative",
            changed(&|_, s| s.actual = Some(-1.0)),
            Some((NegativeActual, 60)),
        ),
        (
            "estimate",
            changed(&|_, s| s.estimate = Some(0.0)),
            Some((NonPositiveEstimate, 60)),
        ),
        (
            "nan estimate",
            changed(&|_, s| s.estimate = Some(f64::NAN)),
            Some((NonFiniteEstimate, 60)),
        ),
        (
            "huge N",
            changed(&|i, s| {
                if i == 3 {
                    s.context.insert("N".into(), 1e18);
                }
            }),
            Some((ExtremeVariable, 1)),
        ),
        (
            "nan N",
            changed(&|i, s| {
                if i == 3 {
                    s.context.insert("N".into(), f64::NAN);
                }
            }),
            Some((NonFiniteVariable, 1)),
        ),
        (
            "nan actual",
            changed(&|i, s| {
                if i == 3 {
                    s.actual = Some(f64::NAN)
                }
            }),
            Some((NonFiniteActual, 1)),
        ),
        (
            "far",
            changed(&|_, s| {
                s.actual = Some(1e290);
                s.estimate = Some(1e-290);
            }),
            Some((NonFiniteResidual, 60)),
        ),
        ("failures", changed(&|_, s| s.success = false), None),
        (
            "wide",
            changed(&|i, s| s.actual = Some(if i % 2 == 0 { 1e299 } else { 1e-299 })),
            None,
        ),
        (
            "one time",
            changed(&|_, s| s.executed_at = DateTime::UNIX_EPOCH),
            None,
        ),
    ]
}

#[test]
fn bad_records_are_named_and_never_become_numbers() {
    for (name, samples, problem) in degenerate() {
        for measure in [Measure::Time, Measure::Cost] {
            let options = AnalyzeOptions {
                measure,
                ..Default::default()
            };
            for model in [Some(&current() as &dyn Model), None] {
                let analysis = analyze(&samples, model, &options);
                assert_finite(&analysis);
                let text = format!("{analysis:?}");
                assert!(
                    !text.contains("NaN") && !text.contains(" inf"),
                    "{name}: {text}"
                );
                if let (Some((kind, count)), true) = (problem, model.is_some()) {
                    let found = analysis.problems.iter().find(|p| p.kind == kind);
                    assert_eq!(
                        found.map(|p| p.count),
                        Some(count),
                        "{name}: {:?}",
                        analysis.problems
                    );
                }
            }
            for estimator in [None, Some(Estimator::Huber), Some(Estimator::TheilSen)] {
                let options = RefitOptions {
                    measure,
                    estimator,
                    ..Default::default()
                };
                let outcome = recommend(&samples, &current(), &options);
                let text = format!("{outcome:?}");
                assert!(
                    !text.contains("NaN") && !text.contains(" inf"),
                    "{name}: {text}"
                );
            }
        }
    }
}
