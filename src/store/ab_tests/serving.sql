-- What every active test gives to a caller. $1 execution, $2 user, $3 environment; null if not known.
SELECT x.id AS test_id, x.test_name::text AS test, x.phase, caller.unit, chosen.arm, hashed.bucket,
       stored.arm IS NOT NULL AS stored, served.id AS tool_id,
       CASE chosen.arm WHEN 'A' THEN x.tool_b_id ELSE x.tool_a_id END AS other_tool_id,
       served.platform::text AS platform, served.tool_name::text AS tool_name, served.version::text AS version,
       other.platform::text AS other_platform, other.tool_name::text AS other_tool_name
FROM tool_ab_tests x
CROSS JOIN LATERAL (SELECT CASE x.unit_kind WHEN 'user' THEN $2 ELSE $1 END AS unit) caller
LEFT JOIN tool_ab_assignments stored
    ON stored.test_id = x.id AND stored.phase = x.phase AND stored.unit = caller.unit
CROSS JOIN LATERAL (SELECT coalesce(stored.bucket, ab_bucket(ab_fnv1a32(x.seed::text), caller.unit)) AS bucket) hashed
CROSS JOIN LATERAL (
    SELECT coalesce(stored.arm::text, CASE
        WHEN x.paused_at IS NULL
             AND (x.target_environment IS NULL OR x.target_environment IS NOT DISTINCT FROM $3)
             AND (x.target_users = '[]' OR x.target_users @> to_jsonb(coalesce($2, '')))
        THEN ab_arm(hashed.bucket, x.traffic_split, x.coverage) END) AS arm
) chosen
JOIN tools served ON served.id = CASE chosen.arm WHEN 'A' THEN x.tool_a_id WHEN 'B' THEN x.tool_b_id END
JOIN tools other ON other.id = CASE chosen.arm WHEN 'A' THEN x.tool_b_id ELSE x.tool_a_id END
WHERE x.status = 'active' AND caller.unit IS NOT NULL
ORDER BY x.id
