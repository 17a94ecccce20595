import type { Activity, DroppedCounts } from '../../core/events/activity.ts';
import type { OrganizationId } from '../../core/ids.ts';

/** Receives an organization's activities, in the process that subscribed. */
export interface ActivityListener {
  /** In the order in which each process published. Duplicates are possible. */
  onActivities(activities: readonly Activity[]): void;
  /** These numbers of activities were dropped: there were too many, or (null) the subscription was interrupted. */
  onDropped(counts: DroppedCounts): void;
}

/**
 * Broadcasts activities to current watchers. Nothing is stored, and publishing never delays the pipeline. An
 * organization without watchers costs next to nothing.
 */
export interface ActivityFeed {
  /** Returns at once and never throws. Activities beyond `MAX_ACTIVITY_PER_SECOND` are dropped and counted. */
  publish(activities: readonly Activity[]): void;

  /**
   * Resolves when every activity published from now on, by any process, reaches the listener or is counted as dropped.
   * Everything published before is on record by then, so that no event falls between.
   * @returns a function that ends the subscription
   * @throws EngineUnavailable
   */
  subscribe(organizationId: OrganizationId, listener: ActivityListener): Promise<() => void>;
}
