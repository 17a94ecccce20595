import type { EndpointId, OrganizationId } from '../../core/ids.ts';

/** Messages between processes. A message may be lost: every cache also refreshes by time. */
export type BusMessage =
  | { readonly kind: 'endpoints_changed'; readonly organizationId: OrganizationId; readonly endpointId: EndpointId }
  | { readonly kind: 'keys_changed'; readonly organizationId: OrganizationId }
  /** An erasure was requested. */
  | { readonly kind: 'erasure_asked' }
  /** A background job was created. */
  | { readonly kind: 'job_added' }
  /** Inboxes of these organizations may have new messages. */
  | { readonly kind: 'events_available'; readonly organizationIds: readonly OrganizationId[] };

export interface Bus {
  /** When this resolves, the listeners in this process have run. */
  publish(message: BusMessage): Promise<void>;
  /** @returns a function that removes the listener */
  subscribe(listener: (message: BusMessage) => void): () => void;
  /** Calls when messages may have been missed: caches must be refreshed. @returns a function that removes the listener */
  onMissed(listener: () => void): () => void;
}
