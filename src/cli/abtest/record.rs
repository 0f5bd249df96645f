//! A test as it is shown and listed.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;

use super::CommandError;
use crate::abtest::{ArmLabel, Guardrail, Metric, PerArm};
use crate::output::{Column, Format, Record, record, style, text};
use crate::store::ab_tests::{Phase, StoredTest, UnitKind};

/// A test for machines and for people; the field names are stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestRecord {
    pub name: String,
    /// draft, active, paused, completed, cancelled
    pub state: String,
    pub status: String,
    pub tool_a: String,
    pub tool_b: String,
    pub metrics: Value,
    pub guardrails: Value,
    /// Share of each arm.
    pub split: PerArm<f64>,
    pub coverage: f64,
    pub unit: UnitKind,
    pub environment: Option<String>,
    pub users: Vec<String>,
    pub planned: i64,
    pub confidence: f64,
    pub minimum_duration_s: f64,
    pub hypothesis: Option<String>,
    pub phase: i32,
    pub seed: String,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub winner: Option<ArmLabel>,
    pub winner_tool: Option<String>,
    pub forced: bool,
    pub created_by: String,
    pub earlier_phases: Vec<Phase>,
    pub results: Value,
}

impl From<&StoredTest> for TestRecord {
    fn from(test: &StoredTest) -> Self {
        let state = if test.status == "active" && test.paused_at.is_some() {
            "paused"
        } else {
            &test.status
        };
        let mut earlier_phases = test.phases();
        earlier_phases.pop();
        Self {
            name: test.test_name.clone(),
            state: state.to_owned(),
            status: test.status.clone(),
            tool_a: test.identity(ArmLabel::A).to_string(),
            tool_b: test.identity(ArmLabel::B).to_string(),
            metrics: test.primary_metrics.clone(),
            guardrails: test.guardrails.clone(),
            split: shares(test.traffic_split),
            coverage: test.coverage,
            unit: test.unit(),
            environment: test.target_environment.clone(),
            users: test.users(),
            planned: test.planned_size,
            confidence: test.confidence,
            minimum_duration_s: test.minimum_duration_s,
            hypothesis: test.hypothesis.clone(),
            phase: test.phase,
            seed: test.seed.clone(),
            started_at: test.started_at,
            completed_at: test.completed_at,
            winner: test.winner(),
            winner_tool: test.winner().map(|arm| test.identity(arm).to_string()),
            forced: test.forced,
            created_by: test.created_by.clone(),
            earlier_phases,
            results: test.results.clone(),
        }
    }
}

/// The shares of both arms from that of B.
pub fn shares(share_b: f64) -> PerArm<f64> {
    match crate::store::ab_tests::split_of(share_b) {
        Ok(split) => PerArm {
            a: split.a,
            b: split.b,
        },
        Err(_) => PerArm {
            a: 1.0 - share_b,
            b: share_b,
        },
    }
}

/// `50 % A, 50 % B`.
pub fn split_words(shares: PerArm<f64>) -> String {
    format!(
        "{} % A, {} % B",
        text::number(shares.a * 100.0),
        text::number(shares.b * 100.0)
    )
}

