/** Events that are pulled: leases, acknowledgements, notifications, and news of quarantined messages. */

export { InboxService } from './inbox-service.ts';
export { Notifier } from './notifier.ts';
export { QuarantinePublisher } from './quarantine-publisher.ts';
