import type { EventId, OrganizationId } from '../../core/ids.ts';
import type { Store } from '../../ports/engine.ts';
import type { Redelivery } from '../../ports/record/redelivery.ts';

/** What erasing needs of an engine. */
export interface ErasureParts {
  readonly store: Pick<Store, 'erasure' | 'deliveries' | 'endpoints' | 'inboxes'>;
  readonly redelivery: Pick<Redelivery, 'cancel'>;
}

/**
 * Events leave with all that belongs to them, those that wait too: their deliveries are canceled first, so that the order
 * of an endpoint goes on and nobody sends what is no more. @returns how many left
 */
export async function eraseEvents(
  { store, redelivery }: ErasureParts,
  organizationId: OrganizationId,
  ids: readonly EventId[],
): Promise<number> {
  for (const id of ids) {
    for (const delivery of await store.deliveries.ofEvent(organizationId, id)) {
      // A failed one may hold up its order.
      if (!['pending', 'retrying', 'failed'].includes(delivery.status)) continue;
      await redelivery.cancel(organizationId, delivery.id);
    }
  }
  return store.erasure.removeEvents(organizationId, ids);
}
