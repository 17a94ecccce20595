import { readEvent } from './api.ts';
import type { EventRow } from './views.ts';

interface DeliveryMessage {
  readonly id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_status_code: number | null;
  readonly last_error: string | null;
  readonly at: string;
}
export interface LiveRow {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  /** Undefined for an event that was accepted before the page was opened. */
  readonly data: string | undefined;
  readonly deliveries: ReadonlyMap<string, DeliveryMessage>;
}

const MAX_ROWS = 200;
const PLOT_SECONDS = 90;
const PREVIEW = 160;

/** The newest events with their deliveries, and counts for each of the last seconds. The number of rows is bounded. */
export class LiveRows {
  readonly #rows = new Map<string, LiveRow>();
  readonly #counts = new Map<number, [number, number]>();
  events = 0;
  deliveries = 0;
  missed = 0;

  add({ event, data }: { event: string; data: string }): void {
    if (event === 'event') this.#addEvent(readEvent(data));
    else if (event === 'delivery') this.#addDelivery(JSON.parse(data) as DeliveryMessage);
    else if (event === 'dropped') this.missed++;
  }

  /** Newest first. */
  rows(): LiveRow[] {
    return [...this.#rows.values()].reverse();
  }

  clear(): void {
    this.#rows.clear();
  }

  /** @param now in seconds @returns seconds, events, deliveries */
  rates(now: number): [number[], number[], number[]] {
    for (const second of this.#counts.keys()) if (second < now - PLOT_SECONDS) this.#counts.delete(second);
    const seconds = Array.from({ length: PLOT_SECONDS }, (_, at) => now - PLOT_SECONDS + at);
    const counted = (kind: 0 | 1) => seconds.map((second) => this.#counts.get(second)?.[kind] ?? 0);
    return [seconds, counted(0), counted(1)];
  }

  #addEvent({ id, type, created_at, data }: EventRow): void {
    this.events++;
    this.#count(0);
    const known = this.#rows.get(id);
    this.#put({ id, type, at: created_at, data: data.slice(0, PREVIEW), deliveries: known?.deliveries ?? new Map() });
  }

  #addDelivery(message: DeliveryMessage): void {
    this.deliveries++;
    this.#count(1);
    const known = this.#rows.get(message.event_id);
    const deliveries = new Map(known?.deliveries).set(message.id, message);
    this.#put({
      id: message.event_id,
      type: message.event_type,
      at: known?.at ?? message.at,
      data: known?.data,
      deliveries,
    });
  }

  #put(row: LiveRow): void {
    this.#rows.set(row.id, row);
    if (this.#rows.size <= MAX_ROWS) return;
    const [oldest] = this.#rows.keys();
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  #count(kind: 0 | 1): void {
    const second = Math.floor(Date.now() / 1_000);
    const counts = this.#counts.get(second) ?? [0, 0];
    counts[kind]++;
    this.#counts.set(second, counts);
  }
}
