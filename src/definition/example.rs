//! The worked examples of a pattern, as far as they can be typed.

use serde_json::Value;

/// The commands of examples, each a text or a map with a `command`.
pub fn example_commands<'a>(examples: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let command = |it: &Value| {
        let command = it.get("command").and_then(Value::as_str);
        command.or(it.as_str()).map(str::to_owned)
    };
    examples.into_iter().filter_map(command).collect()
}
