import type { EndpointId, OrganizationId } from '../core/ids.ts';

/** What processes tell each other. A message may be lost: whoever caches looks again within a second or so. */
export type BusMessage =
  | { readonly kind: 'endpoints_changed'; readonly organizationId: OrganizationId; readonly endpointId: EndpointId }
  | { readonly kind: 'keys_changed'; readonly organizationId: OrganizationId };

export interface Bus {
  /** In this process listeners have run when it resolves. */
  publish(message: BusMessage): Promise<void>;
  /** @returns a function that ends it */
  subscribe(listener: (message: BusMessage) => void): () => void;
}
