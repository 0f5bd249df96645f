//! `--explain` and `--why-not`: the whole reckoning, for people.

use crate::output::style::{DIM, HEADING};
use crate::output::table::Table;
use crate::output::{Column, Ui, text};
use crate::select::crossover::{Crossover, Direction};
use crate::select::why_not::{Standing, WhyNot};
use crate::select::{Answer, Choice, Weights};

use super::{CommandError, flags};

/// Columns that a bar of score 1 takes.
const BAR: f64 = 40.0;

/// What each feature's part of a bar is drawn with, in the order of the features.
const PARTS: [char; 5] = ['\u{2588}', '\u{2593}', '\u{2592}', '\u{2591}', '\u{2584}'];

/// How many candidates the chart shows.
const CHARTED: usize = 10;

/// Every candidate with its features, weights and parts of the score, a chart of the best, and what
/// was set aside.
pub fn explain(ui: &mut Ui, answer: &Answer) -> Result<(), CommandError> {
    writeln!(ui.out())?;
    let weights = ui.paint(HEADING, "weights");
    writeln!(ui.out(), "{weights} {}", shown_weights(answer))?;
    if !answer.ranking.is_empty() {
        features(ui, answer)?;
        chart(ui, answer)?;
    }
    set_aside(ui, answer)
}

fn shown_weights(answer: &Answer) -> String {
    let mut shown: Vec<String> = Weights::FEATURES
        .iter()
        .zip(answer.weights.to_array())
        .map(|(feature, weight)| format!("{feature} {}", text::number(weight)))
        .collect();
    if let Some(learned) = answer.answer.as_ref().and_then(|it| it.learned) {
        shown.push(format!(
            "reliability {} of the whole",
            text::number(learned.reliability_weight)
        ));
    }
    if let Some(retrieval) = &answer.retrieval {
        shown.push(format!(
            "relevance {} against the score",
            text::number(retrieval.relevance_weight)
        ));
    }
    shown.join(", ")
}

/// Each feature's value and, after it, its part in the score.
fn features(ui: &mut Ui, answer: &Answer) -> Result<(), CommandError> {
    let by_words = answer.retrieval.is_some();
    let learned = answer.ranking.iter().any(|it| it.learned.is_some());
    let mut columns = vec![
        Column::number(""),
        Column::text("tool"),
        Column::text("capability"),
        Column::text("pattern"),
        Column::number("score"),
    ];
    if by_words {
        columns.extend([Column::number("relevance"), Column::number("combined")]);
    }
    columns.extend(["time", "cost", "simple", "accurate", "complete"].map(Column::number));
    if learned {
        columns.extend([Column::number("reliable"), Column::number("corrected by")]);
    }
    columns.extend([
        Column::number("takes"),
        Column::number("costs"),
        Column::text("runs"),
    ]);
    let mut table = Table::new(columns);
    for (index, choice) in answer.ranking.iter().enumerate() {
        let mut cells = vec![
            (index + 1).to_string(),
            format!("{}/{}@{}", choice.platform, choice.tool, choice.version),
            choice.capability.clone(),
            choice.pattern.clone(),
            format!("{:.3}", choice.score),
        ];
        if let Some(relevance) = &choice.relevance {
            let mark = if relevance.relevant { "" } else { " (low)" };
            cells.push(format!("{:.2}{mark}", relevance.relevance));
            cells.push(format!("{:.3}", relevance.combined));
        }
        cells.extend(
            choice
                .features
                .to_array()
                .into_iter()
                .zip(choice.contributions.to_array())
                .map(|(value, part)| format!("{value:.2} +{part:.3}")),
        );
        if let Some(learned) = choice.learned {
            cells.push(format!(
                "{:.2} +{:.3}",
                learned.reliability, learned.reliability_contribution
            ));
            cells.push(format!("{:.2}", learned.time_factor));
        }
        cells.extend([
            text::duration(choice.estimated_time_ms),
            text::number(choice.estimated_cost),
            choice.execution_mode.as_str().replace('_', " "),
        ]);
        table.row(cells.iter().map(String::as_str));
    }
    let rendered = table.render(ui);
    writeln!(ui.out(), "{rendered}")?;
    Ok(())
}

fn chart(ui: &mut Ui, answer: &Answer) -> Result<(), CommandError> {
    let charted = &answer.ranking[..answer.ranking.len().min(CHARTED)];
    let names: Vec<String> = charted
        .iter()
        .map(|it| text::truncated(&format!("{} {}", it.tool, it.pattern), 32).into_owned())
        .map(|name| text::visible(&name).into_owned())
        .collect();
    let widest = names.iter().map(|it| text::width(it)).max().unwrap_or(0);
    writeln!(ui.out())?;
    for (choice, name) in charted.iter().zip(&names) {
        let pad = " ".repeat(widest.saturating_sub(text::width(name)));
        writeln!(ui.out(), "{name}{pad}  {} {:.3}", bar(choice), choice.score)?;
    }
    let legend: Vec<String> = Weights::FEATURES
        .iter()
        .zip(PARTS)
        .map(|(feature, part)| format!("{part} {feature}"))
        .collect();
    let legend = ui.paint(DIM, &legend.join("  "));
    writeln!(ui.out(), "{}  {legend}", " ".repeat(widest))?;
    Ok(())
}

