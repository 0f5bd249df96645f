-- What an A/B test fixes beforehand, which unit got which arm, and when somebody looked.

ALTER TABLE tool_ab_tests
    ADD COLUMN hypothesis         TEXT,
    ADD COLUMN primary_metrics    JSONB            NOT NULL DEFAULT '["success"]'
        CHECK (jsonb_typeof(primary_metrics) = 'array' AND primary_metrics <> '[]'
               AND primary_metrics <@ '["success", "time", "cost"]'),
    ADD COLUMN guardrails         JSONB            NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(guardrails) = 'array'),
    ADD COLUMN counted_outcome    VARCHAR(20)      NOT NULL DEFAULT 'failures'
        CHECK (counted_outcome IN ('failures', 'successes')),
    ADD COLUMN unit_kind          VARCHAR(20)      NOT NULL DEFAULT 'execution' CHECK (unit_kind IN ('execution', 'user')),
    ADD COLUMN coverage           DOUBLE PRECISION NOT NULL DEFAULT 1 CHECK (coverage > 0 AND coverage <= 1),
    ADD COLUMN confidence         DOUBLE PRECISION NOT NULL DEFAULT 0.95 CHECK (confidence > 0.5 AND confidence < 1),
    ADD COLUMN planned_size       BIGINT           NOT NULL DEFAULT 2000 CHECK (planned_size > 0),
    ADD COLUMN minimum_duration_s DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (minimum_duration_s >= 0),
    ADD COLUMN seed               UUID             NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN phase              INTEGER          NOT NULL DEFAULT 1 CHECK (phase > 0),
    ADD COLUMN phase_started_at   TIMESTAMPTZ,
    ADD COLUMN earlier_phases     JSONB            NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(earlier_phases) = 'array'),
    ADD COLUMN paused_at          TIMESTAMPTZ,
    ADD COLUMN paused_s           DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (paused_s >= 0),
    ADD COLUMN forced             BOOLEAN          NOT NULL DEFAULT false;

COMMENT ON COLUMN tool_ab_tests.hypothesis IS 'What is expected, written down before the first record';
COMMENT ON COLUMN tool_ab_tests.primary_metrics IS 'The metrics that decide: success, time, cost; several are adjusted by Holm''s method';
COMMENT ON COLUMN tool_ab_tests.guardrails IS 'Metrics that the winner must be shown to keep: objects with metric and margin';
COMMENT ON COLUMN tool_ab_tests.counted_outcome IS 'The outcome that the success metric counts, fixed at creation';
COMMENT ON COLUMN tool_ab_tests.unit_kind IS 'What is assigned: an execution, or a user with many executions';
COMMENT ON COLUMN tool_ab_tests.coverage IS 'Share of the traffic that takes part, above 0 and at most 1';
COMMENT ON COLUMN tool_ab_tests.confidence IS 'Confidence over all looks together';
COMMENT ON COLUMN tool_ab_tests.planned_size IS 'Planned total of records (or units) of both arms';
COMMENT ON COLUMN tool_ab_tests.minimum_duration_s IS 'Shortest duration before a decision, in seconds';
COMMENT ON COLUMN tool_ab_tests.seed IS 'Seed of the assignment in the present phase';
COMMENT ON COLUMN tool_ab_tests.phase IS 'Number of the phase; a new split starts a new one';
COMMENT ON COLUMN tool_ab_tests.phase_started_at IS 'When the present phase began';
COMMENT ON COLUMN tool_ab_tests.earlier_phases IS 'Earlier phases: objects with phase, seed, traffic_split, coverage, started_at, ended_at, paused_s';
COMMENT ON COLUMN tool_ab_tests.paused_at IS 'Since when no new unit is assigned; null while it runs';
COMMENT ON COLUMN tool_ab_tests.paused_s IS 'Seconds that earlier pauses of the present phase lasted';
COMMENT ON COLUMN tool_ab_tests.forced IS 'Whether a person chose the winner against or without the rule; never unset';

CREATE TABLE tool_ab_assignments (
    test_id     BIGINT           NOT NULL REFERENCES tool_ab_tests (id) ON DELETE CASCADE,
    phase       INTEGER          NOT NULL,
    unit        VARCHAR(100)     NOT NULL CHECK (unit <> ''),
    arm         VARCHAR(1)       NOT NULL CHECK (arm IN ('A', 'B')),
    bucket      DOUBLE PRECISION NOT NULL CHECK (bucket >= 0 AND bucket < 1),
    seed        UUID             NOT NULL,
    assigned_at TIMESTAMPTZ      NOT NULL DEFAULT now(),
    CONSTRAINT tool_ab_assignments_pkey PRIMARY KEY (test_id, phase, unit)
);

COMMENT ON TABLE tool_ab_assignments IS 'Which arm each unit of an A/B test got; the key holds a unit to one arm in each phase';
COMMENT ON COLUMN tool_ab_assignments.test_id IS 'The test';
COMMENT ON COLUMN tool_ab_assignments.phase IS 'The phase of the test';
COMMENT ON COLUMN tool_ab_assignments.unit IS 'Id of the unit: the execution_id or the user_id of its telemetry';
COMMENT ON COLUMN tool_ab_assignments.arm IS 'A or B';
COMMENT ON COLUMN tool_ab_assignments.bucket IS 'Where the hash put the unit, in 0..1';
COMMENT ON COLUMN tool_ab_assignments.seed IS 'Seed of the hash';
COMMENT ON COLUMN tool_ab_assignments.assigned_at IS 'When it was assigned; outcomes come later';

