/** Retries and replays: one delivery at once, many as a background job in steps. */

export { JobAllowance } from './job-allowance.ts';
export { JobRunner } from './job-runner.ts';
export { RedeliveryService, type StartedJob } from './redelivery-service.ts';
