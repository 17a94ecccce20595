/** Lanes, one per endpoint: their state, their concurrency, and their fair share of all slots. */

export { BatchCollector, type Deliveries } from './batch-collector.ts';
export { countLanes } from './count-lanes.ts';
export { Lane } from './lane.ts';
export { LaneEndpoints } from './lane-endpoints.ts';
export { LaneFaults, type LaneStep } from './lane-faults.ts';
export { ReadyLanes } from './ready-lanes.ts';
export { Slots } from './slots.ts';
