import type { EventId, OrganizationId } from '../../core/ids.ts';
import type { Store } from '../../ports/engine.ts';
import type { Redelivery } from '../../ports/record/redelivery.ts';

/** The ports that erasing needs. */
export interface ErasureParts {
  readonly store: Pick<Store, 'erasure' | 'deliveries' | 'endpoints' | 'inboxes'>;
  readonly redelivery: Pick<Redelivery, 'cancel'>;
}

/**
 * Erases events with everything that belongs to them, including waiting ones. Their deliveries are canceled first, so
 * that ordering groups continue and no erased event is sent. @returns how many were erased
 */
export async function eraseEvents(
  { store, redelivery }: ErasureParts,
  organizationId: OrganizationId,
  ids: readonly EventId[],
): Promise<number> {
  for (const id of ids) {
    for (const delivery of await store.deliveries.ofEvent(organizationId, id)) {
      // A failed delivery may block its ordering group.
      if (!['pending', 'retrying', 'failed'].includes(delivery.status)) continue;
      await redelivery.cancel(organizationId, delivery.id);
    }
  }
  return store.erasure.removeEvents(organizationId, ids);
}
