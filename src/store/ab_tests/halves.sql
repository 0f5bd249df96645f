-- The sums of the units that were assigned first and of those assigned last: half 1 and 2 of each arm.
ranked AS (
    SELECT unit, ntile(2) OVER (ORDER BY assigned_at, unit COLLATE "C") AS half FROM assigned
)
SELECT o.arm::text AS arm, r.half::int AS half, count(*) AS records,
       count(*) FILTER (WHERE NOT success) AS failures,
       count(*) FILTER (WHERE timed) AS times,
       avg(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed) AS time_mean,
       var_samp(ln(greatest(actual_time_ms, 0.001))) FILTER (WHERE timed) AS time_variance,
       regr_count(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs, regr_avgx(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_x,
       regr_avgy(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_y, regr_sxx(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_xx,
       regr_sxy(ln(greatest(actual_time_ms, 0.001)), ln_estimate) FILTER (WHERE timed) AS pairs_xy,
       count(actual_cost) AS costs, avg(actual_cost::float8) AS cost_mean,
       var_samp(actual_cost::float8) AS cost_variance
FROM outcome o JOIN ranked r USING (unit)
GROUP BY o.arm, r.half
