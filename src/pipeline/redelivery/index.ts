/** Sends again: one delivery at once, many as a job in steps. */

export { JobAllowance } from './job-allowance.ts';
export { JobRunner } from './job-runner.ts';
export { RedeliveryService, type StartedJob } from './redelivery-service.ts';
