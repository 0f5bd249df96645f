//! What revisions did, undone as a new act: what they made goes, what they deleted comes back, and the
//! fields that they changed have their old values again, as long as nothing else has changed these since.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::delete;
use super::misfits::Misfits;
use super::refusal::Flaw;
use super::restore::looked_at;
use super::rollback::refuse_tests;
use super::update::ToolChange;
use super::{Caller, Kind, Refusal, Remedy, Writes, change_or_tell};
use crate::definition::diff::diff_documents;
use crate::definition::{Document, LIFECYCLE_FIELDS, Overlap, merge};
use crate::store::lifecycle::Life;
use crate::store::rewrite::{Rewrite, rewrite};
use crate::store::tools::{self, Handle, StoredTool};
use crate::store::{Connection, Transaction, audit, lifecycle, replay, restore};
use crate::validate::{self, Options};

/// What the audit log calls it.
const ACTION: &str = "reverted";

/// The revisions whose changes are undone, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The first.
    pub from: i64,
    /// The last; may be the first.
    pub to: i64,
}

/// What was undone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reverted {
    /// As the audit log calls it.
    pub action: &'static str,
    /// Versions that the revisions had made, and that are gone now.
    pub deleted: Vec<String>,
    /// Versions that the revisions had deleted, and that are back.
    pub restored: Vec<String>,
    /// Definitions among them that today's rules would not let in.
    #[serde(skip_serializing_if = "Misfits::is_empty")]
    pub misfits: Misfits,
    /// Versions whose fields have their old values again.
    pub changed: Vec<ToolChange>,
    /// Versions that are in use again.
    pub in_use: Vec<String>,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    pub revision: i64,
    /// Whether it was undone at the end.
    pub dry_run: bool,
}

impl Reverted {
    /// Whether anything had to be done.
    pub fn did_something(&self) -> bool {
        let Self {
            deleted,
            restored,
            changed,
            in_use,
            ..
        } = self;
        !(deleted.is_empty() && restored.is_empty() && changed.is_empty() && in_use.is_empty())
    }
}

/// Versions of tools by their row numbers, with their definitions.
type State = BTreeMap<i64, (StoredTool, Document)>;

/// The catalog around the revisions, as far as they touch it.
struct Around {
    before: State,
    after: State,
    now: State,
}

/// Undoes the revisions, or nothing.
///
/// # Errors
/// [`Kind::NotFound`] for a revision that there is not, [`Kind::Invalid`] if they touch no definition or one
/// would not be valid,
/// [`Kind::Overtaken`] if what they changed was changed again since (with each field), and the refusals of a
/// deletion for what they made.
pub fn run(
    connection: &mut Connection,
    caller: &Caller,
    request: &Request,
) -> Result<Reverted, Refusal> {
    let (mut done, revision) =
        change_or_tell(connection, caller, Some(ACTION), |transaction, writes| {
            let around = around(transaction, request)?;
            let mut done = Reverted {
                action: ACTION,
                deleted: Vec::new(),
                restored: Vec::new(),
                misfits: Misfits::default(),
                changed: Vec::new(),
                in_use: Vec::new(),
                revision: 0,
                dry_run: caller.dry_run,
            };
            let mut now = Now {
                transaction,
                writes,
            };
            now.bring_back(caller, request, &around, &mut done)?;
            now.set_back(&around, &mut done)?;
            now.take_away(&around, &mut done)?;
            now.use_again(&around, &mut done)?;
            Ok(done)
        })?;
    done.revision = revision;
    Ok(done)
}

fn around(transaction: &mut Transaction, request: &Request) -> Result<Around, Refusal> {
    let newest = tools::revision(transaction)?;
    let Request { from, to } = *request;
    if from < 1 || to < from || to > newest {
        let message = match from == to {
            true => format!("there is no revision {from}; the newest is {newest}"),
            false => format!("there are no revisions {from} to {to}; the newest is {newest}"),
        };
        return Err(Refusal::new(Kind::NotFound, message));
    }
    let names = audit::tools_changed(transaction, from, to)?;
    if names.is_empty() {
        let changed = audit::entities_changed(transaction, from, to)?;
        return Err(Refusal::new(
            Kind::Invalid,
            no_definition(request, &changed),
        ));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let by_id = |found: Vec<(StoredTool, Document)>| -> State {
        (found.into_iter())
            .map(|(tool, document)| (tool.id, (tool, document)))
            .collect()
    };
    let before = by_id(replay::state_at(transaction, from - 1, Some(&names))?);
    let after = by_id(replay::state_at(transaction, to, Some(&names))?);
    let stored = tools::named(transaction, &names)?;
    let documents = tools::definitions(transaction, &stored)?;
    let now = by_id(stored.into_iter().zip(documents).collect());
    Ok(Around { before, after, now })
}

/// That the revisions changed no definition, and what they changed.
fn no_definition(request: &Request, changed: &[(String, String)]) -> String {
    const NAMED: usize = 3;
    let Request { from, to } = request;
    let what = match from == to {
        true => format!("revision {from} changed no definition"),
        false => format!("revisions {from} to {to} changed no definition"),
    };
    if changed.is_empty() {
        return format!("{what}, so that there is nothing to undo");
    }
    let named = changed.iter().take(NAMED);
    let mut named: Vec<String> = named
        .map(|(entity, name)| match entity.as_str() {
            "ab_test" => format!("the A/B test {name}"),
            "team" => format!("the membership of {name}"),
            "token" => format!("a token of {name}"),
            "catalog" => "the catalog as a whole".to_owned(),
            entity => format!("the {entity} {name}"),
        })
        .collect();
    if changed.len() > NAMED {
        named.push(format!("{} more", changed.len() - NAMED));
    }
    let named = named.join(", ");
    format!("{what}, but {named}; such a change is undone by the opposite one")
}

/// The definition with all that its columns say of its life.
fn whole((tool, document): &(StoredTool, Document)) -> Document {
    tool.with_life(document.clone())
}

/// The catalog as it is while it is being set back.
struct Now<'a> {
    transaction: &'a mut Transaction,
    writes: Writes,
}

