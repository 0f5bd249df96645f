-- Times keep their fractions, and an execution's id is its tool's own: two tools may have a run of the same name.

ALTER TABLE tool_telemetry ALTER COLUMN actual_time_ms TYPE DOUBLE PRECISION;
ALTER TABLE tool_telemetry ADD CONSTRAINT tool_telemetry_actual_time_ms_finite CHECK (actual_time_ms < 'Infinity');
COMMENT ON COLUMN tool_telemetry.actual_time_ms IS 'Milliseconds it took, to the microsecond';
COMMENT ON COLUMN tool_telemetry.execution_id IS 'The caller''s name for the execution; of each version of a tool, one is recorded once';

DROP INDEX tool_telemetry_execution_id;
DO $$
BEGIN
    -- A key of a table that is divided by month must hold the column that divides it.
    IF (SELECT relkind FROM pg_class WHERE oid = 'tool_telemetry'::regclass) = 'p' THEN
        CREATE UNIQUE INDEX tool_telemetry_execution_id ON tool_telemetry (execution_id, tool_id, executed_at)
            WHERE execution_id IS NOT NULL;
    ELSE
        CREATE UNIQUE INDEX tool_telemetry_execution_id ON tool_telemetry (execution_id, tool_id)
            WHERE execution_id IS NOT NULL;
    END IF;
END $$;
