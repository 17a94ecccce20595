import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type EventId, IdSource, type OrganizationId } from '../../src/core/ids.ts';
import { jsonText } from '../../src/core/json/json-text.ts';
import { openSqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { LiveTail } from '../../src/pipeline/live/live-tail.ts';
import type { EventStore } from '../../src/ports/store/event-store.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld } from '../conformance/world.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('activities during the subscription of a watcher are shown', async (context) => {
  const clock = new SystemClock();
  const ids = new IdSource(() => clock.now(), randomFillSync);
  const engine = openSqliteEngine({
    dataDir: temporaryFolder(context),
    clock,
    ids,
    fanOut: () => [],
    dedupWindowMs: 1_000,
    maxBacklog: null,
    onFatal: (error) => assert.fail(String(error)),
  });
  context.after(() => engine.close());
  const organizationId = ids.next<OrganizationId>();
  const happen = async (): Promise<EventId> => {
    const event: AcceptedEvent = {
      id: ids.next<EventId>(),
      organizationId,
      type: 'a',
      data: jsonText(1),
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: clock.now(),
      traceparent: null,
      hops: 0,
    };
    await engine.intake.accept([event]);
    engine.activity.publish([{ kind: 'event', event }]);
    return event.id;
  };
  const { events: real } = engine.store;
  const meanwhile: EventId[] = [];
  const events: EventStore = {
    get: (...args) => real.get(...args),
    after: (...args) => real.after(...args),
    types: (...args) => real.types(...args),
    removeStep: (...args) => real.removeStep(...args),
    list: async (...args) => {
      const found = await real.list(...args);
      meanwhile.push(await happen());
      return found;
    },
  };
  const liveTail = new LiveTail(engine, engine.activity, events);
  context.after(() => liveTail.stop());
  const seen = await happen();
  const opened = await liveTail.open({
    organizationId,
    filter: { types: [], kinds: ['event'] },
    after: seen,
    isAllowed: () => true,
  });
  assert.ok(typeof opened !== 'string');
  const shown = await opened.tail.next();
  assert.deepEqual(
    shown?.map(({ position }) => position),
    meanwhile,
  );
});

test(
  'the patterns of all streams of an organization are bounded, those of one alone are not',
  inWorld(newSqliteHarness, async (world) => {
    const organizationId = await world.organization();
    const { activity, bus, store } = world.engine;
    const liveTail = new LiveTail({ bus }, activity, store.events);
    const open = (types: readonly string[]) =>
      liveTail.open({ organizationId, filter: { types, kinds: ['event'] }, after: null, isAllowed: () => true });
    const long = Array.from({ length: 100 }, (_, n) => `${'**.a.'.repeat(24)}n${n}`);
    const [first, second] = await Promise.all([open(long), open(long)]);
    assert.ok(typeof first !== 'string');
    assert.equal(second, 'too_many');
    first.close();
    const again = await open(long);
    assert.ok(typeof again !== 'string');
    again.close();
    assert.ok(typeof (await open(['order.*'])) !== 'string');
    assert.ok(typeof (await open(['order.*'])) !== 'string');
    liveTail.stop();
  }),
);
