//! A row of `tool_patterns` with its numbers, read and written.

use std::borrow::Cow;

use diesel::pg::Pg;
use diesel::prelude::*;
use serde_json::Value;

use super::raw_json::Json;
use super::schema::tool_patterns;
use crate::definition::row::{PatternRow, pattern_fields};

/// What holds a value of each kind, sent by the server or borrowed from a row.
mod column {
    use std::borrow::Cow;

    use crate::store::raw_json::Json;

    pub type Text<'a> = Cow<'a, str>;
    pub type OptionalText<'a> = Option<Cow<'a, str>>;
    pub type Expression<'a> = Cow<'a, str>;
    pub type Score<'a> = f64;
    pub type List<'a> = Json<'a>;
    pub type Map<'a> = Json<'a>;
    pub type OptionalMap<'a> = Option<Json<'a>>;
}

macro_rules! pattern_record {
    ($($(#[$doc:meta])* $name:ident: $kind:ident,)+) => {
        /// A pattern of a capability that has a row.
        #[derive(Queryable, Selectable, Insertable)]
        #[diesel(table_name = tool_patterns, check_for_backend(Pg), treat_none_as_default_value = false)]
        pub(super) struct PatternRecord<'a> {
            pub id: i64,
            pub capability_id: i64,
            pattern_name: Cow<'a, str>,
            $($name: column::$kind<'a>,)+
            extra: Json<'a>,
        }

        impl<'a> PatternRecord<'a> {
            /// What is written of a row.
            pub fn new(id: i64, capability_id: i64, row: &'a PatternRow) -> Self {
                Self {
                    id,
                    capability_id,
                    pattern_name: Cow::Borrowed(&row.pattern_name),
                    $($name: Column::of(&row.$name),)+
                    extra: Json::Held(&row.extra),
                }
            }

            /// The row.
            ///
            /// # Errors
            /// If a number does not fit.
            pub fn into_row(self) -> serde_json::Result<PatternRow> {
                Ok(PatternRow {
                    pattern_name: self.pattern_name.into_owned(),
                    $($name: self.$name.read()?,)+
                    extra: self.extra.read()?,
                })
            }
        }
    };
}
pattern_fields!(pattern_record);

/// A column, made from what a row holds and made into it.
trait Column<'a> {
    type Held;

    fn of(held: &'a Self::Held) -> Self;

    fn read(self) -> serde_json::Result<Self::Held>;
}

impl<'a> Column<'a> for Cow<'a, str> {
    type Held = String;

    fn of(held: &'a String) -> Self {
        Cow::Borrowed(held)
    }

    fn read(self) -> serde_json::Result<String> {
        Ok(self.into_owned())
    }
}

impl Column<'_> for f64 {
    type Held = f64;

    fn of(held: &f64) -> Self {
        *held
    }

    fn read(self) -> serde_json::Result<f64> {
        Ok(self)
    }
}

impl<'a> Column<'a> for Json<'a> {
    type Held = Value;

    fn of(held: &'a Value) -> Self {
        Json::Held(held)
    }

    fn read(self) -> serde_json::Result<Value> {
        self.into_value()
    }
}

impl<'a, C: Column<'a>> Column<'a> for Option<C>
where
    C::Held: 'a,
{
    type Held = Option<C::Held>;

    fn of(held: &'a Self::Held) -> Self {
        held.as_ref().map(C::of)
    }

    fn read(self) -> serde_json::Result<Self::Held> {
        self.map(C::read).transpose()
    }
}
