import type { DisabledReason, Endpoint, EndpointFault } from '../../core/delivery/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { PageRequest } from './page.ts';

/** Everything of an endpoint that may change later. */
export type EndpointChange = Partial<
  Omit<Endpoint, 'id' | 'organizationId' | 'isDefault' | 'createdAt' | 'updatedAt'>
> & { readonly updatedAt: Timestamp };

export interface EndpointStore {
  /** `conflict`: the organization has a default endpoint already, and this is another; `full`: it has its maximum. */
  create(endpoint: Endpoint): Promise<'created' | 'conflict' | 'full'>;
  get(organizationId: OrganizationId, id: EndpointId): Promise<Endpoint | undefined>;
  list(organizationId: OrganizationId, page: PageRequest): Promise<Endpoint[]>;
  /** All of an organization, for fan-out; bounded by `MAX_ENDPOINTS_PER_ORGANIZATION`. */
  all(organizationId: OrganizationId): Promise<Endpoint[]>;
  /** `endpointsRevision` of `all`. The same as before: none was made, changed or removed since. Their health does not count. */
  revision(organizationId: OrganizationId): Promise<string>;
  /** For the deliverer, which meets endpoints by id alone. In order; undefined where there is none. */
  find(ids: readonly EndpointId[]): Promise<(Endpoint | undefined)[]>;
  getDefault(organizationId: OrganizationId): Promise<Endpoint | undefined>;
  /**
   * @param change a function where it depends on what stands: nobody else changes the endpoint meanwhile. It may be called
   * more than once; what it throws is thrown, and nothing is changed.
   * @returns the endpoint as it is now; undefined if there is none
   */
  update(
    organizationId: OrganizationId,
    id: EndpointId,
    change: EndpointChange | ((before: Endpoint) => EndpointChange),
  ): Promise<Endpoint | undefined>;
  /** The deliverer's own word: it stops an endpoint that is `active`. @returns whether this call did it */
  disable(id: EndpointId, reason: DisabledReason, at: Timestamp): Promise<boolean>;
  /** An attempt succeeded, or failed. @returns since when all of them have failed; null = they have not */
  recordHealth(id: EndpointId, succeeding: boolean, at: Timestamp): Promise<Timestamp | null>;
  /** Shown to its owner until the endpoint is changed; `updatedAt` and the revision stay. */
  recordFault(id: EndpointId, fault: EndpointFault): Promise<void>;
  /** False when there was none. Its waiting deliveries are ended by `endWaiting`. */
  remove(organizationId: OrganizationId, id: EndpointId): Promise<boolean>;
  /** One bounded step: waiting deliveries of an endpoint become `canceled` or `skipped`. @returns how many; 0 = done */
  endWaiting(id: EndpointId, status: 'canceled' | 'skipped', at: Timestamp, limit: number): Promise<number>;
}
