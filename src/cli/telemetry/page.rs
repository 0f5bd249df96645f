//! The page of an analysis: every pattern with its charts.

use crate::expression::Expression;
use crate::output::report::{Axis, AxisKind, Chart, Layer, Page, Series};
use crate::output::text;
use crate::statistics::{median, wilson};
use crate::telemetry::{self, Context, Measure, Model, Outcome, RefitOptions, Sample};

use super::analyze::{lines, measured, percent, rating};
use crate::operations::telemetry::analyze::Analysed;

/// Dots that are drawn on the whole page, and the least and the most of one chart.
const DOTS_IN_ALL: usize = 12_000;
const FEWEST_DOTS: usize = 60;
const MOST_DOTS: usize = 400;
/// Spans of time for medians and rates.
const SPANS: usize = 30;
/// Points of a curve.
const CURVE: usize = 60;

/// The page as one HTML text.
pub fn render(analysed: &[Analysed], measure: Measure) -> String {
    let mut page = Page::new("Telemetry against the estimates");
    let total: u64 = analysed.iter().map(|it| it.executions).sum();
    let first = analysed.iter().filter_map(|it| it.analysis.from).min();
    let last = analysed.iter().filter_map(|it| it.analysis.to).max();
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d").to_string();
    if let (Some(first), Some(last)) = (first, last) {
        page.paragraph(&format!(
            "{} of {} from {} to {}",
            text::counted(usize::try_from(total).unwrap_or(usize::MAX), "execution"),
            text::counted(analysed.len(), "usage pattern"),
            day(first),
            day(last)
        ));
    } else {
        page.paragraph("No execution was recorded.");
    }
    let rows: Vec<Vec<String>> = analysed.iter().map(|it| row(it, measure)).collect();
    page.index(
        &[
            "pattern",
            "runs",
            "success",
            "p50",
            "p95",
            "actual / estimate",
            "drift",
        ],
        &rows,
    );
    let dots = (DOTS_IN_ALL / analysed.len().max(1)).clamp(FEWEST_DOTS, MOST_DOTS);
    for (at, one) in analysed.iter().enumerate() {
        section(&mut page, at + 1, one, measure, dots);
    }
    page.html()
}

fn row(one: &Analysed, measure: Measure) -> Vec<String> {
    let analysis = &one.analysis;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let percentiles = analysis.percentiles.as_ref();
    vec![
        format!("{} {}", one.tool, one.place()),
        text::grouped(analysis.records),
        or_dash(
            analysis
                .success
                .as_ref()
                .map(|it| format!("{} %", percent(it.rate))),
        ),
        or_dash(percentiles.map(|it| measured(it.p50, measure))),
        or_dash(percentiles.map(|it| measured(it.p95, measure))),
        or_dash(
            analysis
                .calibration
                .as_ref()
                .map(|it| format!("{:.2}", it.ratio().0)),
        ),
        if analysis.drift { "yes" } else { "no" }.to_owned(),
    ]
}

fn section(page: &mut Page, number: usize, one: &Analysed, measure: Measure, dots: usize) {
    page.section(number, &format!("{} {}", one.tool, one.place()));
    let model = one
        .expression
        .as_deref()
        .and_then(|it| Expression::parse(it).ok());
    let outcome = model.as_ref().map(|model| {
        let options = RefitOptions {
            measure,
            ..RefitOptions::default()
        };
        telemetry::recommend(&one.samples, model, &options)
    });
    page.facts(&facts(one, measure));
    let mut findings = lines(one);
    match &outcome {
        Some(Outcome::Recommend(it)) => findings.insert(
            0,
            (
                "recommended",
                format!(
                    "{} in place of {}: the median error falls from {:.1} % to {:.1} %",
                    it.expression,
                    it.current,
                    it.evidence.current_median_absolute_error_percent,
                    it.evidence.cross_validated_median_absolute_error_percent
                ),
            ),
        ),
        Some(Outcome::Refuse(it)) => findings.insert(0, ("no recommendation", it.message.clone())),
        None => {}
    }
    page.findings(findings);
    let new = outcome
        .as_ref()
        .and_then(Outcome::recommendation)
        .and_then(|it| Expression::parse(&it.expression).ok());
    let charts: Vec<(String, String)> = [
        over_time(one, measure, model.as_ref(), dots),
        model
            .as_ref()
            .and_then(|model| against_input(one, measure, model, new.as_ref(), dots)),
        success_over_time(one),
        errors(one),
    ]
    .into_iter()
    .flatten()
    .collect();
    page.charts(&charts);
}

