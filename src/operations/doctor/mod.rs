//! A look at everything that a catalog depends on.

mod catalog;
mod server;

use super::{Backend, Refusal, Remedy};
use crate::store::{Connection, health};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What was looked at.
    pub check: &'static str,
    /// What it is like.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do about it, if it is bad.
    pub remedy: Option<Remedy>,
}

/// What a thing is like that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Not looked at, for want of something else.
    Skipped,
}

/// What a check found: a good word, or what is bad and what to do about it.
pub type Finding = Result<String, (String, Option<Remedy>)>;

fn bad(found: impl Into<String>, remedy: Remedy) -> Finding {
    Err((found.into(), Some(remedy)))
}

fn said(advice: impl Into<String>) -> Remedy {
    Remedy::Said(advice.into())
}

/// A look that could not be taken.
fn failed(error: impl Into<Refusal>) -> Finding {
    let refusal = error.into();
    Err((refusal.message, refusal.remedy))
}

impl Check {
    /// A thing with what was found.
    pub fn new(check: &'static str, finding: Finding) -> Self {
        let (state, found, remedy) = match finding {
            Ok(found) => (State::Good, found, None),
            Err((found, remedy)) => (State::Bad, found, remedy),
        };
        Self {
            check,
            state,
            found,
            remedy,
        }
    }

    fn skipped(check: &'static str, why: &str) -> Self {
        Self {
            check,
            state: State::Skipped,
            found: why.to_owned(),
            remedy: None,
        }
    }
}

/// How a catalog is looked at.
type Look = fn(&mut Connection) -> Finding;

const OF_SERVER: [&str; 4] = ["version", "encoding", "clock", "disk"];

const OF_CATALOG: [(&str, Look); 8] = [
    ("migrations", catalog::migrations),
    ("extensions", catalog::extensions),
    ("rights", catalog::rights),
    ("functions", catalog::functions),
    ("members", catalog::members),
    ("indexes", catalog::indexes),
    ("audit log", catalog::audit_log),
    ("definitions", catalog::definitions),
];

/// What is derived from the definitions is made again, and compared.
const DEEP: [(&str, Look); 2] = [
    ("selection", catalog::selection),
    ("digests", catalog::digests_of),
];

/// Looks at the server and at the catalog; `deep` makes what is derived again. A local catalog is made and migrated
/// by the first command, so by this one as well.
pub fn run(backend: Result<Backend, Refusal>, deep: bool) -> Vec<Check> {
    let opened = backend.and_then(|backend| {
        let opened = match backend.cluster() {
            Some(_) => backend.connect().or_else(|_| backend.open()),
            None => backend.open(),
        };
        Ok((opened?, backend))
    });
    let (mut connection, backend) = match opened {
        Ok(opened) => opened,
        Err(refusal) => return unreachable(refusal),
    };
    let place = connection.location().to_string();
    let mut checks = Vec::new();
    match connection.read(health::server) {
        Ok(server) => {
            let findings = [
                server::version(&server),
                server::encoding(&server),
                server::clock(&server),
                server::disk(&backend, &server),
            ];
            checks.push(Check::new("server", server::server_state(&server, &place)));
            checks.extend(
                OF_SERVER
                    .into_iter()
                    .zip(findings)
                    .map(|(it, found)| Check::new(it, found)),
            );
        }
        Err(error) => checks.push(Check::new("server", failed(error))),
    }
    let mut usable = true;
    for (check, look) in OF_CATALOG.iter().chain(DEEP.iter().filter(|_| deep)) {
        checks.push(match usable {
            true => Check::new(check, look(&mut connection)),
            false => Check::skipped(check, "the catalog cannot be used"),
        });
        let migrations = checks.last().filter(|it| it.check == "migrations");
        usable &= migrations.is_none_or(|it| it.state == State::Good);
    }
    checks
}

/// What there is to say if the server cannot be reached.
fn unreachable(refusal: Refusal) -> Vec<Check> {
    let others = OF_CATALOG.iter().map(|(check, _)| *check);
    let skipped = (OF_SERVER.into_iter().chain(others))
        .map(|check| Check::skipped(check, "there is no server"));
    std::iter::once(Check::new("server", failed(refusal)))
        .chain(skipped)
        .collect()
}
