import { MAX_TYPE_LENGTH } from './limits.ts';

const TYPE = /^[A-Za-z0-9][A-Za-z0-9._\-:/]*$/;
const SEGMENT = /^[A-Za-z0-9_\-:/]*$/;

/** 1–255 of `A–Z a–z 0–9 . _ - : /`, starting with a letter or digit. */
export function isEventType(text: string): boolean {
  // No `$` before a final line feed: JavaScript's `$` without the m flag is the very end.
  return text.length <= MAX_TYPE_LENGTH && TYPE.test(text);
}

/** An event type in which a whole dot-separated segment may be `*` (any one) or `**` (any number, none included). */
export function isEventTypePattern(text: string): boolean {
  if (text.length === 0 || text.length > MAX_TYPE_LENGTH) return false;
  const segments = text.split('.');
  const first = segments[0] ?? '';
  const startsWell = first.startsWith('*') || /^[A-Za-z0-9]/.test(first);
  return startsWell && segments.every((segment) => segment === '*' || segment === '**' || SEGMENT.test(segment));
}

/** Whether any of the patterns matches; no patterns at all match everything. */
export function wantsEventType(patterns: readonly string[], type: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matchesEventType(pattern, type));
}

/**
 * Matches by segments in at most `pattern × type` steps, however many `**` there are: on a mismatch only the last `**`
 * takes one segment more.
 */
export function matchesEventType(pattern: string, type: string): boolean {
  if (!pattern.includes('*')) return pattern === type;
  const wanted = pattern.split('.');
  const given = type.split('.');
  let atWanted = 0;
  let atGiven = 0;
  let lastManyAt = -1;
  let manyTookUpTo = 0;
  while (atGiven < given.length) {
    const segment = wanted[atWanted];
    if (segment === '**') {
      lastManyAt = atWanted++;
      manyTookUpTo = atGiven;
    } else if (segment !== undefined && (segment === '*' || segment === given[atGiven])) {
      atWanted++;
      atGiven++;
    } else if (lastManyAt >= 0) {
      atWanted = lastManyAt + 1;
      atGiven = ++manyTookUpTo;
    } else {
      return false;
    }
  }
  while (wanted[atWanted] === '**') atWanted++;
  return atWanted === wanted.length;
}
