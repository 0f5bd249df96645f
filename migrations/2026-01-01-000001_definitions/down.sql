DROP TABLE tool_patterns;
DROP TABLE tool_capabilities;
DROP TABLE tools;