-- A stored assignment is never changed: an outcome would change its arm with it.
CREATE FUNCTION keep_assignment() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an assignment is never changed' USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION keep_assignment() IS 'Refuses to change a stored assignment';
CREATE TRIGGER keep BEFORE UPDATE ON tool_ab_assignments
    FOR EACH ROW EXECUTE FUNCTION keep_assignment();

CREATE TABLE tool_ab_looks (
    id        BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    test_id   BIGINT      NOT NULL REFERENCES tool_ab_tests (id) ON DELETE CASCADE,
    phase     INTEGER     NOT NULL,
    looked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    recorded  BIGINT      NOT NULL,
    verdict   VARCHAR(20) NOT NULL,
    p         JSONB       NOT NULL CHECK (jsonb_typeof(p) = 'object')
);
CREATE INDEX tool_ab_looks_test_id ON tool_ab_looks (test_id, phase);

COMMENT ON TABLE tool_ab_looks IS 'The looks at an A/B test, so that a report can say how often it was looked at';
COMMENT ON COLUMN tool_ab_looks.id IS 'Row number';
COMMENT ON COLUMN tool_ab_looks.test_id IS 'The test';
COMMENT ON COLUMN tool_ab_looks.phase IS 'The phase of the test';
COMMENT ON COLUMN tool_ab_looks.looked_at IS 'When';
COMMENT ON COLUMN tool_ab_looks.recorded IS 'Records (or units) that the primary metric rested on';
COMMENT ON COLUMN tool_ab_looks.verdict IS 'The verdict of the rule';
COMMENT ON COLUMN tool_ab_looks.p IS 'Anytime-valid p-value of each metric';

-- The public "hash v2": (fnv1a32(decimal(fnv1a32(seed || unit))) mod 10000) / 10000, over UTF-16 code
-- units, in the database so that an assignment is one round trip.
CREATE FUNCTION ab_fnv1a32(value TEXT, hash_so_far BIGINT DEFAULT 2166136261) RETURNS BIGINT
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    hash BIGINT := hash_so_far;
    code BIGINT;
    sign TEXT;
BEGIN
    FOREACH sign IN ARRAY string_to_array(value, NULL) LOOP
        code := ascii(sign);
        IF code > 65535 THEN
            hash := ((hash # (55296 + ((code - 65536) >> 10))) * 16777619) & 4294967295;
            code := 56320 + ((code - 65536) & 1023);
        END IF;
        hash := ((hash # code) * 16777619) & 4294967295;
    END LOOP;
    RETURN hash;
END $$;
COMMENT ON FUNCTION ab_fnv1a32(TEXT, BIGINT) IS '32-bit FNV-1a over UTF-16 code units, going on from a hash';

CREATE FUNCTION ab_bucket(seed_hash BIGINT, unit TEXT) RETURNS DOUBLE PRECISION
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT (ab_fnv1a32(ab_fnv1a32(unit, seed_hash)::text) % 10000) / 10000.0::double precision
$$;
COMMENT ON FUNCTION ab_bucket(BIGINT, TEXT) IS 'Bucket of a unit, a multiple of 0.0001 in 0..1; from the hash of the seed';

CREATE FUNCTION ab_arm(bucket DOUBLE PRECISION, share_b DOUBLE PRECISION, coverage DOUBLE PRECISION) RETURNS TEXT
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    -- the share of A is rounded as the program does, so that both cut at the same bucket
    SELECT CASE WHEN bucket < coverage * a THEN 'A'
                WHEN bucket >= a AND bucket < a + coverage * share_b THEN 'B' END
    FROM (SELECT round((1 - share_b) * 1e12::double precision) / 1e12::double precision AS a) shares
$$;
COMMENT ON FUNCTION ab_arm(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION) IS 'Arm of a bucket: A from 0, B from the share of A, each cut to the coverage; null outside the test';

-- Two active tests never share a version: an outcome would count for both.
CREATE FUNCTION keep_ab_tests() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    other TEXT;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.forced AND NOT NEW.forced THEN
        RAISE EXCEPTION 'A/B test % was forced, which is never unset', OLD.test_name
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'active' THEN
        PERFORM FROM catalog_state FOR UPDATE;
        SELECT test_name INTO other FROM tool_ab_tests
        WHERE status = 'active' AND id <> NEW.id
          AND (tool_a_id IN (NEW.tool_a_id, NEW.tool_b_id) OR tool_b_id IN (NEW.tool_a_id, NEW.tool_b_id))
        LIMIT 1;
        IF other IS NOT NULL THEN
            RAISE EXCEPTION 'active A/B test % has a version in common with %', other, NEW.test_name
                USING ERRCODE = 'exclusion_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION keep_ab_tests() IS 'Refuses two active A/B tests on one version, and keeps the mark of a forced winner';
CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON tool_ab_tests
    FOR EACH ROW EXECUTE FUNCTION keep_ab_tests();
