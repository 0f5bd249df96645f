-- What the records of patterns say: counts of all, and the latest ratios in the order of execution.
-- $1 to $3 platforms, names and versions of tools, $4 environment (null: any), $5 how many of the latest.
SELECT t.platform, t.tool_name, t.version, c.capability_name, p.pattern_name,
       counted.records, counted.successes, latest.*
FROM (SELECT DISTINCT * FROM unnest($1, $2, $3)) k(platform, tool_name, version)
JOIN tools t USING (platform, tool_name, version)
JOIN tool_capabilities c ON c.tool_id = t.id
JOIN tool_patterns p ON p.capability_id = c.id
CROSS JOIN LATERAL (
    SELECT count(*) AS records, count(*) FILTER (WHERE x.success) AS successes
    FROM tool_telemetry x
    WHERE x.pattern_id = p.id AND x.tool_id = t.id
      AND ($4 IS NULL OR x.environment IS NULL OR x.environment = $4)
) counted
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(executed_at ORDER BY executed_at, id) FILTER (WHERE timed), '{}') AS timed_at,
           coalesce(array_agg(actual_time_ms / estimated_time_ms ORDER BY executed_at, id) FILTER (WHERE timed), '{}')
               AS time_ratios,
           coalesce(array_agg(executed_at ORDER BY executed_at, id) FILTER (WHERE charged), '{}') AS charged_at,
           coalesce(array_agg(actual_cost::float8 ORDER BY executed_at, id) FILTER (WHERE charged), '{}') AS costs,
           coalesce(array_agg(estimated_cost ORDER BY executed_at, id) FILTER (WHERE charged), '{}') AS expected_costs
    FROM (
        SELECT x.id, x.executed_at, x.actual_time_ms, x.estimated_time_ms, x.actual_cost, x.estimated_cost,
               x.estimated_time_ms > 0 AND x.actual_time_ms > 0
                   AND (x.success OR x.error_message ~* 'time[d]?[ _-]?out|deadline') AS timed,
               x.estimated_cost > 0 AND x.actual_cost IS NOT NULL AS charged
        FROM tool_telemetry x
        WHERE x.pattern_id = p.id AND x.tool_id = t.id
          AND ($4 IS NULL OR x.environment IS NULL OR x.environment = $4)
        ORDER BY x.executed_at DESC, x.id DESC LIMIT $5
    ) one
) latest
WHERE counted.records > 0
