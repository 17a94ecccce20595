/** Inboxes as administered things. */
export { SqlInboxAdmin } from './inbox-admin.ts';
