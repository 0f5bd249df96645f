//! The fields of a definition that have a column in the database, and what each column holds.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cells::{Cell, Cells};

/// The tool's fields that have a column, in the order of an export; `capabilities` aside.
pub const TOOL_FIELDS: &[&str] = &[
    "tool_name",
    "version",
    "description",
    "platform",
    "category",
    "status",
    "enabled",
    "owner",
    "defaults",
    "dependencies",
    "metadata",
];

/// The capability's fields that have a column; `patterns` aside.
pub const CAPABILITY_FIELDS: &[&str] = &["description"];

/// Calls a macro with every field of a pattern that has a column, in the order of an export: its name
/// and [kind](Kind). A field that is added here is divided, joined, compared, written, read and kept
/// from the index by itself.
macro_rules! pattern_fields {
    ($then:ident) => {
        $then! {
            /// What it does.
            description: Text,
            /// Jobs it is used for.
            typical_use_cases: List,
            /// Expression, milliseconds.
            time_estimate_ms: Expression,
            /// Expression, units of cost.
            cost_estimate: Expression,
            /// 0 to 1.
            complexity_score: Score,
            /// What it covers.
            scope: Text,
            /// How complete its result is.
            completeness: Text,
            /// What it cannot do.
            limitations: List,
            /// read, write or destroy; none if it is inferred.
            effect: OptionalText,
            /// When and by whom it may be run.
            policy: Map,
            /// How well it serves each preference.
            preference_match: Map,
            /// Inputs it cannot run without.
            required_inputs: List,
            /// Inputs it accepts.
            optional_inputs: List,
            /// What it returns.
            expected_outputs: List,
            /// How it is run.
            invocation: OptionalMap,
            /// Worked examples.
            examples: List,
        }
    };
}
pub(crate) use pattern_fields;

/// What the column of a pattern's field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, empty if it is not given.
    Text,
    /// Text that may be missing.
    OptionalText,
    /// An expression, which a definition may also give as a number.
    Expression,
    /// A number, which must be given.
    Score,
    /// A list, empty if it is not given.
    List,
    /// A map, empty if it is not given.
    Map,
    /// A map that may be missing.
    OptionalMap,
}

/// What holds a value of each kind.
mod column {
    use serde_json::Value;

    pub type Text = String;
    pub type OptionalText = Option<String>;
    pub type Expression = String;
    pub type Score = f64;
    pub type List = Value;
    pub type Map = Value;
    pub type OptionalMap = Option<Value>;
}

impl Kind {
    /// What a column holds where neither the definition nor the tool's defaults give a value.
    fn default(self) -> Option<Value> {
        match self {
            Kind::Text => Some(json!("")),
            Kind::List => Some(json!([])),
            Kind::Map => Some(json!({})),
            Kind::OptionalText | Kind::OptionalMap => Some(Value::Null),
            Kind::Expression | Kind::Score => None,
        }
    }
}

macro_rules! pattern_row {
    ($($(#[$doc:meta])* $name:ident: $kind:ident,)+) => {
        /// The pattern's fields that have a column, in the order of an export.
        pub const PATTERN_FIELDS: &[&str] = &[$(stringify!($name)),+];

        const PATTERN_KINDS: &[Kind] = &[$(Kind::$kind),+];

        /// A row of `tool_patterns`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct PatternRow {
            /// The pattern's name.
            #[serde(default)]
            pub pattern_name: String,
            $($(#[$doc])* pub $name: column::$kind,)+
            /// What has no column, and the [`SHAPE`](super::row::SHAPE).
            pub extra: Value,
        }

        impl Cells for PatternRow {
            fn cells(&self) -> Vec<(&'static str, Cell<'_>)> {
                vec![
                    ("pattern_name", Cell::from(&self.pattern_name)),
                    $((stringify!($name), Cell::from(&self.$name)),)+
                    ("extra", Cell::from(&self.extra)),
                ]
            }
        }
    };
}
pattern_fields!(pattern_row);

/// What the column of a pattern's field holds; none if it has no column.
pub(super) fn kind(field: &str) -> Option<Kind> {
    let index = PATTERN_FIELDS.iter().position(|it| *it == field)?;
    PATTERN_KINDS.get(index).copied()
}

/// What a column holds if neither the definition nor the tool's defaults give a value.
pub(super) fn column_default(field: &str) -> Option<Value> {
    match field {
        "status" => Some(json!("active")),
        "enabled" => Some(json!(true)),
        "owner" => Some(Value::Null),
        "defaults" | "metadata" => Some(json!({})),
        "dependencies" => Some(json!([])),
        _ => kind(field).and_then(Kind::default),
    }
}
