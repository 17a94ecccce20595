import type { Milliseconds, Timestamp } from '../core/time.ts';

/** The three forms of an HTTP-date (RFC 9110, section 5.6.7): today's, RFC 850's and asctime's. */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * A `Retry-After` (RFC 9110, section 10.2.3) as a pause from now: seconds or a date; a date that has passed is 0.
 * @returns null when absent, repeated or unreadable; otherwise a whole number that may be very large
 */
export function parseRetryAfter(value: string | readonly string[] | undefined, now: Timestamp): Milliseconds | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER);
  const at = parseHttpDate(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** `Date.parse` alone would also read "1", "2026" and local times. */
function parseHttpDate(text: string): number {
  if (IMF_FIXDATE.test(text) || RFC_850.test(text)) return Date.parse(text);
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
