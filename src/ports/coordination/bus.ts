import type { EndpointId, OrganizationId } from '../../core/ids.ts';

/** What processes tell each other. A message may be lost: whoever caches looks again within a second or so. */
export type BusMessage =
  | { readonly kind: 'endpoints_changed'; readonly organizationId: OrganizationId; readonly endpointId: EndpointId }
  | { readonly kind: 'keys_changed'; readonly organizationId: OrganizationId }
  /** An organization's events are to leave. */
  | { readonly kind: 'erasure_asked' }
  /** There is work for the background. */
  | { readonly kind: 'job_added' }
  /** Their inboxes may have something new. */
  | { readonly kind: 'events_available'; readonly organizationIds: readonly OrganizationId[] };

export interface Bus {
  /** In this process listeners have run when it resolves. */
  publish(message: BusMessage): Promise<void>;
  /** @returns a function that ends it */
  subscribe(listener: (message: BusMessage) => void): () => void;
  /** Calls when messages may have been missed: what is cached is to be looked up anew. @returns a function that ends it */
  onMissed(listener: () => void): () => void;
}
