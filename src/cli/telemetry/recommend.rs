//! `toolcat telemetry recommend`: better estimates, or why there are none.

use clap::Args;
use serde::Serialize;

use super::analyze::MeasureArgs;
use super::scope::ScopeArgs;
use crate::cli::{CommandError, Outcome as Ended, Session};
use crate::expression::Expression;
use crate::operations::recommend;
use crate::operations::telemetry::analyze::{expression, place};
use crate::output::style::{BAD, GOOD, HEADING};
use crate::output::{Column, Format, Record, record, text};
use crate::store::telemetry::{self as store, NewEstimate, Sampling, Scope, Unit};
use crate::store::{Act, Connection};
use crate::telemetry::{self, Measure, Outcome, Recommendation, RefitOptions, Sample};

/// Executions of a pattern that are looked at, at most, where nothing else is asked for.
const SAMPLES: u64 = 20_000;

/// Propose better estimates, or say why not.
///
/// Without a version, the versions in use are looked at.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry recommend df\n  toolcat telemetry recommend df --apply\n  \
                  toolcat telemetry recommend --check 30 --quiet   # exits 1 where a median error is above 30 %"
)]
pub struct RecommendArgs {
    #[command(flatten)]
    measure: MeasureArgs,

    /// Estimate this quantile instead of the median (time) or the mean (cost), such as 0.9
    #[arg(long, value_name = "QUANTILE", value_parser = quantile)]
    quantile: Option<f64>,

    /// Write what is recommended as a new version of the tool
    #[arg(long)]
    apply: bool,

    /// With --apply, say what would be written, and write nothing
    #[arg(long, requires = "apply")]
    dry_run: bool,

    /// Exit with 1 where the median error of an estimate is above this, in percent
    #[arg(long, value_name = "MAX_ERROR", value_parser = error_limit, conflicts_with = "apply")]
    check: Option<f64>,

    /// Most executions of a pattern to look at
    #[arg(long, value_name = "COUNT", default_value_t = SAMPLES, value_parser = clap::value_parser!(u64).range(50..=1_000_000))]
    samples: u64,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    scope: ScopeArgs,
}

fn quantile(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value: &f64| *value > 0.0 && *value < 1.0)
        .ok_or_else(|| "a number between 0 and 1 is needed".to_owned())
}

fn error_limit(text: &str) -> Result<f64, String> {
    let bare = text.strip_suffix('%').unwrap_or(text).trim();
    bare.parse()
        .ok()
        .filter(|value: &f64| value.is_finite() && *value >= 0.0)
        .ok_or_else(|| "an error in percent is needed, such as 30".to_owned())
}

pub fn run(args: &RecommendArgs, session: &mut Session) -> Result<Ended, CommandError> {
    let mut connection = session.connect()?;
    let scope = args.scope.scope(&mut connection)?;
    let answers = answers(args, &mut connection, &scope)?;
    if answers.is_empty() && args.format.is_for_people() {
        session.ui.status("no execution was recorded there");
    } else if args.format.is_for_people() {
        for answer in &answers {
            present(session, args, answer)?;
        }
    } else {
        record::write_list(&mut session.ui, &answers, args.format)?;
    }
    if args.apply {
        return apply(args, session, &mut connection, &answers);
    }
    let Some(limit) = args.check else {
        return Ok(Ended::Done);
    };
    let over: Vec<&Answer> = answers
        .iter()
        .filter(|it| it.median_error_percent.is_some_and(|error| error > limit))
        .collect();
    for answer in &over {
        let error = answer.median_error_percent.unwrap_or_default();
        session.ui.warn(&format!(
            "{} {}: the median error is {error:.1} %, above {limit} %",
            answer.tool, answer.place
        ));
    }
    Ok(match over.is_empty() {
        true => Ended::Done,
        false => Ended::No,
    })
}

