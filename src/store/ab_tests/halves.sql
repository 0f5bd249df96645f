-- The sums of the units that were assigned first and of those assigned last: half 1 and 2 of each arm.
ranked AS (
    SELECT unit, ntile(2) OVER (ORDER BY assigned_at, unit COLLATE "C") AS half FROM assigned
)
SELECT o.arm::text AS arm, r.half::int AS half, count(*) AS records,
       count(*) FILTER (WHERE NOT success) AS failures,
       count(*) FILTER (WHERE timed) AS times,
       avg(ln(greatest(actual_time_ms, 1)::float8)) FILTER (WHERE timed) AS time_mean,
       var_samp(ln(greatest(actual_time_ms, 1)::float8)) FILTER (WHERE timed) AS time_variance,
       count(actual_cost) AS costs, avg(actual_cost::float8) AS cost_mean,
       var_samp(actual_cost::float8) AS cost_variance
FROM outcome o JOIN ranked r USING (unit)
GROUP BY o.arm, r.half
