-- The outcomes of a phase; the queries on it follow. {unit} is the telemetry's column of the unit.
-- $1 test, $2 phase, $3 version A, $4 version B, $5 end of the phase, $6 whether it has ended,
-- $7 start of the phase, $8 whether a unit has many executions.
-- An execution's id proves that its record is the outcome of its assignment, whatever the clock of the machine
-- says that wrote it; save where an earlier phase had the same id. A user has records from before the test, so
-- that there the time decides; clients often write whole seconds: a record counts from the second of its
-- assignment. "timed" are the times that say how long the job takes: successes, and timeouts at their limit.
WITH shared AS (
    -- the patterns that both versions have, with the same estimate of the time
    SELECT unnest(ARRAY[pa.id, pb.id]) AS pattern_id
    FROM tool_capabilities ca JOIN tool_capabilities cb USING (capability_name)
    JOIN tool_patterns pa ON pa.capability_id = ca.id
    JOIN tool_patterns pb ON pb.capability_id = cb.id AND pb.pattern_name = pa.pattern_name
    WHERE ca.tool_id = $3 AND cb.tool_id = $4 AND pa.time_estimate_ms = pb.time_estimate_ms
), assigned AS (
    SELECT a.unit, a.arm, a.assigned_at,
           $8 OR EXISTS (SELECT FROM tool_ab_assignments earlier
                         WHERE earlier.test_id = $1 AND earlier.phase < $2 AND earlier.unit = a.unit) AS by_time
    FROM tool_ab_assignments a WHERE a.test_id = $1 AND a.phase = $2
), matched AS (
    SELECT a.unit, a.arm, a.assigned_at,
           a.by_time AND t.executed_at < date_trunc('second', a.assigned_at) AS early,
           t.success OR t.error_message ~* 'time[d]?[ _-]?out|deadline' AS timed,
           t.id, CASE WHEN t.tool_id = $3 THEN 'A' ELSE 'B' END AS ran,
           t.success, t.actual_time_ms, t.actual_cost, t.executed_at, t.error_message,
           -- what both versions would have foretold
           CASE WHEN shared.pattern_id IS NOT NULL AND t.estimated_time_ms > 0
                THEN ln(greatest(t.estimated_time_ms, 0.001)) END AS ln_estimate
    FROM tool_telemetry t
    JOIN assigned a ON a.unit = t.{unit}
    LEFT JOIN shared ON shared.pattern_id = t.pattern_id
    WHERE t.tool_id IN ($3, $4)
), outcome AS (
    SELECT * FROM matched
    WHERE ran = arm AND NOT early AND executed_at <= $5
{once}), 
