//! The life of a tool after its import: versions, bulk changes, deletion and return, under
//! concurrency and interruption.

mod acts;
mod concurrency;
mod edit;
mod import;
mod interruption;
mod revert;
mod whole;

/// A number from the environment, for the long form of a test.
pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// Every table of the catalog as text, in a fixed order.
pub fn every_table(world: &crate::common::World) -> String {
    [
        "catalog_state",
        "tools",
        "tool_capabilities",
        "tool_patterns",
        "tool_telemetry",
        "tool_ab_tests",
        "tool_audit_log",
    ]
    .iter()
    .map(|table| {
        world.sql(&format!(
            "SELECT '{table}', t::text FROM {table} t ORDER BY 2"
        ))
    })
    .collect()
}
