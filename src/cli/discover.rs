//! `toolcat discover`: what is installed on this machine, against the catalog.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use inquire::{InquireError, MultiSelect};

use crate::operations::discover::{self, Found, Kind, Machine, State};
use crate::output::{Column, Record, text};

use super::table::TableArgs;
use super::{CommandError, ErrorKind, Outcome, Session, files, generate};

/// Find what is installed here, and what of it the catalog knows
///
/// Programs on the PATH that have a manual page, services and timers of systemd, and jobs of cron are compared with the
/// latest versions of the catalog: known, unknown, or gone, where a tool runs a program that is not here. Nothing is run.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat discover --state unknown --kind command\n  \
                  toolcat discover --state gone --format csv\n  toolcat discover --draft drafts rsync jq\n  \
                  toolcat discover --draft drafts --from-help mytool"
)]
pub struct DiscoverArgs {
    /// Only what has one of these names
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Only what stands so to the catalog (can be repeated)
    #[arg(long, value_enum, value_name = "STATE")]
    state: Vec<StateArg>,

    /// Only things of this kind (can be repeated)
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Vec<KindArg>,

    /// Programs without a manual page as well
    #[arg(long)]
    all: bool,

    /// Write a draft of each unknown program that is named, or chosen from a list, to this folder
    #[arg(long, value_name = "DIR")]
    draft: Option<PathBuf>,

    /// Run those that have no manual page with --help, for their drafts
    #[arg(long, requires = "draft")]
    from_help: bool,

    #[command(flatten)]
    table: TableArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StateArg {
    /// Here, and not in the catalog
    Unknown,
    /// In the catalog, and not here
    Gone,
    /// Here and in the catalog
    Known,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindArg {
    /// A program on the PATH
    Command,
    /// A service of systemd
    Service,
    /// A timer of systemd
    Timer,
    /// A job of cron
    Cron,
}

impl From<State> for StateArg {
    fn from(state: State) -> Self {
        match state {
            State::Unknown => StateArg::Unknown,
            State::Gone => StateArg::Gone,
            State::Known => StateArg::Known,
        }
    }
}

impl From<Kind> for KindArg {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Command => KindArg::Command,
            Kind::Service => KindArg::Service,
            Kind::Timer => KindArg::Timer,
            Kind::Cron => KindArg::Cron,
        }
    }
}

pub fn run(args: &DiscoverArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let machine = Machine::this(&std::env::var("USER").unwrap_or_default());
    // Who names a program wants it, with a manual page or without.
    let all = args.all || !args.names.is_empty();
    let mut found = discover::run(&mut session.connect()?, &machine, all)?;
    let counts = [State::Unknown, State::Gone, State::Known]
        .map(|state| (state, found.iter().filter(|it| it.state == state).count()));
    found.retain(|it| {
        (args.names.is_empty() || args.names.contains(&it.name))
            && (args.state.is_empty() || args.state.contains(&it.state.into()))
            && (args.kind.is_empty() || args.kind.contains(&it.kind.into()))
    });
    if let Some(folder) = &args.draft {
        return drafts(args, session, folder, found);
    }
    let for_people = args.table.format.is_for_people();
    args.table.write(session, found, None)?;
    if for_people && args.names.is_empty() {
        let counts =
            counts.map(|(state, count)| format!("{} {}", text::grouped(count), state.as_str()));
        session.ui.status(&counts.join(", "));
    }
    Ok(Outcome::Done)
}

/// Writes the drafts of those that are named or chosen; the answer is no where one could not be made.
fn drafts(
    args: &DiscoverArgs,
    session: &mut Session,
    folder: &Path,
    mut found: Vec<Found>,
) -> Result<Outcome, CommandError> {
    for name in &args.names {
        if !found.iter().any(|it| it.name == *name) {
            let message = format!("there is no program `{name}` here");
            return Err(CommandError::not_found(message)
                .hint("`toolcat discover --all` lists what is here"));
        }
    }
    found.retain(|it| it.state == State::Unknown && it.kind == Kind::Command && is_plain(&it.name));
    if args.names.is_empty() {
        found = chosen(session, found)?;
    }
    if found.is_empty() {
        session
            .ui
            .status("nothing to draft: only unknown programs are drafted");
        return Ok(Outcome::Done);
    }
    let mut outcome = Outcome::Done;
    for it in &found {
        if let Err(error) = draft(args, session, folder, it) {
            session
                .ui
                .warn(&format!("no draft of {}: {}", it.name, error.message));
            outcome = Outcome::No;
        }
    }
    Ok(outcome)
}

fn draft(
    args: &DiscoverArgs,
    session: &mut Session,
    folder: &Path,
    found: &Found,
) -> Result<(), CommandError> {
    let path = PathBuf::from(format!("{}.yaml", found.name));
    files::refuse_to_replace(&folder.join(&path)).map_err(|error| CommandError {
        hint: None,
        ..error
    })?;
    let origin = match (found.manual, args.from_help) {
        (true, _) => generate::Origin::Manual(found.name.clone()),
        (false, true) => generate::Origin::Help(format!("{} --help", found.name)),
        (false, false) => {
            let message = "it has no manual page; --from-help runs it with --help";
            return Err(CommandError::invalid(message));
        }
    };
    let yaml = generate::drafted(&origin, session)?;
    files::write_below(folder, &path, &yaml)?;
    session
        .ui
        .status(&format!("wrote {}", folder.join(&path).display()));
    Ok(())
}

/// Whether a shell and the manual take the name for itself.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn chosen(session: &Session, found: Vec<Found>) -> Result<Vec<Found>, CommandError> {
    if !session.ui.can_ask() || found.is_empty() {
        return Err(
            CommandError::invalid("--draft needs the names of the programs")
                .hint("`toolcat discover --state unknown --kind command --format name` lists them"),
        );
    }
    let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    let picked = MultiSelect::new("Which programs are drafted?", names).raw_prompt();
    let picked = picked.map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            CommandError::new(ErrorKind::Interrupted, "nothing was drafted")
        }
        other => CommandError::invalid(other.to_string()),
    })?;
    Ok(picked.iter().map(|it| found[it.index].clone()).collect())
}

impl Record for Found {
    const COLUMNS: &'static [Column] = &[
        Column::text("state").rank(1),
        Column::text("kind").rank(2),
        Column::text("name").rank(0),
        Column::text("tool").rank(3),
        Column::text("description").prose().rank(4),
        Column::text("path").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.state.as_str().to_owned(),
            self.kind.as_str().to_owned(),
            self.name.clone(),
            self.tool.clone().unwrap_or_default(),
            self.description.clone().unwrap_or_default(),
            self.path.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
