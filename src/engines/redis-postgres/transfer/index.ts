/** Implements the port `record/transfer`, for `migrate-data`: imports the record of an embedded service. */

export { PostgresRecordTarget } from './record-target.ts';
