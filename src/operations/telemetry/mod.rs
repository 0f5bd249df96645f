//! Telemetry: executions recorded, and compared with the estimates.

pub mod record;
