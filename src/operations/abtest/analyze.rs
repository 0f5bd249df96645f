//! What a test recorded so far, and what the rule says of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::find;
use super::test::shares;
use crate::abtest::{Analysis, ArmLabel, PerArm, Verdict};
use crate::operations::{Kind, Refusal, Remedy};
use crate::store::ab_tests::lifecycle::Next;
use crate::store::ab_tests::look::{self, NotedLook, Point};
use crate::store::ab_tests::outcomes::Day;
use crate::store::ab_tests::{Phase, StoredTest, UnitKind, lifecycle};
use crate::store::{Connection, StoreError};

/// Steps of the sequences in a course.
const COURSE_STEPS: usize = 24;

/// An analysis with what names it; the field names are stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The name of the test.
    pub test: String,
    /// active, completed or cancelled.
    pub status: String,
    /// What is expected.
    pub hypothesis: Option<String>,
    /// The version in arm A.
    pub tool_a: String,
    /// The version in arm B.
    pub tool_b: String,
    /// The phase that is judged.
    pub phase: i32,
    /// The seed of its assignment.
    pub seed: String,
    /// What is assigned.
    pub unit: UnitKind,
    /// Share of each arm.
    pub split: PerArm<f64>,
    /// Share of the traffic that takes part.
    pub coverage: f64,
    /// When the phase began.
    pub started_at: Option<DateTime<Utc>>,
    /// When this was computed.
    pub looked_at: DateTime<Utc>,
    /// Whether a person forced the winner.
    pub forced: bool,
    /// The analysis.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Report {
    /// Of a phase of that test.
    pub fn new(test: &StoredTest, phase: &Phase, analysis: Analysis) -> Self {
        Self {
            test: test.test_name.clone(),
            status: test.status.clone(),
            hypothesis: test.hypothesis.clone(),
            tool_a: test.identity(ArmLabel::A).to_string(),
            tool_b: test.identity(ArmLabel::B).to_string(),
            phase: phase.phase,
            seed: phase.seed.clone(),
            unit: test.unit(),
            split: shares(phase.traffic_split),
            coverage: phase.coverage,
            started_at: phase.started_at,
            looked_at: test.read_at,
            forced: test.forced,
            analysis,
        }
    }

    /// What the rule says.
    pub fn verdict(&self) -> Verdict {
        self.analysis.decision.verdict
    }
}

/// The word for a verdict, as in the JSON.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AWins => "a_wins",
        Verdict::BWins => "b_wins",
        Verdict::Continue { .. } => "continue",
        Verdict::GuardrailBroken { .. } => "guardrail_broken",
        Verdict::Conflict => "conflict",
        Verdict::NoDifference => "no_difference",
        Verdict::Invalid => "invalid",
    }
}

/// A test that was judged.
#[derive(Debug)]
pub struct Judged {
    /// The test.
    pub test: StoredTest,
    /// The phase that was judged.
    pub phase: Phase,
    /// The analysis.
    pub report: Report,
}

/// Judges a phase of a test, the present one if none is named, and notes that somebody looked.
///
/// # Errors
/// [`Kind::NotFound`] for the test or the phase; [`Kind::Conflict`] if it has not started.
pub fn run(
    connection: &mut Connection,
    name: &str,
    number: Option<i32>,
) -> Result<Judged, Refusal> {
    let test = find(connection, name)?;
    let phase = phase(&test, number)?;
    let analysis = connection.snapshot(|connection| -> Result<_, Refusal> {
        Ok(look::look(connection, &test, &phase)?)
    })?;
    let report = Report::new(&test, &phase, analysis);
    note(connection, &test, &phase, &report.analysis)?;
    Ok(Judged {
        test,
        phase,
        report,
    })
}

/// How the numbers of a phase came about.
#[derive(Debug)]
pub struct Course {
    /// The analysis at several moments.
    pub points: Vec<Point>,
    /// When somebody looked.
    pub looks: Vec<NotedLook>,
    /// Day by day.
    pub days: Vec<Day>,
}

/// How the numbers of a phase that was judged came about.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn course(connection: &mut Connection, judged: &Judged) -> Result<Course, Refusal> {
    let Judged { test, phase, .. } = judged;
    let points = connection.snapshot(|connection| -> Result<_, Refusal> {
        Ok(look::course(connection, test, phase, COURSE_STEPS)?)
    })?;
    let days = connection.read(|connection| look::days(connection, test, phase))?;
    let looks = connection.read(|connection| look::noted(connection, test, phase))?;
    Ok(Course {
        points,
        looks,
        days,
    })
}

fn phase(test: &StoredTest, number: Option<i32>) -> Result<Phase, Refusal> {
    let name = &test.test_name;
    if test.started_at.is_none() {
        let message = format!("A/B test `{name}` has not started, so there is nothing to analyse");
        return Err(Refusal::new(Kind::Conflict, message).remedy(Remedy::Test {
            test: name.clone(),
            next: Next::Start,
        }));
    }
    let wanted = number.unwrap_or(test.phase);
    let mut phases = test.phases().into_iter();
    phases.find(|phase| phase.phase == wanted).ok_or_else(|| {
        let message = format!(
            "A/B test `{name}` has no phase {wanted}: it is in phase {}",
            test.phase
        );
        Refusal::new(Kind::NotFound, message)
    })
}

/// The anytime-valid p-values of a look.
fn p_values(analysis: &Analysis) -> Value {
    let p: Map<String, Value> = analysis
        .metrics
        .iter()
        .map(|it| (it.metric.to_string(), json!(it.p_now)))
        .collect();
    Value::Object(p)
}

/// Notes the look. A reader who may not write looks all the same.
fn note(
    connection: &mut Connection,
    test: &StoredTest,
    phase: &Phase,
    analysis: &Analysis,
) -> Result<(), Refusal> {
    if phase.ended_at.is_some() {
        return Ok(());
    }
    let noted = connection.append(|connection| {
        lifecycle::note_look(
            connection,
            test,
            phase.phase,
            analysis.recorded,
            word(analysis.decision.verdict),
            &p_values(analysis),
        )
    });
    match noted {
        Ok(()) | Err(StoreError::Forbidden(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
