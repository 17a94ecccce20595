import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import type { OrganizationId } from '../../src/core/ids.ts';
import { addMs } from '../../src/core/time.ts';
import type { KeyedRequest } from '../../src/ports/store/idempotency-store.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, type World } from './world.ts';

const WINDOW_MS = 60_000;
const ABANDONED_MS = 5_000;

export function idempotencyContract(newHarness: NewHarness): void {
  describe('IdempotencyStore', () => {
    const newRequest = (organizationId: string, rest: Partial<KeyedRequest> = {}): KeyedRequest => ({
      organizationId: organizationId as OrganizationId,
      keySha256: 'key',
      fingerprint: 'body',
      holder: randomUUID(),
      ...rest,
    });
    const begin = ({ engine, clock }: World, request: KeyedRequest) => {
      const at = clock.now();
      const bounds = { at, expired: addMs(at, -WINDOW_MS), abandoned: addMs(at, -ABANDONED_MS) };
      return engine.store.idempotency.begin(request, bounds);
    };
    const answer = { status: 201, sealed: 'sealed' };

    test(
      'of many tries at once, one begins; when it has ended, the others have its answer',
      inWorld(newHarness, async (world) => {
        const organization = randomUUID();
        const tries = Array.from({ length: 20 }, () => newRequest(organization));
        const outcomes = await Promise.all(tries.map((request) => begin(world, request)));
        assert.deepEqual(outcomes.map(({ kind }) => kind).toSorted(), ['begun', ...Array(19).fill('running')]);
        const winner = tries[outcomes.findIndex(({ kind }) => kind === 'begun')];
        assert.ok(winner !== undefined);
        assert.deepEqual(await begin(world, winner), { kind: 'begun' }, 'a try that did not hear that it began');
        await world.engine.store.idempotency.finish(winner, answer);
        assert.deepEqual(await begin(world, newRequest(organization)), { kind: 'done', answer });
        await world.reopen();
        assert.deepEqual(await begin(world, newRequest(organization)), { kind: 'done', answer });
      }),
    );

    test(
      'another request under the key is told so, while it runs and when it is done; another organization has its own',
      inWorld(newHarness, async (world) => {
        const request = newRequest(randomUUID());
        const other = newRequest(request.organizationId, { fingerprint: 'other' });
        await begin(world, request);
        assert.deepEqual(await begin(world, other), { kind: 'other' });
        await world.engine.store.idempotency.finish(request, answer);
        assert.deepEqual(await begin(world, other), { kind: 'other' });
        assert.deepEqual(await begin(world, newRequest(randomUUID())), { kind: 'begun' });
      }),
    );

    test(
      'what was forgotten, has expired, or was abandoned by the same request is begun anew; its first try ends nothing then',
      inWorld(newHarness, async (world) => {
        const { idempotency } = world.engine.store;
        const first = newRequest(randomUUID());
        await begin(world, first);
        await idempotency.forget(first);
        const second = newRequest(first.organizationId);
        assert.deepEqual(await begin(world, second), { kind: 'begun' });
        world.clock.advance(ABANDONED_MS + 1);
        const other = newRequest(first.organizationId, { fingerprint: 'other' });
        assert.deepEqual(await begin(world, other), { kind: 'other' }, 'abandoned, and not by this request');
        const third = newRequest(first.organizationId);
        assert.deepEqual(await begin(world, third), { kind: 'begun' });
        await idempotency.finish(second, answer);
        await idempotency.forget(second);
        assert.deepEqual(await begin(world, newRequest(first.organizationId)), { kind: 'running' });
        await idempotency.finish(third, answer);
        world.clock.advance(WINDOW_MS - 1);
        assert.deepEqual(await begin(world, newRequest(first.organizationId)), { kind: 'done', answer });
        world.clock.advance(2);
        assert.deepEqual(await begin(world, other), { kind: 'begun' });
      }),
    );

    test(
      'old ones leave in bounded steps',
      inWorld(newHarness, async (world) => {
        const { idempotency } = world.engine.store;
        const organization = randomUUID();
        for (let i = 0; i < 5; i++) {
          const request = newRequest(organization, { keySha256: `key ${i}` });
          await begin(world, request);
          await idempotency.finish(request, answer);
          world.clock.advance(1_000);
        }
        const before = addMs(world.clock.now(), -2_000);
        assert.equal(await idempotency.removeBefore(before, 2), 2);
        assert.equal(await idempotency.removeBefore(before, 2), 1);
        assert.equal(await idempotency.removeBefore(before, 2), 0);
        assert.deepEqual(await begin(world, newRequest(organization, { keySha256: 'key 3' })), {
          kind: 'done',
          answer,
        });
        assert.deepEqual(await begin(world, newRequest(organization, { keySha256: 'key 2' })), { kind: 'begun' });
      }),
    );
  });
}
