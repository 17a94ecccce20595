import type { EndpointId } from '../../core/ids.ts';
import type { ClaimedLane, DeliveryQueue, LaneDemand } from '../../ports/record/delivery-queue.ts';
import { isItemError } from '../../ports/unavailable.ts';

/** A lane whose claim failed while other lanes' claims may have succeeded. */
export interface FailedLane {
  readonly endpointId: EndpointId;
  readonly error: unknown;
}

/**
 * Claims for many lanes in one call. If one lane makes the call fail, the call is repeated with halves of the lanes
 * until the failing lane stands alone: one bad lane of 500 costs about 18 calls.
 * @throws EngineUnavailable when the queue itself is unavailable
 */
export async function claimInHalves(
  queue: Pick<DeliveryQueue, 'claim'>,
  demands: readonly LaneDemand[],
): Promise<{ readonly claimed: readonly ClaimedLane[]; readonly failed: readonly FailedLane[] }> {
  const [first] = demands;
  if (first === undefined) return { claimed: [], failed: [] };
  try {
    return { claimed: await queue.claim(demands), failed: [] };
  } catch (error) {
    if (!isItemError(error)) throw error;
    if (demands.length === 1) return { claimed: [], failed: [{ endpointId: first.endpointId, error }] };
  }
  const half = Math.ceil(demands.length / 2);
  const one = await claimInHalves(queue, demands.slice(0, half));
  // Deliveries that the first half has claimed must be sent even if the second half's call fails.
  const other = await claimInHalves(queue, demands.slice(half)).catch((error: unknown) => ({
    claimed: [],
    failed: demands.slice(half).map(({ endpointId }) => ({ endpointId, error })),
  }));
  return { claimed: [...one.claimed, ...other.claimed], failed: [...one.failed, ...other.failed] };
}
