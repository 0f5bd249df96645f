//! Migrations: embedded, one catalog at a time, one migrator at a time.

use diesel::migration::{Migration, MigrationConnection, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, StoreError};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// One migration and whether the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// Version, which is its place in the order.
    pub version: String,
    /// What it is about.
    pub name: String,
    /// Whether the catalog has it.
    pub applied: bool,
}

/// The state of a catalog against this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The migrations that this program knows, in order.
    pub steps: Vec<Step>,
    /// Migrations that the catalog has and this program does not know.
    pub unknown: Vec<String>,
    /// Whether the catalog exists at all.
    pub exists: bool,
}

impl Progress {
    /// The migrations still to be applied.
    pub fn pending(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| !step.applied)
    }
}

/// What this program knows, and what the catalog has.
///
/// # Errors
/// The database's error, if a query fails.
pub fn progress(connection: &mut Connection) -> Result<Progress, StoreError> {
    let exists = catalog_exists(connection)?;
    let applied: Vec<String> = if exists && has_migrations_table(connection)? {
        connection
            .with_settings(|connection| {
                diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version")
                    .load::<Version>(connection)
            })?
            .into_iter()
            .map(|row| row.version)
            .collect()
    } else {
        Vec::new()
    };
    let steps: Vec<Step> = known()?
        .iter()
        .map(|migration| {
            let version = migration.name().version().to_string();
            Step {
                name: title(&migration.name().to_string()),
                applied: applied.contains(&version),
                version,
            }
        })
        .collect();
    let unknown = applied
        .into_iter()
        .filter(|version| !steps.iter().any(|step| step.version == *version))
        .collect();
    Ok(Progress {
        steps,
        unknown,
        exists,
    })
}

/// Fails unless the catalog has exactly the migrations of this program.
///
/// # Errors
/// [`StoreError::NoCatalog`], [`StoreError::SchemaTooOld`], [`StoreError::SchemaTooNew`].
pub fn require_current(connection: &mut Connection) -> Result<(), StoreError> {
    let progress = progress(connection)?;
    let catalog = connection.location().catalog().to_string();
    refuse_newer(&progress, &catalog)?;
    if !progress.exists || !progress.steps.iter().any(|step| step.applied) {
        return Err(StoreError::NoCatalog(catalog));
    }
    match progress.pending().count() {
        0 => Ok(()),
        pending => Err(StoreError::SchemaTooOld { catalog, pending }),
    }
}

/// Applies every pending migration, each in its own transaction, and returns them. Creates the
/// catalog where it does not exist. `lock_wait_seconds` limits the wait for another migrator.
///
/// # Errors
/// [`StoreError::SchemaTooNew`]; [`StoreError::Conflict`] if another migrator holds the lock;
/// [`StoreError::Migration`] with the migration that failed, the earlier ones staying applied.
pub fn up(connection: &mut Connection, lock_wait_seconds: f64) -> Result<Vec<Step>, StoreError> {
    apply(connection, lock_wait_seconds, |_| true)
}

/// Applies those of the pending migrations that are named, as [`up`] does all of them.
///
/// # Errors
/// As [`up`].
pub fn up_to(
    connection: &mut Connection,
    lock_wait_seconds: f64,
    versions: &[String],
) -> Result<Vec<Step>, StoreError> {
    apply(connection, lock_wait_seconds, |version| {
        versions.iter().any(|it| it == version)
    })
}

fn apply(
    connection: &mut Connection,
    lock_wait_seconds: f64,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Step>, StoreError> {
    with_lock(connection, lock_wait_seconds, |connection| {
        let progress = progress(connection)?;
        refuse_newer(&progress, connection.location().catalog().as_str())?;
        if !progress.exists {
            let schema = format!("CREATE SCHEMA \"{}\"", connection.location().catalog());
            diesel::sql_query(schema).execute(connection.raw())?;
        }
        connection.raw().setup().map_err(StoreError::from)?;
        let pending: Vec<Step> = progress
            .pending()
            .filter(|step| wanted(&step.version))
            .cloned()
            .collect();
        for (migration, step) in known()?.iter().zip(&progress.steps) {
            if !step.applied && wanted(&step.version) {
                connection.raw().run_migration(migration).map_err(failed)?;
            }
        }
        redirect_functions(connection)?;
        Ok(pending)
    })
}

/// Makes the functions of a catalog that was renamed look into it, and not for its old name.
pub(super) fn redirect_functions(connection: &mut Connection) -> Result<(), StoreError> {
    for function in super::health::misdirected_functions(connection.raw())? {
        let catalog = connection.location().catalog().to_string();
        diesel::sql_query(format!(
            "ALTER FUNCTION {function} SET search_path = \"{catalog}\", pg_temp"
        ))
        .execute(connection.raw())?;
    }
    Ok(())
}

/// Reverts the last `count` migrations, newest first, and returns them.
///
/// # Errors
/// As [`up`].
pub fn down(
    connection: &mut Connection,
    count: usize,
    lock_wait_seconds: f64,
) -> Result<Vec<Step>, StoreError> {
    with_lock(connection, lock_wait_seconds, |connection| {
        let progress = progress(connection)?;
        refuse_newer(&progress, connection.location().catalog().as_str())?;
        let mut reverted = Vec::new();
        for (migration, step) in known()?.iter().zip(&progress.steps).rev() {
            if step.applied && reverted.len() < count {
                connection
                    .raw()
                    .revert_migration(migration)
                    .map_err(failed)?;
                reverted.push(step.clone());
            }
        }
        Ok(reverted)
    })
}

/// The SQL of the pending migrations, with a heading each.
///
/// # Errors
/// As [`progress`].
pub fn plan(connection: &mut Connection) -> Result<Vec<(Step, &'static str)>, StoreError> {
    let progress = progress(connection)?;
    refuse_newer(&progress, connection.location().catalog().as_str())?;
    Ok(progress
        .pending()
        .map(|step| (step.clone(), sql_of(&step.version)))
        .collect())
}

/// The text of a migration, which the embedded form does not give away.
fn sql_of(version: &str) -> &'static str {
    SOURCES
        .iter()
        .find(|(folder, _)| folder.replace('-', "").starts_with(version))
        .map_or("", |(_, sql)| sql)
}

