//! `toolcat rollback`: an earlier version of a tool into use.

use clap::Args;

use crate::definition::{ToolRef, Version};
use crate::output::text;
use crate::store::lifecycle;
use crate::store::tools::{self, StoredTool};

use super::resolve::one_tool;
use super::selection::ActFormat;
use super::{CommandError, Outcome, Session};

/// Take an earlier version of a tool into use; nothing is deleted
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat rollback df\n  toolcat rollback linux/df --to 1.0 --dry-run"
)]
pub struct RollbackArgs {
    /// Tool to roll back: [PLATFORM/]NAME
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    /// Version to take into use [default: the parent of the present one]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,

    /// Roll back even while an A/B test runs on the tool
    #[arg(long)]
    force: bool,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Accepted for scripts; a rollback destroys nothing and does not ask
    #[arg(long, short)]
    yes: bool,

    /// How to write what was done
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ActFormat,
}

pub fn run(args: &RollbackArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let named = one_tool(&mut connection, &args.tool)?;
    let plain = |name: &str| {
        name == named.tool_name || name == format!("{}/{}", named.platform, named.tool_name)
    };
    if !plain(args.tool.as_str()) {
        return Err(CommandError::invalid(format!(
            "`{}` names a version, and a rollback is of the whole tool; nothing was changed",
            args.tool
        ))
        .hint(format!(
            "`toolcat rollback {}/{} --to {}` takes that version into use",
            named.platform, named.tool_name, named.version
        )));
    }
    let versions = connection
        .read(|connection| lifecycle::versions(connection, &named.platform, &named.tool_name))?;
    let present = versions
        .iter()
        .find(|tool| tool.is_latest)
        .ok_or_else(|| CommandError::not_found(format!("`{}` has no latest version", args.tool)))?;
    let target = target(args, present, &versions)?;
    let act = crate::store::Act {
        dry_run: args.dry_run,
        action: Some("rolled_back"),
        ..session.act()
    };
    let (revision, running) = connection.write(&act, |connection| {
        let before = tools::revision(connection)?;
        let ids: Vec<i64> = versions.iter().map(|tool| tool.id).collect();
        let running: Vec<String> = lifecycle::ties(connection, &ids)?
            .into_iter()
            .flat_map(|it| it.running)
            .collect();
        let refused = !running.is_empty() && !args.force;
        if !refused && target.id != present.id {
            lifecycle::roll_back(connection, present, target)?;
        }
        Ok((tools::revision_after(connection, &act, before)?, running))
    })?;
    if let (Some(test), false) = (running.first(), args.force) {
        return Err(CommandError::conflict(format!(
            "the A/B test `{test}` is running on {}/{}; nothing was changed",
            present.platform, present.tool_name
        ))
        .hint(format!(
            "end the test first: `toolcat abtest conclude {test}` or `toolcat abtest cancel {test}`; or add --force"
        )));
    }
    report(args, session, present, target, revision)
}

/// The version to be taken into use.
fn target<'a>(
    args: &RollbackArgs,
    present: &StoredTool,
    versions: &'a [StoredTool],
) -> Result<&'a StoredTool, CommandError> {
    let listed = || {
        let names: Vec<&str> = versions.iter().map(|it| it.version.as_str()).collect();
        format!("its versions are {}", names.join(", "))
    };
    if let Some(version) = &args.to {
        return versions
            .iter()
            .find(|it| it.version == *version)
            .ok_or_else(|| {
                CommandError::not_found(format!(
                    "{}/{} has no version {version}",
                    present.platform, present.tool_name
                ))
                .hint(listed())
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
            CommandError::not_found(format!(
                "{} has no earlier version to go back to",
                present.identity()
            ))
            .hint(listed())
        })
}

fn report(
    args: &RollbackArgs,
    session: &mut Session,
    from: &StoredTool,
    to: &StoredTool,
    revision: i64,
) -> Result<Outcome, CommandError> {
    let changed = from.id != to.id;
    if args.format == ActFormat::Json {
        let done = serde_json::json!({
            "action": "rolled_back",
            "tool": from.tool_name,
            "platform": from.platform,
            "from": from.version,
            "to": to.version,
            "changed": changed,
            "revision": revision,
            "dry_run": args.dry_run,
        });
        writeln!(session.ui.out(), "{done}")?;
        return Ok(Outcome::Done);
    }
    let tool = format!("{}/{}", from.platform, from.tool_name);
    let line = match (changed, args.dry_run) {
        (false, _) => format!("{} is the latest version already", to.identity()),
        (true, true) => format!(
            "would roll back {tool} from {} to {}",
            from.version, to.version
        ),
        (true, false) => format!("rolled back {tool} from {} to {}", from.version, to.version),
    };
    writeln!(session.ui.out(), "{}", text::visible(&line))?;
    Ok(Outcome::Done)
}