/// The answer for one usage pattern.
#[derive(Debug, Serialize)]
struct Answer {
    tool: String,
    capability: Option<String>,
    pattern: Option<String>,
    /// Median |actual - estimate| / estimate of the present estimate, in percent.
    median_error_percent: Option<f64>,
    /// The command that applies it, where there is something to apply.
    apply: Option<String>,
    #[serde(flatten)]
    outcome: Outcome,
    #[serde(skip)]
    place: String,
    #[serde(skip)]
    unit: Unit,
}

/// Refits every pattern in the scope: those with executions and, where a tool is named, all of its patterns.
fn answers(
    args: &RecommendArgs,
    connection: &mut Connection,
    scope: &Scope,
) -> Result<Vec<Answer>, CommandError> {
    let measure = args.measure.measure();
    let named = scope.tools.clone().unwrap_or_default();
    let (units, mut samples) = connection.read_consistently(|connection| {
        let summaries = store::summaries(connection, scope, measure)?;
        let keys: Vec<i64> = summaries.iter().map(|it| it.unit).collect();
        let units = store::units(connection, &keys, &named)?;
        let counts = summaries.iter().map(|it| (it.unit, it.executions));
        let sampling = Sampling::at_most(args.samples, counts);
        let samples = store::samples(connection, scope, &sampling, measure)?;
        Ok((units, samples))
    })?;
    let one_version = args.scope.tool_version.is_some() || named.len() == 1;
    let mut units: Vec<Unit> = units
        .into_values()
        .filter(|unit| unit.pattern.is_some() && (one_version || unit.is_latest))
        .collect();
    units.sort_by_key(|unit| (unit.identity.clone(), unit.key));
    let options = RefitOptions {
        measure,
        quantile: args.quantile,
        ..RefitOptions::default()
    };
    Ok(units
        .into_iter()
        .filter_map(|unit| {
            let samples = samples.remove(&unit.key).unwrap_or_default();
            answer(args, unit, &samples, &options)
        })
        .collect())
}

fn answer(
    args: &RecommendArgs,
    unit: Unit,
    samples: &[Sample],
    options: &RefitOptions,
) -> Option<Answer> {
    let current = Expression::parse(expression(&unit, options.measure)?).ok()?;
    let outcome = telemetry::recommend(samples, &current, options);
    let median_error_percent = match &outcome {
        Outcome::Recommend(it) => Some(it.evidence.current_median_absolute_error_percent),
        Outcome::Refuse(it) => it
            .calibration
            .as_ref()
            .map(|it| it.median_absolute_error_percent),
    };
    let tool = unit.identity.to_string();
    let apply = outcome
        .recommendation()
        .filter(|_| unit.is_latest)
        .map(|_| {
            let mut command = format!("toolcat telemetry recommend {} --apply", quoted(&tool));
            if options.measure == Measure::Cost {
                command.push_str(" --measure cost");
            }
            if let Some(quantile) = args.quantile {
                command.push_str(&format!(" --quantile {quantile}"));
            }
            command
        });
    Some(Answer {
        capability: unit.capability.clone(),
        pattern: unit.pattern.clone(),
        place: place(&unit),
        median_error_percent,
        apply,
        tool,
        outcome,
        unit,
    })
}

/// A word that a shell takes as one.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/@._-+".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn present(
    session: &mut Session,
    args: &RecommendArgs,
    answer: &Answer,
) -> Result<(), CommandError> {
    let ui = &mut session.ui;
    let title = text::visible(&format!("{} {}", answer.tool, answer.place)).into_owned();
    let title = ui.paint(HEADING, &title);
    writeln!(ui.out(), "{title}")?;
    let lines = match &answer.outcome {
        Outcome::Recommend(it) => {
            let verdict = ui.paint(GOOD, "recommended");
            writeln!(ui.out(), "  {verdict}: {}", text::visible(&it.expression))?;
            recommendation(it)
        }
        Outcome::Refuse(it) => {
            let verdict = ui.paint(BAD, "no recommendation");
            writeln!(ui.out(), "  {verdict}: {}", text::visible(&it.message))?;
            let mut lines = vec![("current", it.current.clone())];
            if let Some(error) = answer.median_error_percent {
                lines.push((
                    "median error",
                    format!("{error:.1} % over {}", text::counted(it.records, "record")),
                ));
            }
            lines
        }
    };
    for (label, line) in lines {
        writeln!(ui.out(), "  {label}: {}", text::visible(&line))?;
    }
    if let Some(command) = answer.apply.as_ref().filter(|_| !args.apply) {
        writeln!(ui.out(), "  to apply: {}", text::visible(command))?;
    }
    Ok(())
}

