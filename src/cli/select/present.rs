//! An answer, for people and for programs.

use serde::Serialize;

use crate::operations::select::Selected;
use crate::output::style::GOOD;
use crate::output::table::Table;
use crate::output::{AnswerFormat, Column, Format, Record, Ui, record, text};
use crate::select::learned::MIN_RECORDS;
use crate::select::search::{Read, Retrieval};
use crate::select::used::Used;
use crate::select::{Answer, Choice};

use super::{CommandError, Session, explain, flags};

/// How many choices are named if nothing fits.
const PERHAPS: usize = 3;

/// How an answer is shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub format: AnswerFormat,
    /// How many choices are listed, 0 for all.
    pub limit: usize,
    /// Whether every candidate is shown with its features.
    pub explain: bool,
    /// Whether the candidates are those of the catalog.
    pub of_catalog: bool,
}

pub fn present(view: View, session: &mut Session, answered: &Selected) -> Result<(), CommandError> {
    if let (Some(used), Some(best)) = (&answered.used, &answered.answer.answer) {
        tell_unknown(&session.ui, used, best);
    }
    if view.format == AnswerFormat::Command {
        return command(session, answered);
    }
    match Format::from(view.format) {
        Format::Json | Format::Jsonl | Format::Yaml => {
            let mut whole = answered.full_json(view.limit);
            flags::add_to(&mut whole, answered.why_not.as_ref());
            record::write_value(&mut session.ui, &whole, view.format.into())?;
        }
        Format::Name => {
            doubts(&session.ui, &answered.answer);
            if let Some(choice) = &answered.answer.answer {
                writeln!(session.ui.out(), "{}", text::visible(&choice.label()))?;
            }
        }
        Format::Csv => {
            let rows: Vec<Row> = answered
                .shown(view.limit)
                .iter()
                .enumerate()
                .map(|(index, choice)| Row::of(index + 1, choice))
                .collect();
            record::write_list(&mut session.ui, &rows, Format::Csv)?;
        }
        Format::Table | Format::Wide => table(view, session, answered)?,
    }
    Ok(())
}

fn tell_unknown(ui: &Ui, used: &Used, best: &Choice) {
    for name in &used.unknown {
        ui.warn(&format!(
            "{} {} has no input `{}`",
            text::visible(&best.tool),
            text::visible(&best.pattern),
            text::visible(name)
        ));
    }
}

/// The command alone, as it is typed. Nothing is printed that is not whole.
fn command(session: &mut Session, answered: &Selected) -> Result<(), CommandError> {
    let Some(best) = &answered.answer.answer else {
        return Ok(());
    };
    let label = text::visible(&best.label()).into_owned();
    let Some(used) = &answered.used else {
        return Err(
            CommandError::invalid(format!("{label} does not say how it is run")).hint(format!(
                "give its definition an `invocation`; `toolcat show {}/{}` shows what it says",
                best.platform, best.tool
            )),
        );
    };
    whole(used, &label)?;
    if !used.unknown.is_empty() {
        return Err(CommandError::invalid(format!(
            "{label} takes no input {}",
            used.unknown.join(", ")
        )));
    }
    let typed = used.typed.clone();
    session.ui.command(&typed)?;
    Ok(())
}

/// Refuses a command with places left open.
pub fn whole(used: &Used, label: &str) -> Result<(), CommandError> {
    if used.missing_inputs.is_empty() {
        return Ok(());
    }
    let flags: Vec<String> = used
        .missing_inputs
        .iter()
        .map(|it| format!("--input {it}=..."))
        .collect();
    Err(
        CommandError::invalid(format!("{label} needs {}", used.missing_inputs.join(", ")))
            .hint(format!("give {}", flags.join(" "))),
    )
}

/// Says what was read otherwise or not understood, and how far the answer is to be trusted.
fn doubts(ui: &Ui, answer: &Answer) {
    let Some(Retrieval {
        words,
        known,
        unknown,
        read,
        ..
    }) = &answer.retrieval
    else {
        return;
    };
    for Read { word, term } in read {
        ui.status(&format!("read `{word}` as `{term}`"));
    }
    if known < words {
        ui.warn(&format!(
            "only {known} of {} known (not {})",
            text::counted(*words, "word"),
            unknown.join(", ")
        ));
    }
    if answer.doubtful {
        ui.warn("the answer is doubtful; say it in other words, or name a capability");
    }
    if let Some(blocked) = &answer.blocked {
        ui.status(&format!(
            "best match: {} {}, set aside: {}",
            text::visible(&blocked.tool),
            text::visible(&blocked.pattern),
            text::visible(&flags::reason(&blocked.reason))
        ));
    }
}

