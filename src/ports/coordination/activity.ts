import type { Activity, DroppedCounts } from '../../core/events/activity.ts';
import type { OrganizationId } from '../../core/ids.ts';

/** Who watches an organization. Called in the process that subscribed. */
export interface ActivityListener {
  /** In the order in which each process published. The same may come twice. */
  onActivities(activities: readonly Activity[]): void;
  /** So many were not told: there were too many at once, or (null) the way to us was cut. */
  onDropped(counts: DroppedCounts): void;
}

/**
 * The news of what happens, for those who watch now: kept nowhere, and never in the way of what happens. An organization
 * that nobody watches costs next to nothing.
 */
export interface ActivityFeed {
  /** Returns at once and never throws. Over `MAX_ACTIVITY_PER_SECOND` news are dropped and counted. */
  publish(activities: readonly Activity[]): void;

  /**
   * Resolves when everything that is published from now on, by whatever process, reaches the listener or is counted as
   * untold: what was published before can be read from the record then, and nothing is between.
   * @returns a function that ends it
   * @throws EngineUnavailable
   */
  subscribe(organizationId: OrganizationId, listener: ActivityListener): Promise<() => void>;
}
