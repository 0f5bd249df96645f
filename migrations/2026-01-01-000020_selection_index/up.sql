-- What a selection reads, derived from the definitions and kept beside them.
--
-- `selection_index` holds what scoring needs of each capability of each tool that may be chosen, so
-- that a selection reads one table and not three. `search_terms` holds, for each word of their
-- texts, which tools use it and where. Both are brought up to date by the next toolcat command that
-- writes or selects: the audit log names what has changed since `indexed_revision`, also by hand.

CREATE TABLE selection_index (
    tool_id         BIGINT           NOT NULL,
    capability_name TEXT COLLATE "C" NOT NULL,
    entry           TEXT             NOT NULL,
    words           TEXT             NOT NULL,
    PRIMARY KEY (tool_id, capability_name)
);
CREATE INDEX selection_index_capability_name ON selection_index (capability_name);

COMMENT ON TABLE selection_index IS 'Derived: what a selection reads of each capability of each tool that may be chosen';
COMMENT ON COLUMN selection_index.tool_id IS 'The tool''s version in use';
COMMENT ON COLUMN selection_index.capability_name IS 'Name of the capability';
COMMENT ON COLUMN selection_index.entry IS 'The tool''s identity and tags, and the estimates, policies and preferences of the patterns, as JSON';
COMMENT ON COLUMN selection_index.words IS 'The texts of the capability and its patterns, as JSON';

CREATE TABLE search_terms (
    term     TEXT COLLATE "C" NOT NULL,
    block    BIGINT           NOT NULL,
    postings BYTEA            NOT NULL,
    PRIMARY KEY (term, block)
);
CREATE INDEX search_terms_block ON search_terms (block);
ALTER TABLE search_terms ALTER COLUMN postings SET STORAGE MAIN;

COMMENT ON TABLE search_terms IS 'Derived: for each word, the tools whose texts hold it';
COMMENT ON COLUMN search_terms.term IS 'Stem of the word, or = and the name of a tool; empty for all tools';
COMMENT ON COLUMN search_terms.block IS 'Id of the tools divided by 1024';
COMMENT ON COLUMN search_terms.postings IS 'Packed list of tool id, frequency, length and positions';

ALTER TABLE catalog_state
    ADD COLUMN migration VARCHAR(50),
    ADD COLUMN indexed_revision BIGINT,
    ADD COLUMN index_format INTEGER,
    ADD COLUMN documents BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN total_length BIGINT NOT NULL DEFAULT 0;
COMMENT ON COLUMN catalog_state.migration IS 'The newest migration, so that a selection need not look it up';
COMMENT ON COLUMN catalog_state.indexed_revision IS 'Revision that selection_index and search_terms show; null before they are first made';
COMMENT ON COLUMN catalog_state.index_format IS 'Number of the rules by which they were made';
COMMENT ON COLUMN catalog_state.documents IS 'Number of tools in search_terms';
COMMENT ON COLUMN catalog_state.total_length IS 'Sum of the lengths of their texts, in words';

CREATE FUNCTION note_migration() RETURNS TRIGGER
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE catalog_state SET migration = (SELECT max(version) FROM __diesel_schema_migrations);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_migration() IS 'Keeps catalog_state.migration';
CREATE TRIGGER note_migration AFTER INSERT OR UPDATE OR DELETE ON __diesel_schema_migrations
    FOR EACH STATEMENT EXECUTE FUNCTION note_migration();
