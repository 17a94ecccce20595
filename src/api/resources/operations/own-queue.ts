import type { DeliveryId, OrganizationId } from '../../../core/ids.ts';
import { MAX_COUNTED_QUARANTINED } from '../../../core/limits.ts';
import { type Timestamp, timestamp } from '../../../core/time.ts';
import type { Engine } from '../../../ports/engine.ts';
import type { FoundDelivery } from '../../../ports/record/redelivery.ts';

const WAITING = ['pending', 'retrying'] as const;
/** Deliveries of each status are counted exactly up to here: two ranges of one index. */
const COUNT_UP_TO = 1_000;

/**
 * The queue of one organization: the number of waiting deliveries, and how long the oldest of each status has been due. It
 * contains nothing of other organizations.
 */
export async function ownQueue(
  { redelivery, store }: Pick<Engine, 'redelivery' | 'store'>,
  organizationId: OrganizationId,
  now: Timestamp,
): Promise<{ readonly waiting: number; readonly oldestDueAt: Timestamp | null }> {
  const found = await Promise.all(
    WAITING.map((status) =>
      redelivery.find({
        organizationId,
        status,
        endpointId: null,
        from: null,
        to: null,
        after: null,
        limit: COUNT_UP_TO,
      }),
    ),
  );
  const due = await Promise.all(found.map(([first]) => dueSince(first)));
  const oldest = Math.min(...due.map((at) => at ?? Number.POSITIVE_INFINITY));
  return {
    waiting: found.reduce((sum, { length }) => sum + length, 0),
    oldestDueAt: oldest <= now ? timestamp(oldest) : null,
  };

  async function dueSince(first: FoundDelivery | undefined): Promise<Timestamp | null> {
    const delivery =
      first === undefined ? undefined : await store.deliveries.get(organizationId, first.id as DeliveryId);
    if (delivery === undefined || delivery.nextAttemptAt === null) return null;
    return timestamp(Math.max(delivery.nextAttemptAt, delivery.createdAt));
  }
}

/** Counts the quarantined messages of an organization's inboxes, up to `MAX_COUNTED_QUARANTINED` in each. */
export async function ownQuarantine({ store }: Pick<Engine, 'store'>, organizationId: OrganizationId): Promise<number> {
  const { inboxes } = store;
  const counts = await inboxes.countQuarantined(await inboxes.all(organizationId), MAX_COUNTED_QUARANTINED);
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
