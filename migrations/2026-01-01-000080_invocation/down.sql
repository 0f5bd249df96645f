ALTER TABLE tool_patterns
    DROP COLUMN effect,
    DROP COLUMN invocation;
