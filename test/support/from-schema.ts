/** In [0, 1). */
type Random = () => number;

const below = (random: Random, bound: number): number => Math.floor(random() * bound);

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  1e300,
  '',
  'a\u0000b',
  '\ud800',
  '../..',
  [],
  [null],
  {},
  { a: { b: [] } },
];
const WORDS = [
  'order.created',
  'a',
  'Żółć',
  '*',
  '2026-01-31T12:00:00.000Z',
  '30s',
  'https://example.com/hook',
  '$where',
];

/** A value that mostly fits the schema: its bounds are hit, and now and then something odd stands where it doesn't belong. */
export function valueFrom(schema: Schema, random: Random): unknown {
  if (below(random, 12) === 0) return ODD[below(random, ODD.length)];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[below(random, schema.enum.length)];
  const types = [schema.type ?? 'string'].flat();
  switch (types[below(random, types.length)]) {
    case 'object':
      return objectOf(schema, random);
    case 'array': {
      const least = schema.minItems ?? 0;
      return Array.from({ length: least + below(random, 3) }, () => valueFrom(schema.items ?? {}, random));
    }
    case 'integer':
    case 'number': {
      const { minimum = 0, maximum = 1_000_000 } = schema;
      return [minimum, maximum, maximum + 1, minimum - 1, minimum + 1][below(random, 5)];
    }
    case 'boolean':
      return below(random, 2) === 0;
    case 'null':
      return null;
    default:
      return textOf(schema, random);
  }
}

function objectOf({ properties = {}, required = [] }: Schema, random: Random): unknown {
  const members = Object.entries(properties)
    .filter(([name]) => below(random, 12) !== 0 && (required.includes(name) || below(random, 2) === 0))
    .map(([name, schema]) => [name, valueFrom(schema, random)]);
  if (below(random, 15) === 0) members.push(['unheard_of', 1]);
  return Object.fromEntries(members);
}

function textOf({ minLength = 0, maxLength = 10_000 }: Schema, random: Random): string {
  const lengths = [minLength, Math.min(maxLength, 10_000), Math.min(maxLength, 10_000) + 1];
  if (below(random, 3) === 0) return 'x'.repeat(lengths[below(random, lengths.length)] ?? 0);
  return WORDS[below(random, WORDS.length)] ?? '';
}
