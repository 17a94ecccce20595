/** Worker stages: persist accepted events, repair the queues from the record, remove expired events. */

export { Persister } from './persister.ts';
export { Reconciler } from './reconciler.ts';
export { Retention } from './retention.ts';
