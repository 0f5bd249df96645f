//! What is installed on this machine, against the catalog: known, unknown, gone. Nothing is run.

mod cron;
mod machine;
mod programs;
mod units;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

pub use machine::Machine;

use super::Refusal;
use crate::store::Connection;
use crate::store::programs::{self as stored, Programs};

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A program on the path.
    Command,
    /// A service of systemd.
    Service,
    /// A timer of systemd.
    Timer,
    /// A job of cron.
    Cron,
}

/// How it stands to the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is here, and no tool of the catalog is it.
    Unknown,
    /// A tool of the catalog is not here.
    Gone,
    /// It is here and in the catalog.
    Known,
}

impl Kind {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Command => "command",
            Kind::Service => "service",
            Kind::Timer => "timer",
            Kind::Cron => "cron",
        }
    }
}

impl State {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Unknown => "unknown",
            State::Gone => "gone",
            State::Known => "known",
        }
    }
}

/// Something that is here, or should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How it stands to the catalog.
    pub state: State,
    /// What it is.
    pub kind: Kind,
    /// Its name here; that of its program, if it is gone.
    pub name: String,
    /// The tool of the catalog that it is.
    pub tool: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// The file that it was found in; none if it is gone.
    pub path: Option<String>,
    /// Whether it has a manual page.
    pub manual: bool,
}

/// Something that is on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Thing {
    kind: Kind,
    name: String,
    description: Option<String>,
    path: String,
    manual: bool,
}

/// Compares what is on a machine with the catalog: by state, kind and name. Programs without a manual page are
/// found only if the catalog knows them, or `all` are asked for.
///
/// # Errors
/// [`NoDatabase`](super::Kind::NoDatabase).
pub fn run(
    connection: &mut Connection,
    machine: &Machine,
    all: bool,
) -> Result<Vec<Found>, Refusal> {
    let things = machine.things();
    let known = connection.read(|it| stored::on(it, machine.platforms()))?;
    Ok(compare(&things, &known, all))
}

fn compare(things: &[Thing], known: &[Programs], all: bool) -> Vec<Found> {
    // Of several tools with one program, the one that is called like it, else the first.
    let mut tools: HashMap<&str, &str> = HashMap::new();
    for it in known {
        for program in &it.programs {
            tools.entry(base(program)).or_insert(&it.address);
        }
    }
    for it in known {
        tools.insert(&it.name, &it.address);
    }
    let tool_of = |thing: &Thing| {
        let plain = thing.name.rsplit_once('.').map(|(name, _)| name);
        let plain = plain.filter(|_| thing.kind == Kind::Service);
        [Some(thing.name.as_str()), plain]
            .into_iter()
            .flatten()
            .find_map(|it| tools.get(it))
    };
    let mut found: Vec<Found> = things
        .iter()
        .map(|it| (it, tool_of(it)))
        .filter(|(it, tool)| all || it.manual || it.kind != Kind::Command || tool.is_some())
        .map(|(it, tool)| Found {
            state: match tool {
                Some(_) => State::Known,
                None => State::Unknown,
            },
            kind: it.kind,
            name: it.name.clone(),
            tool: tool.map(|it| (*it).to_owned()),
            description: it.description.clone(),
            path: Some(it.path.clone()),
            manual: it.manual,
        })
        .collect();
    found.extend(gone(things, known));
    found.sort_by(|a, b| {
        (a.state, a.kind, &a.name, &a.path).cmp(&(b.state, b.kind, &b.name, &b.path))
    });
    found
}

/// Tools that run a program which is not here.
fn gone(things: &[Thing], known: &[Programs]) -> Vec<Found> {
    let here: HashMap<&str, &Thing> = things.iter().map(|it| (it.name.as_str(), it)).collect();
    let mut gone: BTreeMap<&str, &str> = BTreeMap::new();
    for it in known {
        let missing = it
            .programs
            .iter()
            .find(|program| match program.contains('/') {
                true => !std::path::Path::new(program).exists(),
                false => !here.contains_key(program.as_str()),
            });
        if let Some(program) = missing {
            gone.insert(&it.address, base(program));
        }
    }
    gone.into_iter()
        .map(|(address, program)| Found {
            state: State::Gone,
            kind: Kind::Command,
            name: program.to_owned(),
            tool: Some(address.to_owned()),
            description: None,
            path: None,
            manual: false,
        })
        .collect()
}

/// The name of a program without its folder.
fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[cfg(test)]
mod tests;
