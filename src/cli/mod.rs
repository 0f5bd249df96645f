//! The command tree. One file per subcommand, a folder where it has subcommands of its own; each
//! has its arguments, its run function and its presentation, in that order.
//!
//! Errors of every layer become a [`CommandError`] here, with a hint and an exit code. "It ran and
//! the answer is no" is an [`Outcome`], not an error.

mod abtest;
mod activate;
mod apart;
mod audit;
mod bars;
mod blame;
mod browser;
mod capabilities;
mod catalog;
mod changes;
mod child;
mod chown;
mod completions;
mod config;
mod db;
mod delete;
mod deprecate;
mod diff;
mod disable;
mod discover;
mod doctor;
mod edit;
mod enable;
#[cfg(feature = "encoder")]
mod encoder;
mod error;
mod eval;
mod export;
mod external;
mod files;
mod filter;
mod front;
mod generate;
mod global;
mod help;
mod import;
mod init;
mod lines;
mod list;
mod log;
mod man;
mod mark;
mod mcp;
mod member;
mod migrate;
mod misfits;
mod moment;
mod open;
mod owned;
#[cfg(feature = "server")]
mod pages;
mod remedy;
mod replay;
mod reshape;
mod restore;
mod revert;
mod rollback;
mod schema;
mod search;
mod select;
mod selection;
#[cfg(feature = "server")]
mod serve;
mod server_remedy;
mod session;
mod show;
mod table;
mod team;
mod telemetry;
mod token;
mod update;
mod validate;
mod version;
mod versions;
mod watch;
mod whoami;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::output::guard::Guard;
use crate::output::text::is_unsafe;
use crate::output::{Ui, UiOptions};
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
                  4 not found, 5 conflict, 6 done but not reported, 130 interrupted.",
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
#[command(defer = true)]
enum Command {
    /// Check definitions, and report every problem at its place
    Validate(validate::ValidateArgs),
    /// Bring definitions into the catalog, all or nothing
    Import(import::ImportArgs),
    /// Show what an import would change, field by field
    Plan(import::plan::PlanArgs),
    /// Compare files, versions and catalogs, field by field
    Diff(diff::DiffArgs),
    /// List the tools in the catalog
    List(list::ListArgs),
    /// Show one tool
    Show(show::ShowArgs),
    /// Find what is installed here, and what of it the catalog knows
    Discover(discover::DiscoverArgs),
    /// Open the documentation of a tool in a browser
    Open(open::OpenArgs),
    /// Write definitions out of the catalog
    Export(export::ExportArgs),
    /// Find the best tool for a job
    Select(Box<select::SelectArgs>),
    /// Answer a recorded selection again, and tell what has changed since
    Replay(replay::ReplayArgs),
    /// Measure how well words find the tools that they mean
    Eval(eval::EvalArgs),
    /// Record executions, and compare them with the estimates
    Telemetry(telemetry::TelemetryArgs),
    /// Find tools by words
    Search(search::SearchArgs),
    /// List the capabilities, or the tools that offer one
    Capabilities(capabilities::CapabilitiesArgs),
    /// List the versions of a tool, newest first
    Versions(versions::VersionsArgs),
    /// Take an earlier version of a tool into use; nothing is deleted
    Rollback(rollback::RollbackArgs),
    /// Change the definition of a tool in an editor
    Edit(edit::EditArgs),
    /// Set fields of many tools at once
    Update(update::UpdateArgs),
    /// Let tools be selected again
    Enable(enable::EnableArgs),
    /// Keep tools from being selected
    Disable(disable::DisableArgs),
    /// Take tools out of use, and say so
    Deprecate(deprecate::DeprecateArgs),
    /// Put tools into use that were in testing
    Activate(activate::ActivateArgs),
    /// Give tools to another owner
    Chown(chown::ChownArgs),
    /// Delete tools; `restore` brings them back
    Delete(delete::DeleteArgs),
    /// Bring deleted tools back, as they were
    Restore(restore::RestoreArgs),
    /// Undo what a revision did, as a new change
    Revert(revert::RevertArgs),
    /// Show who changed what, when and why
    Audit(audit::AuditArgs),
    /// List the revisions of the catalog, newest first
    Log(log::LogArgs),
    /// Show who gave each field of a definition its value, when and why
    Blame(blame::BlameArgs),
    /// Follow the changes of the catalog as they are made
    Watch(watch::WatchArgs),
    /// Serve the catalog over HTTP
    #[cfg(feature = "server")]
    Serve(serve::ServeArgs),
    /// Open the pages for people in a browser
    #[cfg(feature = "server")]
    Ui(pages::UiArgs),
    /// Judge the meaning of words by a sentence encoder
    #[cfg(feature = "encoder")]
    Encoder(encoder::EncoderArgs),
    /// Make a repository for a team's definitions
    Init(init::InitArgs),
    /// Make a definition, by a wizard or by flags
    Generate(generate::GenerateArgs),
    /// Bring the catalog's tables up to date
    Migrate(migrate::MigrateArgs),
    /// Serve agents over stdin and stdout by the Model Context Protocol
    Mcp(mcp::McpArgs),
    /// Compare two versions of a tool on real traffic
    Abtest(abtest::AbtestArgs),
    /// Print the JSON Schema of definitions
    Schema(schema::SchemaArgs),
    /// List, make, copy, rename and drop the catalogs of the database
    Catalog(catalog::CatalogArgs),
    /// Say who may do what in the catalog
    Member(member::MemberArgs),
    /// Say who owns tools together
    Team(team::TeamArgs),
    /// Make, list and revoke the tokens by which a server knows who asks
    Token(token::TokenArgs),
    /// Show who you are to the catalog, and what you may
    Whoami(whoami::WhoamiArgs),
    /// Manage the local database server, back a catalog up
    Db(db::DbArgs),
    /// Look for anything that is not as it should be
    Doctor(doctor::DoctorArgs),
    /// Make, find and show the configuration
    Config(config::ConfigArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual pages of every subcommand to a folder
    Man(man::ManArgs),
    /// Explain a concept, or show the help of a subcommand
    Help(help::HelpArgs),
    /// Print the version of toolcat
    Version(version::VersionArgs),
}

impl Command {
    /// Whether what the configuration files say can matter to it, so that what does not count is
    /// reported; `config` reports it in its own way.
    fn uses_configuration(&self) -> bool {
        !matches!(
            self,
            Command::Config(_)
                | Command::Completions(_)
                | Command::Man(_)
                | Command::Help(_)
                | Command::Schema(_)
                | Command::Version(_)
        )
    }
}

/// The whole program: arguments in, exit code out.
pub fn main() -> ExitCode {
    quiet_panics();
    let result = std::panic::catch_unwind(|| {
        if completions::candidates::answer() {
            return 0;
        }
        if let Some(code) = apart::answer() {
            return code;
        }
        let cli = match parse() {
            Ok(cli) => cli,
            Err(code) => return code,
        };
        let (mut session, error) = match Session::new(cli.global) {
            Ok(session) => (session, None),
            Err(failed) => {
                let (session, error) = *failed;
                (session, Some(error))
            }
        };
        let result = match error {
            Some(error) => Err(error),
            None => {
                if cli.command.uses_configuration() {
                    session.report_left_out();
                }
                run(&cli.command, &mut session)
            }
        };
        finish(&mut session, result)
    });
    ExitCode::from(result.unwrap_or(101))
}

/// The command line; one that is not toolcat's own may be an alias or a program on the PATH.
fn parse() -> Result<Cli, u8> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let error = match understood(&arguments) {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        && arguments.len() == 1
    {
        // Nothing can be done where stderr takes nothing.
        let _ = write!(io::stderr(), "{}", front::page());
        return Err(2);
    }
    match external::find(&error, &arguments) {
        external::Found::Nothing => Err(usage(&error)),
        external::Found::Unknown(name) => {
            let ui = Ui::new(UiOptions::default());
            ui.error(&format!("there is no command `{name}`"));
            ui.hint(&front::meant(&name));
            // What was typed may be an alias that does not count.
            let layers = crate::config::layers().unwrap_or_default();
            session::report_left_out(&ui, &layers);
            Err(2)
        }
        external::Found::Alias(line) => understood(&line).map_err(|error| usage(&error)),
        external::Found::Failed(error) => {
            let ui = Ui::new(UiOptions::default());
            ui.error(&error.message);
            Err(error.kind.exit_code())
        }
    }
}

fn understood(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    if !reshape::is_asked(arguments) {
        return Cli::try_parse_from(arguments);
    }
    let mut command = reshape::with_json(Cli::command());
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    reshape::check(&mut command, &matches)?;
    Cli::from_arg_matches_mut(&mut matches)
}

fn run(command: &Command, session: &mut Session) -> Result<Outcome, CommandError> {
    match command {
        Command::Validate(args) => validate::run(args, session),
        Command::Import(args) => import::run(args, session),
        Command::Plan(args) => import::plan::run(args, session),
        Command::Diff(args) => diff::run(args, session),
        Command::Search(args) => search::run(args, session),
        #[cfg(feature = "encoder")]
        Command::Encoder(args) => encoder::run(args, session),
        Command::Capabilities(args) => capabilities::run(args, session),
        Command::Versions(args) => versions::run(args, session),
        Command::Rollback(args) => rollback::run(args, session),
        Command::Edit(args) => edit::run(args, session),
        Command::Update(args) => update::run(args, session),
        Command::Enable(args) => enable::run(args, session),
        Command::Disable(args) => disable::run(args, session),
        Command::Deprecate(args) => deprecate::run(args, session),
        Command::Activate(args) => activate::run(args, session),
        Command::Chown(args) => chown::run(args, session),
        Command::Delete(args) => delete::run(args, session),
        Command::Restore(args) => restore::run(args, session),
        Command::Revert(args) => revert::run(args, session),
        Command::Audit(args) => audit::run(args, session),
        Command::Log(args) => log::run(args, session),
        Command::Blame(args) => blame::run(args, session),
        Command::Watch(args) => watch::run(args, session),
        Command::List(args) => list::run(args, session),
        Command::Show(args) => show::run(args, session),
        Command::Discover(args) => discover::run(args, session),
        Command::Open(args) => open::run(args, session),
        Command::Export(args) => export::run(args, session),
        Command::Select(args) => select::run(args, session),
        Command::Replay(args) => replay::run(args, session),
        Command::Eval(args) => eval::run(args, session),
        Command::Telemetry(args) => telemetry::run(args, session),
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::run(args, session),
        #[cfg(feature = "server")]
        Command::Ui(args) => pages::run(args, session),
        Command::Init(args) => init::run(args, session),
        Command::Generate(args) => generate::run(args, session),
        Command::Migrate(args) => migrate::run(args, session),
        Command::Mcp(args) => mcp::run(args, session),
        Command::Abtest(args) => abtest::run(args, session),
        Command::Schema(args) => schema::run(args, session),
        Command::Catalog(args) => catalog::run(args, session),
        Command::Member(args) => member::run(args, session),
        Command::Team(args) => team::run(args, session),
        Command::Token(args) => token::run(args, session),
        Command::Whoami(args) => whoami::run(args, session),
        Command::Db(args) => db::run(args, session),
        Command::Doctor(args) => doctor::run(args, session),
        Command::Config(args) => config::run(args, session),
        Command::Completions(args) => completions::run(args, session),
        Command::Man(args) => man::run(args, session),
        Command::Help(args) => help::run(args, session),
        Command::Version(args) => version::run(args, session),
    }
}

fn finish(session: &mut Session, result: Result<Outcome, CommandError>) -> u8 {
    let result = result.and_then(|outcome| {
        session.ui.end()?;
        Ok(outcome)
    });
    match result {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::No) => 1,
        Ok(Outcome::Code(code)) => code,
        Err(error) if error.kind == ErrorKind::ClosedPipe => 0,
        Err(error) => {
            let error = error.after(&session.kept);
            session.tell(&error);
            error.kind.exit_code()
        }
    }
}

