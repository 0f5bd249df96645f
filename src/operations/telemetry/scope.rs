//! Which executions are meant.

use chrono::{DateTime, Utc};

use crate::definition::ToolRef;
use crate::operations::{Kind, Refusal, Remedy, address};
use crate::store::Connection;
use crate::store::telemetry::Scope;
use crate::store::tools::{self, Filter};

/// Which executions are meant; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Executions {
    /// Of this tool, in the version that the address names or in all; of every tool if none is given.
    pub tool: Option<ToolRef>,
    /// Of this version.
    pub version: Option<String>,
    /// From this time on.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// In this environment.
    pub environment: Option<String>,
}

impl Executions {
    /// The executions as the store knows them.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a time that ends before it begins; [`Kind::NotFound`] and
    /// [`Kind::Ambiguous`] for the tool or its version.
    pub fn scope(&self, connection: &mut Connection) -> Result<Scope, Refusal> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            let message = "the time must begin before it ends";
            return Err(Refusal::new(Kind::Invalid, message));
        }
        Ok(Scope {
            tools: self.versions(connection)?,
            since: self.since,
            until: self.until,
            environment: self.environment.clone(),
        })
    }

    /// The versions meant: the one named, else all of the tool.
    fn versions(&self, connection: &mut Connection) -> Result<Option<Vec<i64>>, Refusal> {
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
            if by_version && self.version.is_none() {
                return Ok(Some(vec![tool.id]));
            }
            filter.tools = vec![reference.clone()];
            filter.platforms = vec![tool.platform.clone()];
            named = Some(tool.tool_name);
        } else if self.version.is_none() {
            return Ok(None);
        }
        let wanted = self.version.as_deref();
        let mut found = connection.read(|connection| tools::list(connection, &filter))?;
        found.retain(|tool| named.as_ref().is_none_or(|name| *name == tool.tool_name));
        let versions: Vec<String> = found.iter().map(|tool| tool.version.clone()).collect();
        found.retain(|tool| wanted.is_none_or(|version| version == tool.version));
        if found.is_empty() {
            let error = Refusal::new(
                Kind::NotFound,
                format!("there is no version `{}`", wanted.unwrap_or_default()),
            );
            return Err(match named {
                Some(name) => {
                    error.remedy(Remedy::Said(format!("{name} has {}", versions.join(", "))))
                }
                None => error,
            });
        }
        Ok(Some(found.into_iter().map(|tool| tool.id).collect()))
    }
}
