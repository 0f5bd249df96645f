-- The log goes on: it says that the members went, and keeps what it said of them.
DELETE FROM sessions;
DELETE FROM api_tokens;
DELETE FROM catalog_teams;
DELETE FROM catalog_members;

DO $$
DECLARE
    function REGPROCEDURE;
    trigger  RECORD;
BEGIN
    FOREACH function IN ARRAY ARRAY['audit_change()', 'audit_note(text, jsonb)']::REGPROCEDURE[] LOOP
        EXECUTE replace(pg_get_functiondef(function), 'coalesce(audit_address(), host(inet_client_addr()))',
                        'host(inet_client_addr())');
    END LOOP;
    FOR trigger IN SELECT tgname, tgrelid::regclass AS on_table FROM pg_trigger
                   WHERE tgfoid = 'check_access()'::regprocedure AND tgparentid = 0 LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', trigger.tgname, trigger.on_table);
    END LOOP;
END $$;

DROP TABLE sessions;
DROP TABLE api_tokens;
DROP TABLE catalog_teams;
DROP TABLE catalog_members;
DROP FUNCTION audit_access();
DROP FUNCTION audit_address();
DROP FUNCTION check_access();
DROP FUNCTION access_of_session();

ALTER TABLE tool_audit_log
    DROP CONSTRAINT tool_audit_log_entity_check,
    ADD CONSTRAINT tool_audit_log_entity_check
        CHECK (entity IN ('tool', 'capability', 'pattern', 'ab_test', 'catalog')) NOT VALID;
COMMENT ON COLUMN tool_audit_log.entity IS 'What kind of row changed: tool, capability, pattern or ab_test; catalog for the catalog as a whole';
