/** What was accepted. */
export { SqlEventStore } from './event-store.ts';