fn recommendation(it: &Recommendation) -> Vec<(&'static str, String)> {
    let range: Vec<String> = it
        .fitted_range
        .iter()
        .map(|it| {
            format!(
                "{} {} to {}",
                it.variable,
                text::number(it.low),
                text::number(it.high)
            )
        })
        .collect();
    let mut lines = vec![("current", it.current.clone()), ("evidence", evidence(it))];
    let constants: Vec<String> = it
        .constants
        .iter()
        .map(|constant| {
            let interval = constant.interval.as_ref().map_or_else(String::new, |it| {
                format!(" ({}-{})", text::number(it.low), text::number(it.high))
            });
            match constant.old {
                Some(old) => format!(
                    "{} -> {}{interval}",
                    text::number(old),
                    text::number(constant.new)
                ),
                None => format!("{}{interval}", text::number(constant.new)),
            }
        })
        .collect();
    lines.push(("constants", constants.join(", ")));
    if !range.is_empty() {
        lines.push(("fitted for", range.join(", ")));
    }
    if it.records_before_change > 0 {
        lines.push((
            "left out",
            format!(
                "{} before the last change",
                text::counted(it.records_before_change, "record")
            ),
        ));
    }
    if !it.constant_variables.is_empty() {
        lines.push(("not varied", it.constant_variables.join(", ")));
    }
    lines
}

/// The evidence in a line.
fn evidence(it: &Recommendation) -> String {
    format!(
        "the median error falls from {:.1} % to {:.1} % over {} in {}-fold cross-validation (p {:.1e}, {})",
        it.evidence.current_median_absolute_error_percent,
        it.evidence.cross_validated_median_absolute_error_percent,
        text::counted(it.evidence.records, "record"),
        it.evidence.folds,
        it.evidence.p,
        it.evidence.test.replace('_', " ")
    )
}

fn apply(
    args: &RecommendArgs,
    session: &mut Session,
    connection: &mut Connection,
    answers: &[Answer],
) -> Result<Ended, CommandError> {
    let estimates: Vec<NewEstimate> = answers
        .iter()
        .filter_map(|answer| {
            let it = answer.outcome.recommendation()?;
            Some(NewEstimate {
                tool_id: answer.unit.tool_id,
                capability: answer.unit.capability.clone()?,
                pattern: answer.unit.pattern.clone()?,
                field: match it.measure {
                    Measure::Time => "time_estimate_ms",
                    Measure::Cost => "cost_estimate",
                },
                expression: it.expression.clone(),
                evidence: format!(
                    "telemetry: {} from `{}` to `{}`: {}",
                    answer.place,
                    it.current,
                    it.expression,
                    evidence(it)
                ),
            })
        })
        .collect();
    if estimates.is_empty() {
        session.ui.status("nothing to apply");
        return Ok(Ended::No);
    }
    let act = Act {
        dry_run: args.dry_run,
        ..session.act()
    };
    let written = recommend::apply(connection, &act, &estimates)?;
    for (from, to) in written {
        let done = if args.dry_run { "would write" } else { "wrote" };
        session.ui.status(&format!("{done} {to}, made from {from}"));
    }
    Ok(Ended::Done)
}

impl Record for Answer {
    const COLUMNS: &'static [Column] = &[
        Column::text("tool"),
        Column::text("pattern"),
        Column::text("outcome"),
    ];

    fn cells(&self) -> Vec<String> {
        let outcome = match &self.outcome {
            Outcome::Recommend(it) => it.expression.clone(),
            Outcome::Refuse(it) => it.message.clone(),
        };
        vec![self.tool.clone(), self.place.clone(), outcome]
    }

    fn name(&self) -> String {
        format!("{} {}", self.tool, self.place)
    }
}
