import { type Activity, type DroppedCounts, NOTHING_DROPPED, organizationOf } from '../../../core/events/activity.ts';
import { ActivityBudget } from '../../../core/events/activity-budget.ts';
import type { OrganizationId } from '../../../core/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ActivityFeed, ActivityListener } from '../../../ports/coordination/activity.ts';

interface Watched {
  readonly listeners: Set<ActivityListener>;
  readonly budget: ActivityBudget;
}

/** The activity feed of the embedded engine: all roles run in this process, so listeners are called directly. */
export class ProcessActivity implements ActivityFeed {
  readonly #clock: Clock;
  readonly #watched = new Map<OrganizationId, Watched>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish(activities: readonly Activity[]): void {
    if (this.#watched.size === 0) return;
    for (const activity of activities) {
      const watched = this.#watched.get(organizationOf(activity));
      if (watched === undefined) continue;
      if (watched.budget.take(activity, this.#clock.monotonicMs())) {
        for (const listener of watched.listeners) listener.onActivities([activity]);
      } else {
        const counts: DroppedCounts = { ...NOTHING_DROPPED, [activity.kind]: 1 };
        for (const listener of watched.listeners) listener.onDropped(counts);
      }
    }
  }

  async subscribe(organizationId: OrganizationId, listener: ActivityListener): Promise<() => void> {
    const watched = this.#watched.get(organizationId) ?? { listeners: new Set(), budget: new ActivityBudget() };
    this.#watched.set(organizationId, watched);
    watched.listeners.add(listener);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0 && this.#watched.get(organizationId) === watched) {
        this.#watched.delete(organizationId);
      }
    };
  }
}
