/** Accepts events into the stream `zapier:events`: implements the port `record/intake`. */

export { DEDUP_MARKS_COMPLETE, DedupMarks } from './dedup-marks.ts';
export { eventFromFields } from './event-fields.ts';
export { RedisIntake } from './intake.ts';
