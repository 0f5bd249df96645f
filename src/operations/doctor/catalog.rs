//! The catalog: its schema, who may do what, what is derived, the audit log, the definitions.

use super::{Finding, bad, failed, said};
use crate::operations::misfits::Misfits;
use crate::operations::refusal::DatabaseRemedy;
use crate::operations::{Refusal, Remedy, Silent, audit};
use crate::store::index::{self, Difference};
use crate::store::tools::{self, Filter, Place};
use crate::store::{Connection, StoreError, Transaction, digests, health, migrate};
use crate::words::{counted, grouped};

pub(super) fn migrations(connection: &mut Connection) -> Finding {
    match migrate::require_current(connection) {
        Ok(()) => Ok(format!(
            "catalog {} is as this program needs it",
            connection.location().catalog()
        )),
        Err(error) => failed(error),
    }
}

pub(super) fn extensions(connection: &mut Connection) -> Finding {
    match connection.read(health::server) {
        Ok(server) if server.extensions.iter().any(|it| it == "plpgsql") => {
            Ok("only plpgsql is needed, and it is installed".to_owned())
        }
        Ok(_) => bad(
            "plpgsql is missing",
            said("run CREATE EXTENSION plpgsql in the database"),
        ),
        Err(error) => failed(error),
    }
}

pub(super) fn rights(connection: &mut Connection) -> Finding {
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
                    said(
                        "let the catalog's owner grant what is missing; docs/operations.md has the grants of a reader and a writer",
                    ),
                ),
                false => Ok("this role can read, but lacks write access to some tables".to_owned()),
            }
        }
        Err(error) => failed(error),
    }
}

pub(super) fn members(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, Refusal> {
        let access = connection.read(health::access)?;
        if let Some(first) = access.mighty_delegates.first() {
            return Ok(bad(
                format!("{first} speaks for others and owns the catalog: nothing binds it"),
                said("let the server connect as a role of its own; docs/access.md has its grants"),
            ));
        }
        if access.members > 0 && access.admins == 0 {
            return Ok(bad("no member is an admin", Remedy::MakeAdmin));
        }
        if access.sees_tokens {
            let ending = connection.read(health::ending_tokens)?;
            if !ending.is_empty() {
                return Ok(bad(
                    format!(
                        "tokens end within a week, or have ended: {}",
                        ending.join(", ")
                    ),
                    Remedy::RenewTokens,
                ));
            }
        }
        let members = usize::try_from(access.members).unwrap_or(0);
        Ok(Ok(match members {
            0 => "no members, so nothing is checked".to_owned(),
            _ => format!("{}, an admin among them", counted(members, "member")),
        }))
    };
    look(connection).unwrap_or_else(failed)
}

pub(super) fn indexes(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, Refusal> {
        let invalid = connection.read(health::invalid_indexes)?;
        if let Some(first) = invalid.first() {
            return Ok(bad(
                format!("not usable: {}", invalid.join(", ")),
                said(format!("run REINDEX INDEX {first} in the database")),
            ));
        }
        let stale = connection.read(health::stale_statistics)?;
        if !stale.is_empty() {
            return Ok(bad(
                format!("statistics are out of date: {}", stale.join(", ")),
                said("run ANALYZE in the database, and see that autovacuum is on"),
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
                said("the next change makes it anew; find out who wrote to catalog_state"),
            ),
        })
    };
    look(connection).unwrap_or_else(failed)
}

pub(super) fn functions(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, Refusal> {
        let misdirected = connection.read(health::misdirected_functions)?;
        if !misdirected.is_empty() {
            return Ok(bad(
                format!(
                    "the catalog was renamed; still looking for its old name: {}",
                    misdirected.join(", ")
                ),
                Remedy::Database(DatabaseRemedy::Migrate),
            ));
        }
        let open = connection.read(health::everybodys_functions)?;
        if let Some(first) = open.first() {
            return Ok(bad(
                format!("everybody may run {}", open.join(", ")),
                said(format!(
                    "run REVOKE EXECUTE ON FUNCTION {first} FROM PUBLIC in the database"
                )),
            ));
        }
        Ok(Ok(
            "each looks into this catalog, and none is everybody's".to_owned()
        ))
    };
    look(connection).unwrap_or_else(failed)
}

