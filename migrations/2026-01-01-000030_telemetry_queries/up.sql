-- What recording once, ratings, and questions about large telemetry need.

ALTER TABLE tool_telemetry ADD COLUMN rating SMALLINT CHECK (rating BETWEEN 1 AND 5);
COMMENT ON COLUMN tool_telemetry.rating IS 'How satisfied the user was, 1 to 5';

-- One execution is recorded once, whoever writes it.
CREATE UNIQUE INDEX tool_telemetry_execution_id ON tool_telemetry (execution_id) WHERE execution_id IS NOT NULL;

-- The records of one pattern in a span of time.
CREATE INDEX tool_telemetry_pattern_executed_at ON tool_telemetry (pattern_id, executed_at);

-- Spans of time in tables too large for the other index on it to stay in memory.
CREATE INDEX tool_telemetry_executed_at_brin ON tool_telemetry USING brin (executed_at);

-- For catalogs whose telemetry is divided by month (`toolcat migrate up --partition-telemetry`).
CREATE FUNCTION make_telemetry_partition(month DATE) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    low  TIMESTAMPTZ := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    high TIMESTAMPTZ := (date_trunc('month', month::timestamp) + INTERVAL '1 month') AT TIME ZONE 'UTC';
    part TEXT        := 'tool_telemetry_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE tool_telemetry INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)', part);
    EXECUTE format('COMMENT ON TABLE %I IS %L', part, 'Executions of one month');
    EXECUTE format('WITH moved AS (DELETE FROM tool_telemetry_default
                                   WHERE executed_at >= %L AND executed_at < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', low, high, part);
    EXECUTE format('ALTER TABLE tool_telemetry ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
END $$;
COMMENT ON FUNCTION make_telemetry_partition(DATE) IS 'Makes the partition of a month, where telemetry is divided by month';