/// `2026-01-01T00:00:00Z`.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn names(metrics: &Value) -> String {
    serde_json::from_value::<Vec<Metric>>(metrics.clone())
        .unwrap_or_default()
        .iter()
        .map(|metric| metric.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn guardrail_words(guardrails: &Value) -> String {
    serde_json::from_value::<Vec<Guardrail>>(guardrails.clone())
        .unwrap_or_default()
        .iter()
        .map(|it| match it.metric {
            Metric::Success => format!(
                "success drops by less than {} points",
                text::number(it.margin * 100.0)
            ),
            metric => format!(
                "{metric} grows by less than {} %",
                text::number(it.margin * 100.0)
            ),
        })
        .collect::<Vec<_>>()
        .join("; ")
}

impl Record for TestRecord {
    const COLUMNS: &'static [Column] = &[
        Column::text("test"),
        Column::text("state"),
        Column::text("a"),
        Column::text("b"),
        Column::text("metric"),
        Column::text("split"),
        Column::number("phase"),
        Column::text("winner"),
        Column::number("planned").wide(),
        Column::text("started").wide(),
        Column::text("ended").wide(),
        Column::text("guardrails").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let winner = match (self.winner, self.forced) {
            (Some(arm), true) => format!("{arm} (forced)"),
            (Some(arm), false) => arm.to_string(),
            (None, _) => String::new(),
        };
        vec![
            self.name.clone(),
            self.state.clone(),
            self.tool_a.clone(),
            self.tool_b.clone(),
            names(&self.metrics),
            split_words(self.split),
            self.phase.to_string(),
            winner,
            self.planned.to_string(),
            self.started_at.map(time).unwrap_or_default(),
            self.completed_at.map(time).unwrap_or_default(),
            guardrail_words(&self.guardrails),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl TestRecord {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("state", self.state.clone()),
            ("A", self.tool_a.clone()),
            ("B", self.tool_b.clone()),
            (
                "metric",
                format!(
                    "{} at {} % confidence over all looks",
                    names(&self.metrics),
                    text::number(self.confidence * 100.0)
                ),
            ),
        ];
        let guardrails = guardrail_words(&self.guardrails);
        if !guardrails.is_empty() {
            lines.push(("guardrails", guardrails));
        }
        let unit = match self.unit {
            UnitKind::Execution => "execution",
            UnitKind::User => "user",
        };
        let mut whom = format!(
            "{} of {} % of the traffic, by {unit}",
            split_words(self.split),
            text::number(self.coverage * 100.0)
        );
        if let Some(environment) = &self.environment {
            whom.push_str(&format!(", in {environment} only"));
        }
        if !self.users.is_empty() {
            whom.push_str(&format!(", for {} only", self.users.join(", ")));
        }
        lines.push(("split", whom));
        lines.push((
            "planned",
            format!(
                "{} {unit}s",
                text::grouped(usize::try_from(self.planned).unwrap_or(0))
            ),
        ));
        if self.minimum_duration_s > 0.0 {
            lines.push(("at least", text::duration(self.minimum_duration_s * 1000.0)));
        }
        if let Some(hypothesis) = &self.hypothesis {
            lines.push(("hypothesis", hypothesis.clone()));
        }
        lines.push(("phase", format!("{} (seed {})", self.phase, self.seed)));
        if let Some(at) = self.started_at {
            lines.push(("started", time(at)));
        }
        if let Some(at) = self.completed_at {
            lines.push(("ended", time(at)));
        }
        if let (Some(arm), Some(tool)) = (self.winner, &self.winner_tool) {
            let forced = if self.forced {
                ", forced by a person"
            } else {
                ""
            };
            lines.push(("winner", format!("{arm}, {tool}{forced}")));
        }
        if let Some(sentence) = self.results.get("sentence").and_then(Value::as_str) {
            lines.push(("verdict", sentence.to_owned()));
        }
        if let Some(reason) = self.results.get("reason").and_then(Value::as_str) {
            lines.push(("reason", reason.to_owned()));
        }
        lines.push(("created by", self.created_by.clone()));
        lines
    }
}

/// Writes one test in that format.
pub fn write(
    session: &mut super::Session,
    test: &TestRecord,
    format: Format,
) -> Result<(), CommandError> {
    match format {
        Format::Table | Format::Wide => {
            let heading = session.ui.paint(style::HEADING, &text::visible(&test.name));
            writeln!(session.ui.out(), "{heading}")?;
            for (label, value) in test.lines() {
                writeln!(session.ui.out(), "  {label:<11} {}", text::visible(&value))?;
            }
        }
        other => write_value(
            session,
            test,
            other,
            || test.name.clone(),
            |ui| record::write_list(ui, std::slice::from_ref(test), other),
        )?,
    }
    Ok(())
}

/// Writes one value for machines: JSON, YAML, its name, and a table of one row as CSV.
pub fn write_value<T: Serialize>(
    session: &mut super::Session,
    value: &T,
    format: Format,
    name: impl FnOnce() -> String,
    csv: impl FnOnce(&mut crate::output::Ui) -> io::Result<()>,
) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    match format {
        Format::Json => {
            let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
            writeln!(ui.out(), "{text}")?;
        }
        Format::Jsonl => {
            let text = serde_json::to_string(value).map_err(io::Error::other)?;
            writeln!(ui.out(), "{text}")?;
        }
        Format::Yaml => {
            let value = serde_json::to_value(value).map_err(io::Error::other)?;
            write!(ui.out(), "{}", crate::format::yaml::write_value(&value))?;
        }
        Format::Name => {
            let name = name();
            writeln!(ui.out(), "{}", text::visible(&name))?;
        }
        Format::Csv | Format::Table | Format::Wide => csv(ui)?,
    }
    Ok(())
}
