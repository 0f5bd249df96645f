-- An id that several tools have is kept by the first of their executions, whose row stays; the others lose the id, not the row.
UPDATE tool_telemetry later SET execution_id = NULL
WHERE EXISTS (SELECT FROM tool_telemetry first
              WHERE first.execution_id = later.execution_id AND first.tool_id <> later.tool_id AND first.id < later.id);

DROP INDEX tool_telemetry_execution_id;
DO $$
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = 'tool_telemetry'::regclass) = 'p' THEN
        CREATE UNIQUE INDEX tool_telemetry_execution_id ON tool_telemetry (execution_id, executed_at)
            WHERE execution_id IS NOT NULL;
    ELSE
        CREATE UNIQUE INDEX tool_telemetry_execution_id ON tool_telemetry (execution_id) WHERE execution_id IS NOT NULL;
    END IF;
END $$;

ALTER TABLE tool_telemetry DROP CONSTRAINT tool_telemetry_actual_time_ms_finite;
ALTER TABLE tool_telemetry ALTER COLUMN actual_time_ms TYPE INTEGER
    USING least(round(actual_time_ms), 2147483647)::integer;
COMMENT ON COLUMN tool_telemetry.actual_time_ms IS 'Milliseconds it took';
COMMENT ON COLUMN tool_telemetry.execution_id IS 'The caller''s name for the execution; one is recorded once';
