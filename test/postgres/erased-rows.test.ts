import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMs } from '../../src/core/time.ts';
import { ErasedRows } from '../../src/engines/redis-postgres/database/erased-rows.ts';
import { PostgresEraser } from '../../src/engines/redis-postgres/stores/index.ts';
import { eventually } from '../support/service.ts';
import { deliveryOf, RecordWorld } from './support.ts';

test('erased rows are freed by a VACUUM of their day', async (context) => {
  const world = await RecordWorld.open(context);
  const { database, deliveries } = world.process;
  const routed = await world.written(60);
  const wanted = routed.map((item) => ({ deliveryId: deliveryOf(item).id, leasedUntil: addMs(world.now, 1_000) }));
  await deliveries.lease(wanted, world.now);
  const answered = { statusCode: 200, error: null, errorDetail: null, responseExcerpt: '' };
  const attempt = { number: 1, startedAt: world.now, durationMs: 1, ...answered };
  await deliveries.settle(
    wanted.map(({ deliveryId }) => ({ deliveryId, attemptNumber: 1, attempt, next: { status: 'delivered' } })),
    world.now,
  );
  const erasure = new PostgresEraser(database, new ErasedRows(database, 300));
  for (const { event } of routed.slice(0, 20))
    assert.equal(await erasure.removeEvents(event.organizationId, [event.id]), 1);
  await eventually(async () => {
    const { rows } = await world.client.query<{ vacuums: number; dead: number }>(
      "SELECT sum(vacuum_count)::int AS vacuums, sum(n_dead_tup)::int AS dead FROM pg_stat_user_tables WHERE relname ~ '^(events|deliveries|attempts)_'",
    );
    const { vacuums = 0, dead } = rows[0] ?? {};
    assert.ok(vacuums >= 3 && vacuums < 20 && dead === 0, JSON.stringify(rows));
  });
});
