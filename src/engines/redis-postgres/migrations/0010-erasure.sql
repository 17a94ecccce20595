-- The embedded engine's 0004 says what each column and table is for.
ALTER TABLE organizations ADD COLUMN retention_ms bigint, ADD COLUMN erased_before bigint, ADD COLUMN deleted_at bigint;
CREATE INDEX organizations_to_erase ON organizations (id)
  WHERE retention_ms IS NOT NULL OR erased_before IS NOT NULL OR deleted_at IS NOT NULL;

CREATE TABLE audit_entries (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  action text NOT NULL,
  target text,
  key_id uuid,
  key_name text,
  fields text NOT NULL,
  request_id text NOT NULL,
  address text,
  created_at bigint NOT NULL
);
CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, id);

-- inbox_notifications comes with 0011: nothing runs this before.
-- A deleted organization with everything that it had but events, which have gone before. Its tables are small: keys,
-- endpoints, inboxes and jobs are bounded, what inboxes know goes with their events.
CREATE FUNCTION remove_organization(of_organization uuid) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM organizations WHERE id = of_organization AND deleted_at IS NOT NULL FOR UPDATE) THEN
    RETURN;
  END IF;
  DELETE FROM audit_entries WHERE organization_id = of_organization;
  DELETE FROM jobs WHERE organization_id = of_organization;
  DELETE FROM order_turns USING endpoints
  WHERE endpoints.organization_id = of_organization AND order_turns.endpoint_id = endpoints.id;
  DELETE FROM endpoints WHERE organization_id = of_organization;
  DELETE FROM inbox_messages USING inboxes
  WHERE inboxes.organization_id = of_organization AND inbox_messages.inbox_id = inboxes.id;
  DELETE FROM inbox_notifications WHERE organization_id = of_organization;
  DELETE FROM inboxes WHERE organization_id = of_organization;
  DELETE FROM api_keys WHERE organization_id = of_organization;
  DELETE FROM organizations WHERE id = of_organization;
END
$$;
