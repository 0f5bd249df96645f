//! The page of an A/B test: the verdict, the intervals and how they came about.

use super::figures::{self, amount};
use super::{Axis, AxisKind, Chart, Column, Figure, Forest, Layer, Made, Page, Row, Series, Tone};
use crate::abtest::analysis::{Interval, MetricReport};
use crate::abtest::{ArmLabel, Metric, Verdict};
use crate::operations::abtest::analyze::{Course, Report};
use crate::output::text;
use crate::store::ab_tests::look::{NotedLook, Point};
use crate::store::ab_tests::outcomes::Day;

/// The page as one HTML text.
pub fn page(report: &Report, course: &Course, made: &Made) -> String {
    let decision = &report.analysis.decision;
    let title = format!("A/B test {}", report.test);
    let mut page = Page::new(&title, tone(report), &decision.sentence, made);
    heading(&mut page, report);
    page.section(1, "Arms");
    arms(&mut page, report);
    page.section(2, "Metrics");
    metrics(&mut page, report);
    page.charts(&[intervals(report)]);
    page.section(3, "Sequences over time");
    page.aside(
        "Ratio B/A with its interval after each part of the records. Triangles mark the looks.",
    );
    page.charts(&sequences(report, course));
    page.section(4, "Counts per day (UTC)");
    page.charts(&per_day(&course.days));
    days(&mut page, &course.days);
    page.section(5, "Health");
    health(&mut page, report);
    page.section(6, "Rule");
    rule(&mut page, report);
    page.html()
}

/// How the verdict is meant.
pub fn tone(report: &Report) -> Tone {
    match report.verdict() {
        Verdict::AWins | Verdict::BWins => Tone::Good,
        Verdict::Invalid | Verdict::GuardrailBroken { .. } => Tone::Bad,
        _ => Tone::Plain,
    }
}

