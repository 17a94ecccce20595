import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Inbox, InboxStatus } from '../../src/core/administration/inbox.ts';
import { wantsEventType } from '../../src/core/events/event-type.ts';
import type { EventId, LeaseId } from '../../src/core/ids.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, type World } from './world.ts';

const TYPES = ['a', 'a.b', 'c'];

type Step =
  | { kind: 'accept'; types: string[] }
  | { kind: 'lease'; limit: number; patterns: string[]; leaseMs: number }
  | { kind: 'ack' | 'release' | 'extend' | 'ackDirect'; lease: number; pick: number; part: boolean }
  | { kind: 'requeue'; pick: number }
  | { kind: 'pass'; ms: number }
  | { kind: 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('accept' as const),
      types: fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('lease' as const),
      limit: fc.integer({ min: 1, max: 6 }),
      patterns: fc.constantFrom<string[]>([], [], ['a'], ['a.*'], ['a.**', 'c'], ['*']),
      leaseMs: fc.constantFrom(100, 1_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('ack' as const, 'release' as const, 'extend' as const, 'ackDirect' as const),
      lease: fc.nat(),
      pick: fc.nat(),
      part: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('requeue' as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(50, 150, 1_500) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);

/** What an inbox is, in the simplest way: a list of all messages, each with its state. */
interface Message {
  readonly id: EventId;
  readonly type: string;
  state: { kind: 'available' | 'acked' | 'quarantined' } | { kind: 'leased'; leaseId: LeaseId; until: number };
  leaseCount: number;
}

/** @param runs each a storage of its own: where that takes time, fewer */
export function inboxModelContract(newHarness: NewHarness, runs: number): void {
  describe('InboxStore against a model', () => {
    test('behaves like a plain list, whatever the order of calls', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
          await inWorld(newHarness, async (world) => {
            const inbox = await world.inbox(await world.organization(), { maxLeases: 3 });
            const compared = new Compared(world, inbox);
            for (const one of steps) {
              await compared.do(one);
              await compared.compareAll();
            }
          })();
        }),
        { numRuns: runs },
      );
    });
  });
}

/** The store and the model, doing the same. */
class Compared {
  readonly #world: World;
  readonly #inbox: Inbox;
  readonly #messages: Message[] = [];
  readonly #leases: LeaseId[] = [];

  constructor(world: World, inbox: Inbox) {
    this.#world = world;
    this.#inbox = inbox;
  }

  async do(one: Step): Promise<void> {
    switch (one.kind) {
      case 'accept':
        return this.#accept(one.types);
      case 'lease':
        return this.#lease(one);
      case 'requeue':
        return this.#requeue(one.pick);
      case 'pass':
        this.#world.clock.advance(one.ms);
        return this.#expire();
      case 'reopen':
        await this.#world.reopen();
        return;
      case 'ackDirect':
        return this.#ackDirect(one.pick);
      default:
        return this.#end(one.kind, one);
    }
  }

