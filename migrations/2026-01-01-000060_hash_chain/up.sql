-- The audit log is chained: each statement's entries are hashed with the hash before them, so that who
-- keeps the last hash elsewhere can prove that nothing before it was rewritten, by whomever.
--
-- An entry also says by which way a change came, and which request and token it belongs to:
--   set_config('toolcat.via', ..., true): cli, api, ui or mcp; whatever else comes is psql's,
--   set_config('toolcat.request_id', ..., true), set_config('toolcat.token_id', ..., true).

ALTER TABLE tool_audit_log
    ADD COLUMN via        VARCHAR(10),
    ADD COLUMN request_id VARCHAR(100),
    ADD COLUMN token_id   BIGINT,
    DROP CONSTRAINT tool_audit_log_entity_check,
    ADD CONSTRAINT tool_audit_log_entity_check
        CHECK (entity IN ('tool', 'capability', 'pattern', 'ab_test', 'catalog'));
COMMENT ON COLUMN tool_audit_log.via IS 'The way a change came: cli, api, ui, mcp or psql; null in entries older than this column';
COMMENT ON COLUMN tool_audit_log.request_id IS 'The request that it belongs to, where a server made it';
COMMENT ON COLUMN tool_audit_log.token_id IS 'The token that was shown, where one was';
COMMENT ON COLUMN tool_audit_log.entity IS 'What kind of row changed: tool, capability, pattern or ab_test; catalog for the catalog as a whole';

CREATE TABLE tool_audit_chain (
    revision BIGINT NOT NULL,
    last_id  BIGINT NOT NULL,
    hash     BYTEA  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (revision, last_id)
);
COMMENT ON TABLE tool_audit_chain IS 'The hash chain of the audit log: one link for the entries of each statement; append-only';
COMMENT ON COLUMN tool_audit_chain.revision IS 'Revision of the entries';
COMMENT ON COLUMN tool_audit_chain.last_id IS 'The last of the entries; they begin after the link before, or with the revision';
COMMENT ON COLUMN tool_audit_chain.hash IS 'SHA-256 of the hash before and the digests of the entries in the order of their ids';

-- What is hashed of an entry: all that is never changed. Each part delimits itself, so that no two
-- entries have the same text. Without a search path of its own it is made part of the statement.
CREATE FUNCTION audit_digest(entry tool_audit_log) RETURNS BYTEA
LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(ROW(
        entry.id, entry.revision, entry.entity, entry.entity_id, entry.entity_name, entry.platform,
        entry.tool_name, entry.version, entry.action, entry.changed_by, entry.db_user, entry.reason,
        entry.ip_address, entry.via, entry.request_id, entry.token_id)::text || entry.changes::text, 'UTF8')
        || timestamptz_send(entry.changed_at))
$$;
COMMENT ON FUNCTION audit_digest(tool_audit_log) IS 'SHA-256 of an entry of the audit log';

-- The entries that there are, one link for each revision.
DO $$
DECLARE
    made   RECORD;
    before BYTEA := '';
BEGIN
    FOR made IN SELECT l.revision, max(l.id) AS last_id, string_agg(audit_digest(l), '' ORDER BY l.id) AS digests
                FROM tool_audit_log l GROUP BY l.revision ORDER BY l.revision LOOP
        before := sha256(before || made.digests);
        INSERT INTO tool_audit_chain (revision, last_id, hash) VALUES (made.revision, made.last_id, before);
    END LOOP;
END $$;

CREATE FUNCTION audit_link(revision BIGINT, last_id BIGINT, digests BYTEA) RETURNS VOID
LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO tool_audit_chain (revision, last_id, hash)
    SELECT $1, $2, sha256(coalesce((SELECT hash FROM tool_audit_chain c
                                    ORDER BY c.revision DESC, c.last_id DESC LIMIT 1), '') || $3)
$$;
COMMENT ON FUNCTION audit_link(BIGINT, BIGINT, BYTEA) IS 'Adds a link to the hash chain of the audit log';

