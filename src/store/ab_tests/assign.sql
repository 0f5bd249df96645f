-- Assigns units to the arms of a test, in one statement: a stored arm stays, a new one is stored before
-- it is told. No row if there is no such test.
-- $1 test name, $2 units, $3 user (null: not told), $4 environment (null: not told), $5 whether to store.
WITH test AS (
    SELECT x.*, x.status = 'active' AND x.paused_at IS NULL AS running,
           ab_fnv1a32(x.seed::text) AS seed_hash
    FROM tool_ab_tests x
    WHERE x.test_name = $1
), placed AS MATERIALIZED (
    SELECT u.place, u.unit, stored.arm AS stored_arm, stored.assigned_at,
           coalesce(stored.bucket, ab_bucket(test.seed_hash, u.unit)) AS bucket,
           (test.target_environment IS NULL OR test.target_environment IS NOT DISTINCT FROM $4) AS right_environment,
           (test.target_users = '[]'
            OR test.target_users @> to_jsonb(CASE test.unit_kind WHEN 'user' THEN u.unit ELSE coalesce($3, '') END)
           ) AS right_user
    FROM test
    CROSS JOIN unnest($2) WITH ORDINALITY AS u(unit, place)
    LEFT JOIN tool_ab_assignments stored
        ON stored.test_id = test.id AND stored.phase = test.phase AND stored.unit = u.unit
), chosen AS (
    SELECT placed.*,
           coalesce(placed.stored_arm, CASE
               WHEN test.running AND placed.right_environment AND placed.right_user
               THEN ab_arm(placed.bucket, test.traffic_split, test.coverage) END) AS arm
    FROM placed CROSS JOIN test
), kept AS (
    INSERT INTO tool_ab_assignments (test_id, phase, unit, arm, bucket, seed)
    SELECT test.id, test.phase, chosen.unit, chosen.arm, chosen.bucket, test.seed
    FROM chosen CROSS JOIN test
    WHERE $5 AND test.status = 'active' AND chosen.arm IS NOT NULL AND chosen.stored_arm IS NULL
    ORDER BY chosen.unit COLLATE "C"
    ON CONFLICT DO NOTHING
    RETURNING unit, assigned_at
)
SELECT test.status, test.running, test.phase, test.unit_kind, test.started_at, test.completed_at,
       test.target_environment, test.target_users <> '[]' AS for_users,
       chosen.unit, chosen.bucket, chosen.arm::text AS arm, chosen.stored_arm IS NOT NULL AS stored,
       chosen.right_environment, chosen.right_user,
       coalesce(chosen.assigned_at, kept.assigned_at) AS assigned_at,
       serving.id AS tool_id, serving.platform::text AS platform, serving.tool_name::text AS tool_name,
       serving.version::text AS version
FROM test
LEFT JOIN chosen ON true
LEFT JOIN kept ON kept.unit = chosen.unit
LEFT JOIN tools a ON a.id = test.tool_a_id
LEFT JOIN LATERAL (
    -- outside the test: the version in use of what arm A is
    SELECT t.* FROM tools t
    WHERE CASE chosen.arm
              WHEN 'A' THEN t.id = test.tool_a_id
              WHEN 'B' THEN t.id = test.tool_b_id
              ELSE t.platform = a.platform AND t.tool_name = a.tool_name AND t.is_latest
          END
    LIMIT 1
) serving ON true
ORDER BY chosen.place
