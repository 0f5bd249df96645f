-- Who may not change what is selected may not change the index of it either, and an emptied index shows no revision.

CREATE FUNCTION require_index_writer() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    who RECORD;
BEGIN
    SELECT * INTO who FROM access_of_session();
    IF who.checked AND NOT who.delegate AND (who.role IN ('admin', 'owner')) IS NOT TRUE THEN
        RAISE EXCEPTION '%, %, may not write the index of selection', who.principal,
            coalesce('with the role ' || who.role, 'not a member')
            USING ERRCODE = 'insufficient_privilege', HINT = 'an admin or an owner may';
    END IF;
END $$;
COMMENT ON FUNCTION require_index_writer() IS 'Refuses to write the index of selection to whoever may change no definition';
REVOKE EXECUTE ON FUNCTION require_index_writer() FROM PUBLIC;

CREATE OR REPLACE FUNCTION clear_index() RETURNS VOID LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT require_index_writer();
    DELETE FROM selection_index;
    DELETE FROM search_terms;
    UPDATE catalog_state SET indexed_revision = NULL;
$$;

CREATE OR REPLACE FUNCTION write_index_entries(gone BIGINT[], ids BIGINT[], names TEXT[], entries TEXT[], words TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_index_writer();
    IF gone <> '{}' THEN
        DELETE FROM selection_index WHERE tool_id = ANY (gone);
    END IF;
    INSERT INTO selection_index (tool_id, capability_name, entry, words)
    SELECT * FROM unnest(ids, names, entries, words);
END $$;

CREATE OR REPLACE FUNCTION renew_index_entries(ids BIGINT[], names TEXT[], entries TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_index_writer();
    UPDATE selection_index x SET entry = n.entry, revision = s.revision
    FROM catalog_state s, unnest(ids, names, entries) AS n(tool_id, capability_name, entry)
    WHERE x.tool_id = n.tool_id AND x.capability_name = n.capability_name;
END $$;

CREATE OR REPLACE FUNCTION write_index_terms(of_block BIGINT, terms TEXT[], lists BYTEA[], gone TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_index_writer();
    INSERT INTO search_terms (term, block, postings)
    SELECT t.term, of_block, t.postings FROM unnest(terms, lists) AS t(term, postings)
    ON CONFLICT (term, block) DO UPDATE SET postings = excluded.postings;
    IF gone <> '{}' THEN
        DELETE FROM search_terms WHERE block = of_block AND term = ANY (gone);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION finish_index(format INTEGER, documents BIGINT, total_length BIGINT) RETURNS VOID
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT require_index_writer();
    UPDATE catalog_state SET indexed_revision = revision, index_format = $1, documents = $2, total_length = $3
$$;
