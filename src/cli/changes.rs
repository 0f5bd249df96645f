//! Fields that differ, for people.

use serde_json::Value;

use crate::definition::diff::Change;
use crate::output::style::{BAD, DIM, GOOD};
use crate::output::{Ui, text};

use super::CommandError;

/// Columns that a value takes at most.
const VALUE_WIDTH: usize = 60;

/// Writes a line for each field that differs: `field: old -> new`.
///
/// # Errors
/// If stdout cannot be written.
pub fn write(ui: &mut Ui, changes: &[Change]) -> Result<(), CommandError> {
    for change in changes {
        let field = ui.paint(DIM, &format!("{}:", text::visible(&change.field)));
        let line = match (&change.old, &change.new) {
            (Value::Null, new) => {
                format!("{field} {}", ui.paint(GOOD, &format!("+ {}", value(new))))
            }
            (old, Value::Null) => {
                format!("{field} {}", ui.paint(BAD, &format!("- {}", value(old))))
            }
            (old, new) => format!(
                "{field} {} -> {}",
                ui.paint(BAD, &value(old)),
                ui.paint(GOOD, &value(new))
            ),
        };
        writeln!(ui.out(), "    {line}")?;
    }
    Ok(())
}

/// A value on one line.
pub fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    text::truncated(&text::visible(&text), VALUE_WIDTH).into_owned()
}
