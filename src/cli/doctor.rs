//! `toolcat doctor`: a look at everything that a catalog depends on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;

use crate::format::{self, Format as DefinitionFormat, Source};
use crate::output::{Column, Format, Record, record, text};
use crate::store::index::Difference;
use crate::store::tools::{self, Filter};
use crate::store::{Connection, StoreError, digests, health, index, migrate, replay};
use crate::validate::{Options, Severity, check_sources};

use super::{CommandError, Outcome, Session, config};

/// The oldest PostgreSQL that is tried with toolcat.
const OLDEST: i32 = 140_000;

/// How far the two clocks may be apart, in seconds.
const CLOCK: f64 = 5.0;

/// How much room should be left on the disk of the local server, in bytes.
const ROOM: u64 = 1 << 30;

/// Look for anything that is not as it should be.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1 where something is bad; each such line says what to do.\n\n\
                        Example:\n  toolcat doctor --deep --format json"
)]
pub struct DoctorArgs {
    /// Make the index of selection and the digests of the definitions again, and compare
    #[arg(long)]
    deep: bool,

    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    state: State,
    found: String,
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Good,
    Bad,
    Skipped,
}

impl Record for Check {
    const COLUMNS: &'static [Column] = &[
        Column::text("check"),
        Column::text("state"),
        Column::text("found"),
        Column::text("what to do"),
    ];

    fn cells(&self) -> Vec<String> {
        let state = match self.state {
            State::Good => "good",
            State::Bad => "BAD",
            State::Skipped => "skipped",
        };
        vec![
            self.check.to_owned(),
            state.to_owned(),
            self.found.clone(),
            self.advice.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.check.to_owned()
    }
}

/// What a check found: a good word, or what is bad and what to do about it.
type Finding = Result<String, (String, String)>;

fn bad(found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Err((found.into(), advice.into()))
}

pub fn run(args: &DoctorArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let checks = examine(session, args.deep);
    let healthy = checks.iter().all(|it| it.state != State::Bad);
    record::write_list(&mut session.ui, &checks, args.format)?;
    Ok(if healthy { Outcome::Done } else { Outcome::No })
}

fn examine(session: &Session, deep: bool) -> Vec<Check> {
    let mut checks = vec![line("configuration", configuration(session))];
    // The local catalog is made and migrated by the first command, so by this one as well.
    let local = session.target().is_ok_and(|it| it.cluster.is_some());
    let opened = match local {
        true => session.connect().or_else(|_| session.open()),
        false => session.open(),
    };
    let mut connection = match opened {
        Ok(connection) => connection,
        Err(error) => {
            let advice = error.hint.unwrap_or_default();
            checks.push(line("server", bad(error.message, advice)));
            for check in ["version", "encoding", "clock", "disk"]
                .into_iter()
                .chain(IN_CATALOG)
            {
                checks.push(skipped(check, "there is no server"));
            }
            return checks;
        }
    };
    let place = connection.location().to_string();
    match connection.read(health::server) {
        Ok(server) => {
            checks.push(line("server", server_state(&server, &place)));
            checks.push(line("version", version(&server)));
            checks.push(line("encoding", encoding(&server)));
            checks.push(line("clock", clock(&server)));
            checks.push(line("disk", disk(session, &server)));
        }
        Err(error) => checks.push(line("server", failed(error))),
    }
    let migrations = migrations(&mut connection);
    let usable = migrations.is_ok();
    checks.push(line("migrations", migrations));
    for check in IN_CATALOG.into_iter().skip(1) {
        if !usable {
            checks.push(skipped(check, "the catalog cannot be used"));
            continue;
        }
        let finding = match check {
            "extensions" => extensions(&mut connection),
            "rights" => rights(&mut connection),
            "functions" => functions(&mut connection),
            "members" => members(&mut connection),
            "indexes" => indexes(&mut connection),
            "audit log" => audit(&mut connection),
            _ => definitions(&mut connection),
        };
        checks.push(line(check, finding));
    }
    if deep && usable {
        checks.push(line("selection", selection(&mut connection)));
        checks.push(line("digests", digests_of(&mut connection)));
    }
    checks
}

const IN_CATALOG: [&str; 8] = [
    "migrations",
    "extensions",
    "rights",
    "functions",
    "members",
    "indexes",
    "audit log",
    "definitions",
];

