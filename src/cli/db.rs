//! `toolcat db`: the local database server, and backups of a catalog.

mod backup;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};

use crate::cluster::{Cluster, State};
use crate::output::text;
use crate::store::contents;

use super::{CommandError, Outcome, Session};

/// Manage the local database server, back a catalog up
#[derive(Debug, Args)]
pub struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Start the local server, making it if there is none
    Start,
    /// Stop the local server
    Stop {
        /// How long to wait for it, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        timeout: u64,
    },
    /// Show the local server; exit code 1 where it does not run
    Status {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the URL of the database in use, without a password
    Url,
    /// Open psql on the catalog
    Psql {
        /// Arguments for psql
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "ARG"
        )]
        args: Vec<String>,
    },
    /// Write the whole catalog to a file: definitions, telemetry, tests and the audit log
    Backup(backup::BackupArgs),
    /// Fill an empty catalog from such a file
    Restore(backup::RestoreArgs),
    /// Take the local database to the newest PostgreSQL that is installed
    Upgrade,
    /// Stop the local server and remove all of its data
    Destroy {
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub fn run(args: &DbArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match &args.command {
        DbCommand::Start => {
            let cluster = local(session)?;
            let started = cluster.start(&mut |notice| session.ui.status(&notice.to_string()))?;
            let said = if started {
                "started"
            } else {
                "already running"
            };
            session.ui.status(said);
            Ok(Outcome::Done)
        }
        DbCommand::Stop { timeout } => {
            let cluster = local(session)?;
            let stopped = cluster.stop(Duration::from_secs(*timeout), &mut |notice| {
                session.ui.status(&notice.to_string());
            })?;
            session
                .ui
                .status(if stopped { "stopped" } else { "not running" });
            Ok(Outcome::Done)
        }
        DbCommand::Status { json } => status(session, *json),
        DbCommand::Url => {
            let target = session.target()?;
            let url = match &target.cluster {
                Some(cluster) => cluster.url(),
                None => target.location.to_string(),
            };
            writeln!(session.ui.out(), "{url}")?;
            Ok(Outcome::Done)
        }
        DbCommand::Psql { args } => psql(session, args),
        DbCommand::Backup(args) => backup::backup(args, session),
        DbCommand::Restore(args) => backup::restore(args, session),
        DbCommand::Upgrade => upgrade(session),
        DbCommand::Destroy { yes } => destroy(session, *yes),
    }
}

/// The old data goes when the new server holds the same, table by table.
fn upgrade(session: &mut Session) -> Result<Outcome, CommandError> {
    let cluster = local(session)?;
    let catalog = session.catalog()?;
    let upgraded = cluster.upgrade(
        &mut |notice| session.ui.status(&notice.to_string()),
        &mut |urls| contents::compare(urls, &catalog),
    )?;
    if upgraded.is_some() {
        cluster.start(&mut |notice| session.ui.status(&notice.to_string()))?;
    }
    session.ui.status(&match upgraded {
        Some([from, to]) => format!(
            "upgraded from PostgreSQL {from} to {to}; settings changed by hand in postgresql.conf are not carried over"
        ),
        None => "there is nothing to upgrade: no data, or no newer PostgreSQL is installed".to_owned(),
    });
    Ok(Outcome::Done)
}

/// The local cluster, which these commands manage; not a database named by a URL.
fn local(session: &Session) -> Result<Cluster, CommandError> {
    session.target()?.cluster.ok_or_else(|| {
        CommandError::invalid("a database URL is set, so the local server is not in use")
            .hint("unset TOOLCAT_DATABASE_URL and DATABASE_URL, or take database_url out of the configuration file")
    })
}

fn status(session: &mut Session, json: bool) -> Result<Outcome, CommandError> {
    let status = local(session)?.status()?;
    let running = matches!(status.state, State::Running { .. });
    let (pid, since) = match status.state {
        State::Running { pid, since, .. } => (pid, since.map(DateTime::<Utc>::from)),
        _ => (None, None),
    };
    let since = since.map(|since| since.to_rfc3339_opts(SecondsFormat::Secs, true));
    let size = status.size_bytes.map_or_else(String::new, |bytes| {
        format!(
            "{} MB",
            text::grouped(usize::try_from(bytes / 1_000_000).unwrap_or(usize::MAX))
        )
    });
    if json {
        let value = serde_json::json!({
            "state": status.state.name(), "pid": pid, "since": since,
            "version": status.version, "account": status.account,
            "home": status.home, "data_dir": status.data_dir, "socket_dir": status.socket_dir,
            "log": status.log_path, "url": status.url, "size_bytes": status.size_bytes,
        });
        writeln!(session.ui.out(), "{value:#}")?;
    } else {
        for (label, value) in [
            ("state", status.state.name().to_owned()),
            ("pid", pid.map_or_else(String::new, |pid| pid.to_string())),
            ("since", since.unwrap_or_default()),
            ("version", status.version.unwrap_or_default()),
            ("account", status.account.unwrap_or_default()),
            ("home", status.home.display().to_string()),
            ("data", status.data_dir.display().to_string()),
            ("socket", status.socket_dir.display().to_string()),
            ("log", status.log_path.display().to_string()),
            ("size", size),
            ("url", status.url),
        ] {
            if !value.is_empty() {
                writeln!(session.ui.out(), "{label:<9}{}", text::visible(&value))?;
            }
        }
    }
    Ok(if running { Outcome::Done } else { Outcome::No })
}

/// Becomes psql, on the catalog; a password goes through the environment, not the arguments.
fn psql(session: &mut Session, args: &[String]) -> Result<Outcome, CommandError> {
    drop(session.connect()?);
    let target = session.target()?;
    let program = match &target.cluster {
        Some(cluster) => cluster.psql_program()?,
        None => on_path("psql").ok_or_else(|| {
            CommandError::invalid("psql is not installed")
                .hint("install the PostgreSQL client programs")
        })?,
    };
    let (conninfo, password) = target.location.without_password();
    let mut command = Command::new(&program);
    command.arg("--dbname").arg(conninfo).args(args);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let error = command.exec();
    Err(
        CommandError::invalid(format!("cannot run {}: {error}", program.display()))
            .hint("install the PostgreSQL client programs"),
    )
}

/// A program on the PATH; folders that depend on where the user stands are passed over.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn destroy(session: &mut Session, yes: bool) -> Result<Outcome, CommandError> {
    let cluster = local(session)?;
    if !yes {
        let question = format!(
            "Remove the local database in {} with everything in it?",
            cluster.home().display()
        );
        match session.ui.confirm(&question)? {
            Some(true) => {}
            Some(false) => return Err(CommandError::invalid("nothing was removed")),
            None => {
                return Err(CommandError::invalid(
                    "this removes all data, and nobody can be asked",
                )
                .hint("give --yes to do it all the same"));
            }
        }
    }
    let existed = cluster.destroy(&mut |notice| session.ui.status(&notice.to_string()))?;
    session
        .ui
        .status(if existed { "removed" } else { "there was none" });
    Ok(Outcome::Done)
}
