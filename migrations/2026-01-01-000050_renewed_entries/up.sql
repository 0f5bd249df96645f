-- An act that changes definitions in place writes their entries itself, and says so.

ALTER TABLE selection_index ADD COLUMN revision BIGINT;
COMMENT ON COLUMN selection_index.revision IS 'Revision that wrote the entry together with the definition, without waiting for indexed_revision';

-- As in the tables of definitions, a bulk change finds room beside the old rows.
ALTER TABLE selection_index SET (fillfactor = 50);
