//! Arguments that say which executions are meant.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::CommandError;
use crate::cli::moment;
use crate::definition::ToolRef;
use crate::operations::telemetry::Executions;
use crate::store::Connection;
use crate::store::telemetry::Scope;

/// Which executions are meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Executions")]
pub struct ScopeArgs {
    /// Tool, as [PLATFORM/]NAME[@VERSION] [default: all tools]
    pub tool: Option<ToolRef>,

    /// Only executions from this time on, such as 2026-01-31 (local), 12h or 7d (ago)
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    pub since: Option<DateTime<Utc>>,

    /// Only executions before this time
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    pub until: Option<DateTime<Utc>>,

    /// Only executions in this environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,

    /// Only executions of this version of the tool [default: every version]
    #[arg(long = "version", value_name = "VERSION")]
    pub tool_version: Option<String>,
}

impl ScopeArgs {
    /// The executions that the arguments describe.
    pub fn executions(&self) -> Executions {
        Executions {
            tool: self.tool.clone(),
            version: self.tool_version.clone(),
            since: self.since,
            until: self.until,
            environment: self.environment.clone(),
        }
    }

    /// The same as the store knows them.
    ///
    /// # Errors
    /// As [`Executions::scope`].
    pub fn scope(&self, connection: &mut Connection) -> Result<Scope, CommandError> {
        Ok(self.executions().scope(connection)?)
    }
}
