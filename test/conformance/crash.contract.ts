import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { DEFAULT_INBOX } from '../../src/core/administration/inbox.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type EventId, IdSource, type LeaseId, type OrganizationId } from '../../src/core/ids.ts';
import { timestamp } from '../../src/core/time.ts';
import type { ClaimedDelivery } from '../../src/ports/record/delivery-queue.ts';
import type { EngineHarness, NewHarness, RemoteEngine } from './harness.ts';
import { REMOTE_ENDPOINT, remoteFanOut } from './remote-engine.ts';
import { ALL_DELIVERIES, settlement, WHOLE_LIST, World } from './world.ts';

/** What was answered before a SIGKILL stands; what was not is there whole or not at all. */
export function crashContract(newHarness: NewHarness, { killedLeaseMs }: CrashTraits): void {
  const leaseMs = killedLeaseMs ?? 3_600_000;
  const leasesEnd = () => new Promise((resolve) => setTimeout(resolve, killedLeaseMs ?? 0));

  describe('A killed process', () => {
    test(
      'what it accepted, took and acknowledged is on record, and its deliveries go to the next',
      withCrash(newHarness, async ({ harness, world, organizationId }) => {
        const { engine, kill } = await harness.spawn();
        const events = Array.from({ length: 5 }, () => world.event(organizationId, { createdAt: now() }));
        await engine.intake.accept(events);
        const [lane] = await engine.queue.claim([{ endpointId: REMOTE_ENDPOINT, limit: 3, leaseMs }]);
        const [settled, lost, alsoLost] = lane?.deliveries ?? [];
        assert.ok(settled && lost && alsoLost);
        await engine.queue.settle([settlement(settled)]);
        const inbox = await engine.store.inboxes.get(organizationId, DEFAULT_INBOX);
        assert.ok(inbox);
        const leaseId = world.ids.next<LeaseId>();
        const lease = await engine.store.inboxes.lease(inbox, { leaseId, limit: 2, leaseMs: 60_000, eventTypes: [] });
        await engine.store.inboxes.ack(inbox, { eventIds: [events[0]?.id as EventId], leaseId });
        await kill();
        await leasesEnd();

        const { queue, store } = await world.open();
        assert.equal((await store.events.list(organizationId, { ...WHOLE_LIST, type: null })).length, 5);
        const [taken] = await queue.claim([{ endpointId: REMOTE_ENDPOINT, limit: 10, leaseMs: 60_000 }]);
        assert.deepEqual(
          taken?.deliveries.map(({ event, attemptNumber, failures }) => [event.id, attemptNumber, failures]),
          events.slice(1).map(({ id }, at) => [id, at < 2 ? 2 : 1, 0]),
        );
        const [attempt] = await store.deliveries.attempts(organizationId, lost.id);
        assert.deepEqual([attempt?.number, attempt?.error], [1, 'interrupted']);
        assert.deepEqual(await queue.settle([settlement(alsoLost)]), ['stale']);
        const statuses = (await store.inboxes.list(inbox, { status: null, limit: 10, after: null })).map(
          ({ status }) => status,
        );
        assert.equal(lease?.messages.length, 2);
        assert.deepEqual(statuses, ['acked', 'leased', 'available', 'available', 'available']);
      }),
    );

    for (const afterMs of [15, 60, 140]) {
      test(
        `under load, ${afterMs} ms after its start, loses nothing that it answered and leaves no half`,
        withCrash(newHarness, async ({ harness, world, organizationId }) => {
          const { engine, kill } = await harness.spawn();
          const load = new Load(world, organizationId, engine, leaseMs);
          const running = load.run();
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          await kill();
          await running;
          await leasesEnd();
          await world.open();
          await load.check();
        }),
      );
    }
  });
}

export interface CrashTraits {
  /** Null: the leases of a killed process end with it. Else they end in time: leases this short are waited for. */
  readonly killedLeaseMs: number | null;
}

/** Clients that accept and deliver as fast as they can, and note what was answered. */
class Load {
  readonly #world: World;
  readonly #organizationId: OrganizationId;
  readonly #engine: RemoteEngine;
  readonly #sent: AcceptedEvent[] = [];
  readonly #accepted = new Set<EventId>();
  readonly #settled = new Set<string>();
  readonly #leaseMs: number;
  #gone = false;

  constructor(world: World, organizationId: OrganizationId, engine: RemoteEngine, leaseMs: number) {
    this.#leaseMs = leaseMs;
    this.#world = world;
    this.#organizationId = organizationId;
    this.#engine = engine;
  }

