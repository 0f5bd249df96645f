//! An earlier version of a tool into use.

use serde::Serialize;

use super::{Caller, Kind, Refusal, Remedy, Writes, address, change_or_tell};
use crate::definition::{ToolRef, Version};
use crate::store::Connection;
use crate::store::lifecycle;
use crate::store::tools::StoredTool;

/// What is to be rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The tool, named without a version.
    pub tool: ToolRef,
    /// The version to take into use; else the parent of the present one.
    pub to: Option<String>,
    /// Whether a running A/B test does not stand in the way.
    pub force: bool,
}

/// What was rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RolledBack {
    /// As the audit log calls it.
    pub action: &'static str,
    /// The tool.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// The version that was in use.
    pub from: String,
    /// The version that is in use now.
    pub to: String,
    /// Whether these are two.
    pub changed: bool,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    pub revision: i64,
    /// Whether it was undone at the end.
    pub dry_run: bool,
}

/// What the audit log calls it.
const ACTION: &str = "rolled_back";

/// Takes another version of a tool into use; no definition is written.
///
/// # Errors
/// [`Kind::NotFound`] and [`Kind::Ambiguous`] for the address, [`Kind::NotFound`] for the version,
/// [`Kind::Invalid`] if the address names a version, [`Kind::Conflict`] while an A/B test runs on the tool.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<RolledBack, Refusal> {
    let (done, revision) =
        change_or_tell(connection, caller, Some(ACTION), |transaction, writes| {
            let named = address::one(transaction, &request.tool)?;
            without_version(&request.tool, &named)?;
            let versions = lifecycle::versions(transaction, &named.platform, &named.tool_name)?;
            let present = versions.iter().find(|it| it.is_latest).ok_or_else(|| {
                Refusal::new(
                    Kind::NotFound,
                    format!("`{}` has no latest version", request.tool),
                )
            })?;
            let target = target(request, present, &versions)?;
            if !request.force {
                let ids: Vec<i64> = versions.iter().map(|tool| tool.id).collect();
                refuse_tests(present, &lifecycle::ties(transaction, &ids)?, true)?;
            }
            if target.id != present.id && writes == Writes::Yes {
                lifecycle::roll_back(transaction, present, target)?;
            }
            Ok((present.clone(), target.clone()))
        })?;
    let (present, target) = done;
    Ok(RolledBack {
        action: ACTION,
        changed: present.id != target.id,
        tool: present.tool_name,
        platform: present.platform,
        from: present.version,
        to: target.version,
        revision,
        dry_run: caller.dry_run,
    })
}

/// Refuses an address that names a version.
fn without_version(reference: &ToolRef, named: &StoredTool) -> Result<(), Refusal> {
    let address = format!("{}/{}", named.platform, named.tool_name);
    if [named.tool_name.as_str(), &address].contains(&reference.as_str()) {
        return Ok(());
    }
    let message = format!(
        "`{reference}` names a version, and a rollback is of the whole tool; nothing was changed"
    );
    Err(
        Refusal::new(Kind::Invalid, message).remedy(Remedy::RollBackTo {
            tool: address,
            version: named.version.clone(),
        }),
    )
}

/// Refuses to take another version into use while an A/B test runs on the tool; `or_force` says whether the caller
/// can insist.
pub(super) fn refuse_tests(
    present: &StoredTool,
    ties: &[lifecycle::Ties],
    or_force: bool,
) -> Result<(), Refusal> {
    let Some(test) = ties.iter().flat_map(|it| &it.running).next() else {
        return Ok(());
    };
    let message = format!(
        "the A/B test `{test}` is running on {}/{}; nothing was changed",
        present.platform, present.tool_name
    );
    Err(
        Refusal::new(Kind::Conflict, message).remedy(Remedy::EndTest {
            test: test.clone(),
            or_force,
        }),
    )
}

/// The version to be taken into use.
fn target<'a>(
    request: &Request,
    present: &StoredTool,
    versions: &'a [StoredTool],
) -> Result<&'a StoredTool, Refusal> {
    let missing = |message: String| {
        let names = versions.iter().map(|it| it.version.clone()).collect();
        Refusal::new(Kind::NotFound, message).remedy(Remedy::ChooseVersion(names))
    };
    if let Some(version) = &request.to {
        return versions
            .iter()
            .find(|it| it.version == *version)
            .ok_or_else(|| {
                missing(format!(
                    "{}/{} has no version {version}",
                    present.platform, present.tool_name
                ))
            });
    }
    let before = || {
        versions
            .iter()
            .find(|it| Version::new(&it.version) < Version::new(&present.version))
    };
    versions
        .iter()
        .find(|it| Some(it.id) == present.parent_version_id)
        .or_else(before)
        .ok_or_else(|| {
            missing(format!(
                "{} has no earlier version to go back to",
                present.identity()
            ))
        })
}
