-- Removes a deleted organization with all that it had but events; see remove_organization in migration 0010. Parameters: id.
SELECT remove_organization($1)
