CREATE OR REPLACE FUNCTION clear_index() RETURNS VOID LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DELETE FROM selection_index;
    DELETE FROM search_terms;
$$;

CREATE OR REPLACE FUNCTION write_index_entries(gone BIGINT[], ids BIGINT[], names TEXT[], entries TEXT[], words TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM selection_index WHERE tool_id = ANY (gone);
    END IF;
    INSERT INTO selection_index (tool_id, capability_name, entry, words)
    SELECT * FROM unnest(ids, names, entries, words);
END $$;

CREATE OR REPLACE FUNCTION renew_index_entries(ids BIGINT[], names TEXT[], entries TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE selection_index x SET entry = n.entry, revision = s.revision
    FROM catalog_state s, unnest(ids, names, entries) AS n(tool_id, capability_name, entry)
    WHERE x.tool_id = n.tool_id AND x.capability_name = n.capability_name;
END $$;

CREATE OR REPLACE FUNCTION write_index_terms(of_block BIGINT, terms TEXT[], lists BYTEA[], gone TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO search_terms (term, block, postings)
    SELECT t.term, of_block, t.postings FROM unnest(terms, lists) AS t(term, postings)
    ON CONFLICT (term, block) DO UPDATE SET postings = excluded.postings;
    IF gone <> '{}' THEN
        DELETE FROM search_terms WHERE block = of_block AND term = ANY (gone);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION finish_index(format INTEGER, documents BIGINT, total_length BIGINT) RETURNS VOID
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    UPDATE catalog_state SET indexed_revision = revision, index_format = $1, documents = $2, total_length = $3
$$;

DROP FUNCTION require_index_writer();
