//! What is worth a look in an analysis, in words.

use chrono::{DateTime, Utc};

use super::figures::{measured, percent, rating};
use crate::operations::telemetry::analyze::Analysed;
use crate::output::text;
use crate::telemetry::{Analysis, Change, DataProblem, ShiftBand};

/// A finding and what kind it is.
type Line = (&'static str, String);

/// The findings of one pattern, each with what kind it is.
pub fn lines(one: &Analysed) -> Vec<Line> {
    let analysis = &one.analysis;
    let mut lines = changes(analysis);
    lines.extend(input_shifts(analysis));
    lines.extend(outliers(analysis));
    lines.extend(failures(analysis));
    lines.extend(analysis.problems.iter().map(problem));
    lines.extend(one.ratings.iter().map(|it| ("rating", rating(it))));
    lines
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn changes(analysis: &Analysis) -> Vec<Line> {
    let change = |it: &Change| {
        let line = format!(
            "{:+.0} % from {} on ({} records before, {} after, p {:.1e})",
            it.change_percent,
            time(it.at),
            text::grouped(it.records_before),
            text::grouped(it.records_after),
            it.corrected_p
        );
        ("change", line)
    };
    let mut lines: Vec<Line> = analysis.changes.iter().map(change).collect();
    if let Some(onset) = &analysis.drift_onset {
        let line = format!(
            "{:+.0} % since {}, not certain yet",
            onset.change_percent,
            time(onset.onset_at)
        );
        lines.push(("may be changing", line));
    }
    lines
}

fn input_shifts(analysis: &Analysis) -> impl Iterator<Item = Line> {
    let shifted = (analysis.input_shift.iter()).filter(|it| it.band != ShiftBand::Stable);
    shifted.map(|shift| {
        let line = format!(
            "{} moved from a median of {} to {} (PSI {:.2}); {} % are outside the earlier range",
            shift.variable,
            text::number(shift.median_before),
            text::number(shift.median_after),
            shift.psi,
            percent(shift.share_outside_range)
        );
        ("input shift", line)
    })
}

fn outliers(analysis: &Analysis) -> Option<Line> {
    const SHOWN: usize = 5;
    if analysis.outlier_count == 0 {
        return None;
    }
    let shown = analysis.outliers.iter().take(SHOWN).map(|it| {
        let id = it.execution_id.clone().unwrap_or_else(|| time(it.at));
        format!(
            "{id} ({}, {:.1} times the estimate)",
            measured(it.actual, analysis.measure),
            it.ratio
        )
    });
    let shown: Vec<String> = shown.collect();
    let more = match analysis.outlier_count.saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {} more", text::grouped(more)),
    };
    Some(("outliers", format!("{}{more}", shown.join(", "))))
}

fn failures(analysis: &Analysis) -> Vec<Line> {
    let bursts = analysis.failure_bursts.iter().map(|burst| {
        let line = format!(
            "{} of {} executions failed from {} to {} (usually {} %)",
            burst.failures,
            burst.executions,
            time(burst.from),
            time(burst.to),
            percent(burst.baseline_rate)
        );
        ("failures", line)
    });
    let errors = (analysis.errors.iter()).map(|it| {
        (
            "error",
            format!("{} x {}", text::grouped(it.count), it.shape),
        )
    });
    bursts.chain(errors).collect()
}

fn problem(problem: &DataProblem) -> Line {
    let kind = serde_json::to_value(problem.kind).ok();
    let kind = kind.as_ref().and_then(|it| it.as_str());
    let kind = kind.unwrap_or_default().replace('_', " ");
    let of = problem.variable.as_ref();
    let of = of.map_or_else(String::new, |it| format!(" {it}"));
    let count = text::counted(problem.count, "record");
    ("data", format!("{kind}{of}: {count}"))
}
