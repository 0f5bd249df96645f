//! `toolcat telemetry analyze`: executions against the estimates.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::scope::ScopeArgs;
use crate::cli::{CommandError, Outcome, Session};
use crate::operations::telemetry::analyze::{self, Analysed};
use crate::output::style::{HEADING, WARN};
use crate::output::{Column, Format, Record, Ui, plot, record, text};
use crate::report::figures::{measured, percent, rating};
use crate::report::{findings as found, telemetry as pages};
use crate::telemetry::{AnalyzeOptions, Measure};

/// Compare executions with the estimates.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat telemetry analyze --since 7d\n  \
                  toolcat telemetry analyze df --environment production --format json\n  \
                  toolcat telemetry analyze df --html df.html")]
pub struct AnalyzeArgs {
    #[command(flatten)]
    measure: MeasureArgs,

    /// Write one self-contained page with charts as well; - is stdout
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Most executions of a pattern that a fit looks at [default: 500 to 4000]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(50..=1_000_000))]
    samples: Option<u64>,

    /// How to write the analysis
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    scope: ScopeArgs,
}

/// What is compared.
#[derive(Debug, Clone, Default, Args)]
pub struct MeasureArgs {
    /// What to compare with its estimate
    #[arg(long, value_enum, default_value_t, value_name = "MEASURE")]
    measure: MeasureName,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum MeasureName {
    /// Milliseconds, of executions that succeeded
    #[default]
    Time,
    /// Cost, of all executions
    Cost,
}

impl MeasureArgs {
    /// The measure.
    pub fn measure(&self) -> Measure {
        match self.measure {
            MeasureName::Time => Measure::Time,
            MeasureName::Cost => Measure::Cost,
        }
    }
}

pub fn run(args: &AnalyzeArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let scope = args.scope.scope(&mut connection)?;
    let options = AnalyzeOptions {
        measure: args.measure.measure(),
        ..AnalyzeOptions::default()
    };
    let analysed = analyze::run(&mut connection, &scope, &options, args.samples)?;
    if let Some(file) = &args.html {
        let made = session.made(&mut connection)?;
        let page = pages::page(&analysed, options.measure, &made);
        if file.as_os_str() == "-" {
            session.ui.out().write_all(page.as_bytes())?;
            return Ok(Outcome::Done);
        }
        std::fs::write(file, page).map_err(|error| {
            CommandError::invalid(format!("cannot write {}: {error}", file.display()))
        })?;
        session.ui.status(&format!("wrote {}", file.display()));
    }
    if analysed.is_empty() && args.format.is_for_people() {
        session.ui.status("no execution was recorded there");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &analysed, args.format)?;
    if args.format.is_for_people() {
        for one in &analysed {
            findings(&mut session.ui, one)?;
        }
    }
    Ok(Outcome::Done)
}

impl Record for Analysed {
    const COLUMNS: &'static [Column] = &[
        Column::text("tool"),
        Column::text("pattern"),
        Column::number("runs"),
        Column::text("success"),
        Column::number("p50"),
        Column::number("p90"),
        Column::number("p95"),
        Column::number("p99"),
        Column::text("actual/estimate"),
        Column::text("drift"),
        Column::text("spread"),
        Column::text("trend"),
        Column::number("within 25%").wide(),
        Column::number("outliers").wide(),
        Column::number("cost").wide(),
        Column::text("rating").wide(),
        Column::text("expression").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let analysis = &self.analysis;
        let value = |value: f64| measured(value, analysis.measure);
        let at = |pick: fn(&crate::telemetry::Percentiles) -> f64| {
            analysis
                .percentiles
                .as_ref()
                .map_or_else(dash, |it| value(pick(it)))
        };
        let current = analysis.current();
        vec![
            self.tool.clone(),
            self.place(),
            text::grouped(analysis.records),
            analysis.success.as_ref().map_or_else(dash, |it| {
                format!(
                    "{}% ({}-{})",
                    percent(it.rate),
                    percent(it.interval.low),
                    percent(it.interval.high)
                )
            }),
            at(|it| it.p50),
            at(|it| it.p90),
            at(|it| it.p95),
            at(|it| it.p99),
            current.map_or_else(dash, |it| {
                let (ratio, interval) = it.ratio();
                match interval {
                    Some(it) => format!("{ratio:.2} ({:.2}-{:.2})", it.low, it.high),
                    None => format!("{ratio:.2}"),
                }
            }),
            match (analysis.drift, analysis.changes.len()) {
                (true, 0) => "yes".to_owned(),
                (true, n) => format!("yes, {}", text::counted(n, "change")),
                (false, 0) => "no".to_owned(),
                (false, n) => format!("no, {}", text::counted(n, "change")),
            },
            plot::histogram(
                &analysis
                    .histogram
                    .iter()
                    .map(|it| it.count)
                    .collect::<Vec<_>>(),
            ),
            plot::sparkline(
                &analysis
                    .sparkline
                    .iter()
                    .map(|it| it.median_ratio)
                    .collect::<Vec<_>>(),
            ),
            current.map_or_else(dash, |it| percent(it.share_within_25_percent)),
            text::grouped(analysis.outlier_count),
            self.cost.map_or_else(dash, text::number),
            self.ratings.as_ref().map_or_else(dash, rating),
            self.expression.clone().unwrap_or_else(dash),
        ]
    }

    fn name(&self) -> String {
        format!("{} {}", self.tool, self.place())
    }
}

fn dash() -> String {
    "-".to_owned()
}

/// What is worth a look, below the table; nothing if nothing is.
fn findings(ui: &mut Ui, one: &Analysed) -> Result<(), CommandError> {
    let lines = found::lines(one);
    if lines.is_empty() {
        return Ok(());
    }
    let title = text::visible(&format!("{} {}", one.tool, one.place())).into_owned();
    let title = ui.paint(HEADING, &title);
    writeln!(ui.out(), "\n{title}")?;
    for (label, line) in lines {
        let label = ui.paint(WARN, label);
        writeln!(ui.out(), "  {label}: {}", text::visible(&line))?;
    }
    Ok(())
}
