import type { Branded } from './brand.ts';

/** Milliseconds since 1970-01-01T00:00:00Z, as a whole number. */
export type Timestamp = Branded<number, 'Timestamp'>;

/** A duration in milliseconds. */
export type Milliseconds = number;

export function timestamp(ms: number): Timestamp {
  return Math.trunc(ms) as Timestamp;
}

export function addMs(at: Timestamp, ms: Milliseconds): Timestamp {
  return timestamp(at + ms);
}

/** ISO 8601 in UTC with milliseconds, the form of every time in the API. */
export function toIso(at: Timestamp): string {
  if (at !== lastPrinted.at) lastPrinted = { at, text: new Date(printable(at)).toISOString() };
  return lastPrinted.text;
}

/** A row written by hand may hold a time outside of `Date`'s range; the list that contains it must still be printable. */
function printable(at: Timestamp): number {
  return Math.abs(at) <= MAX_PRINTABLE_MS ? at : Math.sign(at) * MAX_PRINTABLE_MS || 0;
}

/** 270,000 years either way (ECMA-262, time values). */
const MAX_PRINTABLE_MS = 8_640_000_000_000_000;

/** Under load many equal times are printed, and formatting takes 0.5 µs. */
let lastPrinted = { at: Number.NaN, text: '' };

/** Converts a client's seconds, with fractions (2.01), to whole milliseconds, the stored form of every duration. */
export function msOfSeconds(seconds: number): Milliseconds {
  return Math.round(seconds * 1_000);
}

const TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?(?:Z|[+-](\d{2}:\d{2}))$/;
/** Hours, minutes and optional seconds: 24:00 and second 60 are invalid (docs/decisions/api.md). */
const TIME_OF_DAY = /^(?:[01]\d|2[0-3])(?::[0-5]\d){1,2}$/;

/**
 * Parses an RFC 3339 time, whose seconds are optional. @returns undefined for another form, or for a day that does not
 * exist: `Date.parse` alone reads `2026-11-31` as December 1 and `T24:00` as the next day
 */
export function parseTime(text: string): Timestamp | undefined {
  const [, day = '', timeOfDay = '', offset = '00:00'] = TIME.exec(text) ?? [];
  if (!TIME_OF_DAY.test(timeOfDay) || !TIME_OF_DAY.test(offset)) return undefined;
  const midnight = new Date(`${day}T00:00:00.000Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : timestamp(ms);
}

const UNITS: Readonly<Record<string, Milliseconds>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads `250ms`, `30s`, `5m`, `24h` or `30d`: a whole number and one unit, nothing else.
 * @returns undefined when the text is no duration
 */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = /^(\d{1,16})(ms|s|m|h|d)$/.exec(text);
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** The shortest text that `parseDuration` reads back as `ms`: 90000 is `90s`, 60000 is `1m`. */
export function formatDuration(ms: Milliseconds): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = UNITS[unit] ?? 1;
    if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
