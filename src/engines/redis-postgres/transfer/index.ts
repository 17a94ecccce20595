/** `migrate-data`: the record of an embedded service, copied. */

export { PostgresRecordTarget } from './record-target.ts';