fn line(check: &'static str, finding: Finding) -> Check {
    match finding {
        Ok(found) => Check {
            check,
            state: State::Good,
            found,
            advice: None,
        },
        Err((found, advice)) => Check {
            check,
            state: State::Bad,
            found,
            advice: Some(advice).filter(|it| !it.is_empty()),
        },
    }
}

fn skipped(check: &'static str, why: &str) -> Check {
    Check {
        check,
        state: State::Skipped,
        found: why.to_owned(),
        advice: None,
    }
}

/// A look that could not be taken.
fn failed(error: StoreError) -> Finding {
    let error = CommandError::from(error);
    bad(error.message, error.hint.unwrap_or_default())
}

/// Which files are used, and whether all that they say counts.
fn configuration(session: &Session) -> Finding {
    let files: Vec<String> = session
        .layers
        .iter()
        .map(|layer| format!("{} ({})", layer.path.display(), config::used(layer)))
        .collect();
    let files = match files.is_empty() {
        true => "no file".to_owned(),
        false => files.join(", "),
    };
    let from = match session.target() {
        Ok(target) if target.project.is_some() => "; the project's file chooses the database",
        _ => "",
    };
    match session.layers.iter().all(|it| it.left_out.is_empty()) {
        true => Ok(format!("{files}{from}")),
        false => bad(
            files,
            "read the file, and run `toolcat config trust` where it is as you want it",
        ),
    }
}

fn server_state(server: &health::Server, place: &str) -> Finding {
    if server.connections * 10 >= server.most_connections * 9 {
        return bad(
            format!(
                "{} of {} connections are in use",
                server.connections, server.most_connections
            ),
            "raise max_connections, or put a pool such as PgBouncer in front",
        );
    }
    let kind = match (server.is_replica, server.is_read_only) {
        (true, _) => ", a replica: it can only be read",
        (false, true) => ", read-only unless a session says otherwise",
        (false, false) => "",
    };
    Ok(format!("reached at {place} as {}{kind}", server.role))
}

fn version(server: &health::Server) -> Finding {
    let found = format!("PostgreSQL {}", server.version);
    match server.version_number {
        number if number < OLDEST => bad(found, "install PostgreSQL 14 or newer"),
        _ => Ok(found),
    }
}

fn encoding(server: &health::Server) -> Finding {
    match server.encoding.as_str() {
        "UTF8" => Ok("UTF8".to_owned()),
        other => bad(
            format!("the database is in {other}, which cannot hold every name"),
            "create the database with ENCODING 'UTF8'",
        ),
    }
}

fn clock(server: &health::Server) -> Finding {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64();
    let apart = (server.clock - now).abs();
    if apart > CLOCK {
        return bad(
            format!(
                "this machine and the server are {} apart",
                text::duration(apart * 1000.0)
            ),
            "let both follow a time server (NTP); times of telemetry and audit disagree otherwise",
        );
    }
    Ok("this machine and the server agree".to_owned())
}

/// Room on the disk, where the server is toolcat's own; another one's disk cannot be seen from here.
fn disk(session: &Session, server: &health::Server) -> Finding {
    let megabytes = |bytes: u64| text::grouped(usize::try_from(bytes >> 20).unwrap_or(usize::MAX));
    let used = megabytes(u64::try_from(server.database_bytes).unwrap_or(0));
    let home = session
        .target()
        .ok()
        .and_then(|it| it.cluster)
        .map(|it| it.home().to_owned());
    let Some(room) = home.and_then(|home| rustix::fs::statvfs(home).ok()) else {
        return Ok(format!(
            "the database takes {used} MB; room on its server cannot be seen from here"
        ));
    };
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let found = format!(
        "the database takes {used} MB, {} MB are free",
        megabytes(free)
    );
    match free {
        free if free < ROOM => bad(found, "make room on the disk of the local server"),
        _ => Ok(found),
    }
}

fn migrations(connection: &mut Connection) -> Finding {
    match migrate::require_current(connection) {
        Ok(()) => Ok(format!(
            "catalog {} is as this program needs it",
            connection.location().catalog()
        )),
        Err(error) => failed(error),
    }
}

