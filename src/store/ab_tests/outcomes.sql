-- The outcomes of a phase; the queries on it follow. {unit} is the telemetry's column of the unit.
-- $1 test, $2 phase, $3 version A, $4 version B, $5 end of the phase, $6 whether it has ended,
-- $7 start of the phase, $8 whether a unit has many executions.
-- An execution's id proves that its record is the outcome of its assignment, whatever the clock of the machine
-- says that wrote it; save where an earlier phase had the same id. A user has records from before the test, so
-- that there the time decides; clients often write whole seconds: a record counts from the second of its
-- assignment. "timed" are the times that say how long the job takes: successes, and timeouts at their limit.
WITH assigned AS (
    SELECT a.unit, a.arm, a.assigned_at,
           $8 OR EXISTS (SELECT FROM tool_ab_assignments earlier
                         WHERE earlier.test_id = $1 AND earlier.phase < $2 AND earlier.unit = a.unit) AS by_time
    FROM tool_ab_assignments a WHERE a.test_id = $1 AND a.phase = $2
), matched AS (
    SELECT a.unit, a.arm, a.assigned_at,
           a.by_time AND t.executed_at < date_trunc('second', a.assigned_at) AS early,
           t.success OR t.error_message ~* 'time[d]?[ _-]?out|deadline' AS timed,
           t.id, CASE WHEN t.tool_id = $3 THEN 'A' ELSE 'B' END AS ran,
           t.success, t.actual_time_ms, t.actual_cost, t.executed_at, t.error_message
    FROM tool_telemetry t
    JOIN assigned a ON a.unit = t.{unit}
    WHERE t.tool_id IN ($3, $4)
), outcome AS (
    SELECT * FROM matched
    WHERE ran = arm AND NOT early AND executed_at <= $5
{once}), 
