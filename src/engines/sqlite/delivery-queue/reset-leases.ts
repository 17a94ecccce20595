import type { Clock } from '../../../ports/clock.ts';
import type { Database } from '../database/index.ts';

/**
 * Makes leased deliveries due at start-up: this process owns the database, so the leases on record are those of a
 * process that was killed.
 */
export function resetLeases({ writer }: Database, clock: Clock): void {
  writer.db.exec('BEGIN IMMEDIATE');
  writer.prepare('interrupted-attempts').run();
  writer.prepare('reset-leases').run(clock.now());
  writer.db.exec('COMMIT');
}
