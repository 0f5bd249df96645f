//! Whether the data of a test can be trusted: sample ratio mismatch, outcomes that never came, units seen
//! in both arms, clocks that jumped.

use super::arms::PerArm;
use super::assignment::Split;
use super::covariate::EqualInputs;
use super::success::{ln_e_value, p_from_ln_e};
use crate::statistics::special::chi_square_upper;
use serde::Serialize;

/// Prior weight of the sequential test of the assignment counts.
pub const SRM_PRIOR_WEIGHT: f64 = 100.0;
/// Prior weight of the sequential test of missing outcomes: light, so that a few that hang in one arm are seen.
pub const MISSING_PRIOR_WEIGHT: f64 = 10.0;
/// A sample ratio mismatch, or missing outcomes that differ between the arms, are flagged below this p-value.
pub const HEALTH_ALPHA: f64 = 0.01;
/// Largest tolerated share of records dated before their assignment.
pub const MAX_SHARE_MISDATED: f64 = 0.01;
/// Largest tolerated share of units seen in both arms.
pub const MAX_SHARE_IN_BOTH: f64 = 0.01;

/// Anytime-valid test of counts against the split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SequentialCheck {
    /// ln of the e-value against the split.
    pub ln_e: f64,
    /// min(1, 1/E).
    pub p: f64,
}

/// Tests counts per arm against the split: valid at every look.
pub fn sequential_check(counts: PerArm<u64>, split: Split) -> SequentialCheck {
    check(counts, split, SRM_PRIOR_WEIGHT)
}

fn check(counts: PerArm<u64>, split: Split, prior_weight: f64) -> SequentialCheck {
    let ln_e = ln_e_value(counts.a as f64, counts.b as f64, split, prior_weight);
    SequentialCheck {
        ln_e,
        p: p_from_ln_e(ln_e),
    }
}

/// Chi-square goodness of fit, valid for one look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquare {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom: arms with weight, less one.
    pub df: f64,
    /// Upper tail probability.
    pub p: f64,
}

/// Tests counts against weights (any positive scale). An arm of zero weight drops out with its degree of
/// freedom; without two arms or any count nothing can be mismatched (p = 1).
pub fn chi_square(counts: &[u64], weights: &[f64]) -> ChiSquare {
    let arms = || {
        counts
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight > 0.0)
    };
    let total: f64 = arms().map(|(count, _)| *count as f64).sum();
    let weight_sum: f64 = arms().map(|(_, weight)| weight).sum();
    let df = (arms().count() as f64 - 1.0).max(0.0);
    if total == 0.0 || df == 0.0 {
        return ChiSquare {
            statistic: 0.0,
            df,
            p: 1.0,
        };
    }
    let statistic = arms()
        .map(|(count, weight)| {
            let expected = total * (weight / weight_sum);
            (*count as f64 - expected).powi(2) / expected
        })
        .sum();
    ChiSquare {
        statistic,
        df,
        p: chi_square_upper(statistic, df),
    }
}

/// By so many standard errors the inputs of the arms may differ: chance, whenever one looks.
const UNEQUAL_INPUTS: f64 = 4.5;

/// Counts that tell whether a test is healthy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct HealthCounts {
    /// Units assigned to each arm in this phase.
    pub assigned: PerArm<u64>,
    /// Assigned units whose outcome is overdue.
    pub missing: PerArm<u64>,
    /// Assigned units without an outcome that is overdue yet.
    pub pending: PerArm<u64>,
    /// Units with records of the arm that they were not assigned to.
    pub in_both: u64,
    /// Records dated in the future (a clock that jumped); left out of the analysis.
    pub in_future: u64,
    /// Records dated before their assignment (a clock that jumped); left out of the analysis.
    pub before_assignment: u64,
    /// Records of the versions under test without an assignment; left out of the analysis.
    pub unassigned: u64,
    /// How times were compared at equal inputs; none if no estimate tells.
    pub equal_inputs: Option<EqualInputs>,
}

