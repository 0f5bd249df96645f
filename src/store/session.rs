//! A session of the server and its settings, which a pool in between may refuse, drop or mix up.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text};

use super::Location;

/// Where the settings of a session are kept.
pub(super) enum Settings {
    /// The session has them from its start.
    InSession,
    /// Each transaction sets them: a pool is in between.
    InTransaction(Vec<(String, String)>),
}

impl Settings {
    /// Sets them for the transaction that has begun.
    pub(super) fn enter(&self, connection: &mut PgConnection) -> QueryResult<()> {
        let Settings::InTransaction(settings) = self else {
            return Ok(());
        };
        let (names, values): (Vec<&str>, Vec<&str>) = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .unzip();
        diesel::sql_query(
            "SELECT set_config(name, value, true) FROM unnest($1, $2) AS setting (name, value)",
        )
        .bind::<Array<Text>, _>(names)
        .bind::<Array<Text>, _>(values)
        .execute(connection)
        .map(drop)
    }
}

/// Connects, and says whether the session's options were taken. A server that does not know how to
/// notice that a client is gone, or a pool that takes no options, is asked again without.
pub(super) fn establish(location: &Location) -> ConnectionResult<(PgConnection, bool)> {
    let refused = match PgConnection::establish(&location.conninfo()) {
        Err(ConnectionError::BadConnection(message)) => message,
        other => return Ok((other?, true)),
    };
    if NO_OPTIONS.iter().any(|it| refused.contains(it)) {
        let pooled = PgConnection::establish(&location.conninfo_without_options())?;
        return Ok((pooled, false));
    }
    if Location::is_about_notice(&refused) {
        let old = PgConnection::establish(&location.conninfo_without_notice())?;
        return Ok((old, true));
    }
    Err(ConnectionError::BadConnection(refused))
}

/// How pools say that they take no options: PgBouncer, RDS Proxy.
const NO_OPTIONS: &[&str] = &[
    "unsupported startup parameter",
    "doesn't support command-line options",
];

#[derive(QueryableByName)]
pub(super) struct Arrived {
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) arrived: Option<bool>,
}
