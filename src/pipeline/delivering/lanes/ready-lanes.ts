import type { OrganizationId } from '../../../core/ids.ts';
import type { Lane } from './lane.ts';

/**
 * Lanes that are due and have room. Organizations take turns, a lane each, so that one with thousands of lanes is served
 * no sooner than one with a single one; within an organization the longest waiting lane comes first.
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

  /** One lane of each organization, then the next of each, and so on. Lanes may be deleted meanwhile. */
  *inTurn(): Iterable<Lane> {
    let lines = [...this.#byOrganization.values()].map((lanes) => lanes.values());
    while (lines.length > 0) {
      const longer = [];
      for (const line of lines) {
        const { value, done } = line.next();
        if (done === true) continue;
        yield value;
        longer.push(line);
      }
      lines = longer;
    }
  }

  /** Whoever was first is last the next time. */
  turn(): void {
    for (const [organizationId, lanes] of this.#byOrganization) {
      this.#byOrganization.delete(organizationId);
      this.#byOrganization.set(organizationId, lanes);
      return;
    }
  }
}