fn table(view: View, session: &mut Session, answered: &Selected) -> Result<(), CommandError> {
    let answer = &answered.answer;
    doubts(&session.ui, answer);
    for inferred in &answered.inferred {
        session.ui.status(&format!(
            "{} is {}, the median of {}",
            inferred.name,
            text::number(inferred.value),
            text::counted(usize::try_from(inferred.records).unwrap_or(0), "record")
        ));
    }
    match &answer.answer {
        None => {
            let why = match answer.candidates {
                0 => "no tool offers that".to_owned(),
                _ if !answer.ranking.is_empty() => match &answer.blocked {
                    Some(_) => "what is left does not do that".to_owned(),
                    None => "nothing fits".to_owned(),
                },
                n => format!("none of {} is eligible", text::counted(n, "candidate")),
            };
            if answer.candidates > 0 || !view.of_catalog || !session.tell_if_empty() {
                session.ui.status(&why);
            }
        }
        Some(best) => headline(&mut session.ui, answered, best)?,
    }
    if view.explain {
        session.ui.page();
        explain::explain(&mut session.ui, answer)?;
    } else {
        let ranking = answered.shown(view.limit);
        if answer.answer.is_none() {
            perhaps(&session.ui, ranking);
        } else if ranking.len() > 1 {
            writeln!(session.ui.out())?;
            ranking_table(&mut session.ui, ranking)?;
        }
        if answer.answer.is_none() && ranking.is_empty() {
            explain::set_aside(&mut session.ui, answer)?;
        } else if !answer.set_aside.is_empty() && answered.why_not.is_none() {
            session.ui.hint(&format!(
                "{} set aside; --explain tells why",
                text::counted(answer.set_aside.len(), "candidate")
            ));
        }
    }
    if let Some(why_not) = &answered.why_not {
        explain::why_not(&mut session.ui, why_not, answer)?;
    }
    if let Some(id) = answered.recorded {
        session.ui.status(&format!("recorded as selection {id}"));
    }
    Ok(())
}

/// What comes nearest, if nothing fits.
fn perhaps(ui: &Ui, ranking: &[Choice]) {
    for choice in ranking.iter().take(PERHAPS) {
        ui.status(&format!("perhaps {}", text::visible(&choice.label())));
    }
}

/// How many examples of the answer are shown.
const EXAMPLES: usize = 2;

/// What the answer rests on, and how it is run.
fn how(ui: &mut Ui, answered: &Selected, best: &Choice) -> Result<(), CommandError> {
    if let Some(learned) = best.learned {
        let runs = text::counted(usize::try_from(learned.records).unwrap_or(0), "run");
        let reliability = learned.reliability;
        let line = if learned.records < MIN_RECORDS {
            format!("  {runs}, too few to learn from; a reliability of {reliability:.3} is assumed")
        } else {
            format!(
                "  {runs}: the expression says {}, corrected by {:.2}; reliability {reliability:.3}",
                text::duration(learned.expression_time_ms),
                learned.time_factor,
            )
        };
        writeln!(ui.out(), "{line}")?;
    }
    if let Some(used) = &answered.used {
        let run = format!("  run: {}", used.typed);
        writeln!(ui.out(), "{}", text::visible(&run))?;
        if !used.missing_inputs.is_empty() {
            let needed = format!("  needs --input {}", used.missing_inputs.join(", "));
            writeln!(ui.out(), "{}", text::visible(&needed))?;
        }
    }
    for example in answered.examples.iter().take(EXAMPLES) {
        let line = format!("  example: {example}");
        writeln!(ui.out(), "{}", text::visible(&line))?;
    }
    if !best.assumed.is_empty() {
        let assumed: Vec<String> = best
            .assumed
            .iter()
            .map(|it| format!("{} = {}", it.name, text::number(it.value)))
            .collect();
        let line = format!(
            "  assumed: {} (--context says otherwise)",
            assumed.join(", ")
        );
        writeln!(ui.out(), "{}", text::visible(&line))?;
    }
    Ok(())
}

