DROP TRIGGER note_migration ON __diesel_schema_migrations;
DROP FUNCTION note_migration();
ALTER TABLE catalog_state
    DROP COLUMN total_length,
    DROP COLUMN documents,
    DROP COLUMN index_format,
    DROP COLUMN indexed_revision,
    DROP COLUMN migration;
DROP TABLE search_terms;
DROP TABLE selection_index;