  async run(): Promise<void> {
    const producers = Array.from({ length: 8 }, (_, at) => this.#until(() => this.#produce(1 + (at % 3))));
    const takers = Array.from({ length: 2 }, () => this.#until(() => this.#deliver()));
    await Promise.all([...producers, ...takers]);
  }

  async #until(act: () => Promise<void>): Promise<void> {
    while (!this.#gone) {
      try {
        await act();
      } catch {
        this.#gone = true;
      }
    }
  }

  async #produce(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const id = this.#world.ids.next<EventId>();
      return this.#world.event(this.#organizationId, { id, dedupId: `of ${id}`, createdAt: now() });
    });
    this.#sent.push(...events);
    const outcomes = await this.#engine.intake.accept(events);
    outcomes.forEach(({ kind }, at) => {
      const event = events[at];
      if (kind === 'accepted' && event !== undefined) this.#accepted.add(event.id);
    });
  }

  async #deliver(): Promise<void> {
    const [lane] = await this.#engine.queue.claim([{ endpointId: REMOTE_ENDPOINT, limit: 5, leaseMs: this.#leaseMs }]);
    const taken = lane?.deliveries ?? [];
    const outcomes = await this.#engine.queue.settle(taken.map((delivery) => settlement(delivery)));
    outcomes.forEach((outcome, at) => {
      assert.equal(outcome, 'settled');
      this.#settled.add(taken[at]?.id ?? '');
    });
  }

  async check(): Promise<void> {
    const { store, intake } = this.#world.engine;
    assert.ok(this.#accepted.size > 0 || this.#sent.length < 30, 'the load never got going');
    const stored = new Set<EventId>();
    for (const { id } of this.#sent) {
      const deliveries = await store.deliveries.ofEvent(this.#organizationId, id);
      const event = await store.events.get(this.#organizationId, id);
      assert.equal(deliveries.length, event === undefined ? 0 : 1, 'an event and its delivery, or neither');
      if (event !== undefined) stored.add(id);
    }
    for (const id of this.#accepted) assert.ok(stored.has(id), 'a promise was broken');

    // Sent again by clients that had no answer: what is there is told, what is not is taken now. No mark without event.
    const again = this.#sent.map((event) => ({ ...event, id: this.#world.ids.next<EventId>() }));
    const outcomes = await intake.accept(again);
    outcomes.forEach((outcome, at) => {
      const first = this.#sent[at]?.id as EventId;
      assert.equal(outcome.kind, stored.has(first) ? 'duplicate' : 'accepted');
      if (outcome.kind === 'duplicate') assert.equal(outcome.id, first);
    });
    const takenNow = outcomes.filter(({ kind }) => kind === 'accepted').length;
    await this.#checkDeliveries(stored.size + takenNow);
  }

  /** Each delivery is settled exactly once in all, and every attempt number is on record. */
  async #checkDeliveries(stored: number): Promise<void> {
    const { store, queue } = this.#world.engine;
    const rest = await drain(this.#world);
    for (const { id } of rest) assert.ok(!this.#settled.has(id), 'delivered again after it was settled');
    // What was settled without the answer getting through is neither among the answered nor the rest.
    assert.ok(this.#settled.size + rest.length <= stored);
    assert.deepEqual(await queue.depth(), { waiting: 0, retriesDue: 0, oldestDueAt: null });
    const interrupted = rest.filter(({ attemptNumber }) => attemptNumber > 1);
    for (const { id, attemptNumber } of interrupted) {
      const attempts = await store.deliveries.attempts(this.#organizationId, id);
      assert.deepEqual(
        attempts.map(({ number, error }) => [number, error]),
        [...Array.from({ length: attemptNumber - 1 }, (_, at) => [at + 1, 'interrupted']), [attemptNumber, null]],
      );
    }
    const all = await store.deliveries.list(this.#organizationId, { ...ALL_DELIVERIES, status: 'pending' });
    assert.deepEqual(all, []);
  }
}

async function drain(world: World): Promise<ClaimedDelivery[]> {
  const all: ClaimedDelivery[] = [];
  for (
    let taken = await world.take(REMOTE_ENDPOINT, 500);
    taken.length > 0;
    taken = await world.take(REMOTE_ENDPOINT, 500)
  ) {
    await world.engine.queue.settle(taken.map((delivery) => settlement(delivery)));
    all.push(...taken);
  }
  return all;
}

interface Scene {
  readonly harness: EngineHarness;
  readonly world: World;
  readonly organizationId: OrganizationId;
}

/** A storage with one organization in it, ready to be opened by a process of its own. */
function withCrash(newHarness: NewHarness, test: (scene: Scene) => Promise<void>): () => Promise<void> {
  return async () => {
    const harness = await newHarness();
    // The other process lives in the machine's time: so must this one.
    const ids = new IdSource(now, randomFillSync);
    const world = new World(harness, {
      clock: { now, monotonicMs: () => performance.now() },
      ids,
      // As in the process that is killed: where the intake is not the record, this one does what that one left.
      fanOut: remoteFanOut(ids),
      dedupWindowMs: 3_600_000,
    });
    try {
      await world.open();
      const organizationId = await world.organization();
      await world.close();
      await test({ harness, world, organizationId });
    } finally {
      await world.close();
      await harness.dispose();
    }
  };
}

function now() {
  return timestamp(Date.now());
}
