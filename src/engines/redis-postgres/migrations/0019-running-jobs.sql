-- Jobs take turns by organization: the oldest of each is found without a look at its others. `jobs_unfinished` stays for
-- processes of an older version.
CREATE INDEX jobs_running ON jobs (organization_id, id) WHERE status = 'running';