impl Now<'_> {
    /// Restores what the revisions deleted, as it was before them.
    fn bring_back(
        &mut self,
        caller: &Caller,
        request: &Request,
        around: &Around,
        done: &mut Reverted,
    ) -> Result<(), Refusal> {
        let gone = |id: &i64| !around.after.contains_key(id) && !around.now.contains_key(id);
        let missing: BTreeSet<i64> = around.before.keys().copied().filter(gone).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = (around.before.values())
            .map(|(tool, _)| tool.tool_name.as_str())
            .collect();
        let mut wanted = restore::deleted(self.transaction, Some(&names))?;
        wanted.retain(|it| {
            missing.contains(&it.tool.id) && (request.from..=request.to).contains(&it.revision)
        });
        let taken: BTreeSet<String> = (around.now.values())
            .map(|(tool, _)| tool.identity().to_string())
            .collect();
        if let Some(it) = wanted
            .iter()
            .find(|it| taken.contains(&it.tool.identity().to_string()))
        {
            let message = format!("{} is in the catalog again", it.tool.identity());
            return Err(Refusal::new(Kind::Conflict, message).remedy(Remedy::DeleteOrRename));
        }
        if self.writes == Writes::Yes {
            restore::restore(self.transaction, &wanted, &caller.actor)?;
        }
        for it in &wanted {
            done.restored.push(it.tool.identity().to_string());
            if let Some(before) = around.before.get(&it.tool.id) {
                self.write(&whole(before), before)?;
            }
        }
        done.misfits = looked_at(self.transaction, &wanted)?;
        Ok(())
    }

    /// Gives a version that definition, if it has another: what changed. What the definition says of the version's
    /// life is written out where it was before.
    fn write(
        &mut self,
        wanted: &Document,
        before: &(StoredTool, Document),
    ) -> Result<Option<ToolChange>, Refusal> {
        let (tool, written) = before;
        let stored = tools::by_ids(self.transaction, &[tool.id])?;
        let documents = tools::definitions(self.transaction, &stored)?;
        let Some(now) = stored.into_iter().zip(documents).next() else {
            return Ok(None);
        };
        let changes = diff_documents(&whole(&now), wanted);
        if changes.is_empty() {
            return Ok(None);
        }
        let mut document = wanted.clone();
        for field in LIFECYCLE_FIELDS {
            if !written.fields().contains_key(*field) {
                document.fields_mut().shift_remove(*field);
            }
        }
        let mut options = Options::default();
        options.lenient = true;
        let document = validate::changed(document, &changes, &options).map_err(|problems| {
            let name = tool.identity().to_string();
            let flaws = problems.into_iter().map(|it| Flaw::new(&name, it));
            let message = format!("{name} would not be valid; nothing was reverted");
            Refusal::new(Kind::Invalid, message).flaws(flaws.collect())
        })?;
        let rewritten = Rewrite {
            id: tool.id,
            document: &document,
        };
        if self.writes == Writes::No {
            return Ok(Some(ToolChange::new(&now.0, changes)));
        }
        rewrite(self.transaction, &[rewritten])?;
        let fields = wanted.fields();
        let life = Life {
            status: fields["status"].as_str().unwrap_or_default(),
            enabled: fields["enabled"].as_bool().unwrap_or_default(),
            owner: fields["owner"].as_str(),
        };
        lifecycle::set(self.transaction, tool.id, &life)?;
        Ok(Some(ToolChange::new(&now.0, changes)))
    }

    /// Gives the fields that the revisions changed their old values.
    fn set_back(&mut self, around: &Around, done: &mut Reverted) -> Result<(), Refusal> {
        let mut overlaps: Vec<(String, Vec<Overlap>)> = Vec::new();
        let mut wanted = Vec::new();
        for (id, after) in &around.after {
            let Some(before) = around.before.get(id) else {
                continue;
            };
            let (was, is) = (whole(before), whole(after));
            if was == is {
                continue;
            }
            let identity = before.0.identity();
            let Some(now) = around.now.get(id) else {
                let message = format!("{identity} was deleted since");
                return Err(Refusal::new(Kind::Overtaken, message).remedy(Remedy::ListDeleted));
            };
            match merge(is.fields(), was.fields(), whole(now).fields()) {
                Ok(merged) => wanted.push((before, Document::new(merged))),
                Err(fields) => overlaps.push((identity.to_string(), fields)),
            }
        }
        if !overlaps.is_empty() {
            return Err(changed_since(overlaps));
        }
        for (before, document) in wanted {
            done.changed.extend(self.write(&document, before)?);
        }
        Ok(())
    }

    /// Deletes what the revisions made, if nothing has changed it since.
    fn take_away(&mut self, around: &Around, done: &mut Reverted) -> Result<(), Refusal> {
        let mut made = Vec::new();
        for (id, after) in &around.after {
            let (false, Some(now)) = (around.before.contains_key(id), around.now.get(id)) else {
                continue;
            };
            let changes = diff_documents(&whole(after), &whole(now));
            if !changes.is_empty() {
                let fields: Vec<&str> = changes.iter().map(|it| it.field.as_str()).collect();
                let message = format!(
                    "{} was changed since it was made: {}; nothing was reverted",
                    now.0.identity(),
                    fields.join(", ")
                );
                return Err(Refusal::new(Kind::Overtaken, message));
            }
            made.push(Handle::from(&now.0));
        }
        if made.is_empty() {
            return Ok(());
        }
        let request = delete::Request {
            tools: made,
            purge: false,
            force: false,
        };
        delete::within(self.transaction, &request, self.writes)?;
        let names = request.tools.iter().map(|it| it.identity().to_string());
        done.deleted.extend(names);
        Ok(())
    }

    /// Takes the versions into use that were in use before the revisions.
    fn use_again(&mut self, around: &Around, done: &mut Reverted) -> Result<(), Refusal> {
        let before = in_use(&around.before);
        let after = in_use(&around.after);
        let was = in_use(&around.now);
        let names: Vec<&str> = before.keys().map(|(_, name)| *name).collect();
        let present = tools::named(self.transaction, &names)?;
        for (tool, wanted) in &before {
            if after.get(tool) == Some(wanted) {
                continue;
            }
            if was.get(tool) != after.get(tool) && was.get(tool) != Some(wanted) {
                let (platform, name) = tool;
                let message = format!(
                    "another version of {platform}/{name} was taken into use since; nothing was reverted"
                );
                return Err(Refusal::new(Kind::Overtaken, message).remedy(Remedy::ListVersions));
            }
            let of_tool = |it: &&StoredTool| (it.platform.as_str(), it.tool_name.as_str()) == *tool;
            let now = present.iter().filter(of_tool).find(|it| it.is_latest);
            let target = present.iter().find(|it| it.id == *wanted);
            let (Some(now), Some(target)) = (now, target) else {
                continue;
            };
            if now.id != target.id {
                let ids: Vec<i64> = present.iter().filter(of_tool).map(|it| it.id).collect();
                refuse_tests(now, &lifecycle::ties(self.transaction, &ids)?, false)?;
                if self.writes == Writes::Yes {
                    lifecycle::roll_back(self.transaction, now, target)?;
                }
            }
            let identity = target.identity().to_string();
            if was.get(tool) != Some(wanted) && !done.restored.contains(&identity) {
                done.in_use.push(identity);
            }
        }
        Ok(())
    }
}

fn changed_since(overlaps: Vec<(String, Vec<Overlap>)>) -> Refusal {
    let named = overlaps.iter().flat_map(|(tool, fields)| {
        fields
            .iter()
            .map(move |it| format!("{} of {tool}", it.field))
    });
    let named: Vec<String> = named.take(SHOWN + 1).collect();
    let more = match named.len() > SHOWN {
        true => " and more",
        false => "",
    };
    let message = format!(
        "changed again since: {}{more}; nothing was reverted",
        named[..named.len().min(SHOWN)].join(", ")
    );
    let fields = overlaps.into_iter().flat_map(|(_, fields)| fields);
    Refusal::new(Kind::Overtaken, message).overlapping(fields.collect())
}

/// Fields that a refusal names.
const SHOWN: usize = 5;

/// The version in use of each tool.
fn in_use(state: &State) -> BTreeMap<(&str, &str), i64> {
    let latest = state.values().filter(|(tool, _)| tool.is_latest);
    latest
        .map(|(tool, _)| ((tool.platform.as_str(), tool.tool_name.as_str()), tool.id))
        .collect()
}
