/** Implements the port `record/intake`. */

export { SqliteIntake } from './intake.ts';
export { LateEvents } from './late-events.ts';
