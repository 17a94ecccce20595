/** The log: its lines, and how many of them a second. */

export { type ForwardedEvent, newSecret, webhookOf } from './forward.ts';
export { type ClosableLog, createLog, type LineSink, SILENT_LOG, standardOutput } from './log.ts';
