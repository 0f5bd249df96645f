//! The analysis of a test for people and machines.

use serde::Serialize;

use super::{CommandError, Outcome, Session};
use crate::abtest::analysis::Interval;
use crate::abtest::quantile::QuantileInterval;
use crate::abtest::{ArmLabel, Metric, Verdict};
use crate::operations::abtest::analyze::{Report, word};
use crate::output::interval_plot::Axis;
use crate::output::table::Table;
use crate::output::{Column, Record, style, text};
use crate::report::figures::{self, compared, interval, margin, p_value, ratio, value};
use crate::store::ab_tests::UnitKind;

/// Columns of an interval plot.
const PLOT_COLUMNS: usize = 41;
/// How far an interval plot reaches on either side of no difference, as ln of the ratio.
const PLOT_REACH: f64 = 1.609;

/// 0 a winner, 1 none yet or no difference, 5 invalid.
pub fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::AWins | Verdict::BWins => Outcome::Done,
        Verdict::Continue { .. }
        | Verdict::GuardrailBroken { .. }
        | Verdict::Conflict
        | Verdict::NoDifference => Outcome::No,
        Verdict::Invalid => Outcome::Code(5),
    }
}

/// One line of the CSV.
#[derive(Debug, Serialize)]
pub struct MetricLine {
    metric: Metric,
    primary: bool,
    a: Option<f64>,
    b: Option<f64>,
    n_a: u64,
    n_b: u64,
    ratio: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    p_anytime: f64,
    p_anytime_smallest: f64,
    p_one_look: Option<f64>,
    margin: Option<f64>,
    verdict: &'static str,
}

impl MetricLine {
    pub fn of(report: &Report) -> Vec<Self> {
        report
            .analysis
            .metrics
            .iter()
            .map(|it| Self {
                metric: it.metric,
                primary: it.primary,
                a: it.value.a,
                b: it.value.b,
                n_a: it.n.a,
                n_b: it.n.b,
                ratio: it.ratio,
                lower: it.ratio_sequential.map(|it| it.lower),
                upper: it.ratio_sequential.map(|it| it.upper),
                p_anytime: it.p_now,
                p_anytime_smallest: it.p_smallest,
                p_one_look: it.fixed.map(|it| it.p_one_look),
                margin: it.guardrail.map(|it| it.margin),
                verdict: word(report.verdict()),
            })
            .collect()
    }
}

impl Record for MetricLine {
    const COLUMNS: &'static [Column] = &[];

    fn cells(&self) -> Vec<String> {
        Vec::new()
    }

    fn name(&self) -> String {
        self.metric.to_string()
    }
}

/// Writes the analysis for people.
pub fn present(session: &mut Session, report: &Report) -> Result<(), CommandError> {
    heading(session, report)?;
    arms(session, report)?;
    health(session, report)?;
    metrics(session, report)?;
    plots(session, report)?;
    rule(session, report)?;
    Ok(())
}

fn heading(session: &mut Session, report: &Report) -> Result<(), CommandError> {
    let name = session
        .ui
        .paint(style::HEADING, &text::visible(&report.test));
    let elapsed = text::duration(report.analysis.elapsed_s * 1000.0);
    let forced = if report.forced {
        ", winner forced by a person"
    } else {
        ""
    };
    let out = session.ui.out();
    writeln!(
        out,
        "{name}: {}{forced}, phase {} ({}), {} of {} planned {}",
        report.status,
        report.phase,
        elapsed,
        text::grouped(usize::try_from(report.analysis.recorded).unwrap_or(0)),
        text::grouped(usize::try_from(report.analysis.plan.planned).unwrap_or(0)),
        match report.unit {
            UnitKind::Execution => "records",
            UnitKind::User => "users",
        }
    )?;
    writeln!(
        out,
        "split {}, coverage {} %, seed {}",
        figures::split(report.split),
        text::number(report.coverage * 100.0),
        report.seed
    )?;
    if let Some(hypothesis) = &report.hypothesis {
        writeln!(out, "hypothesis: {}", text::visible(hypothesis))?;
    }
    writeln!(out)?;
    Ok(())
}

fn quantile(quantile: Option<QuantileInterval>) -> String {
    let Some(it) = quantile else {
        return "-".to_owned();
    };
    let bound = |bound: Option<f64>| bound.map_or_else(|| "?".to_owned(), text::number);
    format!(
        "{} [{}, {}]",
        text::number((it.estimate * 10.0).round() / 10.0),
        bound(it.lower),
        bound(it.upper)
    )
}

fn arms(session: &mut Session, report: &Report) -> Result<(), CommandError> {
    let mut table = Table::new([
        Column::text("arm"),
        Column::text("version"),
        Column::number("assigned"),
        Column::number("recorded"),
        Column::number("failures"),
        Column::number("timeouts"),
        Column::text("p50 ms"),
        Column::text("p95 ms"),
        Column::number("cost per success"),
    ]);
    for (label, tool) in [(ArmLabel::A, &report.tool_a), (ArmLabel::B, &report.tool_b)] {
        let arm = report.analysis.arms.get(label);
        table.row(
            [
                label.to_string(),
                tool.clone(),
                arm.assigned.to_string(),
                arm.stats.records.to_string(),
                arm.stats.failures.to_string(),
                arm.stats.timeouts.to_string(),
                quantile(arm.stats.time_p50),
                quantile(arm.stats.time_p95),
                arm.cost_per_success
                    .map_or_else(|| "-".to_owned(), text::number),
            ]
            .iter()
            .map(String::as_str),
        );
    }
    let table = table.render(&session.ui);
    writeln!(session.ui.out(), "{table}\n")?;
    Ok(())
}