impl HealthCounts {
    /// Assigned units without an outcome, overdue or not.
    pub fn silent(&self) -> PerArm<u64> {
        PerArm {
            a: self.missing.a + self.pending.a,
            b: self.missing.b + self.pending.b,
        }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The assigned counts do not fit the split.
    SampleRatioMismatch,
    /// Outcomes are missing in one arm more than in the other.
    UnequalMissing,
    /// Outcomes are missing, alike in both arms.
    Missing,
    /// Outcomes that have not come yet.
    Pending,
    /// Units seen in both arms.
    InBothArms,
    /// Records in the future.
    InFuture,
    /// Records before their assignment.
    BeforeAssignment,
    /// Records without an assignment.
    Unassigned,
    /// The inputs differ between the arms.
    UnequalInputs,
}

/// One line under health.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// Whether it makes the test invalid; a note otherwise.
    pub blocking: bool,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl Finding {
    fn new(kind: FindingKind, blocking: bool, message: String, hint: &'static str) -> Self {
        Self {
            kind,
            blocking,
            message,
            hint,
        }
    }
}

/// Health of one phase of a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// The counts it rests on.
    pub counts: HealthCounts,
    /// Sample ratio mismatch, anytime-valid.
    pub srm: SequentialCheck,
    /// Sample ratio mismatch by chi-square, valid for one look.
    pub srm_chi_square: ChiSquare,
    /// Share of assigned units without outcome, per arm; none without assignments.
    pub missing_share: PerArm<Option<f64>>,
    /// Anytime-valid p-value of equally missing outcomes.
    pub missing_p: f64,
    /// Share of the assigned units seen in both arms.
    pub in_both_share: f64,
    /// What was found, blocking or not.
    pub findings: Vec<Finding>,
    /// Whether no finding is blocking.
    pub healthy: bool,
}

fn records(count: u64) -> String {
    match count {
        1 => "1 record".to_owned(),
        _ => format!("{count} records"),
    }
}

/// Judges the health of a phase.
pub fn examine(counts: HealthCounts, split: Split) -> Health {
    let assigned = counts.assigned;
    let units = assigned.a + assigned.b;
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    let missing_share = PerArm {
        a: share(counts.missing.a, assigned.a),
        b: share(counts.missing.b, assigned.b),
    };
    let srm = sequential_check(assigned, split);
    let missing = check(counts.missing, split, MISSING_PRIOR_WEIGHT);
    let in_both_share =
        share(counts.in_both, units).unwrap_or(if counts.in_both > 0 { 1.0 } else { 0.0 });
    let mut findings = of_outcomes(&counts, split, &srm, &missing);
    findings.extend(of_records(&counts, in_both_share));
    let healthy = !findings.iter().any(|finding| finding.blocking);
    Health {
        counts,
        srm,
        srm_chi_square: chi_square(&[assigned.a, assigned.b], &[split.a, split.b]),
        missing_share,
        missing_p: missing.p,
        in_both_share,
        findings,
        healthy,
    }
}

/// What the numbers of units and of their outcomes say.
fn of_outcomes(
    counts: &HealthCounts,
    split: Split,
    srm: &SequentialCheck,
    missing: &SequentialCheck,
) -> Vec<Finding> {
    let assigned = counts.assigned;
    let mut findings = Vec::new();
    if srm.p < HEALTH_ALPHA {
        findings.push(Finding::new(
            FindingKind::SampleRatioMismatch,
            true,
            format!(
                "sample ratio mismatch (SRM): {} units in A and {} in B do not fit the split {}/{} (anytime-valid p = {:.2e})",
                assigned.a, assigned.b, split.a, split.b, srm.p
            ),
            "find what loses or duplicates assignments, then start a new phase",
        ));
    }
    if missing.p < HEALTH_ALPHA {
        findings.push(Finding::new(
            FindingKind::UnequalMissing,
            true,
            format!(
                "missing outcomes differ between the arms: {} of {} in A, {} of {} in B (anytime-valid p = {:.2e})",
                counts.missing.a, assigned.a, counts.missing.b, assigned.b, missing.p
            ),
            "executions that never report may be the ones that hang: find them before comparing the rest",
        ));
    } else if counts.missing.a + counts.missing.b > 0 {
        findings.push(Finding::new(
            FindingKind::Missing,
            false,
            format!(
                "overdue outcomes never came: {} of {} in A, {} of {} in B",
                counts.missing.a, assigned.a, counts.missing.b, assigned.b
            ),
            "record the telemetry of every assigned execution",
        ));
    }
    if counts.pending.a + counts.pending.b > 0 {
        findings.push(Finding::new(
            FindingKind::Pending,
            false,
            format!(
                "no outcome yet of {} of {} assigned units in A and {} of {} in B",
                counts.pending.a, assigned.a, counts.pending.b, assigned.b
            ),
            "record the telemetry of every assigned execution, failures and timeouts too",
        ));
    }
    findings
}