fn headline(ui: &mut Ui, answered: &Selected, best: &Choice) -> Result<(), CommandError> {
    let answer = &answered.answer;
    let name = ui.paint(GOOD, &text::visible(&best.label()));
    writeln!(ui.out(), "{name}")?;
    let relevance = best
        .relevance
        .as_ref()
        .map_or_else(String::new, |it| format!(", relevance {:.2}", it.relevance));
    writeln!(
        ui.out(),
        "score {:.3} ({}){relevance}, about {}, cost {}, {}",
        best.score,
        match answered.request.weights {
            Some(_) => "weights as given".to_owned(),
            None => answer.mode.to_string(),
        },
        text::duration(best.estimated_time_ms),
        text::number(best.estimated_cost),
        best.execution_mode.as_str().replace('_', " "),
    )?;
    how(ui, answered, best)?;
    for reason in &best.approval_reasons {
        writeln!(ui.out(), "  approval: {}", text::visible(reason))?;
    }
    for reason in &best.background_reasons {
        writeln!(ui.out(), "  background: {}", text::visible(reason))?;
    }
    for it in answered
        .assigned
        .iter()
        .filter(|it| (&it.platform, &it.tool) == (&best.platform, &best.tool))
    {
        let line = format!(
            "  A/B test {}: {} is in arm {} and gets version {}",
            it.test, it.unit, it.arm, it.version
        );
        writeln!(ui.out(), "{}", text::visible(&line))?;
    }
    if let Some(chosen) = &answered.tie_break {
        writeln!(
            ui.out(),
            "  close call, settled by the tie-break command: {}",
            text::visible(chosen)
        )?;
    } else if let Some(question) = &answer.clarifying_question {
        let line = format!(
            "close call (gap {:.3}): {question}",
            answer.score_gap.unwrap_or_default()
        );
        writeln!(ui.out(), "{}", text::visible(&line))?;
    }
    Ok(())
}

/// The mark of a tool for another operating system than the asker's.
fn away(choice: &Choice) -> &'static str {
    if choice.away { " (away)" } else { "" }
}

fn ranking_table(ui: &mut Ui, ranking: &[Choice]) -> Result<(), CommandError> {
    let by_words = ranking.iter().any(|it| it.relevance.is_some());
    let mut columns = vec![
        Column::text("tool").rank(0),
        Column::text("capability").rank(6),
        Column::text("pattern").rank(1),
        Column::number("score").rank(2),
        Column::number("time").rank(3),
        Column::number("cost").rank(4),
    ];
    if by_words {
        columns.push(Column::number("relevance").rank(5));
    }
    let mut table = Table::new(columns);
    for choice in ranking {
        let mut cells = vec![
            format!("{}/{}{}", choice.platform, choice.tool, away(choice)),
            choice.capability.clone(),
            choice.pattern.clone(),
            format!("{:.3}", choice.score),
            text::duration(choice.estimated_time_ms),
            text::number(choice.estimated_cost),
        ];
        if let Some(relevance) = &choice.relevance {
            cells.push(format!("{:.2}", relevance.relevance));
        }
        table.row(cells.iter().map(String::as_str));
    }
    if let Some(width) = ui.width() {
        table = table.with_room_for(usize::from(width));
    }
    let rendered = table.render(ui);
    // The answer stands in the first line below the titles.
    let mut lines = rendered.lines().enumerate();
    lines.try_for_each(|(index, line)| {
        let line = match index {
            1 => ui.paint(GOOD, line),
            _ => line.to_owned(),
        };
        writeln!(ui.out(), "{line}")
    })?;
    Ok(())
}

/// A line of the ranking as comma-separated values.
#[derive(Debug, Clone, Serialize)]
struct Row {
    rank: usize,
    tool: String,
    platform: String,
    version: String,
    capability: String,
    pattern: String,
    score: f64,
    relevance: Option<f64>,
    combined: Option<f64>,
    time: f64,
    cost: f64,
    complexity: f64,
    accuracy: f64,
    completeness: f64,
    estimated_time_ms: f64,
    estimated_cost: f64,
    execution_mode: &'static str,
    sla_class: &'static str,
    requires_approval: bool,
}

impl Row {
    fn of(rank: usize, choice: &Choice) -> Self {
        let features = choice.features;
        Self {
            rank,
            tool: choice.tool.clone(),
            platform: choice.platform.clone(),
            version: choice.version.clone(),
            capability: choice.capability.clone(),
            pattern: choice.pattern.clone(),
            score: choice.score,
            relevance: choice.relevance.as_ref().map(|it| it.relevance),
            combined: choice.relevance.as_ref().map(|it| it.combined),
            time: features.time,
            cost: features.cost,
            complexity: features.complexity,
            accuracy: features.accuracy,
            completeness: features.completeness,
            estimated_time_ms: choice.estimated_time_ms,
            estimated_cost: choice.estimated_cost,
            execution_mode: choice.execution_mode.as_str(),
            sla_class: choice.sla_class.as_str(),
            requires_approval: choice.requires_approval,
        }
    }
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[];

    fn cells(&self) -> Vec<String> {
        Vec::new()
    }

    fn name(&self) -> String {
        self.tool.clone()
    }
}
