-- Entries about the catalog as a whole have no place in the log before.
DROP FUNCTION audit_note(TEXT, JSONB);
ALTER TABLE tool_audit_log DISABLE TRIGGER keep;
DELETE FROM tool_audit_log WHERE entity = 'catalog';
ALTER TABLE tool_audit_log ENABLE TRIGGER keep;

CREATE OR REPLACE FUNCTION audit_action(changes JSONB) RETURNS TEXT LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('toolcat.action', true), ''),
        CASE
            WHEN changes -> 'enabled' ->> 'new' = 'false' THEN 'disabled'
            WHEN changes -> 'enabled' ->> 'new' = 'true' THEN 'enabled'
            WHEN changes -> 'status' ->> 'new' = 'deprecated' THEN 'deprecated'
            WHEN changes -> 'status' ->> 'new' = 'disabled' THEN 'disabled'
            WHEN changes -> 'status' ->> 'new' = 'active' THEN 'activated'
            WHEN changes -> 'is_latest' ->> 'new' = 'false' THEN 'superseded'
            ELSE 'updated'
        END)
$$;

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
        WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('updated_at', 'updated_by')
          AND (attname <> 'definition_digest' OR current_setting('toolcat.keeps_digest', true) IS DISTINCT FROM 'on');
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
        action := 'coalesce(nullif(current_setting(''toolcat.action'', true), ''''), ''created'')';
        changes := 'to_jsonb(c)';
    ELSE
        source := format('old_rows r %s CROSS JOIN LATERAL (SELECT r AS old, NULL::JSONB AS new) v
                                        CROSS JOIN LATERAL (SELECT v AS row) c', owner);
        action := '''deleted''';
        changes := 'to_jsonb(c)';
    END IF;
    EXECUTE format('
        INSERT INTO tool_audit_log (revision, changed_at, tool_id, platform, tool_name, version, entity,
                                    entity_id, entity_name, action, changes, changed_by, reason, ip_address)
        SELECT (SELECT begin_revision()), clock_timestamp(), %s, t.platform, t.tool_name, t.version, %L,
               r.id, %s, %s, %s, $1, $2, $3
        FROM %s',
        -- a deleted tool is no longer there to be referred to
        CASE WHEN TG_OP = 'DELETE' AND entity = 'tool' THEN 'NULL' ELSE 't.id' END,
        entity, name, action, changes, source)
    USING audit_actor(), nullif(current_setting('toolcat.reason', true), ''), host(inet_client_addr());
    RETURN NULL;
END $$;

DROP FUNCTION audit_token();
DROP FUNCTION audit_via();
DROP TABLE tool_audit_chain;
DROP FUNCTION keep_chain();
DROP FUNCTION audit_link(BIGINT, BIGINT, BYTEA);
DROP FUNCTION audit_digest(tool_audit_log);
ALTER TABLE tool_audit_log
    DROP CONSTRAINT tool_audit_log_entity_check,
    ADD CONSTRAINT tool_audit_log_entity_check CHECK (entity IN ('tool', 'capability', 'pattern', 'ab_test')),
    DROP COLUMN token_id,
    DROP COLUMN request_id,
    DROP COLUMN via;
COMMENT ON COLUMN tool_audit_log.entity IS 'What kind of row changed: tool, capability, pattern or ab_test';
