-- Jobs take turns by organization: the oldest of each is found without a look at its others.
DROP INDEX jobs_unfinished;
CREATE INDEX jobs_running ON jobs (organization_id, id) WHERE status = 'running';
