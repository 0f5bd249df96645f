//! Arguments that say which executions are meant.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::CommandError;
use crate::cli::moment;
use crate::definition::ToolRef;
use crate::operations::address;
use crate::store::Connection;
use crate::store::telemetry::Scope;
use crate::store::tools::{self, Filter};

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
    /// The scope of the store.
    ///
    /// # Errors
    /// Where the tool does not exist, or can be several ones.
    pub fn scope(&self, connection: &mut Connection) -> Result<Scope, CommandError> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            return Err(CommandError::invalid("--since must be before --until"));
        }
        Ok(Scope {
            tools: self.versions(connection)?,
            since: self.since,
            until: self.until,
            environment: self.environment.clone(),
        })
    }

    /// The versions meant: the one named, else all of the tool.
    fn versions(&self, connection: &mut Connection) -> Result<Option<Vec<i64>>, CommandError> {
        let mut filter = Filter {
            all_versions: true,
            ..Filter::default()
        };
        let mut named = None;
        if let Some(reference) = &self.tool {
            let tool = address::find(connection, reference)?;
            let by_version = reference.readings().iter().any(|reading| {
                reading.name == tool.tool_name && reading.version == Some(tool.version.as_str())
            });
            if by_version && self.tool_version.is_none() {
                return Ok(Some(vec![tool.id]));
            }
            filter.tools = vec![reference.clone()];
            filter.platforms = vec![tool.platform.clone()];
            named = Some(tool.tool_name);
        } else if self.tool_version.is_none() {
            return Ok(None);
        }
        let wanted = self.tool_version.as_deref();
        let mut found = connection.read(|connection| tools::list(connection, &filter))?;
        found.retain(|tool| named.as_ref().is_none_or(|name| *name == tool.tool_name));
        let versions: Vec<String> = found.iter().map(|tool| tool.version.clone()).collect();
        found.retain(|tool| wanted.is_none_or(|version| version == tool.version));
        if found.is_empty() {
            let error = CommandError::not_found(format!(
                "there is no version `{}`",
                wanted.unwrap_or_default()
            ));
            return Err(match named {
                Some(name) => error.hint(format!("{name} has {}", versions.join(", "))),
                None => error,
            });
        }
        Ok(Some(found.into_iter().map(|tool| tool.id).collect()))
    }
}
