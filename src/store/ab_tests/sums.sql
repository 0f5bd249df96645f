grace AS (
    -- a longer silence than the longest execution so far is overdue; a user may come back tomorrow
    SELECT CASE WHEN $8 THEN interval '1 day'
                ELSE coalesce(max(actual_time_ms) * interval '1 millisecond', interval '1 minute') END AS wait
    FROM outcome
), units AS (
    SELECT a.arm, count(*) AS assigned,
           count(*) FILTER (WHERE o.unit IS NULL) AS silent,
           count(*) FILTER (WHERE o.unit IS NULL AND ($6 OR a.assigned_at + grace.wait < least($5, now()))) AS missing
    FROM assigned a CROSS JOIN grace LEFT JOIN (SELECT DISTINCT unit FROM outcome) o USING (unit)
    GROUP BY a.arm
), odd AS (
    SELECT arm,
           count(DISTINCT unit) FILTER (WHERE ran <> arm AND NOT early AND executed_at <= $5) AS in_both,
           count(*) FILTER (WHERE ran = arm AND early) AS early,
           count(*) FILTER (WHERE NOT $6 AND executed_at > $5) AS late
    FROM matched GROUP BY arm
), stray AS (
    SELECT count(*) AS records FROM tool_telemetry t
    WHERE t.tool_id IN ($3, $4) AND t.executed_at >= $7 AND t.executed_at <= $5
      AND NOT EXISTS (SELECT FROM tool_ab_assignments a WHERE a.test_id = $1 AND a.unit = t.{unit})
), sums AS (
    SELECT arm, count(*) AS records, count(*) FILTER (WHERE NOT success) AS failures,
           count(*) FILTER (WHERE NOT success AND timed) AS timeouts,
           count(*) FILTER (WHERE timed) AS times,
           avg(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed) AS time_mean,
           var_samp(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed) AS time_variance,
           max(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed) AS time_max,
           regr_count(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs, regr_avgx(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_x,
           regr_avgy(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_y, regr_sxx(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_xx,
           regr_sxy(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_xy,
           count(actual_cost) AS costs,
           avg(actual_cost::float8) AS cost_mean, var_samp(actual_cost::float8) AS cost_variance,
           max(actual_cost::float8) AS cost_max
    FROM outcome GROUP BY arm
), per_unit AS (
    SELECT arm, unit, count(*)::float8 AS n, (count(*) FILTER (WHERE NOT success))::float8 AS failed,
           (count(*) FILTER (WHERE timed))::float8 AS times,
           coalesce(sum(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed), 0) AS ln_time,
           count(actual_cost)::float8 AS costs, coalesce(sum(actual_cost::float8), 0) AS cost
    FROM outcome WHERE $8 GROUP BY arm, unit
), by_unit AS (
    SELECT arm, ARRAY[count(*), sum(n), sum(n * n), sum(failed), sum(failed * failed), sum(failed * n)] AS failed,
           ARRAY[count(*) FILTER (WHERE times > 0), sum(times), sum(times * times), sum(ln_time),
                 sum(ln_time * ln_time), sum(ln_time * times)] AS ln_time,
           ARRAY[count(*) FILTER (WHERE costs > 0), sum(costs), sum(costs * costs), sum(cost), sum(cost * cost),
                 sum(cost * costs)] AS cost
    FROM per_unit GROUP BY arm
)
SELECT arms.arm, coalesce(units.assigned, 0) AS assigned, coalesce(units.silent, 0) AS silent,
       coalesce(units.missing, 0) AS missing, coalesce(odd.in_both, 0) AS in_both, coalesce(odd.early, 0) AS early,
       coalesce(odd.late, 0) AS late, stray.records AS stray,
       coalesce(sums.records, 0) AS records, coalesce(sums.failures, 0) AS failures,
       coalesce(sums.timeouts, 0) AS timeouts, coalesce(sums.times, 0) AS times, sums.time_mean,
       sums.time_variance, sums.time_max, coalesce(sums.pairs, 0) AS pairs, sums.pairs_x, sums.pairs_y, sums.pairs_xx,
       sums.pairs_xy, coalesce(sums.costs, 0) AS costs, sums.cost_mean,
       sums.cost_variance, sums.cost_max,
       coalesce(by_unit.failed, '{}')::float8[] AS failed_by_unit,
       coalesce(by_unit.ln_time, '{}')::float8[] AS ln_time_by_unit,
       coalesce(by_unit.cost, '{}')::float8[] AS cost_by_unit
FROM (VALUES ('A'), ('B')) AS arms(arm)
CROSS JOIN stray
LEFT JOIN units ON units.arm = arms.arm
LEFT JOIN odd ON odd.arm = arms.arm
LEFT JOIN sums ON sums.arm = arms.arm
LEFT JOIN by_unit ON by_unit.arm = arms.arm
ORDER BY arms.arm
