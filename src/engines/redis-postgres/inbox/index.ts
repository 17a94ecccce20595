/** Implements the port `store/inbox-store`. */

export { PostgresInboxStore } from './inbox-store.ts';