/// A bar as long as the score, divided as its parts are; rounded so that the parts add up.
fn bar(choice: &Choice) -> String {
    let mut bar = String::new();
    let mut sum = 0.0;
    let mut drawn = 0;
    for (part, value) in PARTS.into_iter().zip(choice.contributions.to_array()) {
        sum += value.max(0.0);
        let end = (sum * BAR).round().clamp(0.0, BAR) as usize;
        bar.extend(std::iter::repeat_n(part, end.saturating_sub(drawn)));
        drawn = drawn.max(end);
    }
    bar
}

/// What was set aside, each with its reason.
pub fn set_aside(ui: &mut Ui, answer: &Answer) -> Result<(), CommandError> {
    if answer.set_aside.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        Column::text("set aside"),
        Column::text("capability"),
        Column::text("pattern"),
        Column::text("why"),
        Column::text("reason"),
    ]);
    for aside in &answer.set_aside {
        table.row([
            format!("{}/{}@{}", aside.platform, aside.tool, aside.version).as_str(),
            &aside.capability,
            &aside.pattern,
            aside.reason.kind.as_str(),
            &flags::reason(&aside.reason),
        ]);
    }
    let rendered = table.render(ui);
    writeln!(ui.out(), "\n{rendered}")?;
    Ok(())
}

/// What kept a tool from being the answer, and what would change that.
pub fn why_not(ui: &mut Ui, why_not: &WhyNot, answer: &Answer) -> Result<(), CommandError> {
    let heading = ui.paint(
        HEADING,
        &format!("why not {}", text::visible(&why_not.tool)),
    );
    writeln!(ui.out(), "\n{heading}")?;
    for line in lines(why_not, answer) {
        writeln!(ui.out(), "  {}", text::visible(&line))?;
    }
    Ok(())
}

fn lines(why_not: &WhyNot, answer: &Answer) -> Vec<String> {
    let mut lines = Vec::new();
    match (why_not.standing, &why_not.best) {
        (Standing::Chosen, _) => lines.push("it is the answer".to_owned()),
        (Standing::NoCandidate, _) => {
            lines.push("it is not a candidate".to_owned());
            lines.extend(why_not.absence.iter().cloned());
        }
        (Standing::SetAside, _) => lines.push("every pattern of it was set aside".to_owned()),
        (Standing::Behind, Some(placed)) => {
            lines.push(format!(
                "{} is number {} of {}, {:.3} behind",
                placed.choice.label(),
                placed.rank,
                answer.ranking.len(),
                why_not.gap.unwrap_or_default()
            ));
            if let Some(relevance) = placed.choice.relevance.as_ref().filter(|it| !it.relevant) {
                lines.push(format!(
                    "its relevance of {:.2} is too low to compete by its score",
                    relevance.relevance
                ));
            }
        }
        (Standing::Behind, None) => {}
    }
    for part in why_not.parts.iter().filter(|it| it.gap.abs() >= 0.0005) {
        let which = if part.gap > 0.0 { "behind" } else { "ahead" };
        let needed = part.needed.map_or_else(String::new, |value| {
            format!("; level with a value of {value:.2}")
        });
        lines.push(format!(
            "{}: {:.3} {which}{}",
            part.feature,
            part.gap.abs(),
            if part.gap > 0.0 {
                needed
            } else {
                String::new()
            }
        ));
    }
    for aside in &why_not.set_aside {
        lines.push(format!(
            "{} {} is set aside: {}",
            aside.capability,
            aside.pattern,
            flags::reason(&aside.reason)
        ));
    }
    for remedy in &why_not.remedies {
        let flags = flags::flags(&remedy.lifts);
        lines.push(match remedy.rank {
            Some(1) => format!("wins with {flags}"),
            Some(rank) => format!("number {rank} with {flags}"),
            None => format!("still set aside with {flags}"),
        });
    }
    for mode in &why_not.modes {
        lines.push(format!("wins with --mode {mode}"));
    }
    lines.extend(why_not.crossovers.iter().map(crossover));
    if matches!(why_not.standing, Standing::Behind | Standing::SetAside)
        && why_not.crossovers.is_empty()
    {
        lines.push("no value of a context variable alone makes it win".to_owned());
    }
    lines
}

fn crossover(it: &Crossover) -> String {
    let (sign, back) = match it.direction {
        Direction::Above => (">", "<"),
        Direction::Below => ("<", ">"),
    };
    let until = it.until.map_or_else(String::new, |value| {
        format!(", while {} {back} {}", it.variable, amount(value))
    });
    let now = it
        .now
        .map_or_else(String::new, |value| format!(" (now {})", amount(value)));
    format!(
        "wins once {} {sign} {}{until}{now}",
        it.variable,
        amount(it.value)
    )
}

/// A value for people: thousands apart if it is whole, all digits that matter otherwise.
fn amount(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
        text::grouped(value as usize)
    } else if value.abs() >= 1.0 {
        text::number(value)
    } else {
        format!("{value:.6}")
    }
}
