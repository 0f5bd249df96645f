-- An index that another covers costs every row that is written, and no query needs it: the other begins with the same
-- columns. The ranges of pages by time were meant for tables larger than memory, where the order of recording keeps
-- the part of the other index that a query reads small as well. That of tools by platform stays: it is a tenth of the one by
-- platform and name, and lists by platform are read by it.
DROP INDEX tool_capabilities_tool_id;
DROP INDEX tool_patterns_capability_id;
DROP INDEX tool_telemetry_pattern_id;
DROP INDEX tool_telemetry_executed_at_brin;

-- Only failures are looked for by their success: nine of ten records need no place in it. The indexes by environment,
-- by tool and by capability stay: an analysis of a seldom environment, one of a tool, and the deletion of a
-- capability read by them.
DROP INDEX tool_telemetry_success;
CREATE INDEX tool_telemetry_failures ON tool_telemetry (executed_at) WHERE NOT success;
