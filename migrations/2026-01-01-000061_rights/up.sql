-- What a role may do rests on the database alone: what is derived is written by functions of the owner,
-- whatever was granted on its tables; no function is everybody's; writers by hand take the writers' lock
-- first, as toolcat does; a catalog that was renamed refuses changes until its functions are told.

-- Derived tables are written in the owner's name.
CREATE FUNCTION keep_derived() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'permission denied for table %: the functions of the catalog write it', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_derived() IS 'Refuses to write a derived table but in the name of its owner';
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON catalog_state
    FOR EACH STATEMENT EXECUTE FUNCTION keep_derived();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON selection_index
    FOR EACH STATEMENT EXECUTE FUNCTION keep_derived();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON search_terms
    FOR EACH STATEMENT EXECUTE FUNCTION keep_derived();
CREATE TRIGGER guard BEFORE INSERT ON tool_audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION keep_derived();
CREATE TRIGGER guard BEFORE INSERT ON tool_audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION keep_derived();

-- The functions below look into the catalog that they were made in. Where it was renamed, that is
-- nowhere, or another catalog.
CREATE FUNCTION lock_catalog(catalog TEXT) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF catalog IS DISTINCT FROM current_schema()::TEXT THEN
        RAISE EXCEPTION 'catalog % was renamed, and its functions still look for the old name: run `toolcat migrate up` as its owner', catalog
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM FROM catalog_state FOR UPDATE;
END $$;
COMMENT ON FUNCTION lock_catalog(TEXT) IS 'Takes the lock of the writers of this catalog, to the end of the transaction';

CREATE FUNCTION lock_first() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        RAISE EXCEPTION 'catalog % was renamed, and its functions still look for the old name: run `toolcat migrate up` as its owner', TG_TABLE_SCHEMA
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM FROM catalog_state FOR UPDATE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION lock_first() IS 'Takes the lock of the writers before a statement takes those of rows';
CREATE TRIGGER lock_first BEFORE INSERT OR UPDATE OR DELETE ON tools
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION lock_first();
CREATE TRIGGER lock_first BEFORE INSERT OR UPDATE OR DELETE ON tool_capabilities
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION lock_first();
CREATE TRIGGER lock_first BEFORE INSERT OR UPDATE OR DELETE ON tool_patterns
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION lock_first();
CREATE TRIGGER lock_first BEFORE INSERT OR UPDATE OR DELETE ON tool_ab_tests
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION lock_first();

-- The index of selection. A role that changes definitions brings it up to date by these; whatever it
-- passes, the revision that the index shows is the catalog's own.
CREATE FUNCTION clear_index() RETURNS VOID LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DELETE FROM selection_index;
    DELETE FROM search_terms;
$$;
COMMENT ON FUNCTION clear_index() IS 'Empties the index of selection, which is made anew';

