DROP INDEX tool_telemetry_failures;
CREATE INDEX tool_telemetry_success ON tool_telemetry (success);
CREATE INDEX tool_telemetry_executed_at_brin ON tool_telemetry USING brin (executed_at);
CREATE INDEX tool_telemetry_pattern_id ON tool_telemetry (pattern_id);
CREATE INDEX tool_patterns_capability_id ON tool_patterns (capability_id);
CREATE INDEX tool_capabilities_tool_id ON tool_capabilities (tool_id);