fn facts(one: &Analysed, measure: Measure) -> Vec<(&'static str, String)> {
    let analysis = &one.analysis;
    let mut facts = vec![("executions", text::grouped(analysis.records))];
    if let Some(it) = &analysis.success {
        let (low, high) = (percent(it.interval.low), percent(it.interval.high));
        facts.push((
            "success",
            format!("{} % ({low} to {high})", percent(it.rate)),
        ));
    }
    if let Some(it) = &analysis.percentiles {
        for (name, value) in [
            ("p50", it.p50),
            ("p90", it.p90),
            ("p95", it.p95),
            ("p99", it.p99),
        ] {
            facts.push((name, measured(value, measure)));
        }
    }
    if let Some(it) = &analysis.calibration {
        facts.push(("actual / estimate", format!("{:.2}", it.ratio().0)));
        facts.push((
            "median error",
            format!("{:.1} %", it.median_absolute_error_percent),
        ));
        facts.push((
            "within 25 %",
            format!("{} %", percent(it.share_within_25_percent)),
        ));
    }
    if let Some(cost) = one.cost {
        facts.push(("cost in all", text::number(cost)));
    }
    if let Some(ratings) = &one.ratings {
        facts.push(("rating", rating(ratings)));
    }
    if let Some(expression) = &one.expression {
        facts.push(("estimate", expression.clone()));
    }
    facts
}

fn seconds(sample: &Sample) -> f64 {
    sample.executed_at.timestamp() as f64
}

fn time_axis() -> Axis {
    Axis {
        label: "time of execution (UTC)".to_owned(),
        kind: AxisKind::Time,
        format: text::number,
        include: Vec::new(),
    }
}

fn value_axis(measure: Measure, values: impl IntoIterator<Item = f64>) -> Axis {
    let (label, format): (_, fn(f64) -> String) = match measure {
        Measure::Time => ("time taken", text::duration),
        Measure::Cost => ("cost", text::number),
    };
    Axis {
        label: label.to_owned(),
        kind: AxisKind::fitting(values),
        format,
        include: Vec::new(),
    }
}

/// The samples that count for the measure, with their values.
fn usable(one: &Analysed, measure: Measure) -> Vec<(&Sample, f64)> {
    one.samples
        .iter()
        .filter(|sample| sample.success || measure == Measure::Cost)
        .filter_map(|sample| Some((sample, sample.actual?)))
        .collect()
}

/// At most `count` of the points, evenly.
fn thinned<T: Clone>(points: &[T], count: usize) -> Vec<T> {
    let every = points.len().div_ceil(count.max(1)).max(1);
    points.iter().step_by(every).cloned().collect()
}

/// The estimate of a sample: the one stored, else the model's.
fn estimate(sample: &Sample, model: Option<&Expression>) -> Option<f64> {
    let computed = || {
        let model = model?;
        *model
            .predict(&model.parameters(), &[&sample.context])
            .first()?
    };
    sample.estimate.or_else(computed)
}

/// Points in order of time, as the median of each of a number of spans with as many points each.
fn medians(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(SPANS).max(1);
    points
        .chunks(size)
        .filter_map(|span| {
            let of =
                |pick: fn(&(f64, f64)) -> f64| median(&span.iter().map(pick).collect::<Vec<_>>());
            Some((of(|it| it.0)?, of(|it| it.1)?))
        })
        .collect()
}

fn over_time(
    one: &Analysed,
    measure: Measure,
    model: Option<&Expression>,
    dots: usize,
) -> Option<(String, String)> {
    let samples = usable(one, measure);
    let actual: Vec<(f64, f64)> = samples
        .iter()
        .map(|(it, value)| (seconds(it), *value))
        .collect();
    let estimates: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|(it, _)| Some((seconds(it), estimate(it, model)?)))
        .collect();
    if actual.is_empty() {
        return None;
    }
    let series = |name: &str, colour, layer| Series {
        name: name.to_owned(),
        colour,
        layer,
    };
    let values = actual.iter().chain(&estimates).map(|it| it.1);
    let chart = Chart {
        x: time_axis(),
        y: value_axis(measure, values),
        series: vec![
            series("", 0, Layer::Dots(thinned(&actual, dots))),
            series("actual, median", 0, Layer::Line(medians(&actual))),
            series("estimate, median", 1, Layer::Line(medians(&estimates))),
        ],
        marks: one
            .analysis
            .changes
            .iter()
            .map(|it| {
                (
                    it.at.timestamp() as f64,
                    format!("{:+.0} %", it.change_percent),
                )
            })
            .collect(),
    };
    Some(("Actual and estimate over time".to_owned(), chart.svg()))
}

