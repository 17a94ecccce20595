/** Events that are pulled: leases, acknowledgements, notifications, and news of quarantined messages. */

export { InboxStation } from './inbox-service.ts';
export { Notifier } from './notifier.ts';
export { QuarantineNews } from './quarantine-news.ts';
