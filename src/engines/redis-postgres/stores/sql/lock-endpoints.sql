-- One at a time makes endpoints in an organization, to the end of the transaction. Parameters: organization.
SELECT pg_advisory_xact_lock(7466, hashtext($1::uuid::text))
