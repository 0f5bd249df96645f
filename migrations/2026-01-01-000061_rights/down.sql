DROP TRIGGER guard ON catalog_state;
DROP TRIGGER guard ON selection_index;
DROP TRIGGER guard ON search_terms;
DROP TRIGGER guard ON tool_audit_log;
DROP TRIGGER guard ON tool_audit_chain;
DROP FUNCTION keep_derived();
DROP TRIGGER lock_first ON tools;
DROP TRIGGER lock_first ON tool_capabilities;
DROP TRIGGER lock_first ON tool_patterns;
DROP TRIGGER lock_first ON tool_ab_tests;
DROP FUNCTION lock_first();
DROP FUNCTION lock_catalog(TEXT);
DROP FUNCTION clear_index();
DROP FUNCTION write_index_entries(BIGINT[], BIGINT[], TEXT[], TEXT[], TEXT[]);
DROP FUNCTION renew_index_entries(BIGINT[], TEXT[], TEXT[]);
DROP FUNCTION write_index_terms(BIGINT, TEXT[], BYTEA[], TEXT[]);
DROP FUNCTION finish_index(INTEGER, BIGINT, BIGINT);

DROP TRIGGER touch ON tools;
CREATE OR REPLACE FUNCTION touch_tool() RETURNS TRIGGER
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.updated_at := now();
    NEW.updated_by := audit_actor();
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON tools FOR EACH ROW
    WHEN (NEW.updated_at IS DISTINCT FROM now() OR NEW.updated_by IS DISTINCT FROM audit_actor())
    EXECUTE FUNCTION touch_tool();

DROP TRIGGER forget_own_digest ON tools;
CREATE TRIGGER forget_own_digest BEFORE UPDATE ON tools FOR EACH ROW
    WHEN (NEW.definition_digest = OLD.definition_digest
          AND current_setting('toolcat.keeps_digest', true) IS DISTINCT FROM 'on'
          AND (NEW.tool_name, NEW.version, NEW.description, NEW.platform, NEW.category, NEW.defaults,
               NEW.dependencies, NEW.metadata, NEW.extra)
              IS DISTINCT FROM
              (OLD.tool_name, OLD.version, OLD.description, OLD.platform, OLD.category, OLD.defaults,
               OLD.dependencies, OLD.metadata, OLD.extra))
    EXECUTE FUNCTION forget_own_digest();
ALTER TABLE tools DROP COLUMN digest_at;

CREATE OR REPLACE FUNCTION forget_digest() RETURNS TRIGGER
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    changed BIGINT[];
BEGIN
    -- Deeper down, a tool or capability takes its children along: its row is being deleted itself.
    IF current_setting('toolcat.keeps_digest', true) = 'on' OR pg_trigger_depth() > 1 THEN RETURN NULL; END IF;
    IF TG_OP = 'DELETE' THEN
        IF TG_TABLE_NAME = 'tool_capabilities' THEN
            SELECT array_agg(tool_id) INTO changed FROM old_rows;
        ELSE
            SELECT array_agg(k.tool_id) INTO changed
            FROM old_rows o JOIN tool_capabilities k ON k.id = o.capability_id;
        END IF;
    ELSIF TG_TABLE_NAME = 'tool_capabilities' THEN
        SELECT array_agg(tool_id) INTO changed FROM new_rows;
    ELSE
        SELECT array_agg(k.tool_id) INTO changed
        FROM new_rows n JOIN tool_capabilities k ON k.id = n.capability_id;
    END IF;
    UPDATE tools SET definition_digest = NULL
    WHERE id = ANY (changed) AND definition_digest IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION make_telemetry_partition(month DATE) RETURNS VOID
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

-- As functions are without a word: everybody's, but for those that were never so.
DO $$
DECLARE
    function RECORD;
BEGIN
    FOR function IN SELECT oid::regprocedure AS name FROM pg_proc
                    WHERE pronamespace = current_schema()::regnamespace
                      AND proname IN ('audit_actor', 'audit_action', 'delete_children', 'touch_tool', 'touch_pattern',
                                      'keep_place', 'forget_own_digest', 'forget_digest', 'keep_audit_log',
                                      'note_migration', 'make_telemetry_partition', 'keep_assignment', 'ab_fnv1a32',
                                      'ab_bucket', 'ab_arm', 'keep_ab_tests') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', function.name);
    END LOOP;
END $$;
