DROP FUNCTION make_telemetry_partition(DATE);
DROP INDEX tool_telemetry_executed_at_brin;
DROP INDEX tool_telemetry_pattern_executed_at;
DROP INDEX tool_telemetry_execution_id;
ALTER TABLE tool_telemetry DROP COLUMN rating;
