import { DEFAULT_OPTIONS, type Endpoint } from '../../src/core/delivery/endpoint.ts';
import type { EndpointId, IdSource, OrganizationId } from '../../src/core/ids.ts';
import type { Clock } from '../../src/ports/clock.ts';

/** One that nobody has stored. */
export function newEndpoint(
  world: { readonly clock: Pick<Clock, 'now'>; readonly ids: IdSource },
  organizationId: OrganizationId,
  rest: Partial<Endpoint> = {},
): Endpoint {
  const at = world.clock.now();
  return {
    id: world.ids.next<EndpointId>(),
    organizationId,
    url: 'https://example.com/hook',
    description: '',
    eventTypes: [],
    headers: {},
    maxConcurrency: 10,
    retryPolicy: { maxAttempts: 5, schedule: [30_000] },
    timeoutMs: 10_000,
    status: 'active',
    disabledReason: null,
    secret: 'whsec_secret',
    previousSecret: null,
    failingSince: null,
    lastFault: null,
    options: DEFAULT_OPTIONS,
    isDefault: false,
    createdAt: at,
    updatedAt: at,
    ...rest,
  };
}
