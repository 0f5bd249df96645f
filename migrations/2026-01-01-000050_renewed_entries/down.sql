ALTER TABLE selection_index RESET (fillfactor);
ALTER TABLE selection_index DROP COLUMN revision;
