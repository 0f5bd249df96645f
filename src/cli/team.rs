//! `toolcat team`: members who own tools together.

use clap::{Args, Subcommand};

use crate::operations::access::team;
use crate::output::{Column, Format, Record, record, text};
use crate::store::access::teams::TeamMember;

use super::{CommandError, Outcome, Session};

/// Say who owns tools together
#[derive(Debug, Args)]
#[command(
    after_help = "The owner of a tool can be a team: each of its members with the role owner may change the tool.\n\n\
                  Examples:\n  toolcat team add storage alice bob\n  toolcat chown storage --category filesystem\n  \
                  toolcat team remove storage bob"
)]
pub struct TeamArgs {
    #[command(subcommand)]
    command: TeamCommand,
}

#[derive(Debug, Subcommand)]
enum TeamCommand {
    /// Put members into a team, which is made by that
    Add(ChangeArgs),
    /// Take members out of a team
    Remove(ChangeArgs),
    /// List the teams with their members
    List(ListArgs),
}

#[derive(Debug, Args)]
struct ChangeArgs {
    /// The team
    #[arg(value_name = "TEAM")]
    team: String,

    /// Members (can be repeated)
    #[arg(value_name = "MEMBER", required = true)]
    names: Vec<String>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only this team
    #[arg(value_name = "TEAM")]
    team: Option<String>,

    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

impl Record for TeamMember {
    const COLUMNS: &'static [Column] = &[Column::text("team"), Column::text("member")];

    fn cells(&self) -> Vec<String> {
        vec![self.team.clone(), self.principal.clone()]
    }

    fn name(&self) -> String {
        self.principal.clone()
    }
}

pub fn run(args: &TeamArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    match &args.command {
        TeamCommand::Add(args) => {
            let caller = session.caller(args.dry_run);
            let (new, _) = team::add(&mut connection, &caller, &args.team, &args.names)?;
            let done = if args.dry_run { "would add" } else { "added" };
            let count = text::counted(new, "member");
            session
                .ui
                .status(&format!("{done} {count} to team {}", args.team));
        }
        TeamCommand::Remove(args) => {
            let caller = session.caller(args.dry_run);
            let (gone, _) = team::remove(&mut connection, &caller, &args.team, &args.names)?;
            let done = if args.dry_run {
                "would remove"
            } else {
                "removed"
            };
            let count = text::counted(gone, "member");
            session
                .ui
                .status(&format!("{done} {count} from team {}", args.team));
        }
        TeamCommand::List(args) => {
            let found = team::list(&mut connection, args.team.as_deref())?;
            if found.is_empty() && args.format.is_for_people() {
                session.ui.status("no team");
                return Ok(Outcome::Done);
            }
            record::write_list(&mut session.ui, &found, args.format)?;
        }
    }
    Ok(Outcome::Done)
}