fn extensions(connection: &mut Connection) -> Finding {
    match connection.read(health::server) {
        Ok(server) if server.extensions.iter().any(|it| it == "plpgsql") => {
            Ok("none is needed beyond plpgsql, which is there".to_owned())
        }
        Ok(_) => bad(
            "plpgsql is missing",
            "run CREATE EXTENSION plpgsql in the database",
        ),
        Err(error) => failed(error),
    }
}

fn rights(connection: &mut Connection) -> Finding {
    match connection.read(health::missing_rights) {
        Ok(missing) if missing.is_empty() => Ok("this role may read and write".to_owned()),
        Ok(missing) => {
            let reads = missing.iter().any(|it| it.privilege == "SELECT");
            let list: Vec<String> = missing
                .iter()
                .map(|it| format!("{} on {}", it.privilege, it.on))
                .collect();
            match reads {
                true => bad(
                    format!("this role lacks {}", list.join(", ")),
                    "let the catalog's owner grant what is missing; docs/operations.md has the grants of a reader and a writer",
                ),
                false => Ok("this role may read, and not write everything".to_owned()),
            }
        }
        Err(error) => failed(error),
    }
}

fn members(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, StoreError> {
        let access = connection.read(health::access)?;
        if let Some(first) = access.mighty_delegates.first() {
            return Ok(bad(
                format!("{first} speaks for others and owns the catalog: nothing binds it"),
                "let the server connect as a role of its own; docs/access.md has its grants",
            ));
        }
        if access.members > 0 && access.admins == 0 {
            return Ok(bad(
                "no member is an admin",
                "run `toolcat member add NAME --role admin` as the catalog's owner",
            ));
        }
        if access.sees_tokens {
            let ending = connection.read(health::ending_tokens)?;
            if !ending.is_empty() {
                return Ok(bad(
                    format!(
                        "tokens end within a week, or have ended: {}",
                        ending.join(", ")
                    ),
                    "make new ones with `toolcat token create`, and revoke these",
                ));
            }
        }
        let members = usize::try_from(access.members).unwrap_or(0);
        Ok(Ok(match members {
            0 => "no members, so nothing is checked".to_owned(),
            _ => format!("{}, an admin among them", text::counted(members, "member")),
        }))
    };
    look(connection).unwrap_or_else(failed)
}

fn indexes(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, StoreError> {
        let invalid = connection.read(health::invalid_indexes)?;
        if let Some(first) = invalid.first() {
            return Ok(bad(
                format!("not usable: {}", invalid.join(", ")),
                format!("run REINDEX INDEX {first} with `toolcat db psql`"),
            ));
        }
        let stale = connection.read(health::stale_statistics)?;
        if !stale.is_empty() {
            return Ok(bad(
                format!("statistics are out of date: {}", stale.join(", ")),
                "run ANALYZE with `toolcat db psql`, and see that autovacuum is on",
            ));
        }
        let selection = connection.read(health::selection_index)?;
        Ok(match selection.behind {
            behind if behind > 0 => {
                Ok("usable; the next selection brings its own index up to date".to_owned())
            }
            0 => Ok("usable and up to date".to_owned()),
            _ => bad(
                "the index of selection claims a revision that the catalog does not have",
                "the next change makes it anew; find out who wrote to catalog_state",
            ),
        })
    };
    look(connection).unwrap_or_else(failed)
}

fn functions(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, StoreError> {
        let misdirected = connection.read(health::misdirected_functions)?;
        if !misdirected.is_empty() {
            return Ok(bad(
                format!(
                    "the catalog was renamed; still looking for its old name: {}",
                    misdirected.join(", ")
                ),
                "run `toolcat migrate up` as the catalog's owner",
            ));
        }
        let open = connection.read(health::everybodys_functions)?;
        if let Some(first) = open.first() {
            return Ok(bad(
                format!("everybody may run {}", open.join(", ")),
                format!(
                    "run REVOKE EXECUTE ON FUNCTION {first} FROM PUBLIC with `toolcat db psql`"
                ),
            ));
        }
        Ok(Ok(
            "each looks into this catalog, and none is everybody's".to_owned()
        ))
    };
    look(connection).unwrap_or_else(failed)
}