CREATE FUNCTION write_index_entries(gone BIGINT[], ids BIGINT[], names TEXT[], entries TEXT[], words TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM selection_index WHERE tool_id = ANY (gone);
    END IF;
    INSERT INTO selection_index (tool_id, capability_name, entry, words)
    SELECT * FROM unnest(ids, names, entries, words);
END $$;
COMMENT ON FUNCTION write_index_entries(BIGINT[], BIGINT[], TEXT[], TEXT[], TEXT[])
    IS 'Puts entries into the index of selection in the place of those of the tools that are gone';

CREATE FUNCTION renew_index_entries(ids BIGINT[], names TEXT[], entries TEXT[]) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE selection_index x SET entry = n.entry, revision = s.revision
    FROM catalog_state s, unnest(ids, names, entries) AS n(tool_id, capability_name, entry)
    WHERE x.tool_id = n.tool_id AND x.capability_name = n.capability_name;
END $$;
COMMENT ON FUNCTION renew_index_entries(BIGINT[], TEXT[], TEXT[])
    IS 'Writes entries of the index of selection over the old ones, marked with the revision';

CREATE FUNCTION write_index_terms(of_block BIGINT, terms TEXT[], lists BYTEA[], gone TEXT[]) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO search_terms (term, block, postings)
    SELECT t.term, of_block, t.postings FROM unnest(terms, lists) AS t(term, postings)
    ON CONFLICT (term, block) DO UPDATE SET postings = excluded.postings;
    IF gone <> '{}' THEN
        DELETE FROM search_terms WHERE block = of_block AND term = ANY (gone);
    END IF;
END $$;
COMMENT ON FUNCTION write_index_terms(BIGINT, TEXT[], BYTEA[], TEXT[])
    IS 'Writes the postings of terms in a block of tools';

CREATE FUNCTION finish_index(format INTEGER, documents BIGINT, total_length BIGINT) RETURNS VOID
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    UPDATE catalog_state SET indexed_revision = revision, index_format = $1, documents = $2, total_length = $3
$$;
COMMENT ON FUNCTION finish_index(INTEGER, BIGINT, BIGINT)
    IS 'Says that the index of selection shows the present revision';

-- A digest stands for a definition only where both were written together: a later change forgets it. No
-- setting of a session can say otherwise, and `toolcat doctor --deep` computes all of them again.
ALTER TABLE tools ADD COLUMN digest_at TIMESTAMPTZ DEFAULT now();
COMMENT ON COLUMN tools.digest_at IS 'Start of the transaction that wrote definition_digest together with the definition';

DROP TRIGGER forget_own_digest ON tools;
CREATE TRIGGER forget_own_digest BEFORE UPDATE ON tools FOR EACH ROW
    WHEN (NEW.digest_at IS DISTINCT FROM now() AND NEW.definition_digest IS NOT NULL
          AND (NEW.definition_digest, NEW.tool_name, NEW.version, NEW.description, NEW.platform, NEW.category,
               NEW.defaults, NEW.dependencies, NEW.metadata, NEW.extra)
              IS DISTINCT FROM
              (OLD.definition_digest, OLD.tool_name, OLD.version, OLD.description, OLD.platform, OLD.category,
               OLD.defaults, OLD.dependencies, OLD.metadata, OLD.extra))
    EXECUTE FUNCTION forget_own_digest();

CREATE OR REPLACE FUNCTION forget_digest() RETURNS TRIGGER
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    changed BIGINT[];
BEGIN
    -- Deeper down, a tool or capability takes its children along: its row is being deleted itself.
    IF pg_trigger_depth() > 1 THEN RETURN NULL; END IF;
    IF TG_OP = 'DELETE' THEN
        IF TG_TABLE_NAME = 'tool_capabilities' THEN
            SELECT array_agg(DISTINCT t.id) INTO changed FROM old_rows r JOIN tools t ON t.id = r.tool_id
            WHERE t.definition_digest IS NOT NULL AND t.digest_at IS DISTINCT FROM now();
        ELSE
            SELECT array_agg(DISTINCT t.id) INTO changed
            FROM old_rows r JOIN tool_capabilities k ON k.id = r.capability_id JOIN tools t ON t.id = k.tool_id
            WHERE t.definition_digest IS NOT NULL AND t.digest_at IS DISTINCT FROM now();
        END IF;
    ELSIF TG_TABLE_NAME = 'tool_capabilities' THEN
        SELECT array_agg(DISTINCT t.id) INTO changed FROM new_rows r JOIN tools t ON t.id = r.tool_id
        WHERE t.definition_digest IS NOT NULL AND t.digest_at IS DISTINCT FROM now();
    ELSE
        SELECT array_agg(DISTINCT t.id) INTO changed
        FROM new_rows r JOIN tool_capabilities k ON k.id = r.capability_id JOIN tools t ON t.id = k.tool_id
        WHERE t.definition_digest IS NOT NULL AND t.digest_at IS DISTINCT FROM now();
    END IF;
    IF changed IS NOT NULL THEN
        UPDATE tools SET definition_digest = NULL WHERE id = ANY (changed);
    END IF;
    RETURN NULL;
END $$;

-- Whoever may change a tool by hand needs no function for it.
CREATE OR REPLACE FUNCTION touch_tool() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    NEW.updated_at := now();
    NEW.updated_by := audit_actor();
    RETURN NEW;
END $$;
DROP TRIGGER touch ON tools;
CREATE TRIGGER touch BEFORE UPDATE ON tools FOR EACH ROW
    WHEN (NEW.updated_at IS DISTINCT FROM now() OR NEW.updated_by IS DISTINCT FROM
          left(coalesce(nullif(current_setting('toolcat.actor', true), ''), session_user::TEXT), 100))
    EXECUTE FUNCTION touch_tool();

-- Months far from now stay undivided, so that whoever may record cannot make tables without end.
CREATE OR REPLACE FUNCTION make_telemetry_partition(month DATE) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    low  TIMESTAMPTZ := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    high TIMESTAMPTZ := (date_trunc('month', month::timestamp) + INTERVAL '1 month') AT TIME ZONE 'UTC';
    part TEXT        := 'tool_telemetry_' || to_char(month, 'YYYY_MM');
BEGIN
    IF low NOT BETWEEN now() - INTERVAL '10 years' AND now() + INTERVAL '1 year' OR to_regclass(part) IS NOT NULL
        OR NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('tool_telemetry') AND relkind = 'p') THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE tool_telemetry INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)', part);
    EXECUTE format('COMMENT ON TABLE %I IS %L', part, 'Executions of one month');
    EXECUTE format('WITH moved AS (DELETE FROM tool_telemetry_default
                                   WHERE executed_at >= %L AND executed_at < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', low, high, part);
    EXECUTE format('ALTER TABLE tool_telemetry ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
END $$;

-- No function is everybody's. Roles that have the rights of a reader, a recorder or a writer on the tables
-- get the functions that go with them; docs/operations.md has the grants for others.
DO $$
DECLARE
    function RECORD;
    granted  RECORD;
BEGIN
    FOR function IN SELECT oid::regprocedure AS name FROM pg_proc
                    WHERE pronamespace = current_schema()::regnamespace LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', function.name);
    END LOOP;
    FOR granted IN
        SELECT DISTINCT f.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role
        FROM (VALUES ('tools', 'SELECT', 'ab_fnv1a32(text, bigint)'),
                     ('tools', 'SELECT', 'ab_bucket(bigint, text)'),
                     ('tools', 'SELECT', 'ab_arm(double precision, double precision, double precision)'),
                     ('tool_telemetry', 'INSERT', 'make_telemetry_partition(date)'),
                     ('tools', 'UPDATE', 'audit_actor()'),
                     ('tools', 'UPDATE', 'lock_catalog(text)'),
                     ('tools', 'UPDATE', 'clear_index()'),
                     ('tools', 'UPDATE', 'write_index_entries(bigint[], bigint[], text[], text[], text[])'),
                     ('tools', 'UPDATE', 'renew_index_entries(bigint[], text[], text[])'),
                     ('tools', 'UPDATE', 'write_index_terms(bigint, text[], bytea[], text[])'),
                     ('tools', 'UPDATE', 'finish_index(integer, bigint, bigint)')) f(tab, privilege, name)
        JOIN pg_class c ON c.oid = f.tab::regclass
        CROSS JOIN LATERAL aclexplode(c.relacl) a
        WHERE a.privilege_type = f.privilege AND a.grantee <> c.relowner LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', granted.name, granted.role);
    END LOOP;
END $$;
