/** The log: its format, and the limit of lines a second. */

export { type ForwardedEvent, newSecret, webhookOf } from './forward.ts';
export { type ClosableLog, createLog, type LineSink, SILENT_LOG, standardOutput } from './log.ts';