/// What the records themselves say.
fn of_records(counts: &HealthCounts, in_both_share: f64) -> Vec<Finding> {
    let units = counts.assigned.a + counts.assigned.b;
    let mut findings = Vec::new();
    if counts.in_future > 0 {
        findings.push(Finding::new(
            FindingKind::InFuture,
            false,
            format!(
                "{} dated in the future, left out of the analysis",
                records(counts.in_future)
            ),
            "check the clocks of the machines that report",
        ));
    }
    if counts.in_both > 0 {
        findings.push(Finding::new(
            FindingKind::InBothArms,
            in_both_share > MAX_SHARE_IN_BOTH,
            format!(
                "{} of {units} units have records of both arms, or of the arm that they were not assigned to",
                counts.in_both
            ),
            "run the version that was assigned to the unit",
        ));
    }
    if counts.before_assignment > 0 {
        findings.push(Finding::new(
            FindingKind::BeforeAssignment,
            counts.before_assignment as f64 > MAX_SHARE_MISDATED * units as f64,
            format!(
                "{} dated before the assignment, left out of the analysis",
                records(counts.before_assignment)
            ),
            "check the clocks of the machines that report",
        ));
    }
    if counts.unassigned > 0 {
        findings.push(Finding::new(
            FindingKind::Unassigned,
            false,
            format!(
                "{} without an assignment, left out of the analysis",
                records(counts.unassigned)
            ),
            "assign the unit before it runs",
        ));
    }
    if let Some(inputs) = counts.equal_inputs
        && inputs.gap.abs() > UNEQUAL_INPUTS * inputs.gap_error
    {
        findings.push(Finding::new(
            FindingKind::UnequalInputs,
            false,
            format!(
                "the inputs differ between the arms: the estimates of B are {:+.1} % above those of A; times are compared at equal inputs",
                inputs.gap.exp_m1() * 100.0
            ),
            "find what sends other work to one of the arms",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(a: u64, b: u64) -> HealthCounts {
        HealthCounts {
            assigned: PerArm { a, b },
            ..HealthCounts::default()
        }
    }

    fn half() -> Split {
        Split::from_share_of_a(0.5).unwrap()
    }

    #[test]
    fn empty_arms_drop_out() {
        assert_eq!(
            chi_square(&[10, 10, 0], &[0.5, 0.5, 0.0]),
            chi_square(&[10, 10], &[0.5, 0.5])
        );
        assert_eq!(chi_square(&[0, 0], &[0.5, 0.5]).p, 1.0);
        assert_eq!(chi_square(&[5], &[1.0]).p, 1.0);
        assert!(chi_square(&[1_000_000, 0], &[0.5, 0.5]).p >= 0.0);
    }

    #[test]
    fn mismatch_blocks_and_notes_do_not() {
        assert!(examine(assigned(0, 0), half()).healthy);
        assert!(examine(assigned(5034, 4966), half()).healthy);
        let health = examine(assigned(720, 480), half());
        assert!(!health.healthy && health.findings[0].message.contains("SRM"));
        let noted = HealthCounts {
            in_both: 5,
            unassigned: 3,
            before_assignment: 1,
            ..assigned(500, 500)
        };
        let health = examine(noted, half());
        assert!(health.healthy);
        assert_eq!(health.findings.len(), 3);
        assert!(
            !examine(
                HealthCounts {
                    in_both: 11,
                    ..assigned(500, 500)
                },
                half()
            )
            .healthy
        );
        let lost = HealthCounts {
            missing: PerArm { a: 2, b: 60 },
            ..assigned(500, 500)
        };
        assert!(!examine(lost, half()).healthy);
        assert!(
            examine(
                HealthCounts {
                    missing: PerArm { a: 55, b: 60 },
                    ..assigned(500, 500)
                },
                half()
            )
            .healthy
        );
    }
}
