-- One at a time makes inboxes in an organization (lock 7469, organization). Returns what became of it. `at_cursor`: up to
-- which event it has gone.
CREATE FUNCTION create_inbox(
  new_id uuid, of_organization uuid, of_name text, of_event_types text, of_max_leases integer, of_paused integer,
  at_cursor uuid, at_time bigint, most integer
) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7469, hashtext(of_organization::text));
  IF EXISTS (SELECT FROM inboxes WHERE organization_id = of_organization AND name = of_name) THEN
    RETURN 'conflict';
  END IF;
  IF (SELECT count(*) FROM inboxes WHERE organization_id = of_organization) >= most THEN
    RETURN 'full';
  END IF;
  INSERT INTO inboxes (id, organization_id, name, event_types, max_leases, paused, cursor_event_id, created_at)
  VALUES (new_id, of_organization, of_name, of_event_types, of_max_leases, of_paused, at_cursor, at_time);
  RETURN 'created';
END
$$;
