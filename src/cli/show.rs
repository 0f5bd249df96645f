//! `toolcat show`: one tool, as a page or as its definition.

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, ValueEnum};

use crate::definition::{Document, Pattern, Tool, ToolRef};
use crate::expression::{Expression, Variables};
use crate::format;
use crate::output::style::{DIM, GOOD, HEADING, WARN};
use crate::output::{Ui, text};
use crate::store::tools::{self, StoredTool};
use crate::store::{Connection, replay};

use super::resolve::{keep_exact, one_tool};
use super::{CommandError, Outcome, Session, moment};

/// Show one tool.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat show df\n  toolcat show linux/df@1.0 --format yaml\n  toolcat show df --at '2026-01-15 10:30'"
)]
pub struct ShowArgs {
    /// Tool to show: [PLATFORM/]NAME[@VERSION]
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    /// Show it as it was then: a time, a date, how long ago (2h, 3d), or a revision as @120
    #[arg(long, value_name = "TIME", value_parser = at)]
    at: Option<At>,

    /// How to write it; yaml and json are the definition as it was imported
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ShowFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ShowFormat {
    /// A page for people
    #[default]
    Page,
    /// The definition as YAML
    Yaml,
    /// The definition as JSON
    Json,
}

/// A state of the catalog that is gone by.
#[derive(Debug, Clone, Copy)]
enum At {
    Time(DateTime<Utc>),
    Revision(i64),
}

fn at(text: &str) -> Result<At, String> {
    match text.strip_prefix('@') {
        Some(number) => number
            .parse()
            .map(At::Revision)
            .map_err(|_| format!("`{text}` is no revision: expected one like @120")),
        None => moment::parse(text).map(At::Time),
    }
}

pub fn run(args: &ShowArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let (stored, document, revision) = match args.at {
        Some(at) => earlier(&mut connection, &args.tool, at)?,
        None => {
            let stored = one_tool(&mut connection, &args.tool)?;
            let revision = connection.read(tools::revision)?;
            let document = connection.definition(&stored)?;
            (stored, document, revision)
        }
    };
    match args.format {
        ShowFormat::Page => page(&mut session.ui, &stored, &document, revision)?,
        ShowFormat::Yaml => {
            let written = format::write(format::Format::Yaml, &[document])
                .map_err(|error| CommandError::invalid(error.to_string()))?;
            write!(session.ui.out(), "{}", written.text)?;
        }
        ShowFormat::Json => {
            let text =
                serde_json::to_string_pretty(&document.to_value()).map_err(std::io::Error::from)?;
            writeln!(session.ui.out(), "{text}")?;
        }
    }
    Ok(Outcome::Done)
}

/// The tool as it was, from the audit log.
fn earlier(
    connection: &mut Connection,
    reference: &ToolRef,
    at: At,
) -> Result<(StoredTool, Document, i64), CommandError> {
    let names: Vec<&str> = reference.readings().iter().map(|it| it.name).collect();
    let (revision, now, mut found) = connection.snapshot(|connection| {
        let now = tools::revision(connection)?;
        let revision = match at {
            At::Time(time) => replay::revision_at(connection, time)?.unwrap_or(0),
            At::Revision(revision) => revision,
        };
        let found = replay::state_at(connection, revision, &names)?;
        Ok((revision, now, found))
    })?;
    if revision > now {
        return Err(CommandError::not_found(format!(
            "there is no revision {revision} yet: the catalog is at revision {now}"
        )));
    }
    let meant = |tool: &StoredTool| {
        reference.readings().iter().any(|reading| {
            reading.name == tool.tool_name
                && reading.platform.is_none_or(|it| it == tool.platform)
                && reading
                    .version
                    .map_or(tool.is_latest, |it| it == tool.version)
        })
    };
    found.retain(|(tool, _)| meant(tool));
    keep_exact(reference, &mut found, |(tool, _)| tool.identity());
    match found.len() {
        1 => {
            let (stored, document) = found.remove(0);
            Ok((stored, document, revision))
        }
        0 => Err(CommandError::not_found(format!(
            "there was no tool `{reference}` then, at revision {revision}"
        ))
        .hint(format!("`toolcat audit {reference}` shows its changes"))),
        _ => {
            let names: Vec<String> = found
                .iter()
                .map(|(tool, _)| tool.identity().to_string())
                .collect();
            Err(CommandError::invalid(format!(
                "`{reference}` can mean {} tools: {}",
                names.len(),
                names.join(", ")
            ))
            .hint(format!("name the platform, as in `{}`", names[0])))
        }
    }
}

fn page(
    ui: &mut Ui,
    stored: &StoredTool,
    document: &Document,
    revision: i64,
) -> Result<(), CommandError> {
    let tool = document.to_tool().map_err(crate::store::StoreError::from)?;
    heading(ui, stored, &tool, revision)?;
    for (name, capability) in &tool.capabilities {
        writeln!(ui.out())?;
        let name = ui.paint(HEADING, &text::visible(name));
        writeln!(
            ui.out(),
            "{name}: {}",
            text::visible(&capability.description)
        )?;
        for (name, definition) in &capability.patterns {
            pattern(ui, name, definition)?;
        }
    }
    Ok(())
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
    writeln!(ui.out(), "{}", text::visible(&tool.description))?;
    writeln!(ui.out())?;
    let tags: Vec<&str> = tool.tags().collect();
    let links: Vec<&str> = tool
        .metadata
        .get("documentation_url")
        .and_then(|url| url.as_str())
        .into_iter()
        .collect();
    let changed = format!(
        "{} by {}",
        stored.updated_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        stored.updated_by
    );
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
            let label = ui.paint(DIM, &format!("{label:<14}"));
            writeln!(ui.out(), "{label}{}", text::visible(&value))?;
        }
    }
    Ok(())
}

