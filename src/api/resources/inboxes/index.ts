/** `/api/inbox`, `/api/inboxes` and the Zapier alias `/trigger-inbox`. */

export { inboxRoutes } from './inbox.ts';
export { inboxAdminRoutes } from './inboxes.ts';
export { triggerInboxRoutes } from './trigger-inbox.ts';
