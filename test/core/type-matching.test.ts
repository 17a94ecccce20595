import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EventTypePatterns, wantsEventType } from '../../src/core/events/event-type.ts';
import type { OrganizationId } from '../../src/core/ids.ts';
import {
  MAX_EVENT_TYPE_PATTERNS,
  MAX_KNOWN_TYPE_CHARACTERS,
  MAX_KNOWN_TYPE_CHARACTERS_OF_ORGANIZATION,
} from '../../src/core/limits.ts';
import { FairTurns } from '../../src/core/type-matching/fair-turns.ts';
import { KnownTypes } from '../../src/core/type-matching/known-types.ts';
import { TypeMatcher } from '../../src/core/type-matching/type-matcher.ts';
import { typeRanges } from '../../src/core/type-matching/type-ranges.ts';

const ONE = '00000000-0000-7000-8000-000000000001' as OrganizationId;
const OTHER = '00000000-0000-7000-8000-000000000002' as OrganizationId;
/** The longest that match only at their ends. */
const LONG_PATTERNS = Array.from({ length: MAX_EVENT_TYPE_PATTERNS }, (_, n) => `${'*.'.repeat(120)}p${n}`);

const segment = fc.constantFrom('a', 'b', '*', '**', 'c');
const pattern = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('.'));
const type = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join('.'));

describe('matching many types against patterns', () => {
  test('a list that was split once answers as each pattern by itself', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 4 }), fc.array(type, { maxLength: 4 }), (patterns, types) => {
        const compiled = new EventTypePatterns(patterns);
        for (const each of types) assert.equal(compiled.wants(each), wantsEventType(patterns, each));
      }),
    );
  });

  test('every type that a pattern matches begins with one of the ranges, and no range holds another', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 4 }), type, (patterns, each) => {
        const open = patterns.filter((text) => text.includes('*'));
        const ranges = typeRanges(patterns);
        if (open.length > 0 && wantsEventType(open, each)) assert.ok(ranges.some((range) => each.startsWith(range)));
        for (const range of ranges) assert.equal(ranges.filter((other) => other.startsWith(range)).length, 1);
      }),
    );
  });

  test('answers for types known and unknown, and gives others the loop in between', async () => {
    const pauses: number[] = [];
    let now = 0;
    const pause = async (ms: number) => {
      pauses.push(ms);
    };
    // Each look at the clock is a millisecond later: a turn is over after two pieces.
    const turns = new FairTurns({ clock: { monotonicMs: () => now++ }, pause });
    const matcher = new TypeMatcher(turns);
    const types = Array.from({ length: 300 }, (_, n) => `${'a.'.repeat(120)}p${n}`);
    const answers = await matcher.match(ONE, LONG_PATTERNS, types);
    for (const [n, each] of types.entries()) assert.equal(answers.get(each), n < MAX_EVENT_TYPE_PATTERNS, each);
    assert.ok(pauses.filter((ms) => ms === 0).length > 50, 'in many turns');
    assert.ok(
      pauses.some((ms) => ms > 0),
      'and with rests',
    );
    const before = pauses.length;
    await matcher.match(ONE, LONG_PATTERNS, types);
    assert.ok(pauses.length <= before + 1, 'a repeat costs nothing but the rest that was due');
    const more = await matcher.match(ONE, LONG_PATTERNS, [...types, 'new']);
    assert.equal(more.get('new'), false);
    assert.ok(pauses.length <= before + 4, 'and one new type little');
    assert.equal(
      matcher.known(OTHER, LONG_PATTERNS)(types[0] as string),
      undefined,
      "another's knowledge is another's",
    );
    assert.equal(matcher.known(ONE, ['x'])('y'), false);
    assert.equal(matcher.known(ONE, [])('y'), true);
  });

  test('organizations take turns, however much one has to do', async () => {
    const order: string[] = [];
    const turns = new FairTurns({ clock: { monotonicMs: () => 0 }, pause: async () => {} });
    const many = Array.from({ length: 100 }, () => turns.run(ONE, () => order.push('one')));
    const few = Array.from({ length: 3 }, () => turns.run(OTHER, () => order.push('other')));
    await Promise.all([...many, ...few]);
    assert.deepEqual(order.slice(0, 6), ['one', 'other', 'one', 'other', 'one', 'other']);
    await assert.rejects(
      turns.run(ONE, () => {
        throw new Error('its own');
      }),
      /its own/,
    );
    assert.equal(await turns.run(ONE, async () => 'goes on'), 'goes on');
  });

  test('what is remembered is bounded for each organization and over all', () => {
    const known = new KnownTypes();
    const long = 'x'.repeat(255);
    const some = new Map(Array.from({ length: 5_000 }, (_, n) => [long + n, true]));
    for (let n = 0; n < 20; n++) {
      known.add(ONE, `patterns ${n}`, some);
      assert.ok(known.characters <= MAX_KNOWN_TYPE_CHARACTERS_OF_ORGANIZATION);
    }
    assert.equal(known.get(ONE, 'patterns 19', `${long}0`), true);
    assert.equal(known.get(ONE, 'patterns 0', `${long}0`), undefined);
    known.add(OTHER, 'small', new Map([['a', false]]));
    for (let n = 0; n < 40; n++) {
      known.add(`00000000-0000-7000-8000-0000000001${n}` as OrganizationId, 'patterns', some);
      assert.ok(known.characters <= MAX_KNOWN_TYPE_CHARACTERS);
    }
    assert.equal(known.get(OTHER, 'small', 'a'), false, 'who holds little keeps it');
  });
});
