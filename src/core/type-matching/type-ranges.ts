/** Above everything an event type may consist of. */
export const AFTER_ALL_TYPES = '\u007f';
/** Added to a type: below everything that may follow it. */
export const AFTER_TYPE = '\u0001';

export function isOpen(pattern: string): boolean {
  return pattern.includes('*');
}

/**
 * With what the types begin that the open patterns may match, in order; none of them begins with another, so that no type
 * is looked at twice: 100 patterns with an open beginning went through all types 100 times.
 */
export function typeRanges(patterns: readonly string[]): readonly string[] {
  // Without their last dot: `order.**` wants `order` too.
  const prefixes = patterns.filter(isOpen).map((pattern) => pattern.slice(0, Math.max(0, pattern.indexOf('*') - 1)));
  const ranges: string[] = [];
  for (const prefix of prefixes.sort()) {
    const last = ranges.at(-1);
    if (last === undefined || !prefix.startsWith(last)) ranges.push(prefix);
  }
  return ranges;
}
