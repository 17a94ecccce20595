/** Work that goes on in the background. */
export { SqlJobStore } from './job-store.ts';
