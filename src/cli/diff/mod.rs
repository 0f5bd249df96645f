//! `toolcat diff`: files, versions and catalogs compared, field by field.

mod side;

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::definition::diff::{Change, diff_documents};
use crate::definition::{Document, Version};
use crate::output::style::{BAD, GOOD, HINT};
use crate::output::text;

use super::{CommandError, Outcome, Session, changes};
use side::Side;

/// Compare files, versions and catalogs, field by field
#[derive(Debug, Args)]
#[command(
    after_help = "A side is a file or folder, a tool ([PLATFORM/]NAME[@VERSION]), or a catalog \
                        (`catalog:` for the present one, `catalog:NAME`).\n\
                        Exits with 1 where there are differences.\n\nExamples:\n  \
                        toolcat diff definitions/ catalog:\n  \
                        toolcat diff df@1.0 df@1.1\n  \
                        toolcat diff catalog:staging catalog:production --format json"
)]
pub struct DiffArgs {
    /// What to compare
    #[arg(value_name = "A")]
    a: String,

    /// What to compare it with
    #[arg(value_name = "B")]
    b: String,

    /// Compare every version, not only the latest of each tool
    #[arg(long)]
    all_versions: bool,

    /// How to write the differences
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: DiffFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
}

pub fn run(args: &DiffArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let (a, b) = (Side::parse(&args.a)?, Side::parse(&args.b)?);
    let single = a.is_one_tool() && b.is_one_tool();
    // A definition that says nothing of its life is compared with one that does by the rest.
    let files = a.is_files() || b.is_files();
    let a = a.load(session, args.all_versions)?;
    let b = b.load(session, args.all_versions)?;
    let differences = if single {
        match (a.first(), b.first()) {
            (Some(a), Some(b)) => one(a, b, files).into_iter().collect(),
            _ => Vec::new(),
        }
    } else {
        all(&a, &b, args.all_versions, files)
    };
    present(args, session, &differences)?;
    Ok(match differences.is_empty() {
        true => Outcome::Done,
        false => Outcome::No,
    })
}

/// A tool that differs.
#[derive(Debug, Serialize)]
struct Difference {
    tool: String,
    /// `changed`, `added` (only in B) or `removed` (only in A).
    kind: &'static str,
    a: Option<String>,
    b: Option<String>,
    changes: Vec<Change>,
}

fn one(a: &Document, b: &Document, files: bool) -> Option<Difference> {
    let (mut old, mut new) = (a.clone(), b.clone());
    if files {
        for field in crate::definition::LIFECYCLE_FIELDS {
            if !(old.fields().contains_key(*field) && new.fields().contains_key(*field)) {
                old.fields_mut().shift_remove(*field);
                new.fields_mut().shift_remove(*field);
            }
        }
    }
    let changes = diff_documents(&old, &new);
    (!changes.is_empty()).then(|| Difference {
        tool: tool_of(b),
        kind: "changed",
        a: Some(a.label()),
        b: Some(b.label()),
        changes,
    })
}

fn tool_of(document: &Document) -> String {
    match document.identity() {
        Some(identity) => format!("{}/{}", identity.platform, identity.name),
        None => document.label(),
    }
}

type Key = (String, String, String);

/// By identity; without all versions, the newest of each tool whatever its version.
fn keyed(documents: &[Document], all_versions: bool) -> BTreeMap<Key, &Document> {
    let mut keyed: BTreeMap<Key, &Document> = BTreeMap::new();
    for document in documents {
        let Some(identity) = document.identity() else {
            continue;
        };
        let version = match all_versions {
            true => identity.version.clone(),
            false => String::new(),
        };
        let key = (identity.platform, identity.name, version);
        let newer = keyed.get(&key).is_none_or(|other| {
            other
                .identity()
                .is_none_or(|other| Version::new(&other.version) < Version::new(&identity.version))
        });
        if newer {
            keyed.insert(key, document);
        }
    }
    keyed
}

fn all(a: &[Document], b: &[Document], all_versions: bool, files: bool) -> Vec<Difference> {
    let (a, b) = (keyed(a, all_versions), keyed(b, all_versions));
    let keys: BTreeSet<&Key> = a.keys().chain(b.keys()).collect();
    keys.into_iter()
        .filter_map(|key| match (a.get(key), b.get(key)) {
            (Some(a), Some(b)) => one(a, b, files),
            (old, new) => Some(Difference {
                tool: format!("{}/{}", key.0, key.1),
                kind: if old.is_some() { "removed" } else { "added" },
                a: old.map(|it| it.label()),
                b: new.map(|it| it.label()),
                changes: Vec::new(),
            }),
        })
        .collect()
}

fn present(
    args: &DiffArgs,
    session: &mut Session,
    differences: &[Difference],
) -> Result<(), CommandError> {
    if args.format == DiffFormat::Json {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "differences": differences }))
            .map_err(std::io::Error::from)?;
        writeln!(session.ui.out(), "{text}")?;
        return Ok(());
    }
    for it in differences {
        let (a, b) = (
            it.a.as_deref().unwrap_or_default(),
            it.b.as_deref().unwrap_or_default(),
        );
        let line = match it.kind {
            "added" => session.ui.paint(GOOD, &format!("+ {}", text::visible(b))),
            "removed" => session.ui.paint(BAD, &format!("- {}", text::visible(a))),
            _ if a == b => session.ui.paint(HINT, &format!("~ {}", text::visible(a))),
            _ => {
                let names = format!("~ {} -> {}", text::visible(a), text::visible(b));
                session.ui.paint(HINT, &names)
            }
        };
        writeln!(session.ui.out(), "{line}")?;
        changes::write(&mut session.ui, &it.changes)?;
    }
    session.ui.finish()?;
    session.ui.status(&match differences.len() {
        0 => "no differences".to_owned(),
        n => format!("{} in {}", "differences", text::counted(n, "tool")),
    });
    Ok(())
}
