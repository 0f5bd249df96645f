DROP TRIGGER keep ON tool_ab_tests;
DROP FUNCTION keep_ab_tests();
DROP FUNCTION ab_arm(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION);
DROP FUNCTION ab_bucket(BIGINT, TEXT);
DROP FUNCTION ab_fnv1a32(TEXT, BIGINT);
DROP TABLE tool_ab_looks;
DROP TABLE tool_ab_assignments;
DROP FUNCTION keep_assignment();
ALTER TABLE tool_ab_tests
    DROP COLUMN hypothesis, DROP COLUMN primary_metrics, DROP COLUMN guardrails, DROP COLUMN counted_outcome,
    DROP COLUMN unit_kind, DROP COLUMN coverage, DROP COLUMN confidence, DROP COLUMN planned_size,
    DROP COLUMN minimum_duration_s, DROP COLUMN seed, DROP COLUMN phase, DROP COLUMN phase_started_at,
    DROP COLUMN earlier_phases, DROP COLUMN paused_at, DROP COLUMN paused_s, DROP COLUMN forced;
