//! `toolcat diff`: files, versions and catalogs compared, field by field.

use clap::Args;

use crate::definition::ToolRefError;
use crate::format;
use crate::operations::Refusal;
use crate::operations::diff::{self, Difference, Side};
use crate::operations::past::At;
use crate::output::style::{BAD, GOOD, HINT};
use crate::output::{Format, SummaryFormat, record, text};

use super::{CommandError, Outcome, Session, changes, moment, validate};

/// Compare files, versions and catalogs, field by field
#[derive(Debug, Args)]
#[command(
    after_help = "A side is a file or folder, a tool ([PLATFORM/]NAME[@VERSION]), or a catalog \
                        (`catalog:` for the present one, `catalog:NAME`).\n\
                        Exits with 1 if there are differences.\n\nExamples:\n  \
                        toolcat diff definitions/ catalog:\n  \
                        toolcat diff df@1.0 df@1.1\n  \
                        toolcat diff df --at 120\n  \
                        toolcat diff --at yesterday\n  \
                        toolcat diff catalog:staging catalog:production --format json"
)]
pub struct DiffArgs {
    /// What to compare
    #[arg(value_name = "A", required_unless_present = "at")]
    a: Option<String>,

    /// What to compare it with
    #[arg(value_name = "B", required_unless_present = "at")]
    b: Option<String>,

    /// Compare A as it was then: a time, a date, how long ago (2h, 3d), or a revision (120); without B with A as
    /// it is now, and without either the whole catalog
    #[arg(long, value_name = "TIME|REVISION", value_parser = moment::at)]
    at: Option<At>,

    /// Compare every version, not only the latest of each tool
    #[arg(long)]
    all_versions: bool,

    /// How to write the differences
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &DiffArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let a = args.a.as_deref().unwrap_or("catalog:");
    let b = args.b.as_deref().unwrap_or(a);
    let (a, b) = (parse(a)?, parse(b)?);
    let backend = || session.backend().map_err(Refusal::from);
    let differences = diff::run(&backend, &a, &b, args.all_versions, args.at)?;
    present(args, session, &differences)?;
    Ok(match differences.is_empty() {
        true => Outcome::Done,
        false => Outcome::No,
    })
}

/// What a side is: a catalog by its prefix, files if they are there, else a tool.
fn parse(text: &str) -> Result<Side, CommandError> {
    if let Some(name) = text.strip_prefix("catalog:") {
        return Ok(match name {
            "" => Side::Catalog(None),
            name => Side::Catalog(Some(name.parse().map_err(CommandError::invalid)?)),
        });
    }
    let pattern = text.contains(['*', '?', '[', '{']);
    if text == "-" || pattern || std::path::Path::new(text).exists() {
        let inputs = format::collect(&[text]).map_err(validate::input_error)?;
        return Ok(Side::Files(inputs));
    }
    text.parse()
        .map(Side::Tool)
        .map_err(|error: ToolRefError| CommandError::invalid(error.to_string()))
}

fn present(
    args: &DiffArgs,
    session: &mut Session,
    differences: &[Difference],
) -> Result<(), CommandError> {
    if args.format == SummaryFormat::Json {
        let whole = serde_json::json!({ "differences": differences });
        record::write_value(&mut session.ui, &whole, Format::Json)?;
        return Ok(());
    }
    session.ui.page();
    for it in differences {
        let (a, b) = (
            it.a.as_deref().unwrap_or_default(),
            it.b.as_deref().unwrap_or_default(),
        );
        let line = match it.kind {
            "added" => session.ui.paint(GOOD, &format!("+ {}", text::visible(b))),
            "removed" => session.ui.paint(BAD, &format!("- {}", text::visible(a))),
            _ if a == b => session.ui.paint(HINT, &format!("~ {}", text::visible(a))),
            _ => {
                let names = format!("~ {} -> {}", text::visible(a), text::visible(b));
                session.ui.paint(HINT, &names)
            }
        };
        writeln!(session.ui.out(), "{line}")?;
        changes::write(&mut session.ui, &it.changes)?;
    }
    session.ui.finish()?;
    session.ui.status(&match differences.len() {
        0 => "no differences".to_owned(),
        n => format!("{} in {}", "differences", text::counted(n, "tool")),
    });
    Ok(())
}
