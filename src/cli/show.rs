//! `toolcat show`: one tool, as a page or as its definition.

use clap::Args;

use crate::definition::invocation::{FillError, Values};
use crate::definition::{Document, Pattern, Tool, ToolRef, example_commands};
use crate::expression::{Expression, Variables};
use crate::format;
use crate::output::format::one_of;
use crate::output::style::{DIM, GOOD, HEADING, WARN};
use crate::output::{AnswerFormat, Ui, record, text};
use crate::select::Usage;
use crate::select::used::Used;
use crate::store::tools::StoredTool;

use super::select::{input, whole};
use super::{CommandError, Outcome, Session, moment};
use crate::operations::Refusal;
use crate::operations::past::At;
use crate::operations::show::{self, Shown};

/// What one tool can be shown as.
const FORMATS: &[AnswerFormat] = &[
    AnswerFormat::Table,
    AnswerFormat::Yaml,
    AnswerFormat::Json,
    AnswerFormat::Jsonl,
    AnswerFormat::Command,
];

/// Show one tool.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat show df\n  toolcat show linux/df@1.0 --format yaml\n  toolcat show df --at '2026-01-15 10:30'\n  toolcat show du --pattern folder_totals --input path=/var --format command"
)]
pub struct ShowArgs {
    /// Tool to show: [PLATFORM/]NAME[@VERSION]
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    /// Show it as it was then: a time, a date, how long ago (2h, 3d), or a revision (120)
    #[arg(long, value_name = "TIME|REVISION", value_parser = moment::at)]
    at: Option<At>,

    /// Only this pattern
    #[arg(long, value_name = "[CAPABILITY.]PATTERN")]
    pattern: Option<String>,

    /// Value of an input, filled into the commands (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", value_parser = input)]
    input: Vec<(String, String)>,

    /// How to write it; yaml and json are the definition as it was imported
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT", value_parser = one_of(FORMATS))]
    format: AnswerFormat,
}

