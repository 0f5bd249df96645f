//! `toolcat validate`: every problem of every definition, at its place.

mod fix;

use clap::Args;

use crate::format::{self, Collected, Format};
use crate::operations::validate::against_catalog;
use crate::output::style::HEADING;
use crate::output::text;
use crate::validate::render::{ReportFormat, render};
use crate::validate::{Options, UnknownRule, check, check_only, explain, pass_over, rules};

use super::{CommandError, Outcome, Session};

/// Check definitions, and report every problem at its place.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat validate definitions/\n  \
                  toolcat validate --strict --deny lint/placeholder 'catalog/**/*.yaml'\n  \
                  toolcat validate --format sarif definitions > findings.sarif\n  \
                  toolcat validate --explain schema/required\n\n\
                  Exit codes: 0 clean, 1 findings, 2 unreadable input or wrong use.")]
pub struct ValidateArgs {
    /// Files, folders or globs to check; - is stdin
    #[arg(required_unless_present = "explain", value_name = "PATH")]
    paths: Vec<String>,

    /// Pass over the files that this matches, as a line of .gitignore (can be repeated)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Format to read [default: found by itself]
    #[arg(long, value_name = "FORMAT")]
    from_format: Option<Format>,

    /// How to report: text, json, jsonl, github, sarif, junit [default: text, github under GITHUB_ACTIONS]
    #[arg(long, short = 'o', value_name = "FORMAT")]
    format: Option<ReportFormat>,

    /// Turn a rule off, or a group such as lint (can be repeated)
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,

    /// Let a rule's findings count as errors (can be repeated)
    #[arg(long, value_name = "RULE")]
    deny: Vec<String>,

    /// Let warnings count
    #[arg(long)]
    strict: bool,

    /// Check also against the catalog: versions that exist there with other content
    #[arg(long)]
    against_catalog: bool,

    /// Make the safe fixes: quotes, older layouts, the order of keys; stdin is fixed to stdout
    #[arg(long)]
    fix: bool,

    /// Show the safe fixes as a diff; without --fix they are not made
    #[arg(long)]
    diff: bool,

    /// Show every finding as text, not only the first hundred
    #[arg(long)]
    all: bool,

    /// Tell what a rule is for, with a good and a bad example; `all` lists the rules
    #[arg(long, value_name = "RULE", conflicts_with = "paths")]
    explain: Option<String>,
}

pub fn run(args: &ValidateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    if let Some(rule) = &args.explain {
        return tell(rule, session);
    }
    let mut options = options(args, session)?;
    let Collected { mut inputs, found } =
        format::collect_without(&args.paths, &args.exclude).map_err(input_error)?;
    if args.fix || args.diff {
        let wish = fix::Wish {
            apply: args.fix,
            show: args.diff,
        };
        return fix::run(&inputs, args.from_format, wish, session);
    }
    let mut report = match args.against_catalog {
        true => check(&inputs, &options),
        false => check_only(&inputs, &options),
    };
    let passed_over = pass_over(&mut report, &found);
    for line in &passed_over.told {
        session.ui.status(line);
    }
    inputs.retain(|it| !passed_over.files.contains(&it.to_string()));
    if args.against_catalog {
        against_catalog(&mut session.connect()?, &mut report)?;
    }
    let format = args.format.unwrap_or_else(default_format);
    let files: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    let colour = session.ui.color();
    if format == ReportFormat::Text {
        session.ui.page();
        options.shown = (!args.all).then_some(SHOWN);
    }
    let out = session.ui.out();
    render(out, format, &report, &files, &options, colour)?;
    let more = report
        .diagnostics
        .len()
        .saturating_sub(options.shown.unwrap_or(usize::MAX));
    if more > 0 {
        session
            .ui
            .hint(&format!("and {} more (--all)", text::grouped(more)));
    }
    if report.unreadable() {
        session.ui.finish()?;
        return Err(CommandError::invalid("not every file could be read"));
    }
    Ok(if report.fails(&options) {
        Outcome::No
    } else {
        Outcome::Done
    })
}

/// How many findings are shown as text.
const SHOWN: usize = 100;

fn options(args: &ValidateArgs, session: &Session) -> Result<Options, CommandError> {
    let mut options = Options::default();
    options.from = args.from_format;
    let config = &session.config.validate;
    options.strict = args.strict || config.strict;
    for rule in config.allow.iter().chain(&args.allow) {
        options.allow(rule).map_err(|error| unknown_rule(&error))?;
    }
    for rule in config.deny.iter().chain(&args.deny) {
        options.deny(rule).map_err(|error| unknown_rule(&error))?;
    }
    Ok(options)
}

fn unknown_rule(error: &UnknownRule) -> CommandError {
    CommandError::invalid(error.to_string())
        .hint("`toolcat validate --explain all` lists the rules")
}

fn default_format() -> ReportFormat {
    match std::env::var("GITHUB_ACTIONS") {
        Ok(value) if value == "true" => ReportFormat::Github,
        _ => ReportFormat::Text,
    }
}

/// What a rule is for.
fn tell(name: &str, session: &mut Session) -> Result<Outcome, CommandError> {
    if name == "all" {
        for rule in rules::ALL {
            writeln!(session.ui.out(), "{:<32}{}", rule.id, rule.severity)?;
        }
        return Ok(Outcome::Done);
    }
    let rule = explain(name).ok_or_else(|| {
        let names = rules::ALL.iter().map(|rule| rule.id);
        let hint = match crate::expression::nearest(name, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "`toolcat validate --explain all` lists the rules".to_owned(),
        };
        CommandError::invalid(format!("there is no rule `{name}`")).hint(hint)
    })?;
    let title = session.ui.paint(HEADING, rule.id);
    let out = session.ui.out();
    writeln!(out, "{title} ({})\n\n{}", rule.severity, rule.about)?;
    for (label, example) in [("Bad", rule.bad), ("Good", rule.good)] {
        if !example.is_empty() {
            writeln!(out, "\n{label}:\n")?;
            for line in example.lines() {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(Outcome::Done)
}

/// A path that cannot be read.
pub fn input_error(error: format::Error) -> CommandError {
    CommandError::invalid(error.to_string())
}
