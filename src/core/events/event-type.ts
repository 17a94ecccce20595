import { MAX_TYPE_LENGTH } from '../limits.ts';

const TYPE = /^[A-Za-z0-9][A-Za-z0-9._\-:/]*$/;
const SEGMENT = /^[A-Za-z0-9_\-:/]*$/;

/** Whether a text is an event type: 1 to 255 of `A–Z a–z 0–9 . _ - : /`, starting with a letter or digit. */
export function isEventType(text: string): boolean {
  // Without the m flag, JavaScript's `$` matches only at the very end.
  return text.length <= MAX_TYPE_LENGTH && TYPE.test(text);
}

/**
 * Whether a text is a pattern: an event type in which a whole dot-separated segment may be `*` (exactly one segment) or
 * `**` (any number, including none).
 */
export function isEventTypePattern(text: string): boolean {
  if (text.length === 0 || text.length > MAX_TYPE_LENGTH) return false;
  const segments = text.split('.');
  const first = segments[0] ?? '';
  const startsWell = first.startsWith('*') || /^[A-Za-z0-9]/.test(first);
  return startsWell && segments.every((segment) => segment === '*' || segment === '**' || SEGMENT.test(segment));
}

const BITS = 32;

/** A type's segments as bit sets of positions: bit n is the position before segment n. */
class Segments {
  readonly type: string;
  readonly #count: number;
  /** Positions of each distinct segment. */
  readonly #places = new Map<string, Uint32Array>();
  readonly #all: Uint32Array;
  /** Positions that the pattern's segments so far can reach. */
  readonly #reached: Uint32Array;

  constructor(type: string) {
    this.type = type;
    const segments = type.split('.');
    this.#count = segments.length;
    const words = Math.floor(segments.length / BITS) + 1;
    this.#all = new Uint32Array(words).fill(-1);
    this.#reached = new Uint32Array(words);
    for (const [at, segment] of segments.entries()) {
      const places = this.#places.get(segment) ?? new Uint32Array(words);
      this.#places.set(segment, places);
      set(places, at);
    }
  }

  matches(pattern: readonly string[]): boolean {
    this.#reached.fill(0);
    set(this.#reached, 0);
    for (const segment of pattern) {
      if (segment === '**') {
        this.#reachAllAfter();
        continue;
      }
      const places = segment === '*' ? this.#all : this.#places.get(segment);
      if (places === undefined || !this.#step(places)) return false;
    }
    return isSet(this.#reached, this.#count);
  }

  /** Advances every reached position in `places` by one segment. @returns false when none is left */
  #step(places: Uint32Array): boolean {
    const reached = this.#reached;
    let carried = 0;
    let any = 0;
    for (let word = 0; word < reached.length; word++) {
      const here = (reached[word] ?? 0) & (places[word] ?? 0);
      const next = (here << 1) | carried;
      reached[word] = next;
      carried = here >>> (BITS - 1);
      any |= next;
    }
    return any !== 0;
  }

  #reachAllAfter(): void {
    const reached = this.#reached;
    let word = 0;
    while (reached[word] === 0) word++;
    // Sets all bits from the lowest set one.
    const first = reached[word] ?? 0;
    reached[word] = first | -first;
    reached.fill(-1, word + 1);
  }
}

function set(bits: Uint32Array, at: number): void {
  const word = Math.floor(at / BITS);
  bits[word] = (bits[word] ?? 0) | (1 << (at % BITS));
}

function isSet(bits: Uint32Array, at: number): boolean {
  return ((bits[Math.floor(at / BITS)] ?? 0) & (1 << (at % BITS))) !== 0;
}

/** Whether any pattern matches; an empty list matches every type. */
export function wantsEventType(patterns: readonly string[], type: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matchesEventType(pattern, type));
}

/**
 * Upper bound for the cost of matching patterns, in steps of a filter (100 ns): half of the characters are segments, at
 * 50 to 100 ns each.
 */
export function stepsOfPatterns(patterns: readonly string[]): number {
  let characters = 1;
  for (const pattern of patterns) characters += pattern.length;
  return characters;
}

/** The last type: it is usually matched against thousands of patterns in a row. */
let latest = new Segments('');

/**
 * Whether a pattern matches a type. One pass over the pattern: a backtracking search took `pattern × type` steps, 35 µs
 * at maximum lengths.
 */
export function matchesEventType(pattern: string, type: string): boolean {
  if (!pattern.includes('*')) return pattern === type;
  if (latest.type !== type) latest = new Segments(type);
  return latest.matches(pattern.split('.'));
}

/** Patterns compiled for matching many types. Each is split once, as splitting is most of the cost of a single match. */
export class EventTypePatterns {
  readonly #matchesAll: boolean;
  readonly #names = new Set<string>();
  readonly #open: (readonly string[])[] = [];
  /** Upper bound for the cost of one `wants`, in segments of about 30 ns. */
  readonly segments: number;

  constructor(patterns: readonly string[]) {
    this.#matchesAll = patterns.length === 0 || patterns.includes('**');
    let segments = 1;
    for (const pattern of this.#matchesAll ? [] : patterns) {
      if (pattern.includes('*')) {
        const split = pattern.split('.');
        this.#open.push(split);
        segments += split.length;
      } else this.#names.add(pattern);
    }
    this.segments = segments;
  }

  /** Equivalent to `wantsEventType` with the same patterns. */
  wants(type: string): boolean {
    if (this.#matchesAll || this.#names.has(type)) return true;
    if (this.#open.length === 0) return false;
    const segments = new Segments(type);
    return this.#open.some((pattern) => segments.matches(pattern));
  }
}
