import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Eraser } from '../../src/pipeline/erasure/eraser.ts';
import { newDistributedHarness } from '../conformance/distributed-harness.ts';
import { inWorld } from '../conformance/world.ts';
import { pipelineContext } from '../support/pipeline-context.ts';

test(
  'what could not be recorded is erased with the rest, and nothing of others, nothing that came later',
  inWorld(
    newDistributedHarness,
    async (world) => {
      const { engine } = world;
      const { store, bus, clock, worker } = engine;
      assert.ok(worker !== null);
      const [mine, theirs] = [await world.organization(), await world.organization()];
      await world.accept(mine, 25);
      await world.accept(theirs, 1);
      world.clock.advance(1_000);
      const erasedBefore = world.clock.now();
      const [later] = await world.accept(mine, 1);
      const entries = await worker.eventStream.read(100, 1_000);
      await worker.eventStream.moveToDeadLetters(entries.map((entry) => ({ entry, reason: 'test' })));
      assert.equal(await worker.deadLetters.count(), 27);
      await store.erasure.put(mine, { erasedBefore });
      await new Eraser(pipelineContext({ bus, clock }), engine).runRound();
      const left = await worker.deadLetters.list(100, null);
      assert.deepEqual(
        left.map(({ organizationId }) => organizationId),
        [theirs, mine],
      );
      assert.equal(left[1]?.eventId, later?.id);
    },
    { withoutWorker: true },
  ),
);
