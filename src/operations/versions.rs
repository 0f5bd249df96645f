//! The versions of one tool.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Refusal, address};
use crate::definition::ToolRef;
use crate::store::tools::StoredTool;
use crate::store::{Connection, lifecycle};

/// A version of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionOf {
    /// The version.
    pub version: String,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// active, deprecated, disabled, testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// The version it was made from.
    pub parent: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last.
    pub updated_by: String,
    /// The name of the tool.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
}

impl VersionOf {
    fn new(tool: &StoredTool, all: &[StoredTool]) -> Self {
        let parent = all.iter().find(|it| Some(it.id) == tool.parent_version_id);
        Self {
            version: tool.version.clone(),
            is_latest: tool.is_latest,
            status: tool.status.clone(),
            enabled: tool.enabled,
            parent: parent.map(|it| it.version.clone()),
            created_at: tool.created_at,
            created_by: tool.created_by.clone(),
            updated_at: tool.updated_at,
            updated_by: tool.updated_by.clone(),
            tool: tool.tool_name.clone(),
            platform: tool.platform.clone(),
        }
    }
}

/// The versions of the tool that the address means, the newest first.
///
/// # Errors
/// [`NotFound`](super::Kind::NotFound) and [`Ambiguous`](super::Kind::Ambiguous).
pub fn run(connection: &mut Connection, tool: &ToolRef) -> Result<Vec<VersionOf>, Refusal> {
    connection.snapshot(|transaction| {
        let tool = address::one(transaction, tool)?;
        let all = lifecycle::versions(transaction, &tool.platform, &tool.tool_name)?;
        Ok(all.iter().map(|it| VersionOf::new(it, &all)).collect())
    })
}
