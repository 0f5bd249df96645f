-- A tool that is made has one entry in the audit log: the whole of it, with its capabilities and patterns.
--
-- Whatever is inserted or updated of a tool in the transaction that made it belongs to that entry, which is written
-- from the tables at the end of the transaction, or before, when the writer asks for it:
--   SET CONSTRAINTS audit_fold IMMEDIATE
-- Nothing is left to what a session says of itself: what the transaction leaves in the tables is in the entry, by
-- hand as well. Before a row is deleted, the entries are written. Changes of a tool that was there before are logged row by row.

CREATE TABLE audit_pending (
    tool_id    BIGINT PRIMARY KEY,
    last_id    BIGINT,
    action     VARCHAR(50)  NOT NULL,
    changed_by VARCHAR(100) NOT NULL,
    reason     TEXT,
    ip_address VARCHAR(45),
    via        VARCHAR(10),
    request_id VARCHAR(100),
    token_id   BIGINT
);
COMMENT ON TABLE audit_pending IS 'Tools made by a transaction that goes on, whose entries are still to be written; empty for all others';
COMMENT ON COLUMN audit_pending.tool_id IS 'The tool';
COMMENT ON COLUMN audit_pending.last_id IS 'In the first row of a statement: the last tool that it made';
COMMENT ON COLUMN audit_pending.action IS 'created, or restored';
COMMENT ON COLUMN audit_pending.changed_by IS 'Who made it';
COMMENT ON COLUMN audit_pending.reason IS 'Why';
COMMENT ON COLUMN audit_pending.ip_address IS 'Address of the client; null on a local socket';
COMMENT ON COLUMN audit_pending.via IS 'The way it came';
COMMENT ON COLUMN audit_pending.request_id IS 'The request that it belongs to, where a server made it';
COMMENT ON COLUMN audit_pending.token_id IS 'The token that was shown, where one was';
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_pending
    FOR EACH STATEMENT EXECUTE FUNCTION keep_derived();

CREATE FUNCTION audit_create() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM catalog_state FOR UPDATE;
    PERFORM begin_revision() WHERE EXISTS (SELECT FROM new_rows);
    INSERT INTO audit_pending (tool_id, last_id, action, changed_by, reason, ip_address, via, request_id, token_id)
    SELECT id, CASE WHEN id = min(id) OVER () THEN max(id) OVER () END,
           CASE current_setting('toolcat.action', true) WHEN 'restored' THEN 'restored' ELSE 'created' END,
           audit_actor(), nullif(current_setting('toolcat.reason', true), ''),
           coalesce(audit_address(), host(inet_client_addr())), audit_via(),
           left(nullif(current_setting('toolcat.request_id', true), ''), 100), audit_token()
    FROM new_rows;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION audit_create() IS 'Takes down which tools a statement made, for the audit log';

-- A definition is read by its keys, whatever the statistics say: the tables may have been filled just now. It is turned
-- into JSON in one go, as rows within rows: put together from JSON of its parts, it would take five times as long.
CREATE FUNCTION audit_fold() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET timezone = 'UTC' SET extra_float_digits = 1 SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM catalog_state FOR UPDATE;
    WITH made AS (
        DELETE FROM audit_pending WHERE tool_id BETWEEN NEW.tool_id AND NEW.last_id RETURNING *
    ), added AS (
        INSERT INTO tool_audit_log AS l (revision, changed_at, tool_id, platform, tool_name, version, entity,
                                         entity_id, entity_name, action, changes, changed_by, reason, ip_address,
                                         via, request_id, token_id)
        SELECT (SELECT begin_revision()), clock_timestamp(), t.id, t.platform, t.tool_name, t.version, 'tool',
               t.id, t.tool_name, made.action,
               to_jsonb(c),
               made.changed_by, made.reason, made.ip_address, made.via, made.request_id, made.token_id
        FROM made JOIN tools t ON t.id = made.tool_id
             CROSS JOIN LATERAL (
                 SELECT t.*, ARRAY(
                     SELECT k FROM (
                         SELECT k.*, ARRAY(SELECT p FROM tool_patterns p WHERE p.capability_id = k.id
                                           ORDER BY p.id) AS patterns
                         FROM tool_capabilities k WHERE k.tool_id = t.id ORDER BY k.id) k) AS capabilities) w
             CROSS JOIN LATERAL (SELECT NULL::JSONB AS old, w AS new) v
             CROSS JOIN LATERAL (SELECT v AS row) c
        ORDER BY t.id
        RETURNING l.revision, l.id, audit_digest(l) AS digest)
    INSERT INTO tool_audit_chain (revision, last_id, hash)
    SELECT max(revision), max(id),
           sha256(coalesce((SELECT hash FROM tool_audit_chain c ORDER BY c.revision DESC, c.last_id DESC LIMIT 1), '')
                  || string_agg(digest, '' ORDER BY id))
    FROM added HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION audit_fold() IS 'Writes the audit log for the tools that a statement made, each as a whole';
CREATE CONSTRAINT TRIGGER audit_fold AFTER INSERT ON audit_pending DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.last_id IS NOT NULL) EXECUTE FUNCTION audit_fold();

CREATE FUNCTION audit_fold_first() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT FROM audit_pending) THEN
        SET CONSTRAINTS audit_fold IMMEDIATE;
        SET CONSTRAINTS audit_fold DEFERRED;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION audit_fold_first() IS 'Writes the entries of tools just made before anything is deleted';
CREATE TRIGGER audit_fold_first BEFORE DELETE ON tools
    FOR EACH STATEMENT EXECUTE FUNCTION audit_fold_first();
CREATE TRIGGER audit_fold_first BEFORE DELETE ON tool_capabilities
    FOR EACH STATEMENT EXECUTE FUNCTION audit_fold_first();
CREATE TRIGGER audit_fold_first BEFORE DELETE ON tool_patterns
    FOR EACH STATEMENT EXECUTE FUNCTION audit_fold_first();

DROP TRIGGER audit_insert ON tools;
CREATE TRIGGER audit_insert AFTER INSERT ON tools REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION audit_create();

-- As before, but for what belongs to an entry that is still to be written.
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
    pending TEXT := CASE WHEN entity IN ('tool', 'capability', 'pattern')
                         THEN 'NOT EXISTS (SELECT FROM audit_pending made WHERE made.tool_id = t.id)' ELSE 'true' END;
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
        source := format('new_rows r JOIN old_rows o USING (id) %s WHERE (%s) AND %s', owner, differs, pending);
        action := CASE WHEN columns && '{enabled,status,is_latest}' THEN format('audit_action(%s)', changes)
                       ELSE quote_literal(audit_action('{}')) END;
    ELSIF TG_OP = 'INSERT' THEN
        source := format('new_rows r %s CROSS JOIN LATERAL (SELECT NULL::JSONB AS old, r AS new) v
                                        CROSS JOIN LATERAL (SELECT v AS row) c WHERE %s', owner, pending);
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

REVOKE EXECUTE ON FUNCTION audit_create(), audit_fold(), audit_fold_first() FROM PUBLIC;

-- A whole definition is longer than a page takes as it is. The faster compression is not in every server.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE tool_audit_log ALTER COLUMN changes SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    NULL;
END $$;
COMMENT ON COLUMN tool_audit_log.changes IS 'Object: field -> {old, new} for each field that changed; row -> {old, new} for a whole row that was made or deleted, the row of a tool that was made with its capabilities and their patterns';
