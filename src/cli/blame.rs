//! `toolcat blame`: who gave each field of a definition its value.

use clap::Args;

use crate::definition::ToolRef;
use crate::operations::blame::{self, Blamed};
use crate::output::{Column, Record, text};

use super::table::TableArgs;
use super::{CommandError, Outcome, Session, changes};

/// Show who gave each field of a definition its value, when and why
///
/// A value that a new version took over from the version before is shown with the revision that first gave it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat blame df\n  toolcat blame df --field time_estimate_ms\n  \
                        toolcat blame linux/df@1.0 --sort -revision --format json"
)]
pub struct BlameArgs {
    /// Tool to look at: [PLATFORM/]NAME[@VERSION]
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    /// Only this field and what is below it: status, policy, policy.max_cost, ...
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,

    #[command(flatten)]
    table: TableArgs,
}

pub fn run(args: &BlameArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut fields = blame::run(&mut session.connect()?, &args.tool)?;
    if let Some(wanted) = &args.field {
        fields.retain(|it| holds(&it.field, wanted));
        if fields.is_empty() {
            let message = format!("{} has no field `{wanted}`", args.tool);
            let hint = format!("`toolcat blame {}` shows all", args.tool);
            return Err(CommandError::not_found(message).hint(hint));
        }
    }
    args.table.write(session, fields, None)?;
    Ok(Outcome::Done)
}

/// Whether the keys of `wanted` stand one after the other in the path.
fn holds(path: &str, wanted: &str) -> bool {
    format!(".{path}.").contains(&format!(".{wanted}."))
}

impl Record for Blamed {
    const COLUMNS: &'static [Column] = &[
        Column::number("revision").rank(0),
        Column::time("time").rank(2),
        Column::text("actor").rank(3),
        Column::text("field").rank(1),
        Column::text("value").prose().rank(4),
        Column::text("reason").prose().rank(5),
        Column::text("since").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.origin.revision.to_string(),
            text::time(self.origin.changed_at),
            self.origin.changed_by.clone(),
            self.field.clone(),
            changes::value(&self.value),
            self.origin.reason.clone().unwrap_or_default(),
            self.tool.clone(),
        ]
    }

    fn name(&self) -> String {
        self.field.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_field_is_named_by_its_last_keys_or_by_those_above() {
        let path = "capabilities.usage.patterns.all.policy.max_cost";
        for wanted in [
            "policy",
            "policy.max_cost",
            "max_cost",
            "patterns.all",
            path,
        ] {
            assert!(holds(path, wanted), "{wanted}");
        }
        for wanted in ["cost", "max", "policy.cost", "all.max_cost"] {
            assert!(!holds(path, wanted), "{wanted}");
        }
    }
}
