import type { DisabledReason, Endpoint, EndpointFault } from '../../core/delivery/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { PageRequest } from './page.ts';

/** The fields of an endpoint that can change. */
export type EndpointChange = Partial<
  Omit<Endpoint, 'id' | 'organizationId' | 'isDefault' | 'createdAt' | 'updatedAt'>
> & { readonly updatedAt: Timestamp };

export interface EndpointStore {
  /** `conflict`: the organization already has another default endpoint; `full`: it has its maximum. */
  create(endpoint: Endpoint): Promise<'created' | 'conflict' | 'full'>;
  get(organizationId: OrganizationId, id: EndpointId): Promise<Endpoint | undefined>;
  list(organizationId: OrganizationId, page: PageRequest): Promise<Endpoint[]>;
  /** All endpoints of an organization, for fan-out; at most `MAX_ENDPOINTS_PER_ORGANIZATION`. */
  all(organizationId: OrganizationId): Promise<Endpoint[]>;
  /**
   * `endpointsRevision` of `all`. Unchanged when no endpoint was created, changed or removed since; health does not
   * count as a change.
   */
  revision(organizationId: OrganizationId): Promise<string>;
  /** Finds endpoints by id alone, for the deliverer. In order; undefined where there is none. */
  find(ids: readonly EndpointId[]): Promise<(Endpoint | undefined)[]>;
  getDefault(organizationId: OrganizationId): Promise<Endpoint | undefined>;
  /**
   * Changes an endpoint.
   * @param change the change, or a function of the current endpoint, which nothing else changes meanwhile. The function
   * may be called more than once; if it throws, nothing is changed and its error is thrown.
   * @returns the changed endpoint; undefined if there is none
   */
  update(
    organizationId: OrganizationId,
    id: EndpointId,
    change: EndpointChange | ((before: Endpoint) => EndpointChange),
  ): Promise<Endpoint | undefined>;
  /** Disables an `active` endpoint on behalf of the deliverer. @returns whether this call did it */
  disable(id: EndpointId, reason: DisabledReason, at: Timestamp): Promise<boolean>;
  /** Records that attempts succeed or fail. @returns since when every attempt has failed; null = not failing */
  recordHealth(id: EndpointId, succeeding: boolean, at: Timestamp): Promise<Timestamp | null>;
  /** Records a fault, shown to the owner until the endpoint is changed. `updatedAt` and the revision stay. */
  recordFault(id: EndpointId, fault: EndpointFault): Promise<void>;
  /** Removes an endpoint; false when there was none. `endWaiting` ends its waiting deliveries. */
  remove(organizationId: OrganizationId, id: EndpointId): Promise<boolean>;
  /**
   * One bounded step: waiting deliveries of an endpoint become `canceled` or `skipped`. @returns how many; fewer than
   * `limit` = done
   */
  endWaiting(id: EndpointId, status: 'canceled' | 'skipped', at: Timestamp, limit: number): Promise<number>;
}
