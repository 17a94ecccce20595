/**
 * Families of names that belong to this service. Another program may use `PORT2`, but an unknown name in one of these families
 * is a mistake that nobody would notice and that costs deliveries.
 */
const OWN_FAMILIES = /^(WEBHOOK|RATE_LIMIT)_/;

/** A sentence for each variable of the service's own families that is not a setting, such as a typing error. */
export function unknownNames(names: readonly string[], known: readonly string[]): string[] {
  return names
    .filter((name) => OWN_FAMILIES.test(name) && !known.includes(name))
    .map((name) => `${quoteValue(name).slice(1, -1)} is not a setting: did you mean ${nearest(name, known)}?`);
}

function nearest(name: string, known: readonly string[]): string {
  const byDistance = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  byDistance.sort((a, b) => a.distance - b.distance);
  return byDistance[0]?.candidate ?? '';
}

/** Levenshtein distance, computed row by row. `a` is cut at 64 characters. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a.slice(0, 64)].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** A value for an error message: escaped, and cut at 60 characters. */
export function quoteValue(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
