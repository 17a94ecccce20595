import type { OrganizationId } from '../../../core/ids.ts';
import type { Lane } from './lane.ts';

/**
 * Lanes that are due and have capacity. Organizations take turns, one lane each, so that thousands of lanes of one
 * organization do not delay another's single lane. Within an organization the lane that has waited longest comes first.
 */
export class ReadyLanes {
  readonly #byOrganization = new Map<OrganizationId | undefined, Set<Lane>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(lane: Lane): void {
    const organizationId = lane.endpoint?.organizationId;
    const lanes = this.#byOrganization.get(organizationId) ?? new Set();
    if (lanes.has(lane)) return;
    lanes.add(lane);
    this.#byOrganization.set(organizationId, lanes);
    this.#size++;
  }

  delete(lane: Lane): void {
    for (const organizationId of new Set([lane.endpoint?.organizationId, undefined])) {
      const lanes = this.#byOrganization.get(organizationId);
      if (lanes?.delete(lane) !== true) continue;
      this.#size--;
      if (lanes.size === 0) this.#byOrganization.delete(organizationId);
    }
  }

  /** Yields one lane of each organization, then the next of each, and so on. Lanes may be deleted during the iteration. */
  *roundRobin(): Iterable<Lane> {
    let queues = [...this.#byOrganization.values()].map((lanes) => lanes.values());
    while (queues.length > 0) {
      const remaining = [];
      for (const queue of queues) {
        const { value, done } = queue.next();
        if (done === true) continue;
        yield value;
        remaining.push(queue);
      }
      queues = remaining;
    }
  }

  /** Moves the first organization to the end. */
  rotate(): void {
    for (const [organizationId, lanes] of this.#byOrganization) {
      this.#byOrganization.delete(organizationId);
      this.#byOrganization.set(organizationId, lanes);
      return;
    }
  }
}
