//! The page of an analysis: every pattern with its verdict and its charts.

use crate::expression::Expression;
use crate::operations::telemetry::analyze::Analysed;
use crate::output::text;
use crate::statistics::{median, wilson};
use crate::telemetry::{self, Context, Measure, Model, Outcome, RefitOptions, Sample, Verdict};

use super::figures::{amount, compact, measured, percent, rating};
use super::{
    Axis, AxisKind, Bar, Chart, Column, Figure, Layer, Made, Page, Series, Tone, bars, findings,
};

/// Dots that are drawn on the whole page, and the least and the most of one chart.
const DOTS_IN_ALL: usize = 12_000;
const FEWEST_DOTS: usize = 60;
const MOST_DOTS: usize = 400;
/// Spans of time for medians and rates.
const SPANS: usize = 30;
/// Points of a curve.
const CURVE: usize = 60;

/// The page as one HTML text.
pub fn page(analysed: &[Analysed], measure: Measure, made: &Made) -> String {
    let (tone, verdict) = headline(analysed);
    let mut page = Page::new("Telemetry against the estimates", tone, &verdict, made);
    let total: u64 = analysed.iter().map(|it| it.executions).sum();
    let first = analysed.iter().filter_map(|it| it.analysis.from).min();
    let last = analysed.iter().filter_map(|it| it.analysis.to).max();
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d").to_string();
    let Some((first, last)) = first.zip(last) else {
        return page.html();
    };
    page.aside(&format!(
        "{} of {}, {}",
        text::counted(usize::try_from(total).unwrap_or(usize::MAX), "execution"),
        text::counted(analysed.len(), "usage pattern"),
        match day(first) == day(last) {
            true => format!("on {}", day(first)),
            false => format!("from {} to {}", day(first), day(last)),
        }
    ));
    let rows: Vec<Vec<String>> = analysed.iter().map(|it| row(it, measure)).collect();
    page.index(
        &[
            Column::Text("pattern"),
            Column::Number("runs"),
            Column::Number("success"),
            Column::Number("p50"),
            Column::Number("p95"),
            Column::Number("actual / estimate"),
            Column::Text("drift"),
        ],
        &rows,
    );
    let dots = (DOTS_IN_ALL / analysed.len().max(1)).clamp(FEWEST_DOTS, MOST_DOTS);
    for (at, one) in analysed.iter().enumerate() {
        section(&mut page, at + 1, one, measure, dots);
    }
    page.html()
}

/// The verdict over all patterns, in words.
pub fn headline(analysed: &[Analysed]) -> (Tone, String) {
    let named = |it: &Analysed| format!("{} {} {}", it.tool, it.place(), it.sentence);
    let of = |verdict| {
        let verdicts = analysed.iter().map(|it| it.analysis.verdict());
        verdicts.filter(|it| *it == verdict).count()
    };
    match analysed {
        [] => return (Tone::Plain, "No execution was recorded.".to_owned()),
        [one] => return (tone(one), format!("{}.", named(one))),
        _ => {}
    }
    let distance = |it: &&Analysed| {
        let ratio = it.analysis.current().map_or(1.0, |it| it.ratio().0);
        ratio.ln().abs()
    };
    let off = analysed
        .iter()
        .filter(|it| it.analysis.verdict() == Verdict::Off);
    let farthest = off.max_by(|a, b| distance(a).total_cmp(&distance(b)));
    let all = text::counted(analysed.len(), "usage pattern");
    let open = of(Verdict::Unsure) + of(Verdict::Unknown);
    let open = match open {
        0 => String::new(),
        open => format!(" Of {} it cannot be told.", text::grouped(open)),
    };
    match farthest {
        Some(it) => (
            Tone::Bad,
            format!(
                "{} of {all} run off their estimates. The farthest: {}.{open}",
                text::grouped(of(Verdict::Off)),
                named(it)
            ),
        ),
        None if of(Verdict::Right) == 0 => (
            Tone::Plain,
            format!("Whether the estimates of {all} are right cannot be told yet."),
        ),
        None => (
            Tone::Good,
            format!(
                "{} of {all} run as estimated.{open}",
                text::grouped(of(Verdict::Right))
            ),
        ),
    }
}

/// How the verdict over one pattern is meant.
pub fn tone(one: &Analysed) -> Tone {
    match one.analysis.verdict() {
        Verdict::Off => Tone::Bad,
        Verdict::Right => Tone::Good,
        Verdict::Unsure | Verdict::Unknown => Tone::Plain,
    }
}

fn row(one: &Analysed, measure: Measure) -> Vec<String> {
    let analysis = &one.analysis;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let percentiles = analysis.percentiles.as_ref();
    let success = analysis.success.as_ref();
    let ratio = analysis.current().map(|it| format!("{:.2}", it.ratio().0));
    vec![
        format!("{} {}", one.tool, one.place()),
        text::grouped(analysis.records),
        or_dash(success.map(|it| format!("{} %", percent(it.rate)))),
        or_dash(percentiles.map(|it| measured(it.p50, measure))),
        or_dash(percentiles.map(|it| measured(it.p95, measure))),
        or_dash(ratio),
        if analysis.drift { "yes" } else { "no" }.to_owned(),
    ]
}