CREATE FUNCTION keep_chain() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the hash chain of the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
COMMENT ON FUNCTION keep_chain() IS 'Refuses to change or remove links of the hash chain';
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON tool_audit_chain
    FOR EACH ROW EXECUTE FUNCTION keep_chain();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON tool_audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION keep_chain();

-- What an update amounts to. A writer may name what the fields cannot say (rolled_back, promoted), and
-- nothing that they contradict.
CREATE OR REPLACE FUNCTION audit_action(changes JSONB) RETURNS TEXT LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT named FROM nullif(current_setting('toolcat.action', true), '') named
         WHERE CASE
             WHEN named IN ('created', 'deleted') THEN false
             WHEN named IN ('enabled', 'activated')
                 THEN 'true' = changes -> 'enabled' ->> 'new' OR 'active' = changes -> 'status' ->> 'new'
             WHEN named IN ('disabled', 'deprecated', 'retired')
                 THEN 'false' = changes -> 'enabled' ->> 'new'
                      OR changes -> 'status' ->> 'new' IN ('disabled', 'deprecated')
             ELSE true END),
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

CREATE FUNCTION audit_via() RETURNS TEXT LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT via FROM current_setting('toolcat.via', true) via
                     WHERE via IN ('cli', 'api', 'ui', 'mcp')), 'psql')
$$;
COMMENT ON FUNCTION audit_via() IS 'The way by which the changes of this transaction come';

CREATE FUNCTION audit_token() RETURNS BIGINT LANGUAGE sql STABLE AS $$
    SELECT (SELECT token FROM current_setting('toolcat.token_id', true) token
            WHERE token ~ '^[0-9]{1,18}$')::BIGINT
$$;
COMMENT ON FUNCTION audit_token() IS 'Number of the token that the changes of this transaction belong to';

-- Writes the log for one statement on any of the tables, and the link of the chain. Its arguments say what
-- the row `r` is called: the entity, an expression for its name, and how to join the tool `t` that it
-- belongs to.
--
-- A row that was made or deleted is logged as a whole, under the key `row`: field by field it would
-- cost an import more than the import itself. It is turned into JSON in one go, as a row within rows.
-- The changed fields of an update are found by comparing column with column, several times as fast as
-- comparing rows turned into JSON: first which columns the statement changed at all, then, of those,
-- which in each row. When and by whom the row was changed stands beside the changes. The digest of a
-- definition follows from it, so that its change says nothing that the others do not.
--
-- Times and numbers are written in one form, whatever the settings of the session: the log is compared
-- with the tables by `toolcat audit verify`. The revision is a subquery, so that a statement which
-- changes nothing takes none. The catalog is locked by a statement of its own before: ids, times and links
-- follow the order of revisions.
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
    USING audit_actor(), nullif(current_setting('toolcat.reason', true), ''), host(inet_client_addr()),
          audit_via(), left(nullif(current_setting('toolcat.request_id', true), ''), 100), audit_token();
    RETURN NULL;
END $$;

-- What happens to the catalog as a whole, such as a restore, is logged beside the changes.
CREATE FUNCTION audit_note(action TEXT, changes JSONB) RETURNS VOID
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT FROM catalog_state FOR UPDATE;
    WITH added AS (
        INSERT INTO tool_audit_log AS l (revision, changed_at, entity, entity_id, entity_name, action, changes,
                                         changed_by, reason, ip_address, via, request_id, token_id)
        SELECT begin_revision(), clock_timestamp(), 'catalog', 0, current_schema(), $1, $2, audit_actor(),
               nullif(current_setting('toolcat.reason', true), ''), host(inet_client_addr()), audit_via(),
               left(nullif(current_setting('toolcat.request_id', true), ''), 100), audit_token()
        RETURNING l.revision, l.id, audit_digest(l) AS digest)
    SELECT audit_link(revision, id, digest) FROM added
$$;
COMMENT ON FUNCTION audit_note(TEXT, JSONB) IS 'Logs what happened to the catalog as a whole; for its owner alone';
