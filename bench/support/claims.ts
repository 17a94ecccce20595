import { median } from './raw-load.ts';

/** What a benchmark says of one promise: figures of several rounds against a bound. */
export interface Claim {
  /** As a reader of `bench/results.md` meets it: `accepting / bare node:http`. */
  readonly name: string;
  readonly engine: 'embedded' | 'distributed' | 'both';
  /** `ratio` = to the floor in the same round. */
  readonly unit: 'ratio' | 'ms' | 'MB' | '%' | 'per second';
  /** One a round. */
  readonly values: readonly number[];
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
}

/** How long something took for each event of a run, for a plot. */
export interface Distribution {
  readonly name: string;
  readonly engine: Claim['engine'];
  /** Share of the events (0.99) and milliseconds, rising. */
  readonly points: readonly (readonly [share: number, ms: number])[];
}

export type Finding = { readonly claim: Claim } | { readonly distribution: Distribution };

/** Says it on the terminal, and to `bench/all.ts` where that runs us. */
export function claim(made: Claim): void {
  console.log(claimLine(made));
  process.send?.({ claim: made } satisfies Finding);
}

const SHARES = [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1];

/** Every value counts, none is put into a bucket. @param valuesMs in any order */
export function distribution(name: string, engine: Claim['engine'], valuesMs: readonly number[]): void {
  const sorted = Float64Array.from(valuesMs).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  const points = SHARES.filter((share) => share === 1 || sorted.length * (1 - share) >= 1).map(
    (share) => [share, at(share)] as const,
  );
  process.send?.({ distribution: { name, engine, points } } satisfies Finding);
}

export function holds({ values, bound }: Claim): boolean {
  const middle = median(values);
  return 'atLeast' in bound ? middle >= bound.atLeast : middle <= bound.atMost;
}

function claimLine(made: Claim): string {
  const { name, engine, unit, values, bound } = made;
  const spread =
    values.length > 1
      ? ` (${values.length} rounds: ${figure(Math.min(...values))}–${figure(Math.max(...values))})`
      : '';
  return `${holds(made) ? 'holds ' : 'MISSED'} ${engine}: ${name} ${figure(median(values))} ${unit}${spread}, target ${boundText(bound)}`;
}

export function boundText(bound: Claim['bound']): string {
  return 'atLeast' in bound ? `≥ ${figure(bound.atLeast)}` : `≤ ${figure(bound.atMost)}`;
}

/** Two decimals for what is small, none for what is large. */
export function figure(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}
