//! `toolcat member`: who may do what in the catalog.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::operations::access::Role;
use crate::operations::access::member::{self, Revision};
use crate::output::{Column, Format, Record, record, text};
use crate::store::access::members::{Member, NewMember};

use super::{CommandError, Outcome, Session};

/// Say who may do what in the catalog
#[derive(Debug, Args)]
#[command(
    after_help = "Without members nothing is checked: a catalog of one's own stays as it is. The owner of the \
                  catalog's schema is always an admin.\n\n\
                  Roles: admin changes everything; owner changes the tools that belong to them or their teams; \
                  viewer changes nothing.\n\n\
                  Examples:\n  toolcat member add ada --role admin\n  toolcat member add ci --role viewer --record\n  \
                  toolcat member role ada owner"
)]
pub struct MemberArgs {
    #[command(subcommand)]
    command: MemberCommand,
}

#[derive(Debug, Subcommand)]
enum MemberCommand {
    /// Add a member
    Add(AddArgs),
    /// List the members
    List(ListArgs),
    /// Remove members, with their places in teams; their tokens are revoked
    Remove(RemoveArgs),
    /// Change what a member may
    Role(RoleArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Database role, or whom a delegate speaks for
    #[arg(value_name = "NAME")]
    name: String,

    /// What the member may: viewer, owner or admin
    #[arg(long, value_name = "ROLE", value_parser = role())]
    role: Role,

    /// Let a viewer record executions and assign units
    #[arg(long)]
    record: bool,

    /// Let its database role speak for others, as that of a server does
    #[arg(long)]
    delegate: bool,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Args)]
struct RemoveArgs {
    /// Members to remove (can be repeated)
    #[arg(value_name = "MEMBER", required = true)]
    names: Vec<String>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct RoleArgs {
    /// The member
    #[arg(value_name = "MEMBER")]
    name: String,

    /// What the member may: viewer, owner or admin [default: as before]
    #[arg(value_name = "ROLE", value_parser = role())]
    role: Option<Role>,

    /// Whether a viewer may record executions and assign units [default: as before]
    #[arg(long, value_name = "BOOL")]
    record: Option<bool>,

    /// Whether its database role speaks for others [default: as before]
    #[arg(long, value_name = "BOOL")]
    delegate: Option<bool>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Reads a role, and lets shells complete it.
pub fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str)).try_map(|it| it.parse::<Role>())
}

impl Record for Member {
    const COLUMNS: &'static [Column] = &[
        Column::text("member"),
        Column::text("role"),
        Column::text("records"),
        Column::text("speaks for others"),
        Column::text("since").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let yes = |it: bool| if it { "yes" } else { "" }.to_owned();
        vec![
            self.principal.clone(),
            self.role.clone(),
            yes(self.record || self.role != Role::Viewer.as_str()),
            yes(self.delegate),
            text::time(self.created_at),
        ]
    }

    fn name(&self) -> String {
        self.principal.clone()
    }
}

pub fn run(args: &MemberArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    match &args.command {
        MemberCommand::Add(args) => {
            let new = NewMember {
                principal: args.name.clone(),
                role: args.role,
                record: args.record,
                delegate: args.delegate,
            };
            let caller = session.caller(args.dry_run);
            let (made, _) = member::add(&mut connection, &caller, &new)?;
            let done = if args.dry_run { "would add" } else { "added" };
            session.ui.status(&format!("{done} {}", described(&made)));
        }
        MemberCommand::List(args) => {
            let members = member::list(&mut connection)?;
            if members.is_empty() && args.format.is_for_people() {
                session.ui.status("no members: nothing is checked");
                return Ok(Outcome::Done);
            }
            record::write_list(&mut session.ui, &members, args.format)?;
        }
        MemberCommand::Remove(args) => {
            member::remove(&mut connection, &session.caller(args.dry_run), &args.names)?;
            let done = if args.dry_run {
                "would remove"
            } else {
                "removed"
            };
            session
                .ui
                .status(&format!("{done} {}", args.names.join(", ")));
        }
        MemberCommand::Role(args) => {
            let revision = Revision {
                principal: args.name.clone(),
                role: args.role,
                record: args.record,
                delegate: args.delegate,
            };
            let caller = session.caller(args.dry_run);
            let (made, _) = member::revise(&mut connection, &caller, &revision)?;
            let done = if args.dry_run { "would make" } else { "made" };
            session.ui.status(&format!("{done} {}", described(&made)));
        }
    }
    Ok(Outcome::Done)
}

fn described(member: &Member) -> String {
    let mut said = format!("{}: {}", member.principal, member.role);
    if member.record && member.role == Role::Viewer.as_str() {
        said.push_str(", who may record");
    }
    if member.delegate {
        said.push_str(", who speaks for others");
    }
    said
}
