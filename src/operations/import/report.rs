//! What an import did or would do.

use serde::Serialize;

use super::read::{Definitions, Refused};
use crate::definition::Brief;
use crate::definition::diff::Change;
use crate::operations::{Kind, Refusal, Remedy};
use crate::store::apply::Carried;
use crate::store::impact::Impact;
use crate::store::import::Step;
use crate::words::counted;

/// How many conflicts a refusal names.
const NAMED: usize = 10;

/// A definition that became the next version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bump {
    /// The version that the definition has.
    pub tool: String,
    /// The version that it became.
    pub version: String,
}

/// What an import did, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Definitions that were not in the catalog.
    pub created: usize,
    /// Versions that were changed in place.
    pub updated: usize,
    /// Definitions that became the next version.
    pub bumped: usize,
    /// Which these are, with the version that each became.
    pub bumps: Vec<Bump>,
    /// Definitions that the catalog has as they are.
    pub unchanged: usize,
    /// Definitions that differ, and that the catalog keeps as it has them.
    pub skipped: usize,
    /// Tools that were retired, since no definition holds them.
    pub retired: usize,
    /// Files that were left out; definitions that differ, if these stop everything.
    pub refused: usize,
    /// The revision of the catalog afterwards; of a dry run, the present one.
    pub revision: i64,
    /// Whether it was undone at the end.
    pub dry_run: bool,
}

impl Summary {
    fn new(
        definitions: &Definitions,
        carried: &Carried,
        refused: usize,
        revision: i64,
        dry_run: bool,
    ) -> Self {
        let mut summary = Self {
            retired: carried.retired.len(),
            refused,
            revision,
            dry_run,
            ..Self::default()
        };
        for (place, step) in &carried.steps {
            match step {
                Step::Create { .. } => summary.created += 1,
                Step::Unchanged => summary.unchanged += 1,
                Step::Skip { .. } => summary.skipped += 1,
                Step::Update { .. } => summary.updated += 1,
                Step::Bump { version, .. } => {
                    summary.bumped += 1;
                    summary.bumps.push(Bump {
                        tool: definitions.documents.briefs()[*place].identity.to_string(),
                        version: version.clone(),
                    });
                }
                Step::Conflict { .. } => {}
            }
        }
        summary
    }
}

/// Recorded selections that the import would have answered otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Impacts {
    /// How many were looked at.
    pub selections: usize,
    /// Those that would be answered otherwise.
    pub changed: Vec<Impact>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned<'a> {
    /// The version of the tool.
    pub tool: String,
    /// `create`, `update`, `bump`, `skip`, `conflict` or `retire`.
    pub step: &'static str,
    /// The version that is made, if it is not that of the definition.
    pub version: Option<&'a str>,
    /// Whether what is made becomes the version in use.
    pub latest: Option<bool>,
    /// What differs, from the catalog to the definition.
    pub changes: &'a [Change],
}

impl Planned<'_> {
    fn named(tool: String, step: &'static str) -> Self {
        Self {
            tool,
            step,
            version: None,
            latest: None,
            changes: &[],
        }
    }
}

/// What an import did or would do, in numbers and step by step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanReport<'a> {
    /// The numbers.
    #[serde(flatten)]
    pub summary: &'a Summary,
    /// What differs, in the order of the definitions.
    pub steps: Vec<Planned<'a>>,
}

/// What an import did or would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The numbers.
    pub summary: Summary,
    /// Every file that was left out, and why.
    pub refused: Vec<Refused>,
    /// The files with definitions that were imported as `testing`, since they are not complete.
    pub incomplete: Vec<Refused>,
    /// Whose selection it changes, if that was asked for.
    pub impact: Option<Impacts>,
    carried: Carried,
}

impl Imported {
    pub(super) fn new(
        definitions: &Definitions,
        carried: Carried,
        impact: Option<Impacts>,
        revision: i64,
        dry_run: bool,
    ) -> Self {
        let refused = refused(definitions, &carried);
        let count = match carried.stopped {
            true => carried.conflicts.len(),
            false => refused.len(),
        };
        Self {
            summary: Summary::new(definitions, &carried, count, revision, dry_run),
            refused,
            incomplete: definitions.incomplete.clone(),
            impact,
            carried,
        }
    }