/// The index of selection, made again.
pub(super) fn selection(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, Refusal> {
        let standing = connection.read(health::selection_index)?;
        match connection.refresh_index() {
            Err(StoreError::Forbidden(_)) if standing.behind == 0 => {}
            Err(StoreError::Forbidden(_)) => {
                return Ok(bad(
                    "the index is not up to date, and this role may not bring it there",
                    said("look again as a role that may write"),
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
                format!("{capability} of the tool with id {tool}")
            }
            Difference::Term(term) => format!("the tools with `{term}`"),
            Difference::Totals => "the size of the collection".to_owned(),
        };
        Ok(bad(
            format!(
                "{} between the index and the definitions; first {first}",
                counted(found.len(), "difference")
            ),
            said(
                "somebody wrote to the index: find out who, then run SELECT clear_index(), \
             finish_index(0, 0, 0) in the database, and the next change makes it anew",
            ),
        ))
    };
    look(connection).unwrap_or_else(failed)
}

/// The digests of the definitions, computed again.
pub(super) fn digests_of(connection: &mut Connection) -> Finding {
    match connection.read_consistently(digests::wrong) {
        Ok(wrong) => match wrong.first() {
            None => Ok("each is that of its definition".to_owned()),
            Some(first) => bad(
                format!(
                    "{} not of their definition; first {}",
                    counted(wrong.len(), "digest"),
                    first.identity()
                ),
                said(
                    "somebody wrote to definition_digest: set it to null in the database, \
                 and see the audit log of the tool",
                ),
            ),
        },
        Err(error) => failed(error),
    }
}

pub(super) fn audit_log(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, Refusal> {
        let triggers = connection.read(health::missing_triggers)?;
        if !triggers.is_empty() {
            return Ok(bad(
                format!(
                    "changes are not logged, or not checked: {} off or gone",
                    triggers.join(", ")
                ),
                said(
                    "switch them on with ALTER TABLE ... ENABLE TRIGGER, and find out who switched them off",
                ),
            ));
        }
        let verified = audit::verify(connection, None, &Silent)?;
        let found = &verified.discrepancies;
        if let Some(first) = found.first() {
            let name = first.name.as_deref().unwrap_or_default();
            return Ok(bad(
                format!(
                    "{} between the log and the catalog; first {name} {}",
                    counted(found.len(), "difference"),
                    first.field
                ),
                Remedy::VerifyLog,
            ));
        }
        Ok(Ok(format!(
            "{}, replayed without a gap up to revision {}",
            counted(usize::try_from(verified.entries).unwrap_or(0), "change"),
            verified.revision
        )))
    };
    look(connection).unwrap_or_else(failed)
}

pub(super) fn definitions(connection: &mut Connection) -> Finding {
    let look = |connection: &mut Connection| -> Result<Finding, Refusal> {
        let (count, misfits) = connection.snapshot(looked_at)?;
        let of_all = counted(count, "definition");
        Ok(match misfits.first.first() {
            None if count == 0 => Ok("the catalog is empty".to_owned()),
            None => Ok(format!("{of_all}, all valid")),
            Some(first) => bad(
                format!(
                    "not valid: {} of {of_all}; first {first}",
                    grouped(misfits.definitions)
                ),
                said("export the definition, mend it, and import it with a new version"),
            ),
        })
    };
    look(connection).unwrap_or_else(failed)
}

/// How many definitions are in use, and which of them are not valid.
fn looked_at(transaction: &mut Transaction) -> Result<(usize, Misfits), Refusal> {
    /// Definitions that are read at once.
    const PART: i64 = 500;
    let (mut count, mut misfits) = (0, Misfits::default());
    let mut place = None;
    loop {
        let stored = tools::page(transaction, &Filter::default(), place.as_ref(), PART)?;
        let Some(last) = stored.last() else {
            return Ok((count, misfits));
        };
        place = Some(Place::from(last));
        count += stored.len();
        misfits.look(&tools::definitions(transaction, &stored)?);
    }
}
