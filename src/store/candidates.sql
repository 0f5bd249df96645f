-- The state of the catalog, and with it every pattern that may be chosen; one row without a pattern
-- where there is none. $1 capabilities, $2 platforms, $3 excluded tools, $4 metadata to contain.
SELECT state.revision, state.migration, found.*
FROM (SELECT revision,
             (SELECT max(version) FROM __diesel_schema_migrations)::text AS migration
      FROM catalog_state) state
LEFT JOIN (
    SELECT t.tool_name, t.platform, t.version, c.capability_name, p.pattern_name,
           p.time_estimate_ms, p.cost_estimate, p.complexity_score, p.policy, p.preference_match
    FROM tool_capabilities c
    JOIN tools t ON t.id = c.tool_id
    JOIN tool_patterns p ON p.capability_id = c.id
    WHERE c.capability_name = ANY ($1)
      AND t.is_latest AND t.enabled AND t.status = 'active'
      AND (cardinality($2) = 0 OR t.platform = ANY ($2))
      AND NOT t.tool_name = ANY ($3)
      AND ($4 = '{}' OR t.metadata @> $4)
) found ON true
