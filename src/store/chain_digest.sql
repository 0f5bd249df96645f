-- The digest of each entry of the audit log, in the order of the chain. It says itself what is hashed, as
-- the function of the catalog could be replaced.
SELECT entry.revision, entry.id, sha256(convert_to(ROW(
        entry.id, entry.revision, entry.entity, entry.entity_id, entry.entity_name, entry.platform,
        entry.tool_name, entry.version, entry.action, entry.changed_by, entry.db_user, entry.reason,
        entry.ip_address, entry.via, entry.request_id, entry.token_id)::text || entry.changes::text, 'UTF8')
        || timestamptz_send(entry.changed_at)) AS digest
FROM tool_audit_log entry
ORDER BY entry.revision, entry.id
