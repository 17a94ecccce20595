/** Sends again: one delivery at once, many as a job in steps. */

export { JobAllowance } from './job-allowance.ts';
export { JobRunner } from './job-runner.ts';
export { ResendStation, type StartedJob } from './redelivery-service.ts';
