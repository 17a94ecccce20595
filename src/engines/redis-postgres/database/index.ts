/** PostgreSQL: the pool, migrations, partitions by day, and the meaning of its errors. */
export { HIGHEST_ID, LOWEST_ID, lowestDeliveryId, lowestIdAt } from '../../rows/id-range.ts';
export { bigintArray, integerArray, textArray, uuidArray } from './array-parameters.ts';
export { Database } from './database.ts';
export { ErasedRows } from './erased-rows.ts';
export { StatementRefused } from './errors.ts';
export { ExpiredDays } from './expired-days.ts';

export { checkPostgres, migrate, unsafeSettings, withServer } from './migrate.ts';
export { hasDay, Partitions } from './partitions.ts';
export { StoreClock } from './store-clock.ts';
