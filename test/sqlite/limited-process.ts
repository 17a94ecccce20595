import { randomFillSync } from 'node:crypto';
import { SystemClock } from '../../src/app/clock.ts';
import { type EventId, IdSource, type OrganizationId } from '../../src/core/ids.ts';
import { jsonText } from '../../src/core/json/json-text.ts';
import { openSqliteEngine } from '../../src/engines/sqlite/engine.ts';

/** Accepts events until the disk fails, and prints the id of each one that was answered. */

const clock = new SystemClock();
const ids = new IdSource(() => clock.now(), randomFillSync);
const engine = openSqliteEngine({
  dataDir: process.argv[2] ?? '',
  clock,
  ids,
  fanOut: () => [],
  dedupWindowMs: 1_000,
  maxBacklog: null,
  onFatal: () => process.exit(70),
});
for (;;) {
  const id = ids.next<EventId>();
  await engine.intake.accept([
    {
      id,
      organizationId: 'organization' as OrganizationId,
      type: 'a',
      data: jsonText('x'.repeat(20_000)),
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: clock.now(),
      traceparent: null,
      hops: 0,
    },
  ]);
  process.stdout.write(`${id}\n`);
}
