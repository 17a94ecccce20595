import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SystemClock } from '../../src/app/clock.ts';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { openEngine } from '../../src/app/open-engine.ts';
import { type Environment, readSettings } from '../../src/app/settings/settings.ts';
import { SCOPES } from '../../src/core/administration/organization.ts';
import type { KeyId, OrganizationId } from '../../src/core/ids.ts';
import { addMs } from '../../src/core/time.ts';
import { hashKey } from '../../src/pipeline/access/authenticator.ts';

/**
 * An organization without a limit, put into the record before a service runs on it.
 * @param expiresInMs when its key ends
 * @returns its key
 */
export async function addOrganization(env: Environment, expiresInMs: number | null = null): Promise<string> {
  const settings = readSettings(env);
  assert.ok(!('problems' in settings), JSON.stringify(settings));
  const onFatal = (error: unknown) => assert.fail(String(error));
  const { engine, ids } = await openEngine({ settings, log: SILENT_LOG, clock: new SystemClock(), onFatal });
  const organizationId = ids.next<OrganizationId>();
  const createdAt = engine.clock.now();
  const apiKey = `key-${randomUUID()}`;
  await engine.store.organizations.create(
    { id: organizationId, name: 'Other', tier: 'unlimited', createdAt },
    {
      id: ids.next<KeyId>(),
      organizationId,
      name: 'test',
      prefix: apiKey.slice(0, 8),
      sha256: hashKey(apiKey),
      createdAt,
      expiresAt: expiresInMs === null ? null : addMs(createdAt, expiresInMs),
      scopes: SCOPES,
      lastUsedAt: null,
    },
  );
  await engine.close();
  return apiKey;
}
