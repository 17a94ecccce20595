import type { Milliseconds, Timestamp } from '../../core/time.ts';

/**
 * The three forms of an HTTP-date (RFC 9110, section 5.6.7): IMF-fixdate, RFC 850 and asctime. The zone is GMT, for
 * which servers also write UTC or +0000.
 */
const ZONE = '(?:GMT|UTC|UT|[+-]0000)';
const IMF_FIXDATE = new RegExp(`^[A-Z][a-z]{2}, \\d{1,2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} ${ZONE}$`);
const RFC_850 = new RegExp(`^[A-Z][a-z]{5,8}, \\d{2}-[A-Z][a-z]{2}-\\d{2} \\d{2}:\\d{2}:\\d{2} ${ZONE}$`);
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;
/** Integers in the standard, but some libraries print floats. */
const SECONDS = /^\d+(?:\.\d+)?$/;

/**
 * Parses `Retry-After` (RFC 9110, section 10.2.3) as a delay from now: seconds or a date; a past date is 0. A repeated
 * equal value counts once.
 * @returns null when absent, unreadable, or several values differ; otherwise a whole number that may be very large
 */
export function parseRetryAfter(value: string | readonly string[] | undefined, now: Timestamp): Milliseconds | null {
  const text = singleValue(typeof value === 'string' ? [value] : (value ?? []));
  if (text === undefined) return null;
  if (SECONDS.test(text)) return Math.min(Math.ceil(Number(text) * 1_000), Number.MAX_SAFE_INTEGER);
  const at = parseHttpDate(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** The single value of field lines that a proxy may have joined with commas; dates contain a comma themselves. */
function singleValue(lines: readonly string[]): string | undefined {
  const parts = lines
    .join(',')
    .split(',')
    .map((part) => part.trim());
  const [first, second] = parts;
  const isRepeated = (length: number) => parts.every((part, n) => part === parts[n % length]);
  if (isRepeated(1)) return first;
  return parts.length % 2 === 0 && isRepeated(2) ? `${first}, ${second}` : undefined;
}

/** Stricter than `Date.parse`, which also reads "1", "2026" and local times. */
function parseHttpDate(text: string): number {
  // A leap second counts as the second before it.
  const date = text.replace(/:60(?= )/, ':59');
  if (IMF_FIXDATE.test(date) || RFC_850.test(date)) return ofItsDay(date, Date.parse(date));
  return ASCTIME.test(date) ? ofItsDay(date, Date.parse(`${date} GMT`)) : Number.NaN;
}

/**
 * Refuses days that do not exist: `Date.parse` reads 31 Nov as December 1, and 24:00 as the next day. The day is the
 * first number in each form.
 */
function ofItsDay(date: string, at: number): number {
  return new Date(at).getUTCDate() === Number(/\d+/.exec(date)?.[0]) ? at : Number.NaN;
}
