/** Implements the port `store/inbox-store`. */

export { SqliteInboxStore } from './inbox-store.ts';
