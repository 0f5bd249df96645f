-- The log goes on row by row. Entries that hold a whole tool stay as they are: nothing of the log is rewritten.
DROP TRIGGER audit_insert ON tools;
DROP TRIGGER audit_fold_first ON tools;
DROP TRIGGER audit_fold_first ON tool_capabilities;
DROP TRIGGER audit_fold_first ON tool_patterns;
CREATE TRIGGER audit_insert AFTER INSERT ON tools REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION audit_change('tool', 'r.tool_name',
        'CROSS JOIN LATERAL (SELECT r.*) t');

CREATE OR REPLACE FUNCTION audit_change() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET timezone = 'UTC' SET extra_float_digits = 1 AS $$
DECLARE
    entity  TEXT := TG_ARGV[0];
    name    TEXT := TG_ARGV[1];
    owner   TEXT := TG_ARGV[2];
    columns TEXT[];
    source  TEXT;
    action  TEXT;
    changes TEXT;
    differs TEXT;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT string_agg(format('CASE WHEN bool_or(r.%1$I IS DISTINCT FROM o.%1$I) THEN %1$L END', attname), ', ')
        INTO changes
        FROM pg_attribute
        WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped
          AND attname NOT IN ('updated_at', 'updated_by', 'definition_digest', 'digest_at');
        EXECUTE format('SELECT array_remove(ARRAY[%s], NULL) FROM new_rows r JOIN old_rows o USING (id)', changes)
        INTO columns;
        IF columns = '{}' THEN RETURN NULL; END IF;
        SELECT string_agg(format('CASE WHEN r.%1$I IS DISTINCT FROM o.%1$I
                                    THEN jsonb_build_object(%1$L, jsonb_build_object(''old'', o.%1$I, ''new'', r.%1$I))
                                    ELSE ''{}'' END', changed), ' || '),
               string_agg(format('r.%1$I IS DISTINCT FROM o.%1$I', changed), ' OR ')
        INTO changes, differs
        FROM unnest(columns) changed;
        source := format('new_rows r JOIN old_rows o USING (id) %s WHERE %s', owner, differs);
        action := CASE WHEN columns && '{enabled,status,is_latest}' THEN format('audit_action(%s)', changes)
                       ELSE quote_literal(audit_action('{}')) END;
    ELSIF TG_OP = 'INSERT' THEN
        source := format('new_rows r %s CROSS JOIN LATERAL (SELECT NULL::JSONB AS old, r AS new) v
                                        CROSS JOIN LATERAL (SELECT v AS row) c', owner);
        action := CASE current_setting('toolcat.action', true) WHEN 'restored' THEN '''restored''' ELSE '''created''' END;
        changes := 'to_jsonb(c)';
    ELSE
        source := format('old_rows r %s CROSS JOIN LATERAL (SELECT r AS old, NULL::JSONB AS new) v
                                        CROSS JOIN LATERAL (SELECT v AS row) c', owner);
        action := '''deleted''';
        changes := 'to_jsonb(c)';
    END IF;
    PERFORM FROM catalog_state FOR UPDATE;
    EXECUTE format('
        WITH added AS (
            INSERT INTO tool_audit_log AS l (revision, changed_at, tool_id, platform, tool_name, version, entity,
                                             entity_id, entity_name, action, changes, changed_by, reason, ip_address,
                                             via, request_id, token_id)
            SELECT (SELECT begin_revision()), clock_timestamp(), %s, t.platform, t.tool_name, t.version, %L,
                   r.id, %s, %s, %s, $1, $2, $3, $4, $5, $6
            FROM %s
            ORDER BY r.id
            RETURNING l.revision, l.id, audit_digest(l) AS digest)
        SELECT audit_link(max(revision), max(id), string_agg(digest, '''' ORDER BY id)) FROM added HAVING count(*) > 0',
        -- a deleted tool is no longer there to be referred to
        CASE WHEN TG_OP = 'DELETE' AND entity = 'tool' THEN 'NULL' ELSE 't.id' END,
        entity, name, action, changes, source)
    USING audit_actor(), nullif(current_setting('toolcat.reason', true), ''), coalesce(audit_address(), host(inet_client_addr())),
          audit_via(), left(nullif(current_setting('toolcat.request_id', true), ''), 100), audit_token();
    RETURN NULL;
END $$;

DROP TABLE audit_pending;
DROP FUNCTION audit_fold_first();
DROP FUNCTION audit_fold();
DROP FUNCTION audit_create();

DO $$
BEGIN
    EXECUTE 'ALTER TABLE tool_audit_log ALTER COLUMN changes SET COMPRESSION default';
EXCEPTION WHEN syntax_error THEN
    NULL;
END $$;
COMMENT ON COLUMN tool_audit_log.changes IS 'Object: field -> {old, new} for each field that changed; row -> {old, new} for a whole row that was made or deleted';
