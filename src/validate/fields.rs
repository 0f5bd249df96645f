//! The fields that each map of a definition may have.

use crate::definition::row::{CAPABILITY_FIELDS, PATTERN_FIELDS, TOOL_FIELDS};
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

/// Fields that real catalogs keep in `defaults` for their readers.
pub const DEFAULTS_FOR_READERS: &[&str] = &["accuracy_level", "freshness", "data_source"];

/// The known fields of the map at a path; none where any key may stand.
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
        _ => Vec::new(),
    }
}