/// The index of selection, made again.
fn selection(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, StoreError> {
        let standing = connection.read(health::selection_index)?;
        match connection.refresh_index() {
            Err(StoreError::Forbidden(_)) if standing.behind == 0 => {}
            Err(StoreError::Forbidden(_)) => {
                return Ok(bad(
                    "the index is not up to date, and this role may not bring it there",
                    "run `toolcat doctor --deep` as a role that may write",
                ));
            }
            other => drop(other?),
        }
        let found = connection.snapshot(index::check)?;
        let Some(first) = found.first() else {
            return Ok(Ok("the index is what the definitions make".to_owned()));
        };
        let first = match first {
            Difference::Entry { tool, capability } => {
                format!("{} of the tool with id {tool}", text::visible(capability))
            }
            Difference::Term(term) => format!("the tools with `{}`", text::visible(term)),
            Difference::Totals => "the size of the collection".to_owned(),
        };
        Ok(bad(
            format!(
                "{} between the index and the definitions; first {first}",
                text::counted(found.len(), "difference")
            ),
            "somebody wrote to the index: find out who, then run SELECT clear_index(), \
             finish_index(0, 0, 0) with `toolcat db psql`, and the next change makes it anew",
        ))
    };
    look(connection).unwrap_or_else(failed)
}

/// The digests of the definitions, computed again.
fn digests_of(connection: &mut Connection) -> Finding {
    match connection.read_consistently(digests::wrong) {
        Ok(wrong) => match wrong.first() {
            None => Ok("each is that of its definition".to_owned()),
            Some(first) => bad(
                format!(
                    "{} not of their definition; first {}",
                    text::counted(wrong.len(), "digest"),
                    text::visible(&first.identity().to_string())
                ),
                "somebody wrote to definition_digest: set it to null with `toolcat db psql`, \
                 and see the audit log of the tool",
            ),
        },
        Err(error) => failed(error),
    }
}

fn audit(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, StoreError> {
        let triggers = connection.read(health::missing_triggers)?;
        if !triggers.is_empty() {
            return Ok(bad(
                format!(
                    "changes are not logged, or not checked: {} off or gone",
                    triggers.join(", ")
                ),
                "switch them on with ALTER TABLE ... ENABLE TRIGGER, and find out who switched them off",
            ));
        }
        let (extent, _, found) =
            connection.read_consistently(|connection| replay::verify(connection, None))?;
        if let Some(first) = found.first() {
            let name = first.name.as_deref().unwrap_or_default();
            return Ok(bad(
                format!(
                    "{} between the log and the catalog; first {name} {}",
                    text::counted(found.len(), "difference"),
                    first.field
                ),
                "`toolcat audit verify` lists them; compare with a backup",
            ));
        }
        Ok(Ok(format!(
            "{}, replayed without a gap up to revision {}",
            text::counted(usize::try_from(extent.entries).unwrap_or(0), "change"),
            extent.revision
        )))
    };
    look(connection).unwrap_or_else(failed)
}

fn definitions(connection: &mut Connection) -> Finding {
    let documents = connection
        .read(|connection| tools::list(connection, &Filter::default()))
        .and_then(|stored| connection.definitions(&stored));
    let documents = match documents {
        Ok(documents) => documents,
        Err(error) => return failed(error),
    };
    if documents.is_empty() {
        return Ok("the catalog is empty".to_owned());
    }
    let Ok(written) = format::write(DefinitionFormat::Jsonl, &documents) else {
        return bad("the definitions cannot be written out", "");
    };
    let mut options = Options::default();
    options.from = Some(DefinitionFormat::Jsonl);
    let source = Source::new("catalog", written.text.into_bytes());
    let report = check_sources(vec![source], &options);
    let wrong: Vec<String> = report
        .diagnostics
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .filter_map(|it| {
            let index = usize::try_from(it.line).ok()?.checked_sub(1)?;
            let label = documents.get(index)?.label();
            Some(format!("{label}: {} [{}]", it.message, it.rule))
        })
        .collect();
    let count = text::counted(documents.len(), "definition");
    match wrong.first() {
        None => Ok(format!("{count}, all valid")),
        Some(first) => bad(
            format!(
                "{} in {count}; first {first}",
                text::counted(wrong.len(), "error")
            ),
            "export the definition, mend it, and import it with a new version",
        ),
    }
}