macro_rules! sources {
    ($($folder:literal),* $(,)?) => {
        &[$(($folder, include_str!(concat!("../../migrations/", $folder, "/up.sql")))),*]
    };
}

const SOURCES: &[(&str, &str)] = sources![
    "2026-01-01-000001_definitions",
    "2026-01-01-000002_telemetry",
    "2026-01-01-000003_ab_tests",
    "2026-01-01-000004_audit",
    "2026-01-01-000020_selection_index",
    "2026-01-01-000021_selections",
    "2026-01-01-000030_telemetry_queries",
    "2026-01-01-000040_ab_experiments",
    "2026-01-01-000050_renewed_entries",
    "2026-01-01-000060_hash_chain",
    "2026-01-01-000061_rights",
    "2026-01-01-000080_invocation",
    "2026-01-01-000090_access",
    "2026-01-01-000091_fine_times",
    "2026-01-01-000092_one_entry",
    "2026-01-01-000093_covered_indexes",
    "2026-01-01-000094_index_writers",
    "2026-01-01-000095_tool_vectors",
];

fn known() -> Result<Vec<Box<dyn Migration<Pg>>>, StoreError> {
    let mut migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(failed)?;
    migrations.sort_unstable_by(|a, b| a.name().version().cmp(&b.name().version()));
    Ok(migrations)
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Migration(error.to_string())
}

/// `2026-01-01-000001_definitions` without its number.
fn title(name: &str) -> String {
    name.split_once('_')
        .map_or(name, |(_, title)| title)
        .replace('_', " ")
}

fn refuse_newer(progress: &Progress, catalog: &str) -> Result<(), StoreError> {
    match progress.unknown.iter().max() {
        Some(newest) => Err(StoreError::SchemaTooNew {
            catalog: catalog.to_owned(),
            newest: newest.clone(),
        }),
        None => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

fn catalog_exists(connection: &mut Connection) -> Result<bool, StoreError> {
    let catalog = connection.location().catalog().to_string();
    let row = connection.with_settings(|connection| {
        diesel::sql_query("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS answer")
            .bind::<Text, _>(catalog)
            .get_result::<Answer>(connection)
    })?;
    Ok(row.answer)
}

fn has_migrations_table(connection: &mut Connection) -> Result<bool, StoreError> {
    let row = connection.with_settings(|connection| {
        diesel::sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS answer")
            .get_result::<Answer>(connection)
    })?;
    Ok(row.answer)
}

/// Holds an advisory lock of the catalog around `work`. A session lock, since each migration has
/// its own transaction; it goes with the connection should the process die.
fn with_lock<T>(
    connection: &mut Connection,
    wait_seconds: f64,
    work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.in_one_session(|connection| locked(connection, wait_seconds, work))
}

fn locked<T>(
    connection: &mut Connection,
    wait_seconds: f64,
    work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Behind a pool all of it is one transaction, and the lock goes with that.
    let (lock, unlock) = match connection.keeps_its_session() {
        true => ("pg_advisory_lock", Some("pg_advisory_unlock")),
        false => ("pg_advisory_xact_lock", None),
    };
    let key = format!("toolcat migrate {}", connection.location().catalog());
    let milliseconds = (wait_seconds.clamp(0.001, 86_400.0) * 1000.0).ceil();
    diesel::sql_query("SELECT set_config('lock_timeout', $1, false)")
        .bind::<Text, _>(format!("{milliseconds}ms"))
        .execute(connection.raw())?;
    let locked = diesel::sql_query(format!("SELECT {lock}(hashtextextended($1, 0))"))
        .bind::<Text, _>(&key)
        .execute(connection.raw())
        .map_err(StoreError::from);
    diesel::sql_query("SET lock_timeout = DEFAULT").execute(connection.raw())?;
    locked.map_err(|error| match error {
        StoreError::Conflict(_) => StoreError::Conflict(format!(
            "another process is migrating catalog `{}`",
            connection.location().catalog()
        )),
        other => other,
    })?;
    let result = work(connection);
    let unlocked = unlock.map(|unlock| {
        diesel::sql_query(format!("SELECT {unlock}(hashtextextended($1, 0))"))
            .bind::<Text, _>(&key)
            .execute(connection.raw())
    });
    let value = result?;
    unlocked.transpose()?;
    Ok(value)
}

/// The newest migration that this program knows.
pub fn newest_version() -> Option<String> {
    let migrations = known().ok()?;
    let version: MigrationVersion<'static> = migrations.last()?.name().version().as_owned();
    Some(version.to_string())
}
