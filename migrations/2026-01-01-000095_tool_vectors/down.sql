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

DROP FUNCTION clear_tool_vectors();
DROP FUNCTION write_tool_vectors(BIGINT, BYTEA, BIGINT[], BYTEA[], BYTEA[]);
DROP TABLE tool_vectors;
