//! Charts of executions as a whole.

use chrono::NaiveDate;

use super::figures::amount;
use super::{Axis, AxisKind, Bar, Chart, Figure, Layer, Series, bars};
use crate::operations::telemetry::overview::Overview;
use crate::output::text;
use crate::store::telemetry::Total;

const DAY: f64 = 86_400.0;
/// Tools and users that are named.
const NAMED: usize = 8;

/// The charts of an overview, those that have something to show.
pub fn charts(overview: &Overview) -> Vec<Figure> {
    let days = &overview.days;
    let costs = |totals: &[Total], of: fn(&Total) -> Option<&String>| {
        let dear: Vec<Bar> = totals
            .iter()
            .filter(|it| it.cost > 0.0)
            .take(NAMED)
            .map(|it| Bar {
                name: of(it).map_or("not recorded", String::as_str).to_owned(),
                value: it.cost,
                words: amount(it.cost),
                is_bad: false,
            })
            .collect();
        (!dear.is_empty()).then(|| bars(&dear))
    };
    let errors: Vec<Bar> = overview
        .errors
        .iter()
        .map(|it| Bar::count(&it.shape, it.count))
        .collect();
    [
        runs(days),
        success(days),
        cost(days),
        costs(&overview.tools, |it| it.tool.as_ref()).map(|it| Figure::new("Cost by tool", it)),
        costs(&overview.users, |it| it.user.as_ref()).map(|it| Figure::new("Cost by user", it)),
        (!errors.is_empty()).then(|| Figure::new("Kinds of errors", bars(&errors))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Values by the second that they begin at.
type Points = Vec<(f64, f64)>;

/// The values of each day, from its midnight on.
fn points(days: &[Total], of: impl Fn(&Total) -> Option<f64>) -> Points {
    days.iter()
        .filter_map(|it| {
            let day: NaiveDate = it.day.as_ref()?.parse().ok()?;
            let midnight = day.and_time(Default::default()).and_utc().timestamp();
            Some((midnight as f64, of(it)?))
        })
        .collect()
}

fn axis(label: &str, format: fn(f64) -> String) -> Axis {
    Axis {
        label: label.to_owned(),
        kind: AxisKind::Linear,
        format,
        include: vec![0.0],
    }
}

fn bar_chart(caption: &str, axis: Axis, series: Vec<(&str, u8, Points)>) -> Option<Figure> {
    if series.iter().all(|it| it.2.is_empty()) {
        return None;
    }
    let mut chart = Chart::new(Axis::time(), axis);
    chart.series = series
        .into_iter()
        .map(|(name, colour, points)| Series::new(name, colour, Layer::Bars(DAY, points)))
        .collect();
    Some(Figure::new(caption, chart.svg()))
}

fn runs(days: &[Total]) -> Option<Figure> {
    let all = points(days, |it| Some(it.executions as f64));
    let failed = points(days, |it| Some((it.executions - it.successes) as f64));
    let series = vec![("all", 0, all), ("failed", 1, failed)];
    bar_chart("Executions per day", axis("executions", amount), series)
}

fn cost(days: &[Total]) -> Option<Figure> {
    let cost = points(days, |it| (it.with_cost > 0).then_some(it.cost));
    bar_chart("Cost per day", axis("cost", amount), vec![("", 2, cost)])
}

fn success(days: &[Total]) -> Option<Figure> {
    let rate = points(days, |it| {
        (it.executions > 0).then(|| 100.0 * it.successes as f64 / it.executions as f64)
    });
    if rate.len() < 2 {
        return None;
    }
    let mut percent = axis("share that succeeded", |it| {
        format!("{} %", text::number(it))
    });
    percent.include = vec![0.0, 100.0];
    let rate: Points = rate
        .into_iter()
        .map(|it| (it.0 + DAY / 2.0, it.1))
        .collect();
    let mut chart = Chart::new(Axis::time(), percent);
    chart.series = vec![
        Series::new("", 2, Layer::Line(rate.clone())),
        Series::new("", 2, Layer::Dots(rate)),
    ];
    Some(Figure::new("Share that succeeded, per day", chart.svg()))
}
