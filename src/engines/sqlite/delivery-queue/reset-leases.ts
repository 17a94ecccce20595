import type { Clock } from '../../../ports/clock.ts';
import type { Database } from '../database/index.ts';

/** This process alone has the database, so leases on record are those of one that was killed: their deliveries are due. */
export function resetLeases({ writer }: Database, clock: Clock): void {
  writer.db.exec('BEGIN IMMEDIATE');
  writer.prepare('interrupted-attempts').run();
  writer.prepare('reset-leases').run(clock.now());
  writer.db.exec('COMMIT');
}
