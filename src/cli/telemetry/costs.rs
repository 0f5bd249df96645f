//! `toolcat telemetry costs`: costs and times, added up.

use clap::{Args, ValueEnum};

use super::scope::ScopeArgs;
use crate::cli::{CommandError, Outcome, Session};
use crate::output::{Column, Format, Record, record, text};
use crate::store::telemetry::{self as store, GroupBy, Total};

/// Add up costs and times.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat telemetry costs --by tool --since 30d\n  \
                        toolcat telemetry costs --by user,day --format csv"
)]
pub struct CostsArgs {
    /// What to add up for: tool, user, environment, day (comma-separated, can be repeated)
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "tool"
    )]
    by: Vec<By>,

    /// How to write the totals
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    scope: ScopeArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Each tool, all versions together
    Tool,
    /// Each user
    User,
    /// Each environment
    Environment,
    /// Each day, in UTC
    Day,
}

pub fn run(args: &CostsArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let scope = args.scope.scope(&mut connection)?;
    let by: Vec<GroupBy> = args
        .by
        .iter()
        .map(|by| match by {
            By::Tool => GroupBy::Tool,
            By::User => GroupBy::User,
            By::Environment => GroupBy::Environment,
            By::Day => GroupBy::Day,
        })
        .collect();
    let totals = connection.read(|connection| store::totals(connection, &scope, &by))?;
    record::write_list(&mut session.ui, &totals, args.format)?;
    Ok(Outcome::Done)
}

impl Record for Total {
    const COLUMNS: &'static [Column] = &[
        Column::text("tool"),
        Column::text("user"),
        Column::text("environment"),
        Column::text("day"),
        Column::number("runs"),
        Column::number("success"),
        Column::number("cost"),
        Column::number("per success"),
        Column::number("time"),
        Column::number("with cost").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let count = |n: i64| text::grouped(usize::try_from(n).unwrap_or_default());
        vec![
            or_dash(&self.tool),
            or_dash(&self.user),
            or_dash(&self.environment),
            or_dash(&self.day),
            count(self.executions),
            count(self.successes),
            text::number(self.cost),
            self.cost_per_success
                .map_or_else(|| "-".to_owned(), text::number),
            text::duration(self.time_ms),
            count(self.with_cost),
        ]
    }

    fn name(&self) -> String {
        let parts = [&self.day, &self.tool, &self.user, &self.environment];
        let parts: Vec<&str> = parts.iter().filter_map(|part| part.as_deref()).collect();
        parts.join(" ")
    }
}