fn health(session: &mut Session, report: &Report) -> Result<(), CommandError> {
    let health = &report.analysis.health;
    let heading = session.ui.paint(style::HEADING, "Health");
    writeln!(
        session.ui.out(),
        "{heading}  sample ratio: p = {} at any look (chi-square, one look: {})",
        p_value(health.srm.p),
        p_value(health.srm_chi_square.p)
    )?;
    if health.findings.is_empty() {
        let sound = session.ui.paint(style::GOOD, "ok");
        writeln!(session.ui.out(), "  {sound}       no finding")?;
    }
    for finding in &health.findings {
        let (word, how) = if finding.blocking {
            ("invalid", style::BAD)
        } else {
            ("note   ", style::WARN)
        };
        let word = session.ui.paint(how, word);
        writeln!(
            session.ui.out(),
            "  {word}  {}",
            text::visible(&finding.message)
        )?;
        writeln!(session.ui.out(), "           {}", finding.hint)?;
    }
    writeln!(session.ui.out())?;
    Ok(())
}

fn metrics(session: &mut Session, report: &Report) -> Result<(), CommandError> {
    let level = text::number(report.analysis.plan.confidence * 100.0);
    let mut table = Table::new([
        Column::text("metric"),
        Column::number("a"),
        Column::number("b"),
        Column::number("b/a"),
        Column::text("interval, any look"),
        Column::number("p, any look"),
        Column::number("smallest p"),
        Column::number("p, one look only"),
        Column::number("margin"),
    ]);
    for it in &report.analysis.metrics {
        let role = if it.primary { "" } else { " (guardrail)" };
        table.row(
            [
                format!("{}{role}", it.metric),
                value(it.metric, it.value.a),
                value(it.metric, it.value.b),
                it.ratio.map_or_else(|| "-".to_owned(), ratio),
                interval(it.ratio_sequential),
                p_value(it.p_now),
                p_value(it.p_smallest),
                it.fixed
                    .map_or_else(|| "-".to_owned(), |it| p_value(it.p_one_look)),
                margin(it),
            ]
            .iter()
            .map(String::as_str),
        );
    }
    let table = table.render(&session.ui);
    writeln!(session.ui.out(), "{table}")?;
    for it in &report.analysis.metrics {
        // the ratio's interval belongs to the p-value; that of the difference only to a guardrail
        if let Some(difference) = it.difference.filter(|_| it.guardrail.is_some()) {
            writeln!(
                session.ui.out(),
                "  success rate B - A: {:+.2} points; for the guardrail, {level} % interval at any look {:+.2} .. {:+.2}",
                difference.estimate * 100.0,
                difference.sequential.lower * 100.0,
                difference.sequential.upper * 100.0
            )?;
        }
        if let Some(belief) = it.belief {
            writeln!(
                session.ui.out(),
                "  {}: P(B better) = {:.3}, as information; it is not part of the rule",
                it.metric,
                belief.prob_b_better
            )?;
        }
        if let Some(why) = it.unavailable {
            writeln!(session.ui.out(), "  {}: no ratio, as {why}", it.metric)?;
        }
    }
    writeln!(session.ui.out())?;
    Ok(())
}

fn plots(session: &mut Session, report: &Report) -> Result<(), CommandError> {
    let logs = |interval: Option<Interval>| interval.map(|it| (it.lower.ln(), it.upper.ln()));
    let bounds = report
        .analysis
        .metrics
        .iter()
        .flat_map(|it| logs(it.ratio_sequential).map(|(lower, upper)| [lower, upper]))
        .flatten();
    let axis = Axis::fitting(bounds, 0.0, PLOT_REACH, PLOT_COLUMNS);
    let (low, high) = axis.ends();
    let heading = session.ui.paint(style::HEADING, "B/A");
    let level = text::number(report.analysis.plan.confidence * 100.0);
    writeln!(
        session.ui.out(),
        "{heading}      {:<18}1{:>22}   {level} % intervals, valid at every look",
        ratio(low.exp()),
        ratio(high.exp())
    )?;
    for it in &report.analysis.metrics {
        let line = axis.line(logs(it.ratio_sequential), it.ln_ratio, 0.0);
        writeln!(
            session.ui.out(),
            "{:<9}{line}   {}",
            it.metric.as_str(),
            compared(it)
        )?;
    }
    writeln!(session.ui.out())?;
    Ok(())
}

fn rule(session: &mut Session, report: &Report) -> Result<(), CommandError> {
    let heading = session.ui.paint(style::HEADING, "Rule");
    writeln!(session.ui.out(), "{heading}")?;
    let decision = &report.analysis.decision;
    for clause in &decision.clauses {
        let mark = if clause.holds {
            session.ui.paint(style::GOOD, "[x]")
        } else {
            session.ui.paint(style::WARN, "[ ]")
        };
        writeln!(
            session.ui.out(),
            "  {mark} {:<10} {}",
            figures::clause(clause.kind),
            text::visible(&clause.detail)
        )?;
    }
    let how = match decision.verdict {
        Verdict::AWins | Verdict::BWins => style::GOOD,
        Verdict::Invalid | Verdict::GuardrailBroken { .. } => style::BAD,
        _ => style::HEADING,
    };
    let sentence = session.ui.paint(how, &text::visible(&decision.sentence));
    writeln!(session.ui.out(), "\nVerdict: {sentence}")?;
    Ok(())
}
