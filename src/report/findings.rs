//! What is worth a look in an analysis, in words.

use super::figures::{measured, percent, rating};
use crate::operations::telemetry::analyze::Analysed;
use crate::output::text;
use crate::telemetry::ShiftBand;

/// The findings of one pattern, each with what kind it is.
pub fn lines(one: &Analysed) -> Vec<(&'static str, String)> {
    const SHOWN: usize = 5;
    let analysis = &one.analysis;
    let mut lines = Vec::new();
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    for change in &analysis.changes {
        lines.push((
            "change",
            format!(
                "{:+.0} % from {} on ({} records before, {} after, p {:.1e})",
                change.change_percent,
                time(change.at),
                text::grouped(change.records_before),
                text::grouped(change.records_after),
                change.corrected_p
            ),
        ));
    }
    if let Some(onset) = &analysis.drift_onset {
        lines.push((
            "may be changing",
            format!(
                "{:+.0} % since {}, not certain yet",
                onset.change_percent,
                time(onset.onset_at)
            ),
        ));
    }
    for shift in analysis
        .input_shift
        .iter()
        .filter(|it| it.band != ShiftBand::Stable)
    {
        lines.push((
            "input shift",
            format!(
                "{} moved from a median of {} to {} (PSI {:.2}); {} % are outside the earlier range",
                shift.variable,
                text::number(shift.median_before),
                text::number(shift.median_after),
                shift.psi,
                percent(shift.share_outside_range)
            ),
        ));
    }
    if analysis.outlier_count > 0 {
        let listed: Vec<String> = analysis
            .outliers
            .iter()
            .take(SHOWN)
            .map(|it| {
                let id = it
                    .execution_id
                    .as_deref()
                    .map_or_else(|| time(it.at), str::to_owned);
                format!(
                    "{id} ({}, {:.1} times the estimate)",
                    measured(it.actual, analysis.measure),
                    it.ratio
                )
            })
            .collect();
        let more = analysis.outlier_count.saturating_sub(listed.len());
        let more = if more > 0 {
            format!(" and {}", text::grouped(more)) + " more"
        } else {
            String::new()
        };
        lines.push(("outliers", format!("{}{more}", listed.join(", "))));
    }
    for burst in &analysis.failure_bursts {
        lines.push((
            "failures",
            format!(
                "{} of {} executions failed from {} to {} (usually {} %)",
                burst.failures,
                burst.executions,
                time(burst.from),
                time(burst.to),
                percent(burst.baseline_rate)
            ),
        ));
    }
    for error in &analysis.errors {
        lines.push((
            "error",
            format!("{} x {}", text::grouped(error.count), error.shape),
        ));
    }
    for problem in &analysis.problems {
        let kind = serde_json::to_value(problem.kind).ok();
        let kind = kind
            .as_ref()
            .and_then(|it| it.as_str())
            .unwrap_or_default()
            .replace('_', " ");
        let of = problem
            .variable
            .as_ref()
            .map_or_else(String::new, |it| format!(" {it}"));
        lines.push((
            "data",
            format!("{kind}{of}: {}", text::counted(problem.count, "record")),
        ));
    }
    if let Some(ratings) = &one.ratings {
        lines.push(("rating", rating(ratings)));
    }
    lines
}
