//! The command tree. One file per subcommand, a folder where it has subcommands of its own; each
//! has its arguments, its run function and its presentation, in that order.
//!
//! Errors of every layer become a [`CommandError`] here, with a hint and an exit code. "It ran and
//! the answer is no" is an [`Outcome`], not an error.

mod abtest;
mod db;
mod error;
mod export;
mod files;
mod filter;
mod global;
mod import;
mod list;
mod migrate;
mod resolve;
mod schema;
mod select;
mod session;
mod show;
mod validate;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use error::{CommandError, ErrorKind};
use global::GlobalArgs;
pub use session::Session;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// It ran, and the answer is no: findings, differences, no eligible tool.
    No,
    /// The exit code of a program that was run on the user's behalf.
    Code(u8),
}

/// Keep a catalog of tools, and find the best one for a job.
#[derive(Debug, Parser)]
#[command(
    name = "toolcat",
    version,
    about = "Keep a catalog of tools, and find the best one for a job",
    after_help = "Exit codes: 0 done, 1 the answer is no, 2 wrong use or invalid input, 3 no database, \
                  4 not found, 5 conflict, 130 interrupted.",
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check definitions, and report every problem at its place
    Validate(validate::ValidateArgs),
    /// Bring definitions into the catalog, all or nothing
    Import(import::ImportArgs),
    /// List the tools in the catalog
    List(list::ListArgs),
    /// Show one tool
    Show(show::ShowArgs),
    /// Write definitions out of the catalog
    Export(export::ExportArgs),
    /// Find the best tool for a job
    Select(select::SelectArgs),
    /// Bring the catalog's tables up to date
    Migrate(migrate::MigrateArgs),
    /// Compare two versions of a tool on real traffic
    Abtest(abtest::AbtestArgs),
    /// Print the JSON Schema of definitions
    Schema(schema::SchemaArgs),
    /// Manage the local database server
    Db(db::DbArgs),
}

/// The whole program: arguments in, exit code out.
pub fn main() -> ExitCode {
    quiet_panics();
    let result = std::panic::catch_unwind(|| {
        let cli = match Cli::try_parse() {
            Ok(cli) => cli,
            Err(error) => return usage(&error),
        };
        let (mut session, error) = match Session::new(cli.global) {
            Ok(session) => (session, None),
            Err((session, error)) => (session, Some(error)),
        };
        let result = match error {
            Some(error) => Err(error),
            None => run(&cli.command, &mut session),
        };
        finish(&mut session, result)
    });
    ExitCode::from(result.unwrap_or(101))
}

fn run(command: &Command, session: &mut Session) -> Result<Outcome, CommandError> {
    match command {
        Command::Validate(args) => validate::run(args, session),
        Command::Import(args) => import::run(args, session),
        Command::List(args) => list::run(args, session),
        Command::Show(args) => show::run(args, session),
        Command::Export(args) => export::run(args, session),
        Command::Select(args) => select::run(args, session),
        Command::Migrate(args) => migrate::run(args, session),
        Command::Abtest(args) => abtest::run(args, session),
        Command::Schema(args) => schema::run(args, session),
        Command::Db(args) => db::run(args, session),
    }
}

fn finish(session: &mut Session, result: Result<Outcome, CommandError>) -> u8 {
    let result = result.and_then(|outcome| {
        session.ui.finish()?;
        Ok(outcome)
    });
    match result {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::No) => 1,
        Ok(Outcome::Code(code)) => code,
        Err(error) if error.kind == ErrorKind::ClosedPipe => 0,
        Err(error) => {
            // What was written before the failure belongs to the result.
            let _ = session.ui.finish();
            session.ui.error(&error.message);
            if let Some(hint) = &error.hint {
                session.ui.hint(hint);
            }
            error.kind.exit_code()
        }
    }
}

fn usage(error: &clap::Error) -> u8 {
    match error.print() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => 2,
        _ => u8::try_from(error.exit_code()).unwrap_or(2),
    }
}

/// A panic is a bug: say so in one line that can be reported, instead of a trace.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, |it| format!(" at {}:{}", it.file(), it.line()));
        eprintln!(
            "error: internal error{place}: {}\nhint: this is a bug in toolcat {}; please report it with the command that you ran",
            panic.payload_as_str().unwrap_or("no message"),
            env!("CARGO_PKG_VERSION")
        );
    }));
}
