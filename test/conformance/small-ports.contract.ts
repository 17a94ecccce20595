import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointId, OrganizationId } from '../../src/core/ids.ts';
import type { BusMessage } from '../../src/ports/bus.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, WHOLE_LIST } from './world.ts';

export function smallPortsContract(newHarness: NewHarness): void {
  describe('RateLimiter', () => {
    test(
      'holds a minute’s worth, grants what is there, fills evenly',
      inWorld(newHarness, async ({ engine: { rateLimiter }, clock }) => {
        const id = 'org' as OrganizationId;
        const take = (tokens: number) => rateLimiter.take(id, 60, tokens);
        assert.deepEqual(await take(50), {
          granted: 50,
          limit: 60,
          remaining: 10,
          resetSeconds: 50,
          retryAfterSeconds: 0,
        });
        assert.deepEqual(await take(20), {
          granted: 10,
          limit: 60,
          remaining: 0,
          resetSeconds: 60,
          retryAfterSeconds: 1,
        });
        assert.equal((await take(1)).granted, 0);
        clock.advance(500);
        assert.equal((await take(1)).granted, 0);
        clock.advance(500);
        assert.equal((await take(5)).granted, 1);
        clock.advance(3_600_000);
        assert.deepEqual(await take(100), {
          granted: 60,
          limit: 60,
          remaining: 0,
          resetSeconds: 60,
          retryAfterSeconds: 1,
        });
      }),
    );

    test(
      'one organization never takes from another, and the clock set back takes nothing away',
      inWorld(newHarness, async ({ engine: { rateLimiter }, clock }) => {
        const [ours, theirs] = ['ours' as OrganizationId, 'theirs' as OrganizationId];
        await rateLimiter.take(ours, 10, 10);
        assert.equal((await rateLimiter.take(theirs, 10, 10)).granted, 10);
        clock.setBack(3_600_000);
        clock.advance(6_000);
        assert.equal((await rateLimiter.take(ours, 10, 10)).granted, 1);
      }),
    );
  });

  describe('Bus', () => {
    test(
      'has told every listener in this process when it resolves, and tells nobody who has gone',
      inWorld(newHarness, async ({ engine: { bus } }) => {
        const message: BusMessage = {
          kind: 'endpoints_changed',
          organizationId: 'org' as OrganizationId,
          endpointId: 'endpoint' as EndpointId,
        };
        const seen: [string, BusMessage][] = [];
        const stop = bus.subscribe((one) => seen.push(['first', one]));
        bus.subscribe((one) => seen.push(['second', one]));
        await bus.publish(message);
        assert.deepEqual(seen, [
          ['first', message],
          ['second', message],
        ]);
        stop();
        await bus.publish(message);
        assert.equal(seen.length, 3);
      }),
    );
  });

  describe('Engine', () => {
    test(
      'knows the highest event id on record, of whatever organization',
      inWorld(newHarness, async (world) => {
        assert.equal(world.engine.lastEventId, null);
        const [one, two] = [await world.organization(), await world.organization()];
        await world.accept(one, 3);
        const last = (await world.accept(two, 3)).at(-1);
        await world.accept(one, 0);
        assert.equal((await world.reopen()).lastEventId, last?.id);
        const after = (await world.accept(one, 1)).at(-1);
        assert.equal((await world.reopen()).lastEventId, after?.id);
      }),
    );

    test(
      'finishes what was begun when it closes, and refuses what comes later',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization(1);
        const { engine } = world;
        const accepts = Array.from({ length: 20 }, () => engine.intake.accept([world.event(organizationId)]));
        const closing = world.close();
        for (const accept of accepts) assert.deepEqual(await accept, [{ kind: 'accepted' }]);
        await closing;
        const isClosing = (error: unknown) => error instanceof EngineUnavailable && error.code === 'closing';
        await assert.rejects(engine.intake.accept([world.event(organizationId)]), isClosing);
        await assert.rejects(engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null }), isClosing);
        await engine.close();
        await world.open();
        const events = await world.engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null });
        assert.equal(events.length, 20);
      }),
    );

    test(
      'is well',
      inWorld(newHarness, async ({ engine }) => {
        assert.deepEqual(engine.health(), { status: 'ok', reason: null });
      }),
    );
  });
}
