import type { EventId, InboxId, LeaseId } from '../../../../core/ids.ts';
import type { Inbox, InboxMessage, Lease } from '../../../../core/inbox.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../../../core/time.ts';
import type { Clock } from '../../../../ports/clock.ts';
import { type Row, text } from '../../../rows/row.ts';
import type { Database } from '../database.ts';
import { messageFromRow } from './inbox-rows.ts';
import { Turns } from './turns.ts';
import { findWantedTypes } from './wanted-types.ts';

export interface LeaseRequest {
  readonly leaseId: LeaseId;
  readonly limit: number;
  readonly leaseMs: Milliseconds;
  readonly eventTypes: readonly string[];
}

interface LeaseStep {
  readonly messages: readonly InboxMessage[];
  /** Not everything was looked at. */
  readonly more: boolean;
}

/** Leases what is available in an inbox, in steps of bounded work: one, if not very much is in the way. */
export class MessageLeaser {
  readonly #database: Database;
  readonly #clock: Clock;
  /** In the database they would stand in line too, each with a connection. */
  readonly #turns = new Turns<InboxId>();

  constructor(parts: { database: Database; clock: Clock }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
  }

  /** A step that fails leaves what the earlier ones leased. */
  async lease(inbox: Inbox, request: LeaseRequest): Promise<Lease | undefined> {
    const until = addMs(this.#clock.now(), request.leaseMs);
    const messages: InboxMessage[] = [];
    for (let more = true; more && messages.length < request.limit; ) {
      try {
        const step = await this.#turns.take(inbox.id, () => this.#step(inbox, request, until, messages.length));
        messages.push(...step.messages);
        more = step.more;
      } catch (error) {
        if (messages.length === 0) throw error;
        more = false;
      }
    }
    if (messages.length === 0) return undefined;
    messages.sort((a, b) => (a.event.id < b.event.id ? -1 : 1));
    return { id: request.leaseId, until, messages };
  }

  /** @param leased how many of the limit earlier steps have leased */
  async #step(inbox: Inbox, request: LeaseRequest, until: Timestamp, leased: number): Promise<LeaseStep> {
    const now = this.#clock.now();
    const types = await findWantedTypes(this.#database, inbox, request.eventTypes, now);
    const rows = await this.#database.query('lease-messages', [
      inbox.id,
      inbox.organizationId,
      request.leaseId,
      now,
      until,
      inbox.maxLeases,
      request.limit - leased,
      types?.wanted ?? null,
      types?.passed ?? null,
      types?.unwanted ?? null,
    ]);
    const more = rows.at(-1)?.['more'] === true;
    const messages = await this.#withData(inbox, rows.slice(0, -1));
    return { messages, more };
  }

  /** Much data is not read while the lease holds its locks. */
  async #withData(inbox: Inbox, rows: readonly Row[]): Promise<InboxMessage[]> {
    const missing = rows.filter((row) => row['data'] === null).map((row) => text<EventId>(row, 'id'));
    const data = new Map<EventId, Row>();
    if (missing.length > 0) {
      const found = await this.#database.query('event-data', [inbox.organizationId, missing], {
        idempotent: true,
      });
      for (const row of found) data.set(text(row, 'id'), row);
    }
    const messages: InboxMessage[] = [];
    for (const row of rows) {
      const whole = row['data'] === null ? { ...row, data: data.get(text(row, 'id'))?.['data'] } : row;
      // Else retention took it a moment ago.
      if (whole['data'] !== undefined) messages.push(messageFromRow(whole, 'leased'));
    }
    return messages;
  }
}
