-- What a sentence encoder says of the texts of each tool that may be chosen. Derived, like the rest of the index of
-- selection, and dropped with a tool's entry: what is missing here is made again.

CREATE TABLE tool_vectors (
    tool_id BIGINT PRIMARY KEY,
    encoder BYTEA NOT NULL,
    texts   BYTEA NOT NULL,
    vectors BYTEA NOT NULL
);
ALTER TABLE tool_vectors ALTER COLUMN vectors SET STORAGE EXTERNAL;
COMMENT ON TABLE tool_vectors IS 'Derived: vectors of the texts of tools that may be chosen, where a sentence encoder is in use';
COMMENT ON COLUMN tool_vectors.tool_id IS 'The tool''s version in use';
COMMENT ON COLUMN tool_vectors.encoder IS 'SHA-256 of the encoder';
COMMENT ON COLUMN tool_vectors.texts IS 'SHA-256 of the texts';
COMMENT ON COLUMN tool_vectors.vectors IS 'For each text a scale and a byte for each number';
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON tool_vectors
    FOR EACH STATEMENT EXECUTE FUNCTION keep_derived();

CREATE FUNCTION write_tool_vectors(since BIGINT, of_encoder BYTEA, ids BIGINT[], of_texts BYTEA[], of_vectors BYTEA[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_index_writer();
    -- What has changed since the texts were read stays missing.
    PERFORM FROM catalog_state FOR UPDATE;
    INSERT INTO tool_vectors (tool_id, encoder, texts, vectors)
    SELECT n.id, of_encoder, n.texts, n.vectors FROM unnest(ids, of_texts, of_vectors) AS n(id, texts, vectors)
    WHERE NOT EXISTS (SELECT FROM tool_audit_log a WHERE a.revision > since AND n.id IN (a.entity_id, a.tool_id))
    ORDER BY n.id
    ON CONFLICT (tool_id) DO UPDATE
        SET encoder = excluded.encoder, texts = excluded.texts, vectors = excluded.vectors;
END $$;
COMMENT ON FUNCTION write_tool_vectors(BIGINT, BYTEA, BIGINT[], BYTEA[], BYTEA[])
    IS 'Keeps the vectors that a sentence encoder gives to the texts of tools';

CREATE FUNCTION clear_tool_vectors() RETURNS VOID LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT require_index_writer();
    DELETE FROM tool_vectors;
$$;
COMMENT ON FUNCTION clear_tool_vectors() IS 'Forgets the vectors of every sentence encoder';
REVOKE EXECUTE ON FUNCTION write_tool_vectors(BIGINT, BYTEA, BIGINT[], BYTEA[], BYTEA[]), clear_tool_vectors() FROM PUBLIC;

CREATE OR REPLACE FUNCTION write_index_entries(gone BIGINT[], ids BIGINT[], names TEXT[], entries TEXT[], words TEXT[])
RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_index_writer();
    IF gone <> '{}' THEN
        DELETE FROM selection_index WHERE tool_id = ANY (gone);
        DELETE FROM tool_vectors WHERE tool_id = ANY (gone);
    END IF;
    INSERT INTO selection_index (tool_id, capability_name, entry, words)
    SELECT * FROM unnest(ids, names, entries, words);
END $$;

CREATE OR REPLACE FUNCTION clear_index() RETURNS VOID LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT require_index_writer();
    DELETE FROM selection_index;
    DELETE FROM search_terms;
    DELETE FROM tool_vectors;
    UPDATE catalog_state SET indexed_revision = NULL;
$$;
