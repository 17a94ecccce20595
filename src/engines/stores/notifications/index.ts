/** Who is told that an inbox has something again. */
export { SqlNotificationStore } from './notification-store.ts';