pub fn run(args: &ShowArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let Shown {
        stored,
        document,
        revision,
    } = show::run(&mut session.connect()?, &args.tool, args.at)?;
    match args.format {
        AnswerFormat::Command => command(&mut session.ui, &document, args)?,
        AnswerFormat::Yaml => {
            let written = format::write(format::Format::Yaml, &[document])
                .map_err(|error| CommandError::invalid(error.to_string()))?;
            write!(session.ui.out(), "{}", written.text)?;
        }
        other => {
            if !record::write_value(&mut session.ui, &document.to_value(), other.into())? {
                page(&mut session.ui, &stored, &document, revision, args)?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn page(
    ui: &mut Ui,
    stored: &StoredTool,
    document: &Document,
    revision: i64,
    args: &ShowArgs,
) -> Result<(), CommandError> {
    let mut tool = document.to_tool().map_err(crate::store::StoreError::from)?;
    keep_pattern(&mut tool, args)?;
    let values: Values = args.input.iter().cloned().collect();
    ui.page();
    heading(ui, stored, &tool, revision)?;
    for (name, capability) in &tool.capabilities {
        writeln!(ui.out())?;
        ui.paragraph(
            HEADING,
            &format!("{}: ", text::visible(name)),
            2,
            &text::visible(&capability.description),
        )?;
        for (name, definition) in &capability.patterns {
            let run = used(definition, &tool.platform, &values).map_err(Refusal::from)?;
            pattern(ui, name, definition, run.as_ref())?;
        }
    }
    Ok(())
}

/// Drops the patterns that were not asked for.
fn keep_pattern(tool: &mut Tool, args: &ShowArgs) -> Result<(), CommandError> {
    let Some(asked) = &args.pattern else {
        return Ok(());
    };
    for (capability, definition) in &mut tool.capabilities {
        definition
            .patterns
            .retain(|name, _| name == asked || format!("{capability}.{name}") == *asked);
    }
    tool.capabilities.retain(|_, it| !it.patterns.is_empty());
    if tool.capabilities.is_empty() {
        return Err(CommandError::not_found(format!(
            "{} has no pattern `{asked}`",
            tool.identity()
        ))
        .hint(format!("`toolcat show {}` lists its patterns", args.tool)));
    }
    Ok(())
}

/// The command of the one pattern that is meant.
fn command(ui: &mut Ui, document: &Document, args: &ShowArgs) -> Result<(), CommandError> {
    let mut tool = document.to_tool().map_err(crate::store::StoreError::from)?;
    keep_pattern(&mut tool, args)?;
    let patterns: Vec<(String, &Pattern)> = tool
        .capabilities
        .iter()
        .flat_map(|(capability, it)| {
            let patterns = it.patterns.iter();
            patterns.map(move |(name, it)| (format!("{capability}.{name}"), it))
        })
        .collect();
    let [(name, pattern)] = patterns.as_slice() else {
        let names: Vec<&str> = patterns.iter().map(|(name, _)| name.as_str()).collect();
        return Err(CommandError::invalid(format!(
            "{} has {} patterns: {}",
            tool.identity(),
            names.len(),
            names.join(", ")
        ))
        .hint("name one with --pattern"));
    };
    let values: Values = args.input.iter().cloned().collect();
    let label = format!("{} {name}", tool.identity());
    let Some(used) = used(pattern, &tool.platform, &values).map_err(Refusal::from)? else {
        return Err(
            CommandError::invalid(format!("{label} does not say how it is run"))
                .hint("give its definition an `invocation`"),
        );
    };
    whole(&used, &label)?;
    ui.command(&used.typed)?;
    Ok(())
}

fn used(pattern: &Pattern, platform: &str, values: &Values) -> Result<Option<Used>, FillError> {
    Usage::of(pattern).command(platform, values)
}

fn heading(
    ui: &mut Ui,
    stored: &StoredTool,
    tool: &Tool,
    revision: i64,
) -> Result<(), CommandError> {
    let state = match (stored.enabled, stored.status.as_str()) {
        (true, "active") => ui.paint(GOOD, "active"),
        (true, status) => ui.paint(WARN, status),
        (false, status) => ui.paint(WARN, &format!("off ({status})")),
    };
    let latest = if stored.is_latest {
        "latest"
    } else {
        "not the latest"
    };
    let name = ui.paint(HEADING, &text::visible(&tool.tool_name));
    let version = text::visible(&tool.version).into_owned();
    writeln!(ui.out(), "{name} {version} ({latest}), {state}")?;
    ui.paragraph(HEADING, "", 0, &text::visible(&tool.description))?;
    writeln!(ui.out())?;
    let tags: Vec<&str> = tool.tags().collect();
    let links: Vec<&str> = tool
        .metadata
        .get("documentation_url")
        .and_then(|url| url.as_str())
        .into_iter()
        .collect();
    let changed = format!("{} by {}", ui.time(stored.updated_at), stored.updated_by);
    for (label, value) in [
        ("platform", tool.platform.clone()),
        ("category", tool.category.clone()),
        ("tags", tags.join(", ")),
        ("owner", stored.owner.clone().unwrap_or_default()),
        ("changed", changed),
        ("documentation", links.join(", ")),
        ("revision", revision.to_string()),
    ] {
        if !value.is_empty() {
            ui.paragraph(DIM, &format!("{label:<14}"), 14, &text::visible(&value))?;
        }
    }
    Ok(())
}

fn pattern(
    ui: &mut Ui,
    name: &str,
    pattern: &Pattern,
    used: Option<&Used>,
) -> Result<(), CommandError> {
    let lead = format!("  {}  ", text::visible(name));
    ui.paragraph(HEADING, &lead, 4, &text::visible(&pattern.description))?;
    for (label, value) in [
        ("runs", used.map_or_else(String::new, |it| it.typed.clone())),
        (
            "effect",
            pattern.effect.map_or_else(String::new, |it| it.to_string()),
        ),
        ("time", estimate(&pattern.time_estimate_ms, text::duration)),
        ("cost", estimate(&pattern.cost_estimate, text::number)),
        ("complexity", text::number(pattern.complexity_score)),
        (
            "covers",
            format!("{}, {}", pattern.scope, pattern.completeness),
        ),
        ("policy", rules(pattern).join("; ")),
        ("needs", names(&pattern.required_inputs)),
        ("takes", names(&pattern.optional_inputs)),
        ("gives", names(&pattern.expected_outputs)),
        ("used to", pattern.typical_use_cases.join("; ")),
        ("examples", example_commands(&pattern.examples).join("; ")),
    ] {
        if value.is_empty() {
            continue;
        }
        let lead = format!("    {label:<11}");
        let value = text::visible(&value);
        match label {
            // A command is copied as it stands.
            "runs" | "examples" => {
                let lead = ui.paint(DIM, &lead);
                writeln!(ui.out(), "{lead}{value}")?;
            }
            _ => ui.paragraph(DIM, &lead, 15, &value)?,
        }
    }
    Ok(())
}

/// When and by whom a pattern may be run, and what a run demands.
fn rules(pattern: &Pattern) -> Vec<String> {
    let policy = &pattern.policy;
    let run = pattern.invocation.as_ref();
    let list = |what: &str, names: &[String]| {
        (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
    };
    let said = |holds: bool, what: &str| holds.then(|| what.to_owned());
    let condition = policy.requires_background_if.as_ref();
    let rules = [
        said(policy.requires_approval, "needs approval"),
        said(!policy.production_safe, "not for production"),
        list("needs permission", &policy.required_permissions),
        list("only in", &policy.allowed_environments),
        (policy.max_cost).map(|max| format!("costs at most {}", text::number(max))),
        condition.map(|condition| format!("in the background if {condition}")),
        said(run.is_some_and(|it| it.interactive), "needs a terminal"),
        said(run.is_some_and(|it| it.endless), "runs until it is ended"),
    ];
    rules.into_iter().flatten().collect()
}

/// The names of inputs or outputs, which a definition gives as texts or as maps.
fn names(items: &[serde_json::Value]) -> String {
    let name = |item: &'_ serde_json::Value| {
        let name = item.get("name").unwrap_or(item).as_str()?;
        Some(name.to_owned())
    };
    items.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

/// The expression, and its value in the default context where it has one.
fn estimate(source: &str, shown: impl Fn(f64) -> String) -> String {
    let value = Expression::parse(source)
        .ok()
        .filter(Expression::depends_on_inputs)
        .and_then(|expression| expression.evaluate(&Variables::defaults()).ok());
    match value {
        Some(value) => format!("{source}  (N=100: {})", shown(value)),
        None => source.to_owned(),
    }
}
