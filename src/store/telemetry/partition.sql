-- Divides tool_telemetry by month. Everything about the table is carried over: columns, checks, keys, comments, grants,
-- triggers and indexes; a key of a partitioned table must hold the column that divides it.
DO $$
DECLARE
    columns_in_order TEXT;
    statements       TEXT[] := '{}';
    statement        TEXT;
    granted          RECORD;
    month            DATE;
BEGIN
    LOCK TABLE tool_telemetry IN ACCESS EXCLUSIVE MODE;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns_in_order
    FROM pg_attribute WHERE attrelid = 'tool_telemetry'::regclass AND attnum > 0 AND NOT attisdropped;

    SELECT statements || COALESCE(array_agg(format('ALTER TABLE tool_telemetry ADD CONSTRAINT %I %s', conname,
               pg_get_constraintdef(oid)) ORDER BY conname), '{}') INTO statements
    FROM pg_constraint WHERE conrelid = 'tool_telemetry'::regclass AND contype = 'f';
    SELECT statements || COALESCE(array_agg(pg_get_indexdef(indexrelid) ORDER BY indexrelid), '{}') INTO statements
    FROM pg_index WHERE indrelid = 'tool_telemetry'::regclass AND NOT indisunique;
    SELECT statements || COALESCE(array_agg(pg_get_triggerdef(oid) ORDER BY tgname), '{}') INTO statements
    FROM pg_trigger WHERE tgrelid = 'tool_telemetry'::regclass AND NOT tgisinternal;
    FOR granted IN SELECT grantee, privilege_type
                   FROM pg_class, aclexplode(relacl) WHERE oid = 'tool_telemetry'::regclass LOOP
        statements := statements || format('GRANT %s ON tool_telemetry TO %s', granted.privilege_type,
            CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee)) END);
    END LOOP;

    ALTER TABLE tool_telemetry RENAME TO tool_telemetry_undivided;
    CREATE TABLE tool_telemetry (LIKE tool_telemetry_undivided
        INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING IDENTITY)
        PARTITION BY RANGE (executed_at);
    EXECUTE format('COMMENT ON TABLE tool_telemetry IS %L', obj_description('tool_telemetry_undivided'::regclass));
    CREATE TABLE tool_telemetry_default PARTITION OF tool_telemetry DEFAULT;
    COMMENT ON TABLE tool_telemetry_default IS 'Executions of months that have no partition';
    FOR month IN SELECT DISTINCT date_trunc('month', executed_at AT TIME ZONE 'UTC')::date
                 FROM tool_telemetry_undivided
                 UNION SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n))::date
                 FROM generate_series(0, 2) n ORDER BY 1 LOOP
        PERFORM make_telemetry_partition(month);
    END LOOP;
    EXECUTE format('INSERT INTO tool_telemetry (%1$s) SELECT %1$s FROM tool_telemetry_undivided', columns_in_order);
    PERFORM setval(pg_get_serial_sequence('tool_telemetry', 'id'),
                   nextval(pg_get_serial_sequence('tool_telemetry_undivided', 'id')), false);
    DROP TABLE tool_telemetry_undivided;
    -- The new sequence takes the name that the old one had, by which a backup knows it.
    EXECUTE format('ALTER SEQUENCE %s RENAME TO tool_telemetry_id_seq', pg_get_serial_sequence('tool_telemetry', 'id'));

    ALTER TABLE tool_telemetry ADD CONSTRAINT tool_telemetry_pkey PRIMARY KEY (id, executed_at);
    CREATE UNIQUE INDEX tool_telemetry_execution_id ON tool_telemetry (execution_id, tool_id, executed_at)
        WHERE execution_id IS NOT NULL;
    FOREACH statement IN ARRAY statements LOOP
        EXECUTE statement;
    END LOOP;
END $$;
