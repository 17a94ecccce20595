import type { ErasureRule } from '../../core/administration/erasure.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../core/time.ts';
import type { Context } from '../context.ts';
import type { EventReader } from '../history/index.ts';
import { type ErasureParts, eraseEvents } from './erase-events.ts';

/** A retry may be requested between the cancel and the removal. */
const TRIES = 3;

/** Takes requests for erasure: one event at once, everything else in the background (`Eraser`). */
export class ErasureService {
  readonly #context: Pick<Context, 'clock' | 'bus'>;
  readonly #parts: ErasureParts;
  readonly #events: Pick<EventReader, 'get'>;

  constructor(context: Pick<Context, 'clock' | 'bus'>, ports: ErasureParts, events: Pick<EventReader, 'get'>) {
    this.#context = context;
    this.#parts = ports;
    this.#events = events;
  }

  /** @returns false when there is no such event */
  async eraseEvent(organizationId: OrganizationId, id: EventId): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries++) {
      const event = await this.#events.get(organizationId, id);
      if (event === undefined) return tries > 0;
      if ((await eraseEvents(this.#parts, organizationId, [event.id])) === 1) return true;
    }
    return false;
  }

  /** Requests erasure of all events accepted before a time; null = now. @returns that time */
  async eraseBefore(organizationId: OrganizationId, before: Timestamp | null): Promise<Timestamp> {
    // Includes events accepted within this millisecond.
    const erasedBefore = before ?? addMs(this.#context.clock.now(), 1);
    const rule = await this.rule(organizationId);
    const later = Math.max(erasedBefore, rule?.erasedBefore ?? 0) as Timestamp;
    await this.#parts.store.erasure.put(organizationId, { erasedBefore: later });
    await this.#context.bus.publish({ kind: 'erasure_asked' });
    return later;
  }

  rule(organizationId: OrganizationId): Promise<ErasureRule | undefined> {
    return this.#parts.store.erasure.get(organizationId);
  }

  async keepFor(organizationId: OrganizationId, retentionMs: Milliseconds | null): Promise<boolean> {
    const exists = await this.#parts.store.erasure.put(organizationId, { retentionMs });
    if (exists) await this.#context.bus.publish({ kind: 'erasure_asked' });
    return exists;
  }

  /**
   * Deletes an organization: its keys are refused at once, its data is erased in the background. @returns whether it
   * existed
   */
  async deleteOrganization(organizationId: OrganizationId): Promise<boolean> {
    const exists = await this.#parts.store.erasure.put(organizationId, { deletedAt: this.#context.clock.now() });
    if (!exists) return false;
    await this.#context.bus.publish({ kind: 'keys_changed', organizationId });
    await this.#context.bus.publish({ kind: 'erasure_asked' });
    return true;
  }
}
