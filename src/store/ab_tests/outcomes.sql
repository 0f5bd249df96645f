-- The outcomes of a phase; the queries on it follow. {unit} is the telemetry's column of the unit.
-- $1 test, $2 phase, $3 version A, $4 version B, $5 end of the phase, $6 whether it has ended,
-- $7 start of the phase, $8 whether a unit has many executions.
-- Clients often write whole seconds, so that a record counts from the second of its assignment.
WITH assigned AS (
    SELECT unit, arm, assigned_at FROM tool_ab_assignments WHERE test_id = $1 AND phase = $2
), matched AS (
    SELECT a.unit, a.arm, a.assigned_at, t.id, CASE WHEN t.tool_id = $3 THEN 'A' ELSE 'B' END AS ran,
           t.success, t.actual_time_ms, t.actual_cost, t.executed_at, t.error_message
    FROM tool_telemetry t
    JOIN assigned a ON a.unit = t.{unit}
    WHERE t.tool_id IN ($3, $4)
), outcome AS (
    SELECT * FROM matched
    WHERE ran = arm AND executed_at >= date_trunc('second', assigned_at) AND executed_at <= $5
{once}), 
