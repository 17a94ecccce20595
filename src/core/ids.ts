import type { Branded } from './brand.ts';
import { type Timestamp, timestamp } from './time.ts';

export type OrganizationId = Branded<string, 'OrganizationId'>;
export type KeyId = Branded<string, 'KeyId'>;
export type EventId = Branded<string, 'EventId'>;
export type EndpointId = Branded<string, 'EndpointId'>;
export type DeliveryId = Branded<string, 'DeliveryId'>;
export type InboxId = Branded<string, 'InboxId'>;
export type JobId = Branded<string, 'JobId'>;
export type AuditId = Branded<string, 'AuditId'>;
export type LeaseId = Branded<string, 'LeaseId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the 36-character form of any UUID (RFC 9562, section 4). */
export function isUuid(text: string): boolean {
  return text.length === 36 && UUID.test(text);
}

/** Returns a UUID in its stored form, lower case; other texts are unchanged. */
export function canonicalId<Id extends string>(text: string): Id {
  return (isUuid(text) ? text.toLowerCase() : text) as Id;
}

/** The counter within a millisecond has 26 bits: 12 in rand_a, 14 at the start of rand_b. */
const COUNTER_LIMIT = 2 ** 26;
const RANDOM_POOL_BYTES = 1_000 * 10;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Makes strictly increasing UUIDv7s (RFC 9562, section 5.7) whatever the clock does: a fixed-length counter, seeded at
 * random each millisecond (section 6.2, method 1). When the clock stands still or steps back, the last time continues.
 */
export class IdSource {
  #lastMs = 0;
  #counter = 0;
  readonly #now: () => Timestamp;
  readonly #fillRandom: (bytes: Uint8Array) => void;
  readonly #pool = new Uint8Array(RANDOM_POOL_BYTES);
  #poolAt = RANDOM_POOL_BYTES;

  constructor(now: () => Timestamp, fillRandom: (bytes: Uint8Array) => void) {
    this.#now = now;
    this.#fillRandom = fillRandom;
  }

  /** The caller names the type: `ids.next<EventId>()`. */
  next<Id extends string>(): Id {
    const ms = this.#now();
    const random = this.#nextRandom();
    const pool = this.#pool;
    if (ms > this.#lastMs) {
      this.#lastMs = ms;
      // Seeded with 25 bits, the lower half of the counter's range.
      this.#counter = ((pool[random] ?? 0) << 17) | ((pool[random + 1] ?? 0) << 9) | (pool[random + 2] ?? 0);
    } else if (++this.#counter >= COUNTER_LIMIT) {
      this.#lastMs += 1;
      this.#counter = 0;
    }
    return format(this.#lastMs, this.#counter, pool, random + 4) as Id;
  }

  /** After a restart: later ids must be above a stored one, even if the clock was set back. */
  raiseFloor(id: string): void {
    const ms = uuidv7Time(id);
    if (ms >= this.#lastMs) {
      this.#lastMs = ms + 1;
      this.#counter = 0;
    }
  }

  #nextRandom(): number {
    if (this.#poolAt + 10 > RANDOM_POOL_BYTES) {
      this.#fillRandom(this.#pool);
      this.#poolAt = 0;
    }
    this.#poolAt += 10;
    return this.#poolAt - 10;
  }
}

function format(ms: number, counter: number, random: Uint8Array, at: number): string {
  const high = Math.trunc(ms / 2 ** 16);
  const low = ms % 2 ** 16;
  const randA = counter >>> 14;
  const randB = counter & 0x3fff;
  return `${byte(high >>> 24)}${byte(high >>> 16)}${byte(high >>> 8)}${byte(high)}-${byte(low >>> 8)}${byte(low)}-${byte(
    0x70 | (randA >>> 8),
  )}${byte(randA)}-${byte(0x80 | (randB >>> 8))}${byte(randB)}-${byte(random[at] ?? 0)}${byte(random[at + 1] ?? 0)}${byte(
    random[at + 2] ?? 0,
  )}${byte(random[at + 3] ?? 0)}${byte(random[at + 4] ?? 0)}${byte(random[at + 5] ?? 0)}`;
}

function byte(value: number): string {
  return HEX[value & 0xff] ?? '00';
}

/**
 * A UUIDv7 that sorts by a position in a sequence, whichever process makes it: the position's time, then 12 bits for
 * its number within the millisecond (where RFC 9562, section 6.2, method 3 has sub-milliseconds).
 * @param random at least 8 bytes
 */
export function idAt<Id extends string>(
  place: { readonly ms: number; readonly number: number },
  random: Uint8Array,
): Id {
  const counter = (Math.min(place.number, 0xfff) << 14) | (((random[6] ?? 0) << 6) ^ (random[7] ?? 0));
  return format(place.ms, counter, random, 0) as Id;
}

/** The next lower id, whether or not it exists: a range after it begins with this id. */
export function idBefore<Id extends string>(id: Id): Id {
  const hex = (BigInt(`0x${id.replaceAll('-', '')}`) - 1n).toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-') as Id;
}

/** The time inside a UUIDv7. */
export function uuidv7Time(id: string): Timestamp {
  return timestamp(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** The smallest id of a millisecond: older ids are lower. Bounds id ranges by time. */
export function firstIdAt(at: Timestamp): string {
  const hex = Math.max(0, at).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}
