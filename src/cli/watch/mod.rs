//! `toolcat watch`: the changes of the catalog as they are made.

mod mirror;
mod run_command;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use clap::Args;

use crate::output::{SummaryFormat, text};
use crate::store::StoreError;
use crate::store::audit::Entry;
use crate::store::listen::{Follower, LOOK};

use super::audit::summary;
use super::{CommandError, Outcome, Session};
use mirror::Mirror;

/// Longest pause between two attempts to reconnect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long after the last look at the log it is looked at even though nothing was told.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// Follow the changes of the catalog as they are made
///
/// Ends with Ctrl-C. Reconnects by itself where the connection is lost, and misses nothing: what was
/// changed meanwhile is taken from the audit log.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat watch\n  toolcat watch --format json --since 120\n  \
                        toolcat watch --exec 'jq -r .tool >> changed.txt'\n  \
                        toolcat watch --export definitions/"
)]
pub struct WatchArgs {
    /// Begin after this revision, as in `toolcat log` [default: now]
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(0..))]
    since: Option<i64>,

    /// Run this command for each change, with the change as JSON on its stdin
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,

    /// Keep the definitions in this folder in step, as `export --to-dir` writes them
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,

    /// End after so many changes
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// How to write the changes
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &WatchArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let (interrupt, interrupted) = channel();
    ctrlc::set_handler(move || {
        let _ = interrupt.send(());
    })
    .map_err(|error| CommandError::invalid(format!("cannot watch for Ctrl-C: {error}")))?;
    // Starts the local server and brings the catalog up to date if that is needed.
    drop(session.connect()?);
    let mut follower = Follower::new(&session.target()?.location, args.since);
    let revision = follower.connect()?;
    let mut mirror = match &args.export {
        Some(folder) => Some(Mirror::open(folder, session)?),
        None => None,
    };
    session
        .ui
        .status(&format!("watching from revision {revision}"));
    let mut watch = Watch {
        args,
        left: args.count,
    };
    loop {
        match watch.follow(&mut follower, mirror.as_mut(), &interrupted, session) {
            Ok(()) => return Ok(Outcome::Done),
            Err(Ending::Lost(error)) => {
                session
                    .ui
                    .warn(&format!("{error}; trying to connect again"));
                if !reconnect(&mut follower, &interrupted, session)? {
                    return Ok(Outcome::Done);
                }
                if let Some(mirror) = &mut mirror {
                    mirror.reconnect(session);
                }
            }
            Err(Ending::Failed(error)) => return Err(error),
        }
    }
}

/// Why following ended, other than because it was to.
enum Ending {
    Lost(StoreError),
    Failed(CommandError),
}

impl Ending {
    /// A lost connection can be made again; a catalog that went back stays so.
    fn of(error: StoreError) -> Self {
        match error {
            StoreError::Overtaken(_) => Ending::Failed(error.into()),
            error => Ending::Lost(error),
        }
    }
}

impl From<CommandError> for Ending {
    fn from(error: CommandError) -> Self {
        Ending::Failed(error)
    }
}

impl From<std::io::Error> for Ending {
    fn from(error: std::io::Error) -> Self {
        Ending::Failed(error.into())
    }
}

struct Watch<'a> {
    args: &'a WatchArgs,
    left: Option<u64>,
}

impl Watch<'_> {
    /// Follows until the user ends it or the connection is lost.
    fn follow(
        &mut self,
        follower: &mut Follower,
        mut mirror: Option<&mut Mirror>,
        interrupted: &Receiver<()>,
        session: &mut Session,
    ) -> Result<(), Ending> {
        loop {
            loop {
                let entries = follower.fetch().map_err(Ending::of)?;
                if entries.is_empty() {
                    break;
                }
                if let Some(mirror) = &mut mirror {
                    mirror.follow(&entries, session)?;
                }
                for entry in &entries {
                    self.tell(entry, session)?;
                    if self.is_over() || interrupted.try_recv().is_ok() {
                        return Ok(session.ui.finish()?);
                    }
                }
                session.ui.finish()?;
            }
            let mut quiet = Duration::ZERO;
            loop {
                match interrupted.recv_timeout(LOOK) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
                quiet += LOOK;
                if follower.is_told().map_err(Ending::Lost)? || quiet >= LOOK_ANYWAY {
                    break;
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.left == Some(0)
    }

    fn tell(&mut self, entry: &Entry, session: &mut Session) -> Result<(), Ending> {
        match self.args.format {
            SummaryFormat::Json => session.ui.json(entry)?,
            SummaryFormat::Text => writeln!(session.ui.out(), "{}", line(entry))?,
        }
        if let Some(command) = &self.args.exec {
            // What was told so far comes before what the command writes.
            session.ui.finish()?;
            let json = serde_json::to_string(entry).map_err(std::io::Error::from)?;
            run_command::run(command, &json, session);
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        Ok(())
    }
}

fn line(entry: &Entry) -> String {
    let part = match entry.entity.as_str() {
        "tool" => String::new(),
        entity => format!(" {entity} {}", entry.entity_name),
    };
    let reason = match &entry.reason {
        Some(reason) => format!(" ({reason})"),
        None => String::new(),
    };
    let changes = match summary(&entry.changes) {
        changes if changes.is_empty() => changes,
        changes => format!(": {changes}"),
    };
    let line = format!(
        "{} {} {} {}{part}{changes}{reason}",
        entry.revision,
        entry.changed_by,
        entry.action,
        entry.tool()
    );
    text::visible(&line).into_owned()
}

/// Tries until there is a connection again; no, where the user ends it before.
///
/// # Errors
/// If the catalog went back meanwhile.
fn reconnect(
    follower: &mut Follower,
    interrupted: &Receiver<()>,
    session: &Session,
) -> Result<bool, CommandError> {
    let mut pause = Duration::from_millis(50);
    loop {
        match interrupted.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(false),
        }
        match follower.connect() {
            Ok(_) => {
                session.ui.status("connected again");
                return Ok(true);
            }
            Err(error @ StoreError::Overtaken(_)) => return Err(error.into()),
            Err(_) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
