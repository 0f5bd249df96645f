//! `jsonb` columns as they were sent, for bulk reads: understood later and elsewhere than on the
//! connection, or not at all.

use std::io::Write;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde_json::Value;
use serde_json::value::RawValue;

/// The version of the format in which `jsonb` is sent: its first byte, before the text.
const VERSION: u8 = 1;

/// The value of a `jsonb` column, as text.
#[derive(Debug, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub(super) struct RawJson(pub Box<RawValue>);

impl FromSql<Jsonb, Pg> for RawJson {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [VERSION, json @ ..] => Ok(Self(serde_json::from_slice(json)?)),
            _ => Err("an unknown version of jsonb's format".into()),
        }
    }
}

/// The value of a `jsonb` column that is read and written.
#[derive(Debug, FromSqlRow, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub(super) enum Json<'a> {
    /// As it was sent.
    Sent(RawJson),
    /// To be written.
    Held(&'a Value),
}

impl FromSql<Jsonb, Pg> for Json<'_> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        RawJson::from_sql(value).map(Self::Sent)
    }
}

impl ToSql<Jsonb, Pg> for Json<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[VERSION])?;
        match self {
            Self::Sent(json) => serde_json::to_writer(out, &json.0)?,
            Self::Held(value) => serde_json::to_writer(out, value)?,
        }
        Ok(IsNull::No)
    }
}

impl Json<'_> {
    /// The value.
    pub fn into_value(self) -> serde_json::Result<Value> {
        match self {
            Self::Sent(json) => serde_json::from_str(json.0.get()),
            Self::Held(value) => Ok(value.clone()),
        }
    }
}
