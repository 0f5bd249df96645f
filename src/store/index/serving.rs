//! The versions that active A/B tests give to a caller, put in the place of the versions in use.

use diesel::PgConnection;
use serde::Serialize;

use super::load::load_version;
use crate::select::{Candidate, Pool, Scope};
use crate::store::StoreError;
use crate::store::ab_tests::assign::serving;
use crate::store::ab_tests::{Caller, Serving};

/// What an A/B test decided about a candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assigned {
    /// Name of the test.
    pub test: String,
    /// `A` or `B`.
    pub arm: String,
    /// The user or execution that it was decided for.
    pub unit: String,
    /// The tool.
    pub tool: String,
    /// Its platform.
    pub platform: String,
    /// The version that this unit gets.
    pub version: String,
    /// The whole assignment, to be kept.
    #[serde(skip)]
    pub serving: Serving,
}

/// Puts the versions that the caller's tests assign in the place of the versions in use. Only tools
/// that are candidates are touched.
///
/// # Errors
/// Those of the database.
pub fn assign(
    connection: &mut PgConnection,
    caller: Caller<'_>,
    scope: &Scope,
    pool: &mut Pool,
) -> Result<Vec<Assigned>, StoreError> {
    let mut assigned = Vec::new();
    for serving in serving(connection, caller)? {
        let same_tool =
            |it: &Candidate| it.platform == serving.platform && it.tool == serving.tool_name;
        if !pool.candidates().any(same_tool) {
            continue;
        }
        let in_use = |it: &Candidate| same_tool(it) && it.version == serving.version;
        if !pool.candidates().any(in_use) {
            let served = load_version(connection, serving.tool_id)?;
            let mut candidates = Vec::new();
            for (capability, entry) in &served {
                if scope.capabilities.is_empty() || scope.capabilities.contains(capability) {
                    candidates.extend(entry.candidates(capability)?);
                }
            }
            pool.replace(same_tool, candidates);
        }
        assigned.push(Assigned {
            test: serving.test.clone(),
            arm: serving.arm.clone(),
            unit: serving.unit.clone(),
            tool: serving.tool_name.clone(),
            platform: serving.platform.clone(),
            version: serving.version.clone(),
            serving,
        });
    }
    Ok(assigned)
}
