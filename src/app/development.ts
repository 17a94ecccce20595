import { SCOPES } from '../core/administration/organization.ts';
import type { IdSource, KeyId, OrganizationId } from '../core/ids.ts';
import { hashKey } from '../pipeline/access/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { OrganizationStore } from '../ports/store/organization-store.ts';
import { DEVELOPMENT_KEY } from './settings/index.ts';

/** Creates the development organization with its well-known key, so that the first curl works. */
export async function ensureDevelopmentOrganization(
  organizations: OrganizationStore,
  ids: IdSource,
  clock: Clock,
): Promise<void> {
  const sha256 = hashKey(DEVELOPMENT_KEY);
  if ((await organizations.findByKeyHash(sha256)) !== undefined) return;
  const organizationId = ids.next<OrganizationId>();
  const createdAt = clock.now();
  await organizations.create(
    { id: organizationId, name: 'Development', tier: 'unlimited', createdAt },
    {
      id: ids.next<KeyId>(),
      organizationId,
      name: 'development',
      prefix: DEVELOPMENT_KEY.slice(0, 8),
      sha256,
      createdAt,
      expiresAt: null,
      scopes: SCOPES,
      lastUsedAt: null,
    },
  );
}
