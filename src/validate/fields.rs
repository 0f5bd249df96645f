//! The fields that each map of a definition may have.

use crate::definition::row::{CAPABILITY_FIELDS, PATTERN_FIELDS, TOOL_FIELDS};
use crate::expression::nearest;
use crate::format::INTERFACE;

/// The fields of a policy.
pub const POLICY: &[&str] = &[
    "max_cost",
    "max_N_immediate",
    "max_execution_time",
    "requires_approval",
    "requires_background_if",
    "production_safe",
    "required_permissions",
    "allowed_environments",
];

/// The fields of a preference match.
pub const PREFERENCE_MATCH: &[&str] = &["speed", "accuracy", "cost", "complexity", "completeness"];

/// The fields of an invocation.
pub const INVOCATION: &[&str] = &["argv", "shell", "script", "interactive", "endless"];

/// Fields that real catalogs keep in `defaults` for their readers.
pub const DEFAULTS_FOR_READERS: &[&str] = &["accuracy_level", "freshness", "data_source"];

/// The known fields of the map at a path; none if any key may stand.
pub fn known<S: AsRef<str>>(path: &[S]) -> Vec<&'static str> {
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    let and = |fields: &[&'static str], more: &'static str| {
        let mut fields = fields.to_vec();
        fields.push(more);
        fields
    };
    match path[..] {
        [] => {
            let mut fields = and(TOOL_FIELDS, "capabilities");
            fields.extend(["examples", INTERFACE]);
            fields
        }
        ["defaults"] => [PATTERN_FIELDS, DEFAULTS_FOR_READERS].concat(),
        ["capabilities", _] => and(CAPABILITY_FIELDS, "patterns"),
        ["capabilities", _, "patterns", _] => and(PATTERN_FIELDS, INTERFACE),
        ["defaults", "policy"] | ["capabilities", _, "patterns", _, "policy"] => POLICY.to_vec(),
        ["defaults", "preference_match"]
        | ["capabilities", _, "patterns", _, "preference_match"] => PREFERENCE_MATCH.to_vec(),
        ["defaults", "invocation"] | ["capabilities", _, "patterns", _, "invocation"] => {
            INVOCATION.to_vec()
        }
        _ => Vec::new(),
    }
}

/// The first key of a path that its map does not know, with the one that it may be meant for.
pub fn unknown_key<'a>(path: &[&'a str]) -> Option<(&'a str, Option<&'static str>)> {
    (0..path.len()).find_map(|depth| {
        let mut fields = known(&path[..depth]);
        if fields.is_empty() || fields.contains(&path[depth]) {
            return None;
        }
        if depth == 0 {
            // A field of patterns may be named alone.
            fields.extend(PATTERN_FIELDS);
        }
        Some((path[depth], nearest(path[depth], fields)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::TOOL_SCHEMA;
    use serde_json::Value;

    #[test]
    fn the_schema_names_and_describes_the_same_fields() {
        let schema: Value = serde_json::from_str(TOOL_SCHEMA).unwrap();
        let properties = |pointer: &str| -> Vec<&String> {
            let map = schema.pointer(pointer).unwrap().as_object().unwrap();
            for (name, field) in map.iter().filter(|(name, _)| *name != "$shape") {
                let described = field.get("description").or_else(|| {
                    let target = field.get("$ref")?.as_str()?;
                    schema.pointer(&target[1..])?.get("description")
                });
                assert!(described.is_some_and(Value::is_string), "{pointer}/{name}");
            }
            let mut names: Vec<&String> = map.keys().filter(|it| *it != "$shape").collect();
            names.sort();
            names
        };
        for (pointer, path) in [
            ("/properties", vec![]),
            ("/$defs/defaults/properties", vec!["defaults"]),
            ("/$defs/capability/properties", vec!["capabilities", "c"]),
            (
                "/$defs/pattern/properties",
                vec!["capabilities", "c", "patterns", "p"],
            ),
            ("/$defs/policy/properties", vec!["defaults", "policy"]),
            (
                "/$defs/invocation/properties",
                vec!["defaults", "invocation"],
            ),
            (
                "/$defs/preference_match/properties",
                vec!["defaults", "preference_match"],
            ),
        ] {
            let mut fields = known(&path);
            fields.sort_unstable();
            assert_eq!(properties(pointer), fields, "{pointer}");
        }
    }
}