  async compareAll(): Promise<void> {
    const { inboxes } = this.#world.engine.store;
    const shown = await inboxes.list(this.#inbox, { status: null, limit: 1_000, after: null });
    assert.deepEqual(
      shown.map(({ event, status, leaseCount }) => [event.id, status, leaseCount]),
      this.#messages.map(({ id, state, leaseCount }) => [id, state.kind, leaseCount]),
    );
    for (const status of ['available', 'quarantined'] as const) {
      const some = await inboxes.list(this.#inbox, { status, limit: 1_000, after: null });
      assert.deepEqual(
        some.map(({ event }) => event.id),
        this.#in(status).map(({ id }) => id),
      );
    }
  }

  #in(status: InboxStatus): Message[] {
    return this.#messages.filter(({ state }) => state.kind === status);
  }

  /** Leases of time that ran out. */
  #expire(): void {
    for (const message of this.#messages) {
      const { state } = message;
      if (state.kind === 'leased' && state.until <= this.#world.clock.now()) letGo(message, this.#inbox.maxLeases);
    }
  }

  async #accept(types: readonly string[]): Promise<void> {
    const events = types.map((type) => this.#world.event(this.#inbox.organizationId, { type }));
    await this.#world.engine.intake.accept(events);
    for (const { id, type } of events) this.#messages.push({ id, type, state: { kind: 'available' }, leaseCount: 0 });
  }

  async #lease({ limit, patterns, leaseMs }: Extract<Step, { kind: 'lease' }>): Promise<void> {
    const { leaseId, eventIds } = await this.#world.lease(this.#inbox, limit, patterns, leaseMs);
    const expected = this.#in('available')
      .filter(({ type }) => wantsEventType(patterns, type))
      .slice(0, limit);
    assert.deepEqual(
      eventIds,
      expected.map(({ id }) => id),
    );
    for (const message of expected) {
      message.state = { kind: 'leased', leaseId, until: this.#world.clock.now() + leaseMs };
      message.leaseCount++;
    }
    this.#leases.push(leaseId);
  }

  async #requeue(pick: number): Promise<void> {
    const chosen = this.#messages.filter((_, at) => at % 3 === pick % 3);
    const expected = chosen.filter(({ state }) => state.kind === 'quarantined');
    const result = await this.#world.engine.store.inboxes.requeue(
      this.#inbox,
      chosen.map(({ id }) => id),
    );
    assert.equal(result.requeued, expected.length);
    assert.equal(result.notFound.length, chosen.length - expected.length);
    for (const message of expected) Object.assign(message, { state: { kind: 'available' }, leaseCount: 0 });
  }

  async #ackDirect(pick: number): Promise<void> {
    const chosen = this.#messages.filter((_, at) => at % 4 === pick % 4);
    const eventIds = chosen.map(({ id }) => id);
    const result = await this.#world.engine.store.inboxes.ack(this.#inbox, { eventIds, leaseId: null });
    assert.deepEqual(result, { acknowledged: chosen.length, notFound: [], stale: [] });
    for (const message of chosen) message.state = { kind: 'acked' };
  }

  async #end(
    kind: 'ack' | 'release' | 'extend',
    { lease, pick, part }: { lease: number; pick: number; part: boolean },
  ) {
    const leaseId = this.#leases[lease % Math.max(1, this.#leases.length)];
    if (leaseId === undefined) return;
    const chosen = part ? this.#messages.filter((_, at) => at % 3 === pick % 3) : this.#messages;
    const held = chosen.filter(({ state }) => state.kind === 'leased' && state.leaseId === leaseId);
    const eventIds = part ? chosen.map(({ id }) => id) : null;
    const { inboxes } = this.#world.engine.store;
    if (kind === 'ack') {
      const acked = part ? chosen.filter(({ state }) => state.kind === 'acked').length : 0;
      const result = await inboxes.ack(this.#inbox, { eventIds, leaseId });
      assert.equal(result.acknowledged, held.length + acked);
      assert.equal(result.stale.length, part ? chosen.length - held.length - acked : 0);
      for (const message of held) message.state = { kind: 'acked' };
    } else if (kind === 'release') {
      const result = await inboxes.release(this.#inbox, { leaseId, eventIds, delayMs: 0 });
      assert.equal(result.released, held.length);
      assert.equal(result.stale.length, part ? chosen.length - held.length : 0);
      for (const message of held) letGo(message, this.#inbox.maxLeases);
    } else {
      const result = await inboxes.extend(this.#inbox, { leaseId, eventIds, leaseMs: 700 });
      assert.equal(result.extended, held.length);
      for (const message of held) message.state = { kind: 'leased', leaseId, until: this.#world.clock.now() + 700 };
    }
  }
}

function letGo(message: Message, maxLeases: number): void {
  message.state = { kind: message.leaseCount >= maxLeases ? 'quarantined' : 'available' };
}
