//! An import as a whole, inside one transaction: plan, write, retire; file by file where what can
//! be imported is to be imported and the rest left out.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::StoreError;
use super::import::{OnConflict, Plan, Portion, Step};
use super::lifecycle::{self, Mark};
use super::tools::{Filter, Handle, StoredTool};
use crate::definition::Pile;
use crate::definition::diff::Change;

/// What is to be imported, and how.
#[derive(Debug)]
pub struct Order<'a> {
    /// The definitions, no two with the same identity.
    pub documents: &'a Pile,
    /// The file of each, as a number.
    pub files: &'a [usize],
    /// What to do with one that differs under a version that is there.
    pub on_conflict: OnConflict,
    /// Whether files that cannot be imported are left out, instead of stopping everything.
    pub keep_going: bool,
    /// Among which tools those are retired that the definitions do not hold.
    pub prune: Option<Filter>,
    /// Rows that may be retired, where that was agreed upon before.
    pub retire: Option<HashSet<i64>>,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// The definitions by place, and what was done with each.
    pub steps: Vec<(usize, Step)>,
    /// Those that differ and were refused, with what differs.
    pub conflicts: Vec<(usize, Vec<Change>)>,
    /// Files that the database refused, with its reason.
    pub failures: Vec<(usize, String)>,
    /// The tools that were retired.
    pub retired: Vec<StoredTool>,
    /// Whether nothing was written because of the conflicts.
    pub stopped: bool,
}

impl Order<'_> {
    /// The tools in the scope that the definitions do not hold.
    ///
    /// # Errors
    /// The database's error, if the query fails.
    pub fn retiring(&self, connection: &mut PgConnection) -> Result<Vec<StoredTool>, StoreError> {
        let Some(scope) = &self.prune else {
            return Ok(Vec::new());
        };
        let briefs = self.documents.briefs().iter();
        let held: HashSet<(&str, &str)> = briefs
            .map(|it| (it.identity.platform.as_str(), it.identity.name.as_str()))
            .collect();
        let mut found = lifecycle::no_longer_held(connection, scope, &held)?;
        if let Some(agreed) = &self.retire {
            found.retain(|tool| agreed.contains(&tool.id));
        }
        Ok(found)
    }

    /// Carries the order out. Where definitions are refused and going on was not asked for, nothing
    /// is written. `written` is told how many more definitions are dealt with.
    ///
    /// # Errors
    /// The database's error, if a statement fails; the caller's transaction must then be undone.
    pub fn carry_out(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        written: &dyn Fn(u64),
    ) -> Result<Carried, StoreError> {
        let places: Vec<usize> = (0..self.documents.len()).collect();
        let all = self.portion(&places);
        let plan = all.plan(connection, self.on_conflict)?;
        let (mut carried, refused) = self.against(&plan);
        if refused.is_empty() && !self.keep_going {
            all.carry_out(connection, &plan, actor, written)?;
            carried.steps = plan.steps.into_iter().enumerate().collect();
        } else if self.keep_going {
            self.good_files(connection, &refused, actor, written, &mut carried)?;
        } else {
            carried.stopped = true;
            carried.steps = self.accepted(plan, &BTreeSet::new());
        }
        let retiring = self.retiring(connection)?;
        carried.retired = match carried.stopped {
            true => retiring,
            false => {
                let handles: Vec<Handle> = retiring.iter().map(Handle::from).collect();
                lifecycle::mark(connection, &handles, &Mark::Retire)?
            }
        };
        Ok(carried)
    }

    /// What the order would do, without writing: what the database itself would refuse is not known then.
    ///
    /// # Errors
    /// The database's error, if a query fails.
    pub fn worked_out(&self, connection: &mut PgConnection) -> Result<Carried, StoreError> {
        let places: Vec<usize> = (0..self.documents.len()).collect();
        let plan = self.portion(&places).plan(connection, self.on_conflict)?;
        let (mut carried, refused) = self.against(&plan);
        carried.stopped = !refused.is_empty() && !self.keep_going;
        let left_out = match self.keep_going {
            true => refused,
            false => BTreeSet::new(),
        };
        carried.steps = self.accepted(plan, &left_out);
        carried.retired = self.retiring(connection)?;
        Ok(carried)
    }

    /// The conflicts of a plan, and the files in which they are.
    fn against(&self, plan: &Plan) -> (Carried, BTreeSet<usize>) {
        let mut carried = Carried {
            steps: Vec::new(),
            conflicts: Vec::new(),
            failures: Vec::new(),
            retired: Vec::new(),
            stopped: false,
        };
        let mut refused: BTreeSet<usize> = BTreeSet::new();
        for (index, step) in plan.steps.iter().enumerate() {
            if let Step::Conflict { changes, .. } = step {
                carried.conflicts.push((index, changes.clone()));
                refused.insert(self.files[index]);
            }
        }
        (carried, refused)
    }

    /// The steps of a plan that are no conflicts, without those of some files.
    fn accepted(&self, plan: Plan, without: &BTreeSet<usize>) -> Vec<(usize, Step)> {
        let steps = plan.steps.into_iter().enumerate();
        steps
            .filter(|(index, step)| {
                !matches!(step, Step::Conflict { .. }) && !without.contains(&self.files[*index])
            })
            .collect()
    }

    /// Imports the files that are not refused: all in one savepoint, and only where the database
    /// refuses that, each in its own.
    fn good_files(
        &self,
        connection: &mut PgConnection,
        refused: &BTreeSet<usize>,
        actor: &str,
        written: &dyn Fn(u64),
        carried: &mut Carried,
    ) -> Result<(), StoreError> {
        let good: Vec<usize> = (0..self.documents.len())
            .filter(|&index| !refused.contains(&self.files[index]))
            .collect();
        match self.part(connection, &good, actor, written) {
            Ok(steps) => carried.steps = steps,
            Err(error) if is_about_data(&error) => {
                let mut files: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
                for index in good {
                    files.entry(self.files[index]).or_default().push(index);
                }
                for (file, indices) in files {
                    match self.part(connection, &indices, actor, written) {
                        Ok(steps) => carried.steps.extend(steps),
                        Err(error) if is_about_data(&error) => {
                            carried.failures.push((file, error.to_string()));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn portion<'a>(&'a self, places: &'a [usize]) -> Portion<'a> {
        Portion {
            pile: self.documents,
            places,
        }
    }

    /// Imports some of the definitions in a savepoint.
    fn part(
        &self,
        connection: &mut PgConnection,
        indices: &[usize],
        actor: &str,
        written: &dyn Fn(u64),
    ) -> Result<Vec<(usize, Step)>, StoreError> {
        let part = self.portion(indices);
        let plan = connection.transaction::<_, StoreError, _>(|connection| {
            let plan = part.plan(connection, self.on_conflict)?;
            part.carry_out(connection, &plan, actor, written)?;
            Ok(plan)
        })?;
        Ok(indices.iter().copied().zip(plan.steps).collect())
    }
}

/// Whether the database refuses what was to be written, and not the writer.
fn is_about_data(error: &StoreError) -> bool {
    match error {
        StoreError::Definition(_) => true,
        StoreError::Query(DieselError::DatabaseError(kind, _)) => {
            !matches!(kind, DatabaseErrorKind::SerializationFailure)
        }
        StoreError::Query(error) => matches!(
            error,
            DieselError::SerializationError(_) | DieselError::QueryBuilderError(_)
        ),
        _ => false,
    }
}