fn section(page: &mut Page, number: usize, one: &Analysed, measure: Measure, dots: usize) {
    let name = format!("{} {}", one.tool, one.place());
    page.section(number, &name);
    page.verdict(tone(one), &format!("It {}.", one.sentence));
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
    page.findings(
        proposed(outcome.as_ref())
            .into_iter()
            .chain(findings::lines(one)),
    );
    let new = outcome
        .as_ref()
        .and_then(Outcome::recommendation)
        .and_then(|it| Expression::parse(&it.expression).ok());
    page.charts(&charts(one, measure, model.as_ref(), new.as_ref(), dots));
}

/// What is proposed in place of the estimate, or why nothing is.
fn proposed(outcome: Option<&Outcome>) -> Option<(&'static str, String)> {
    Some(match outcome? {
        Outcome::Recommend(it) => (
            "recommended",
            format!(
                "{} in place of {}: the median error falls from {:.1} % to {:.1} %",
                it.expression,
                it.current,
                it.evidence.current_median_absolute_error_percent,
                it.evidence.cross_validated_median_absolute_error_percent
            ),
        ),
        Outcome::Refuse(it) => ("no recommendation", it.message.clone()),
    })
}

/// The charts of one pattern: its executions against the estimate, its successes and its errors. `new` is an estimate
/// to be shown beside the present one.
pub fn charts(
    one: &Analysed,
    measure: Measure,
    model: Option<&Expression>,
    new: Option<&Expression>,
    dots: usize,
) -> Vec<Figure> {
    let over_time =
        ratio_over_time(one, measure, model, dots).or_else(|| value_over_time(one, measure, dots));
    let against = model.and_then(|model| against_input(one, measure, model, new, dots));
    [over_time, against, success_over_time(one), errors(one)]
        .into_iter()
        .flatten()
        .collect()
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
    if let Some(it) = analysis.current() {
        let name = match analysis.changes.is_empty() {
            true => "actual / estimate",
            false => "actual / estimate since the change",
        };
        let (ratio, interval) = it.ratio();
        let interval = interval.map_or_else(String::new, |it| {
            format!(" ({:.2} to {:.2})", it.low, it.high)
        });
        facts.push((name, format!("{ratio:.2}{interval}")));
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
        facts.push(("cost in all", amount(cost)));
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
    sample.executed_at.timestamp_millis() as f64 / 1000.0
}

fn value_axis(measure: Measure, values: impl IntoIterator<Item = f64>) -> Axis {
    let (label, format): (_, fn(f64) -> String) = match measure {
        Measure::Time => ("time taken", text::duration),
        Measure::Cost => ("cost", amount),
    };
    Axis {
        label: label.to_owned(),
        kind: AxisKind::fitting(values),
        format,
        include: Vec::new(),
    }
}

/// When the estimate's error last changed: what was executed before no longer counts.
fn since(one: &Analysed) -> Option<f64> {
    let change = one.analysis.changes.last()?;
    Some(change.at.timestamp_millis() as f64 / 1000.0)
}

/// Dots of points with their times, those before the last change dimmed.
fn dots_of(
    points: impl Iterator<Item = (f64, (f64, f64))>,
    since: Option<f64>,
    count: usize,
) -> Vec<Series> {
    let is_before = |it: &(f64, (f64, f64))| since.is_some_and(|since| it.0 < since);
    let (before, after): (Vec<_>, Vec<_>) = points.partition(is_before);
    let dots = |points: Vec<(f64, (f64, f64))>| {
        let points: Vec<(f64, f64)> = points.into_iter().map(|it| it.1).collect();
        Layer::Dots(thinned(&points, count))
    };
    match before.is_empty() {
        true => vec![Series::new("executions", 0, dots(after))],
        false => vec![
            Series::new("executions before the change", 0, dots(before)).dimmed(),
            Series::new("executions since", 0, dots(after)),
        ],
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

/// What each execution took over what was estimated for it. Unlike the values, the ratios do not jump with the size
/// of what was asked for.
fn ratio_over_time(
    one: &Analysed,
    measure: Measure,
    model: Option<&Expression>,
    dots: usize,
) -> Option<Figure> {
    let model = model.map(|it| it as &dyn Model);
    let (compared, _) = telemetry::residuals(&one.samples, model, measure);
    let points: Vec<(f64, f64)> = compared
        .iter()
        .map(|it| (it.at.timestamp_millis() as f64 / 1000.0, it.r.exp()))
        .collect();
    if points.is_empty() {
        return None;
    }
    let mut chart = Chart::new(
        Axis::time(),
        Axis {
            label: "actual / estimate".to_owned(),
            kind: AxisKind::Log,
            format: amount,
            include: vec![0.9, 1.0, 1.1],
        },
    );
    let timed = points.iter().map(|it| (it.0, *it));
    chart.series = dots_of(timed, since(one), dots);
    let changes = one.analysis.changes.iter().map(|it| it.index);
    let bounds: Vec<usize> = std::iter::once(0)
        .chain(changes)
        .chain([points.len()])
        .collect();
    for (at, span) in bounds.windows(2).enumerate() {
        let Some(points) = points.get(span[0]..span[1]) else {
            continue;
        };
        let is_last = at + 2 == bounds.len();
        let name = if is_last { "median" } else { "" };
        let line = Series::new(name, 0, Layer::Line(medians(points)));
        chart
            .series
            .push(if is_last { line } else { line.dimmed() });
    }
    chart.levels = vec![(1.0, "as estimated".to_owned())];
    chart.marks = one
        .analysis
        .changes
        .iter()
        .map(|it| {
            (
                it.at.timestamp_millis() as f64 / 1000.0,
                format!("{:+.0} %", it.change_percent),
            )
        })
        .collect();
    Some(Figure::new("Actual over estimate, over time", chart.svg()))
}

/// What each execution took, if there is no estimate.
fn value_over_time(one: &Analysed, measure: Measure, dots: usize) -> Option<Figure> {
    let points: Vec<(f64, f64)> = usable(one, measure)
        .iter()
        .map(|(it, value)| (seconds(it), *value))
        .collect();
    if points.is_empty() {
        return None;
    }
    let y = value_axis(measure, points.iter().map(|it| it.1));
    let caption = match measure {
        Measure::Time => "Time taken, over time",
        Measure::Cost => "Cost, over time",
    };
    let mut chart = Chart::new(Axis::time(), y);
    chart.series = dots_of(points.iter().map(|it| (it.0, *it)), None, dots);
    chart
        .series
        .push(Series::new("median", 0, Layer::Line(medians(&points))));
    Some(Figure::new(caption, chart.svg()))
}

/// Actual values against the first variable of the estimate that varies; the others of a curve at their medians.
fn against_input(
    one: &Analysed,
    measure: Measure,
    model: &Expression,
    new: Option<&Expression>,
    dots: usize,
) -> Option<Figure> {
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
    let middle: Context = names
        .iter()
        .filter_map(|name| Some((name.clone(), median(&values(name))?)))
        .collect();
    let inputs = values(name);
    let points: Vec<(f64, (f64, f64))> = samples
        .iter()
        .filter_map(|(it, value)| Some((seconds(it), (*it.context.get(name)?, *value))))
        .collect();
    let x = Axis {
        label: name.clone(),
        kind: AxisKind::fitting(inputs.iter().copied()),
        format: compact,
        include: Vec::new(),
    };
    let over = |model| curve(model, name, &inputs, x.kind, &middle);
    let lines = [
        Some((format!("estimate: {model}"), 1, model)),
        new.map(|new| (format!("recommended: {new}"), 2, new)),
    ];
    let lines: Vec<Series> = lines
        .into_iter()
        .flatten()
        .map(|(name, colour, model)| Series::new(&name, colour, Layer::Line(over(model))))
        .collect();
    let y = value_axis(measure, points.iter().map(|it| it.1.1));
    let mut chart = Chart::new(x, y);
    chart.series = dots_of(points.into_iter(), since(one), dots);
    chart.series.extend(lines);
    let caption = match measure {
        Measure::Time => format!("Time taken against {name}"),
        Measure::Cost => format!("Cost against {name}"),
    };
    Some(Figure::new(caption, chart.svg()))
}

/// The estimate over the range of one variable, the others being at their medians.
fn curve(
    model: &Expression,
    name: &str,
    inputs: &[f64],
    kind: AxisKind,
    middle: &Context,
) -> Vec<(f64, f64)> {
    let low = inputs.iter().copied().fold(f64::INFINITY, f64::min);
    let high = inputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (0..=CURVE)
        .filter_map(|i| {
            let share = i as f64 / CURVE as f64;
            let x = match kind {
                AxisKind::Log => low * (high / low).powf(share),
                _ => low + share * (high - low),
            };
            let mut context = middle.clone();
            context.insert(name.to_owned(), x);
            let y = *model.predict(&model.parameters(), &[&context]).first()?;
            Some((x, y?))
        })
        .collect()
}

fn success_over_time(one: &Analysed) -> Option<Figure> {
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
    let y = Axis {
        label: "success rate".to_owned(),
        kind: AxisKind::Linear,
        format: |value| format!("{} %", text::number(value)),
        include: vec![0.0, 100.0],
    };
    let mut chart = Chart::new(Axis::time(), y);
    let points = match rate.len() {
        1 => Layer::Dots(rate),
        _ => Layer::Line(rate),
    };
    chart.series = vec![
        Series::new("95 % interval", 2, Layer::Band(band)),
        Series::new("share that succeeded", 2, points),
    ];
    Some(Figure::new("Success rate over time", chart.svg()))
}

fn errors(one: &Analysed) -> Option<Figure> {
    let counts: Vec<Bar> = one
        .analysis
        .errors
        .iter()
        .map(|it| Bar::count(&it.shape, it.count))
        .collect();
    (!counts.is_empty()).then(|| Figure::new("Kinds of errors", bars(&counts)))
}