fn usage(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    let drives = |c: char| !matches!(c, '\n' | '\t') && is_unsafe(c);
    let printed = match text.contains(drives) {
        true => {
            let mut guard = Guard::new(io::stderr(), true);
            guard
                .write_all(text.as_bytes())
                .and_then(|()| guard.flush())
        }
        false => error.print(),
    };
    match printed {
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
        let _ = writeln!(
            io::stderr(),
            "error: internal error{place}: {}\nhint: this is a bug in toolcat {}; please report it with the command that you ran",
            panic.payload_as_str().unwrap_or("no message"),
            env!("CARGO_PKG_VERSION")
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `generate` alone has `-o` for the file that it writes.
    #[test]
    fn a_format_has_the_same_short_form_everywhere() {
        fn look(command: &clap::Command, seen: &mut usize) {
            let format = (command.get_arguments()).find(|it| it.get_long() == Some("format"));
            if let Some(format) = format
                && command.get_name() != "generate"
            {
                assert_eq!(format.get_short(), Some('o'), "{}", command.get_name());
                *seen += 1;
            }
            for below in command.get_subcommands() {
                look(below, seen);
            }
        }
        let (mut command, mut seen) = (Cli::command(), 0);
        command.build();
        look(&command, &mut seen);
        assert!(seen > 40, "{seen}");
    }
}
