//! The analysis as one HTML file that needs nothing else: no script, no font, no network.

mod chart;

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::record::{split_words, time};
use super::report;
use crate::abtest::analysis::MetricReport;
use crate::abtest::{ArmLabel, Metric};
use crate::operations::abtest::analyze::{Course, Report, word};
use crate::output::text;
use crate::store::ab_tests::look::{NotedLook, Point};
use crate::store::ab_tests::outcomes::Day;
use chart::{Band, Bar, escape};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #ddd}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
.verdict{font-size:1.15rem;padding:.8rem 1rem;border-left:.4rem solid #888;background:#f6f6f6}.win{border-color:#1a7f37}\
.invalid{border-color:#b3261e}.dim{color:#666}.bad{color:#b3261e}.good{color:#1a7f37}svg{width:100%;height:auto;display:block}\
svg text{font:11px system-ui,sans-serif;fill:#444}code{font-size:.9em}\
@media (prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}th,td{border-color:#333}.verdict{background:#202329}\
svg text{fill:#bbb}.dim{color:#999}.good{color:#5bd07f}.bad{color:#ff8a80}}";

/// The page.
pub fn page(report: &Report, course: &Course) -> String {
    let Course {
        points,
        looks,
        days,
    } = course;
    let mut page = String::with_capacity(32 * 1024);
    let name = escape(&report.test);
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    page.push_str(&format!(
        "<title>A/B test {name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    ));
    heading(&mut page, report);
    arms(&mut page, report);
    metrics(&mut page, report);
    sequences(&mut page, report, points, looks);
    per_day(&mut page, days);
    health(&mut page, report);
    rule(&mut page, report);
    page.push_str("</body>\n</html>\n");
    page
}

/// Writing to a text cannot fail.
macro_rules! put {
    ($page:expr, $($argument:tt)*) => {
        let _ = writeln!($page, $($argument)*);
    };
}

fn heading(page: &mut String, report: &Report) {
    let decision = &report.analysis.decision;
    let class = match word(decision.verdict) {
        "a_wins" | "b_wins" => "verdict win",
        "invalid" => "verdict invalid",
        _ => "verdict",
    };
    put!(page, "<h1>A/B test {}</h1>", escape(&report.test));
    put!(
        page,
        "<p class=\"dim\">{}, phase {}, looked at {}</p>",
        escape(&report.status),
        report.phase,
        time(report.looked_at)
    );
    put!(
        page,
        "<p class=\"{class}\">{}</p>",
        escape(&decision.sentence)
    );
    if report.forced {
        put!(
            page,
            "<p class=\"bad\">The winner was forced by a person.</p>"
        );
    }
    if let Some(hypothesis) = &report.hypothesis {
        put!(page, "<p>Hypothesis: {}</p>", escape(hypothesis));
    }
    put!(
        page,
        "<p class=\"dim\">Split {}, coverage {} %, seed <code>{}</code>, {} of {} planned.</p>",
        split_words(report.split),
        text::number(report.coverage * 100.0),
        escape(&report.seed),
        report.analysis.recorded,
        report.analysis.plan.planned
    );
}

fn arms(page: &mut String, report: &Report) {
    put!(
        page,
        "<h2>Arms</h2>\n<div class=\"wide\"><table><tr><th>arm<th>version<th class=\"n\">assigned<th class=\"n\">recorded\
         <th class=\"n\">failures<th class=\"n\">p50 ms<th class=\"n\">p95 ms<th class=\"n\">cost per success</tr>"
    );
    for (label, tool) in [(ArmLabel::A, &report.tool_a), (ArmLabel::B, &report.tool_b)] {
        let arm = report.analysis.arms.get(label);
        let quantile = |it: Option<crate::abtest::quantile::QuantileInterval>| {
            it.map_or_else(|| "-".to_owned(), |it| text::number(it.estimate.round()))
        };
        put!(
            page,
            "<tr><td>{label}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}\
             <td class=\"n\">{}<td class=\"n\">{}</tr>",
            escape(tool),
            arm.assigned,
            arm.stats.records,
            arm.stats.failures,
            quantile(arm.stats.time_p50),
            quantile(arm.stats.time_p95),
            arm.cost_per_success
                .map_or_else(|| "-".to_owned(), text::number)
        );
    }
    put!(page, "</table></div>");
}

fn metrics(page: &mut String, report: &Report) {
    let level = text::number(report.analysis.plan.confidence * 100.0);
    put!(
        page,
        "<h2>Metrics</h2>\n<div class=\"wide\"><table><tr><th>metric<th class=\"n\">A<th class=\"n\">B<th class=\"n\">B/A\
         <th>{level} % interval, any look<th class=\"n\">p, any look<th class=\"n\">p, one look only<th class=\"n\">margin</tr>"
    );
    for it in &report.analysis.metrics {
        put!(
            page,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
            it.metric,
            report::value(it.metric, it.value.a),
            report::value(it.metric, it.value.b),
            it.ratio.map_or_else(|| "-".to_owned(), report::ratio),
            report::interval(it.ratio_sequential),
            report::p_value(it.p_now),
            it.fixed
                .map_or_else(|| "-".to_owned(), |it| report::p_value(it.p_one_look)),
            it.guardrail
                .map_or_else(String::new, |it| text::number(it.margin))
        );
    }
    put!(page, "</table></div>");
    let bars: Vec<Bar> = report
        .analysis
        .metrics
        .iter()
        .map(|it| Bar {
            label: format!("{}: {}", it.metric, report::compared(it)),
            interval: it.ratio_sequential.map(|it| (it.lower.ln(), it.upper.ln())),
            estimate: it.ln_ratio,
        })
        .collect();
    put!(page, "{}", chart::intervals(&bars));
}

fn sequences(page: &mut String, report: &Report, course: &[Point], looks: &[NotedLook]) {
    put!(page, "<h2>Sequences over time</h2>");
    if course.is_empty() {
        put!(page, "<p>No record yet.</p>");
        return;
    }
    let looked: Vec<(DateTime<Utc>, f64)> = looks
        .iter()
        .map(|it| (it.looked_at, it.recorded as f64))
        .collect();
    put!(
        page,
        "<p class=\"dim\">Ratio B/A and its interval after each part of the records; \
         triangles mark the {} noted looks.</p>",
        looked.len()
    );
    for metric in report.analysis.metrics.iter().map(|it| it.metric) {
        let of = |point: &Point| -> Option<Band> {
            let it: &MetricReport = point
                .analysis
                .metrics
                .iter()
                .find(|it| it.metric == metric)?;
            Some(Band {
                at: point.analysis.recorded as f64,
                when: time(point.at),
                interval: it.ratio_sequential.map(|it| (it.lower.ln(), it.upper.ln())),
                estimate: it.ln_ratio,
            })
        };
        let bands: Vec<Band> = course.iter().filter_map(of).collect();
        let records: Vec<f64> = looked.iter().map(|(_, records)| *records).collect();
        put!(
            page,
            "<h3>{}</h3>\n{}",
            title(metric),
            chart::course(&bands, &records)
        );
    }
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Success => "Success",
        Metric::Time => "Time",
        Metric::Cost => "Cost",
    }
}

fn per_day(page: &mut String, days: &[Day]) {
    put!(
        page,
        "<h2>Counts per day (UTC)</h2>\n<div class=\"wide\"><table><tr><th>day<th class=\"n\">assigned to A<th class=\"n\">assigned to B\
         <th class=\"n\">records of A<th class=\"n\">records of B</tr>"
    );
    for day in days {
        put!(
            page,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
            day.day,
            day.assigned_a,
            day.assigned_b,
            day.recorded_a,
            day.recorded_b
        );
    }
    put!(page, "</table></div>\n{}", chart::days(days));
}

fn health(page: &mut String, report: &Report) {
    let health = &report.analysis.health;
    put!(
        page,
        "<h2>Health</h2>\n<p>Sample ratio: p = {} at any look (chi-square, one look: {}).</p>\n<ul>",
        report::p_value(health.srm.p),
        report::p_value(health.srm_chi_square.p)
    );
    if health.findings.is_empty() {
        put!(page, "<li class=\"good\">no finding</li>");
    }
    for finding in &health.findings {
        let class = if finding.blocking { "bad" } else { "" };
        put!(
            page,
            "<li class=\"{class}\">{} <span class=\"dim\">{}</span></li>",
            escape(&finding.message),
            finding.hint
        );
    }
    put!(page, "</ul>");
}

fn rule(page: &mut String, report: &Report) {
    put!(page, "<h2>Rule</h2>\n<div class=\"wide\"><table>");
    for clause in &report.analysis.decision.clauses {
        let (mark, class) = if clause.holds {
            ("yes", "good")
        } else {
            ("no", "bad")
        };
        put!(
            page,
            "<tr><td class=\"{class}\">{mark}<td>{}<td>{}</tr>",
            report::kind(clause.kind),
            escape(&clause.detail)
        );
    }
    put!(page, "</table></div>");
}
