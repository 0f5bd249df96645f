-- Every place where the audit log, replayed from the start, does not lead to the present rows.
-- When and by whom a row was changed last is not audited, as each entry says it, nor is a digest that
-- toolcat keeps. A column that was added later is compared from its first entry on.
-- Tokens are no part of a backup, so that the log knows more of them than the catalog.
-- The entry of a tool that was made holds its capabilities and patterns: each is then read as an entry of its own.
WITH whole AS (
    SELECT l.*, k.part AS capability
    FROM tool_audit_log l CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(changes #> '{row,new,capabilities}') = 'array'
             THEN changes #> '{row,new,capabilities}' END) k(part)
    WHERE entity = 'tool' AND jsonb_typeof(k.part -> 'id') = 'number'
), logged AS (
    SELECT revision, id, entity::text, entity_id, entity_name, platform, tool_name, version, changes
    FROM tool_audit_log WHERE entity NOT IN ('catalog', 'token')
    UNION ALL
    SELECT revision, id, 'capability', (capability ->> 'id')::numeric::bigint, capability ->> 'capability_name',
           platform, tool_name, version, jsonb_build_object('row', jsonb_build_object('new', capability))
    FROM whole
    UNION ALL
    SELECT revision, id, 'pattern', (p.part ->> 'id')::numeric::bigint,
           (capability ->> 'capability_name') || '.' || (p.part ->> 'pattern_name'),
           platform, tool_name, version, jsonb_build_object('row', jsonb_build_object('new', p.part))
    FROM whole CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(capability -> 'patterns') = 'array' THEN capability -> 'patterns' END) p(part)
    WHERE jsonb_typeof(p.part -> 'id') = 'number'
), entries AS MATERIALIZED (
    SELECT l.entity, l.entity_id, l.entity_name, l.platform, l.tool_name, l.version,
           f.field, f.old, f.new, lag(f.new) OVER earlier AS before,
           row_number() OVER earlier AS place,
           count(*) OVER (PARTITION BY l.entity, l.entity_id, f.field) AS places
    FROM logged l CROSS JOIN LATERAL (
        SELECT key AS field, value -> 'old' AS old, value -> 'new' AS new
        FROM jsonb_each(l.changes) WHERE key <> 'row'
        UNION ALL
        SELECT key, 'null', value
        FROM jsonb_each(CASE WHEN jsonb_typeof(l.changes -> 'row' -> 'new') = 'object'
                             THEN l.changes -> 'row' -> 'new' ELSE '{}' END)
        UNION ALL
        SELECT key, value, 'null'
        FROM jsonb_each(CASE WHEN jsonb_typeof(l.changes -> 'row' -> 'old') = 'object'
                             THEN l.changes -> 'row' -> 'old' ELSE '{}' END)
    ) f
    WHERE f.field NOT IN ('updated_at', 'updated_by', 'definition_digest', 'digest_at', 'capabilities', 'patterns')
    WINDOW earlier AS (PARTITION BY l.entity, l.entity_id, f.field ORDER BY l.revision, l.id)
), replayed AS (
    SELECT * FROM entries WHERE place = places
), revisions AS MATERIALIZED (
    SELECT revision, min(changed_at) AS first, max(changed_at) AS last,
           coalesce(lag(revision) OVER (ORDER BY revision), 0) AS before,
           lag(max(changed_at)) OVER (ORDER BY revision) AS last_before
    FROM tool_audit_log GROUP BY revision
), present AS MATERIALIZED (
    SELECT 'tool' AS entity, id AS entity_id, to_jsonb(t) AS fields FROM tools t
    UNION ALL SELECT 'capability', id, to_jsonb(c) FROM tool_capabilities c
    UNION ALL SELECT 'pattern', id, to_jsonb(p) FROM tool_patterns p
    UNION ALL SELECT 'ab_test', id, to_jsonb(a) FROM tool_ab_tests a
    UNION ALL SELECT 'member', id, to_jsonb(m) FROM catalog_members m
    UNION ALL SELECT 'team', id, to_jsonb(m) FROM catalog_teams m
)
SELECT 'present' AS kind, r.entity, r.entity_id,
       concat_ws(' ', r.platform || '/' || r.tool_name || '@' || r.version,
                 CASE WHEN r.entity <> 'tool' THEN r.entity_name END) AS name,
       r.field, r.new AS logged, p.fields -> r.field AS found
FROM replayed r JOIN present p USING (entity, entity_id)
WHERE p.fields ? r.field AND r.new IS DISTINCT FROM p.fields -> r.field
UNION ALL
SELECT 'gap', e.entity, e.entity_id,
       concat_ws(' ', e.platform || '/' || e.tool_name || '@' || e.version,
                 CASE WHEN e.entity <> 'tool' THEN e.entity_name END),
       e.field, e.before, e.old
FROM entries e
WHERE e.place > 1 AND e.old IS DISTINCT FROM e.before
UNION ALL
SELECT 'unlogged', p.entity, p.entity_id,
       coalesce(p.fields ->> 'tool_name', p.fields ->> 'capability_name', p.fields ->> 'pattern_name',
                p.fields ->> 'test_name', p.fields ->> 'principal'),
       'id', NULL, p.fields -> 'id'
FROM present p
WHERE NOT EXISTS (SELECT FROM replayed r
                  WHERE r.entity = p.entity AND r.entity_id = p.entity_id AND r.field = 'id'
                    AND r.new <> 'null')
UNION ALL
SELECT 'missing', r.entity, r.entity_id,
       concat_ws(' ', r.platform || '/' || r.tool_name || '@' || r.version,
                 CASE WHEN r.entity <> 'tool' THEN r.entity_name END),
       'id', r.new, NULL
FROM replayed r
WHERE r.field = 'id' AND r.new <> 'null'
  AND NOT EXISTS (SELECT FROM present p WHERE p.entity = r.entity AND p.entity_id = r.entity_id)
UNION ALL
SELECT 'present', 'catalog', 0, NULL, 'revision', to_jsonb(l.revision), to_jsonb(s.revision)
FROM catalog_state s, (SELECT coalesce(max(revision), 0) AS revision FROM tool_audit_log) l
WHERE s.revision <> l.revision
UNION ALL
-- Of revisions that are not there the first is named, and how many: the next one that is.
SELECT 'revision', 'log', before + 1, NULL, 'revision', NULL, to_jsonb(revision)
FROM revisions WHERE revision > before + 1
UNION ALL
-- A clock that is kept in step moves by less than a second.
SELECT 'time', 'log', revision, NULL, 'changed_at', to_jsonb(last_before), to_jsonb(first)
FROM revisions WHERE first < last_before - INTERVAL '1 second'
UNION ALL
SELECT 'time', 'log', revision, NULL, 'now', to_jsonb(clock_timestamp()), to_jsonb(last)
FROM revisions WHERE last > clock_timestamp() + INTERVAL '1 second'
UNION ALL
SELECT 'latest', 'tool', min(id), platform || '/' || tool_name, 'is_latest', NULL, to_jsonb(count(*))
FROM tools GROUP BY platform, tool_name HAVING NOT bool_or(is_latest)
ORDER BY 2, 3, 5, 1
