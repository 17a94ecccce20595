-- One at a time makes endpoints in an organization, to the end of the transaction; SQLite has one writer anyway. Parameters:
-- organization.
SELECT /*sqlite $1 *//*postgres pg_advisory_xact_lock(7466, hashtext($1::uuid::text)) */
