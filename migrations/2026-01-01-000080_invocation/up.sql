-- How a pattern is run, and what it does to the world.
--
-- A definition that used these names for something of its own keeps them in `extra`, as it was written,
-- until it is written anew.

ALTER TABLE tool_patterns
    ADD COLUMN effect     VARCHAR(10) CHECK (effect IN ('read', 'write', 'destroy')),
    ADD COLUMN invocation JSONB       CHECK (jsonb_typeof(invocation) = 'object');

COMMENT ON COLUMN tool_patterns.effect IS 'What it does to what it works on: read, write or destroy; null where it is inferred';
COMMENT ON COLUMN tool_patterns.invocation IS 'How it is run: argv, or shell and script, with {placeholders} for inputs; interactive, endless';