    /// Whether conflicts kept everything from being written.
    pub fn stopped(&self) -> bool {
        self.carried.stopped
    }

    /// The same, unless conflicts kept everything from being written.
    ///
    /// # Errors
    /// [`Kind::Conflict`] with the definitions that differ under a version that the catalog has.
    pub fn accepted(self, definitions: &Definitions) -> Result<Self, Refusal> {
        match self.stopped() {
            true => Err(self.conflict(definitions.documents.briefs())),
            false => Ok(self),
        }
    }

    fn conflict(&self, briefs: &[Brief]) -> Refusal {
        let conflicts = &self.carried.conflicts;
        let mut message = format!(
            "{} under a version that is in the catalog already; nothing was imported",
            counted(conflicts.len(), "changed definition")
        );
        for (place, changes) in conflicts.iter().take(NAMED) {
            message.push_str(&format!("\n  {}", differing(&briefs[*place], changes)));
        }
        if conflicts.len() > NAMED {
            message.push_str(&format!("\n  and {} more", conflicts.len() - NAMED));
        }
        Refusal::new(Kind::Conflict, message).remedy(Remedy::NewVersionOrPolicy)
    }

    /// The definitions that became the next version: the place of each, and that version.
    pub(super) fn bumps(&self) -> impl Iterator<Item = (usize, &str)> {
        let steps = self.carried.steps.iter();
        steps.filter_map(|(place, step)| match step {
            Step::Bump { version, .. } => Some((*place, version.as_str())),
            _ => None,
        })
    }

    /// What differs, step by step.
    pub fn plan(&self, definitions: &Definitions) -> PlanReport<'_> {
        let briefs = definitions.documents.briefs();
        let label = |place: usize| briefs[place].identity.to_string();
        let mut steps: Vec<(usize, Planned<'_>)> = Vec::new();
        for (place, step) in &self.carried.steps {
            let named = |step| Planned::named(label(*place), step);
            let planned = match step {
                Step::Create { latest } => Planned {
                    latest: Some(*latest),
                    ..named("create")
                },
                Step::Update { changes, .. } => Planned {
                    changes,
                    ..named("update")
                },
                Step::Bump {
                    version,
                    latest,
                    changes,
                } => Planned {
                    version: Some(version.as_str()),
                    latest: Some(*latest),
                    changes,
                    ..named("bump")
                },
                Step::Skip { changes } => Planned {
                    changes,
                    ..named("skip")
                },
                Step::Unchanged | Step::Conflict { .. } => continue,
            };
            steps.push((*place, planned));
        }
        for (place, changes) in &self.carried.conflicts {
            let planned = Planned {
                changes,
                ..Planned::named(label(*place), "conflict")
            };
            steps.push((*place, planned));
        }
        steps.sort_by_key(|(place, _)| *place);
        let retired = self.carried.retired.iter();
        let retired = retired.map(|it| Planned::named(it.identity().to_string(), "retire"));
        PlanReport {
            summary: &self.summary,
            steps: steps.into_iter().map(|(_, it)| it).chain(retired).collect(),
        }
    }
}

/// Every file that was left out, and why.
fn refused(definitions: &Definitions, carried: &Carried) -> Vec<Refused> {
    let mut all = definitions.refused.clone();
    for (place, changes) in &carried.conflicts {
        let file = definitions.file(*place);
        let message = differing(&definitions.documents.briefs()[*place], changes);
        match all.iter_mut().find(|it| it.file == file) {
            Some(refused) => refused.messages.push(message),
            None => all.push(Refused {
                file: file.to_owned(),
                kind: "conflict",
                messages: vec![message],
            }),
        }
    }
    let names = definitions.file_names();
    let failures = carried.failures.iter().map(|(file, message)| Refused {
        file: names
            .get(*file)
            .map_or_else(String::new, |it| (*it).to_owned()),
        kind: "database",
        messages: vec![message.clone()],
    });
    all.extend(failures);
    all
}

/// A definition that differs, with its fields.
fn differing(brief: &Brief, changes: &[Change]) -> String {
    let fields: Vec<&str> = changes.iter().map(|it| it.field.as_str()).collect();
    format!("{}: {}", brief.identity, fields.join(", "))
}
