DROP TABLE tool_telemetry;