fn pattern(ui: &mut Ui, name: &str, pattern: &Pattern) -> Result<(), CommandError> {
    let name = ui.paint(HEADING, &text::visible(name));
    writeln!(
        ui.out(),
        "  {name}  {}",
        text::visible(&pattern.description)
    )?;
    let policy = &pattern.policy;
    let mut rules = Vec::new();
    if policy.requires_approval {
        rules.push("needs approval".to_owned());
    }
    if !policy.production_safe {
        rules.push("not for production".to_owned());
    }
    if !policy.required_permissions.is_empty() {
        rules.push(format!(
            "needs permission {}",
            policy.required_permissions.join(", ")
        ));
    }
    if !policy.allowed_environments.is_empty() {
        rules.push(format!(
            "only in {}",
            policy.allowed_environments.join(", ")
        ));
    }
    if let Some(max) = policy.max_cost {
        rules.push(format!("costs at most {}", text::number(max)));
    }
    if let Some(condition) = &policy.requires_background_if {
        rules.push(format!("in the background if {condition}"));
    }
    let inputs = |items: &[serde_json::Value]| {
        items
            .iter()
            .filter_map(|item| {
                item.get("name")
                    .and_then(|it| it.as_str())
                    .or(item.as_str())
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let run = pattern.invocation.as_ref();
    let demands = [
        (run.is_some_and(|it| it.interactive), "needs a terminal"),
        (run.is_some_and(|it| it.endless), "runs until it is ended"),
    ];
    rules.extend(
        demands
            .into_iter()
            .filter(|it| it.0)
            .map(|it| it.1.to_owned()),
    );
    for (label, value) in [
        ("runs", run.map_or_else(String::new, ToString::to_string)),
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
        ("policy", rules.join("; ")),
        ("needs", inputs(&pattern.required_inputs)),
        ("takes", inputs(&pattern.optional_inputs)),
        ("gives", inputs(&pattern.expected_outputs)),
        ("used to", pattern.typical_use_cases.join("; ")),
    ] {
        if !value.is_empty() {
            let label = ui.paint(DIM, &format!("{label:<11}"));
            writeln!(ui.out(), "    {label}{}", text::visible(&value))?;
        }
    }
    Ok(())
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