fn count(number: u64) -> String {
    text::grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

fn heading(page: &mut Page, report: &Report) {
    if report.forced {
        page.verdict(Tone::Bad, "The winner was forced by a person.");
    }
    if let Some(hypothesis) = &report.hypothesis {
        page.paragraph(&format!("Hypothesis: {hypothesis}"));
    }
    page.aside(&format!(
        "{}, phase {}, looked at {}; split {}, coverage {} %, seed {}; {} of {} planned.",
        report.status,
        report.phase,
        text::time(report.looked_at),
        figures::split(report.split),
        text::number(report.coverage * 100.0),
        report.seed,
        count(report.analysis.recorded),
        count(report.analysis.plan.planned)
    ));
}

fn arms(page: &mut Page, report: &Report) {
    let quantile = |it: Option<crate::abtest::quantile::QuantileInterval>| {
        it.map_or_else(|| "-".to_owned(), |it| text::duration(it.estimate))
    };
    let rows: Vec<Vec<String>> = [(ArmLabel::A, &report.tool_a), (ArmLabel::B, &report.tool_b)]
        .into_iter()
        .map(|(label, tool)| {
            let arm = report.analysis.arms.get(label);
            vec![
                label.to_string(),
                tool.clone(),
                count(arm.assigned),
                count(arm.stats.records),
                count(arm.stats.failures),
                quantile(arm.stats.time_p50),
                quantile(arm.stats.time_p95),
                arm.cost_per_success
                    .map_or_else(|| "-".to_owned(), text::number),
            ]
        })
        .collect();
    page.table(
        &[
            Column::Text("arm"),
            Column::Text("version"),
            Column::Number("assigned"),
            Column::Number("recorded"),
            Column::Number("failures"),
            Column::Number("p50"),
            Column::Number("p95"),
            Column::Number("cost per success"),
        ],
        &rows,
    );
}

fn metrics(page: &mut Page, report: &Report) {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let rows: Vec<Vec<String>> = report
        .analysis
        .metrics
        .iter()
        .map(|it| {
            let role = if it.primary { "" } else { " (guardrail)" };
            vec![
                format!("{}{role}", it.metric),
                figures::value(it.metric, it.value.a),
                figures::value(it.metric, it.value.b),
                or_dash(it.ratio.map(figures::ratio)),
                figures::interval(it.ratio_sequential),
                figures::p_value(it.p_now),
                or_dash(it.fixed.map(|it| figures::p_value(it.p_one_look))),
                figures::margin(it),
            ]
        })
        .collect();
    page.table(
        &[
            Column::Text("metric"),
            Column::Number("A"),
            Column::Number("B"),
            Column::Number("B/A"),
            Column::Number("interval, any look"),
            Column::Number("p, any look"),
            Column::Number("p, one look only"),
            Column::Number("margin"),
        ],
        &rows,
    );
}

/// The intervals of all metrics as they are now.
pub fn intervals(report: &Report) -> Figure {
    let rows = report.analysis.metrics.iter().map(|it| Row {
        name: format!("{}, {}", it.metric, figures::compared(it)),
        words: it.ratio.map_or_else(
            || "no ratio yet".to_owned(),
            |ratio| match it.ratio_sequential {
                Some(interval) => format!("{ratio:.2} ({})", bounds(interval)),
                None => format!("{ratio:.2}"),
            },
        ),
        interval: it.ratio_sequential.map(|it| (it.lower, it.upper)),
        estimate: it.ratio,
    });
    let forest = Forest {
        sides: ("◂ B is less".to_owned(), "B is more ▸".to_owned()),
        format: amount,
        rows: rows.collect(),
    };
    let level = text::number(report.analysis.plan.confidence * 100.0);
    Figure::new(
        format!("Ratio B/A, {level} % intervals, valid at any look"),
        forest.svg(),
    )
}

fn bounds(interval: Interval) -> String {
    match (interval.lower > 0.0, interval.upper.is_finite()) {
        (true, true) => format!("{:.2} to {:.2}", interval.lower, interval.upper),
        (true, false) => format!("from {:.2}, no upper bound yet", interval.lower),
        (false, true) => format!("up to {:.2}, no lower bound yet", interval.upper),
        (false, false) => "no bound yet".to_owned(),
    }
}

/// How the intervals of each metric came about.
pub fn sequences(report: &Report, course: &Course) -> Vec<Figure> {
    let metrics = report.analysis.metrics.iter();
    let figures = metrics.filter_map(|it| sequence(it, &course.points, &course.looks));
    figures.collect()
}

fn sequence(of: &MetricReport, points: &[Point], looks: &[NotedLook]) -> Option<Figure> {
    let at = |point: &Point| point.analysis.recorded as f64;
    let reports: Vec<(f64, &MetricReport)> = points
        .iter()
        .filter_map(|point| {
            let mut metrics = point.analysis.metrics.iter();
            Some((at(point), metrics.find(|it| it.metric == of.metric)?))
        })
        .collect();
    let band: Vec<(f64, f64, f64)> = reports
        .iter()
        .filter_map(|(at, it)| {
            let interval = it.ratio_sequential?;
            let lower = match interval.lower > 0.0 {
                true => interval.lower,
                false => f64::NEG_INFINITY,
            };
            Some((*at, lower, interval.upper))
        })
        .collect();
    let estimates: Vec<(f64, f64)> = reports
        .iter()
        .filter_map(|(at, it)| Some((*at, it.ratio?)))
        .collect();
    if estimates.is_empty() {
        return None;
    }
    let x = Axis {
        label: "records".to_owned(),
        kind: AxisKind::Linear,
        format: amount,
        include: vec![0.0],
    };
    let y = Axis {
        label: "ratio B/A".to_owned(),
        kind: AxisKind::Log,
        format: amount,
        include: vec![0.9, 1.0, 1.1],
    };
    let mut chart = Chart::new(x, y);
    chart.series = vec![
        Series::new("interval, pale while it has no bound", 0, Layer::Band(band)),
        Series::new("ratio", 1, Layer::Line(estimates.clone())),
        Series::new("", 1, Layer::Dots(estimates)),
    ];
    chart.levels = vec![(1.0, "no difference".to_owned())];
    chart.pins = looks
        .iter()
        .map(|it| {
            let said = format!(
                "looked at {} records on {}",
                text::grouped(usize::try_from(it.recorded).unwrap_or(0)),
                text::time(it.looked_at)
            );
            (it.recorded as f64, said)
        })
        .collect();
    let name = match of.metric {
        Metric::Success => "Success",
        Metric::Time => "Time",
        Metric::Cost => "Cost",
    };
    Some(Figure::new(name, chart.svg()))
}

const DAY: f64 = 86_400.0;

/// Records of each day, A beside B.
pub fn per_day(days: &[Day]) -> Vec<Figure> {
    if days.iter().all(|it| it.recorded_a + it.recorded_b == 0) {
        return Vec::new();
    }
    let bars = |from: f64, of: fn(&Day) -> i64| {
        let bar = |day: &Day| {
            let midnight = day.day.and_time(Default::default()).and_utc();
            (midnight.timestamp() as f64 + from * DAY, of(day) as f64)
        };
        Layer::Bars(0.4 * DAY, days.iter().map(bar).collect())
    };
    let y = Axis {
        label: "records".to_owned(),
        kind: AxisKind::Linear,
        format: amount,
        include: vec![0.0],
    };
    let mut chart = Chart::new(Axis::time(), y);
    chart.series = vec![
        Series::new("A", 0, bars(0.1, |it| it.recorded_a)),
        Series::new("B", 1, bars(0.5, |it| it.recorded_b)),
    ];
    vec![Figure::new("Records per day", chart.svg())]
}

fn days(page: &mut Page, days: &[Day]) {
    let count = |number: i64| text::grouped(usize::try_from(number).unwrap_or(0));
    let rows: Vec<Vec<String>> = days
        .iter()
        .map(|day| {
            vec![
                day.day.to_string(),
                count(day.assigned_a),
                count(day.assigned_b),
                count(day.recorded_a),
                count(day.recorded_b),
            ]
        })
        .collect();
    page.table(
        &[
            Column::Text("day"),
            Column::Number("assigned to A"),
            Column::Number("assigned to B"),
            Column::Number("records of A"),
            Column::Number("records of B"),
        ],
        &rows,
    );
}

fn health(page: &mut Page, report: &Report) {
    let health = &report.analysis.health;
    page.paragraph(&format!(
        "Sample ratio: p = {} at any look (chi-square, one look: {}).",
        figures::p_value(health.srm.p),
        figures::p_value(health.srm_chi_square.p)
    ));
    let said = |it: &crate::abtest::health::Finding| {
        let kind = if it.blocking { "invalid" } else { "note" };
        (kind, format!("{}. {}", it.message, it.hint))
    };
    match health.findings.is_empty() {
        true => page.findings([("ok", "no finding".to_owned())]),
        false => page.findings(health.findings.iter().map(said)),
    }
}

fn rule(page: &mut Page, report: &Report) {
    let rows: Vec<Vec<String>> = report
        .analysis
        .decision
        .clauses
        .iter()
        .map(|clause| {
            let mark = if clause.holds { "✓ yes" } else { "✗ no" };
            vec![
                mark.to_owned(),
                figures::clause(clause.kind).to_owned(),
                clause.detail.clone(),
            ]
        })
        .collect();
    page.table(
        &[
            Column::Text("holds"),
            Column::Text("clause"),
            Column::Text("why"),
        ],
        &rows,
    );
}
