/** Workers: write accepted events into the record, repair what was lost on the way, remove what is too old. */

export { Persister } from './persister.ts';
export { Reconciler } from './reconciler.ts';
export { Retention } from './retention.ts';
