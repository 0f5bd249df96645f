//! A test as it is shown and listed.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;

use super::CommandError;
use crate::abtest::{Guardrail, Metric};
use crate::operations::abtest::TestRecord;
use crate::output::{Column, Format, Record, record, style, text};
use crate::report::figures;
use crate::store::ab_tests::UnitKind;

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
            figures::split(self.split),
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

fn lines(test: &TestRecord) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("state", test.state.clone()),
        ("A", test.tool_a.clone()),
        ("B", test.tool_b.clone()),
        (
            "metric",
            format!(
                "{} at {} % confidence over all looks",
                names(&test.metrics),
                text::number(test.confidence * 100.0)
            ),
        ),
    ];
    let guardrails = guardrail_words(&test.guardrails);
    if !guardrails.is_empty() {
        lines.push(("guardrails", guardrails));
    }
    let unit = match test.unit {
        UnitKind::Execution => "execution",
        UnitKind::User => "user",
    };
    let mut whom = format!(
        "{} of {} % of the traffic, by {unit}",
        figures::split(test.split),
        text::number(test.coverage * 100.0)
    );
    if let Some(environment) = &test.environment {
        whom.push_str(&format!(", in {environment} only"));
    }
    if !test.users.is_empty() {
        whom.push_str(&format!(", for {} only", test.users.join(", ")));
    }
    lines.push(("split", whom));
    lines.push((
        "planned",
        format!(
            "{} {unit}s",
            text::grouped(usize::try_from(test.planned).unwrap_or(0))
        ),
    ));
    if test.minimum_duration_s > 0.0 {
        lines.push(("at least", text::duration(test.minimum_duration_s * 1000.0)));
    }
    if let Some(hypothesis) = &test.hypothesis {
        lines.push(("hypothesis", hypothesis.clone()));
    }
    lines.push(("phase", format!("{} (seed {})", test.phase, test.seed)));
    if let Some(at) = test.started_at {
        lines.push(("started", time(at)));
    }
    if let Some(at) = test.completed_at {
        lines.push(("ended", time(at)));
    }
    if let (Some(arm), Some(tool)) = (test.winner, &test.winner_tool) {
        let forced = if test.forced {
            ", forced by a person"
        } else {
            ""
        };
        lines.push(("winner", format!("{arm}, {tool}{forced}")));
    }
    if let Some(sentence) = test.results.get("sentence").and_then(Value::as_str) {
        lines.push(("verdict", sentence.to_owned()));
    }
    if let Some(reason) = test.results.get("reason").and_then(Value::as_str) {
        lines.push(("reason", reason.to_owned()));
    }
    lines.push(("created by", test.created_by.clone()));
    lines
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
            for (label, value) in lines(test) {
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
    if record::write_value(ui, value, format)? {
        return Ok(());
    }
    match format {
        Format::Name => writeln!(ui.out(), "{}", text::on_a_line(&name()))?,
        _ => csv(ui)?,
    }
    Ok(())
}