/// Actual values against the first variable of the estimate that varies; the others of a curve at their medians.
fn against_input(
    one: &Analysed,
    measure: Measure,
    model: &Expression,
    new: Option<&Expression>,
    dots: usize,
) -> Option<(String, String)> {
    let samples = usable(one, measure);
    let values = |name: &str| -> Vec<f64> {
        samples
            .iter()
            .filter_map(|(it, _)| it.context.get(name).copied())
            .collect()
    };
    let names: Vec<String> = new
        .into_iter()
        .chain([model])
        .flat_map(Model::variables)
        .collect();
    let varies = |name: &&String| {
        let values = values(name);
        values.iter().any(|value| Some(value) != values.first())
    };
    let name = names.iter().find(varies)?;
    let inputs = values(name);
    let points: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|(it, value)| Some((*it.context.get(name)?, *value)))
        .collect();
    let low = inputs.iter().copied().fold(f64::INFINITY, f64::min);
    let high = inputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let kind = AxisKind::fitting(inputs.iter().copied());
    let middle: Context = names
        .iter()
        .filter_map(|name| Some((name.clone(), median(&values(name))?)))
        .collect();
    let curve = |model: &Expression| -> Vec<(f64, f64)> {
        (0..=CURVE)
            .filter_map(|i| {
                let share = i as f64 / CURVE as f64;
                let x = match kind {
                    AxisKind::Log => low * (high / low).powf(share),
                    _ => low + share * (high - low),
                };
                let mut context = middle.clone();
                context.insert(name.clone(), x);
                let y = *model.predict(&model.parameters(), &[&context]).first()?;
                Some((x, y?))
            })
            .collect()
    };
    let mut series = vec![
        Series {
            name: "actual".to_owned(),
            colour: 0,
            layer: Layer::Dots(thinned(&points, dots)),
        },
        Series {
            name: format!("now: {model}"),
            colour: 1,
            layer: Layer::Line(curve(model)),
        },
    ];
    if let Some(new) = new {
        series.push(Series {
            name: format!("recommended: {new}"),
            colour: 2,
            layer: Layer::Line(curve(new)),
        });
    }
    let chart = Chart {
        x: Axis {
            label: name.clone(),
            kind,
            format: text::number,
            include: Vec::new(),
        },
        y: value_axis(measure, points.iter().map(|it| it.1)),
        series,
        marks: Vec::new(),
    };
    Some((format!("Actual against {name}"), chart.svg()))
}

fn success_over_time(one: &Analysed) -> Option<(String, String)> {
    if one.samples.len() < 2 {
        return None;
    }
    let size = one.samples.len().div_ceil(SPANS).max(20);
    let mut rate = Vec::new();
    let mut band = Vec::new();
    for span in one.samples.chunks(size) {
        let times: Vec<f64> = span.iter().map(seconds).collect();
        let successes = span.iter().filter(|it| it.success).count();
        let (Some(at), Some(interval)) = (
            median(&times),
            wilson(successes as u64, span.len() as u64, 0.95),
        ) else {
            continue;
        };
        rate.push((at, 100.0 * successes as f64 / span.len() as f64));
        band.push((at, 100.0 * interval.low, 100.0 * interval.high));
    }
    let chart = Chart {
        x: time_axis(),
        y: Axis {
            label: "success rate".to_owned(),
            kind: AxisKind::Linear,
            format: |value| format!("{} %", text::number(value)),
            include: vec![0.0, 100.0],
        },
        series: vec![
            Series {
                name: "95 % interval".to_owned(),
                colour: 2,
                layer: Layer::Band(band),
            },
            Series {
                name: String::new(),
                colour: 2,
                layer: Layer::Line(rate),
            },
        ],
        marks: Vec::new(),
    };
    Some(("Success rate over time".to_owned(), chart.svg()))
}

fn errors(one: &Analysed) -> Option<(String, String)> {
    let counts: Vec<(String, usize)> = one
        .analysis
        .errors
        .iter()
        .map(|it| (it.shape.clone(), it.count))
        .collect();
    (!counts.is_empty()).then(|| ("Kinds of errors".to_owned(), Page::bars(&counts)))
}
