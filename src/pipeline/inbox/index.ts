/** Inboxes, which consumers pull from: leases, acknowledgements, notifications, and events about quarantined messages. */

export { InboxService } from './inbox-service.ts';
export { Notifier } from './notifier.ts';
export { QuarantinePublisher } from './quarantine-publisher.ts';
