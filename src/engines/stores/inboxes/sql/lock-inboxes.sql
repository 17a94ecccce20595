-- One at a time makes inboxes in an organization, to the end of the transaction; SQLite has one writer anyway. Parameters:
-- organization.
SELECT /*sqlite $1 *//*postgres pg_advisory_xact_lock(7469, hashtext($1::uuid::text)) */
