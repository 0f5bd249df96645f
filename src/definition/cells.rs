//! The columns of a definition's rows, borrowed: to be compared, joined and written without a copy.

use serde::Serialize;
use serde_json::Value;

use super::row::{CapabilityRow, ToolRow};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell<'a> {
    /// Text that is always there.
    Text(&'a str),
    /// Text that may be null.
    OptionalText(Option<&'a str>),
    /// A number.
    Number(f64),
    /// A yes or no.
    Flag(bool),
    /// The number of a row.
    Id(i64),
    /// JSON.
    Json(&'a Value),
    /// JSON that may be null.
    OptionalJson(Option<&'a Value>),
}

impl Cell<'_> {
    /// The SQL type by which its column takes it.
    pub fn sql_type(&self) -> &'static str {
        match self {
            Cell::Text(_) | Cell::OptionalText(_) => "text",
            Cell::Number(_) => "double precision",
            Cell::Flag(_) => "boolean",
            Cell::Id(_) => "bigint",
            Cell::Json(_) | Cell::OptionalJson(_) => "jsonb",
        }
    }

    /// The value, copied.
    pub fn to_value(self) -> Value {
        match self {
            Cell::Text(text) => Value::from(text),
            Cell::OptionalText(text) => Value::from(text),
            Cell::Number(number) => Value::from(number),
            Cell::Flag(flag) => Value::from(flag),
            Cell::Id(id) => Value::from(id),
            Cell::Json(value) => value.clone(),
            Cell::OptionalJson(value) => value.cloned().unwrap_or_default(),
        }
    }
}

/// A row as its columns, by name.
pub trait Cells {
    /// The columns.
    fn cells(&self) -> Vec<(&'static str, Cell<'_>)>;
}

macro_rules! cells {
    ($row:ty: $($column:ident),+ $(,)?) => {
        impl Cells for $row {
            fn cells(&self) -> Vec<(&'static str, Cell<'_>)> {
                vec![$((stringify!($column), Cell::from(&self.$column))),+]
            }
        }
    };
}

cells!(ToolRow: tool_name, version, description, platform, category, status, enabled, owner, defaults,
       dependencies, metadata, extra);
cells!(CapabilityRow: capability_name, description, extra);

impl<T: Cells> Cells for &T {
    fn cells(&self) -> Vec<(&'static str, Cell<'_>)> {
        (*self).cells()
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Cell::Text(text)
    }
}

impl<'a> From<&'a Option<String>> for Cell<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Cell::OptionalText(text.as_deref())
    }
}

impl From<&f64> for Cell<'_> {
    fn from(number: &f64) -> Self {
        Cell::Number(*number)
    }
}

impl From<&bool> for Cell<'_> {
    fn from(flag: &bool) -> Self {
        Cell::Flag(*flag)
    }
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Self {
        Cell::Json(value)
    }
}

impl<'a> From<&'a Option<Value>> for Cell<'a> {
    fn from(value: &'a Option<Value>) -> Self {
        Cell::OptionalJson(value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names<T: Cells + Serialize>(row: &T) -> (Vec<String>, Vec<String>) {
        let fields = serde_json::to_value(row).unwrap();
        let fields = fields.as_object().unwrap().keys().cloned().collect();
        let cells = row.cells();
        let cells = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
        (cells, fields)
    }

    #[test]
    fn no_column_is_forgotten() {
        let tool: ToolRow = serde_json::from_value(json!({
            "tool_name": "a", "version": "1", "description": "", "platform": "p", "category": "c",
            "status": "active", "enabled": true, "owner": null, "defaults": {}, "dependencies": [],
            "metadata": {}, "extra": {},
        }))
        .unwrap();
        let capability: CapabilityRow =
            serde_json::from_value(json!({"description": "", "extra": {}})).unwrap();
        for (cells, fields) in [names(&tool), names(&capability)] {
            assert_eq!(cells, fields);
        }
    }
}
