import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isEventType, isEventTypePattern, matchesEventType, wantsEventType } from '../../src/core/events/event-type.ts';

const MATCHES: readonly (readonly [pattern: string, type: string, expected: boolean])[] = [
  ['order.created', 'order.created', true],
  ['order.created', 'order.create', false],
  ['order.created', 'Order.created', false],
  ['order.*', 'order.created', true],
  ['order.*', 'order', false],
  ['order.*', 'order.created.eu', false],
  ['order.*', 'orders.created', false],
  ['*', 'order', true],
  ['*', 'order.created', false],
  ['*.created', 'order.created', true],
  ['*.*', 'order.created', true],
  ['**', 'order', true],
  ['**', 'order.created.eu', true],
  ['order.**', 'order', true],
  ['order.**', 'order.created.eu', true],
  ['order.**', 'orders', false],
  ['**.created', 'created', true],
  ['**.created', 'a.b.c.created', true],
  ['**.created', 'a.created.b', false],
  ['a.**.z', 'a.z', true],
  ['a.**.z', 'a.b.z.c.z', true],
  ['a.**.z', 'a.b.z.c', false],
  ['a.**.b.**.c', 'a.b.c', true],
  ['a.**.b.**.c', 'a.x.b.y.b.c', true],
  ['a.**.b.**.c', 'a.x.y.c', false],
  ['**.*', 'a', true],
  ['**.*.*', 'a', false],
  ['*.**', 'a', true],
  ['**.**', 'a', true],
  ['a..b', 'a..b', true],
  ['a.*.b', 'a..b', true],
];

/** The definition, as slow as it likes to be. */
function matchesNaively(wanted: readonly string[], given: readonly string[]): boolean {
  const [segment, ...rest] = wanted;
  if (segment === undefined) return given.length === 0;
  if (segment === '**') {
    return matchesNaively(rest, given) || (given.length > 0 && matchesNaively(wanted, given.slice(1)));
  }
  return given.length > 0 && (segment === '*' || segment === given[0]) && matchesNaively(rest, given.slice(1));
}

/** Around 32 segments, and as long as a type may be. */
const LONG: readonly (readonly [pattern: string, type: string, expected: boolean])[] = [
  31, 32, 33, 63, 64, 65, 127,
].flatMap((length) => {
  const type = Array(length).fill('a').join('.');
  const stars = Array(length).fill('*').join('.');
  return [
    [stars, type, true],
    [`${stars}.*`, type, false],
    [`${stars}.**`, type, true],
    ['**.a', type, true],
    ['a.**.a', type, true],
    [`**.${type}.**`, type, true],
    [`**.a.${type}`, type, false],
    [`**.${type}.b`, type, false],
    [`**.b`, `${type}.b`, true],
    [`**.a.b.**`, `${type}.b`, true],
    [`**.b.a.**`, `${type}.b`, false],
  ] as const;
});

const pattern = fc.array(fc.constantFrom('a', 'b', '*', '**'), { minLength: 1, maxLength: 6 });
const type = fc.array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 7 });

describe('matchesEventType', () => {
  for (const [wanted, given, expected] of [...MATCHES, ...LONG]) {
    test(`${wanted} ${expected ? 'wants' : 'does not want'} ${given}`, () => {
      assert.equal(matchesEventType(wanted, given), expected);
    });
  }

  test('says what the definition says', () => {
    fc.assert(
      fc.property(pattern, type, (wanted, given) => {
        assert.equal(matchesEventType(wanted.join('.'), given.join('.')), matchesNaively(wanted, given));
      }),
      { numRuns: 5_000 },
    );
  });

  test('many ** take no more steps than pattern × type', () => {
    const many = 60;
    const wanted = `${'**.a.'.repeat(many)}b`;
    const given = Array.from({ length: 127 }, () => 'a').join('.');
    // Each step of the loop reads one segment of the pattern: count the reads.
    const reads = countSegmentReads(() => assert.equal(matchesEventType(wanted, given), false));
    assert.ok(reads > many && reads < 2 * (2 * many + 1) * 127, `${reads} reads`);
  });
});

/** Counts reads of elements of arrays made by `split` meanwhile. */
function countSegmentReads(run: () => void): number {
  const original = String.prototype.split;
  let reads = 0;
  function counting(this: string, separator: string): string[] {
    return new Proxy(Reflect.apply(original, this, [separator]), {
      get(array, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
        return Reflect.get(array, key, receiver);
      },
    });
  }
  Object.defineProperty(String.prototype, 'split', { value: counting });
  try {
    run();
  } finally {
    Object.defineProperty(String.prototype, 'split', { value: original });
  }
  return reads;
}

test('wantsEventType: any pattern, and none at all means all', () => {
  assert.equal(wantsEventType([], 'anything'), true);
  assert.equal(wantsEventType(['a', 'b.*'], 'b.c'), true);
  assert.equal(wantsEventType(['a', 'b.*'], 'c'), false);
});

test('isEventType', () => {
  for (const good of ['a', 'A', '9', 'order.created', 'a_b-c:d/e', 'a..b', 'a.', 'x'.repeat(255)]) {
    assert.equal(isEventType(good), true, good);
  }
  for (const bad of [
    '',
    '.a',
    '-a',
    '_a',
    ':a',
    '/a',
    'a b',
    'a\0',
    'a\n',
    'аdmin',
    'ü',
    '😀',
    '*',
    'a.*',
    'x'.repeat(256),
  ]) {
    assert.equal(isEventType(bad), false, JSON.stringify(bad));
  }
});

test('isEventTypePattern', () => {
  for (const good of ['a', '*', '**', 'a.*', '*.a', 'a.**.b', '**.**', 'order.created', 'x'.repeat(255)]) {
    assert.equal(isEventTypePattern(good), true, good);
  }
  for (const bad of ['', '.a', 'a*', '*a', 'a.b*', '***', 'a.***', 'a b', 'a\n', '-a', 'ü', 'a.*\n', 'x'.repeat(256)]) {
    assert.equal(isEventTypePattern(bad), false, JSON.stringify(bad));
  }
});

test('every event type is a pattern that wants itself', () => {
  const characters = fc.constantFrom(...'aZ09._-:/');
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 40 }), (rest) => {
      const text = `a${rest.join('')}`;
      assert.ok(isEventType(text) && isEventTypePattern(text) && matchesEventType(text, text));
    }),
  );
});
