DROP TABLE tool_selections;
