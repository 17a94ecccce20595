import type { EndpointId } from '../../core/ids.ts';
import type { ClaimedLane, DeliveryQueue, LaneDemand } from '../../ports/record/delivery-queue.ts';
import { isItemError } from '../../ports/unavailable.ts';

/** A lane from which nothing could be claimed, whatever was claimed from the others. */
export interface FailedLane {
  readonly endpointId: EndpointId;
  readonly error: unknown;
}

/**
 * Claims for many lanes in one call. Where one lane makes the call fail, the call is made again with halves of the lanes until
 * that lane stands alone: of 500 lanes one bad one costs some 18 calls, and then it is put aside.
 * @throws EngineUnavailable where the queue itself is away
 */
export async function claimInHalves(
  queue: Pick<DeliveryQueue, 'claim'>,
  demands: readonly LaneDemand[],
): Promise<{ readonly taken: readonly ClaimedLane[]; readonly failed: readonly FailedLane[] }> {
  const [first] = demands;
  if (first === undefined) return { taken: [], failed: [] };
  try {
    return { taken: await queue.claim(demands), failed: [] };
  } catch (error) {
    if (!isItemError(error)) throw error;
    if (demands.length === 1) return { taken: [], failed: [{ endpointId: first.endpointId, error }] };
  }
  const half = Math.ceil(demands.length / 2);
  const one = await claimInHalves(queue, demands.slice(0, half));
  // What the first half has claimed must be sent, even where the second can't be asked any more.
  const other = await claimInHalves(queue, demands.slice(half)).catch((error: unknown) => ({
    taken: [],
    failed: demands.slice(half).map(({ endpointId }) => ({ endpointId, error })),
  }));
  return { taken: [...one.taken, ...other.taken], failed: [...one.failed, ...other.failed] };
}
