//! `jsonb` columns as they were sent, for bulk reads: understood later and elsewhere than on the
//! connection, or not at all.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Jsonb;
use serde_json::Value;
use serde_json::value::RawValue;

/// The value of a `jsonb` column, as text.
#[derive(Debug, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub(super) struct RawJson(pub Box<RawValue>);

impl FromSql<Jsonb, Pg> for RawJson {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        // One byte for the version of the format, then the text.
        match value.as_bytes() {
            [1, json @ ..] => Ok(Self(serde_json::from_slice(json)?)),
            _ => Err("an unknown version of jsonb's format".into()),
        }
    }
}

impl RawJson {
    /// The value.
    pub fn parse(&self) -> serde_json::Result<Value> {
        serde_json::from_str(self.0.get())
    }
}
