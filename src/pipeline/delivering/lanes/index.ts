/** A lane per endpoint: its state, its concurrency, and its fair share of all attempts. */

export { BatchCollector } from './batch-collector.ts';
export { Lane } from './lane.ts';
export { LaneEndpoints } from './lane-endpoints.ts';
export { LaneFaults, type LaneStep } from './lane-faults.ts';
export { ReadyLanes } from './ready-lanes.ts';
export { Slots } from './slots.ts';
