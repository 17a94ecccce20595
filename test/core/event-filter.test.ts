import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { checkFilter, type EventFilter, FilteredEvent } from '../../src/core/filter/filter.ts';
import type { EventId, OrganizationId } from '../../src/core/ids.ts';
import { compareNumbers, type ExactNumber, parseExactJson } from '../../src/core/json/exact-json.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { timestamp } from '../../src/core/time.ts';

function event(data: string): AcceptedEvent {
  return {
    id: '019b76da-a800-7000-8000-000000000000' as EventId,
    organizationId: 'o' as OrganizationId,
    type: 'order.created',
    data: data as JsonText,
    dedupId: null,
    orderingKey: null,
    deliverAt: null,
    createdAt: timestamp(Date.UTC(2026, 0, 1)),
    traceparent: null,
    hops: 0,
  };
}

function matches(filter: string, data: string): boolean {
  const read = parseExactJson(filter) as EventFilter;
  assert.deepEqual(checkFilter(read, 'filter'), []);
  return new FilteredEvent(event(data)).matches(read);
}

describe('filters', () => {
  const order =
    '{"total":100,"name":"Ada","tags":["a","b"],"items":[{"sku":"x","n":1},{"sku":"y","n":5}],"none":null,"numbers":[1,5,null]}';
  for (const [filter, expected] of [
    ['{}', true],
    ['{"data.total":100}', true],
    ['{"data.total":1e2}', true],
    ['{"data.total":"100"}', false],
    ['{"data.total":{"$gte":100}}', true],
    ['{"data.total":{"$gt":100}}', false],
    ['{"data.total":{"$lt":100.5,"$gt":99}}', true],
    ['{"data.total":{"$lte":99}}', false],
    ['{"data":{"total":{"$gte":100},"name":"Ada"}}', true],
    ['{"data":{"total":{"$gte":100},"name":"Bob"}}', false],
    ['{"data.name":{"$gt":"Abc"}}', true],
    ['{"data.name":{"$gt":1}}', false],
    ['{"data.name":{"$startsWith":"A"}}', true],
    ['{"data.name":{"$prefix":"a"}}', false],
    ['{"data.name":{"$endsWith":"da","$suffix":"a"}}', true],
    ['{"data.name":{"$contains":"d"}}', true],
    ['{"data.tags":{"$contains":"b"}}', true],
    ['{"data.items.n":{"$contains":5}}', false],
    ['{"data.total":{"$contains":100}}', false],
    ['{"data.numbers":{"$contains":5}}', true],
    ['{"data.numbers":{"$contains":6}}', false],
    ['{"data.numbers":{"$contains":null}}', true],
    ['{"data.numbers":{"$in":[true,"5"]}}', false],
    ['{"data.numbers":{"$in":[null,7]}}', true],
    ['{"data.items":{"$in":[7,{"sku":"y","n":5.0}]}}', true],
    ['{"data.items":{"$in":[{"sku":"y"}]}}', false],
    ['{"data.items":{"$eq":{"sku":"x","n":1,"more":1}}}', false],
    ['{"data.items":{"$eq":{}}}', false],
    ['{"data.name":{"$in":["Bob","Ada"]}}', true],
    ['{"data.name":{"$nin":["Bob","Ada"]}}', false],
    ['{"data.name":{"$in":[]}}', false],
    ['{"data.missing":{"$nin":["x"]}}', true],
    ['{"data.name":{"$ne":"Bob"}}', true],
    ['{"data.missing":{"$ne":1}}', true],
    ['{"data.missing":{"$exists":false}}', true],
    ['{"data.none":{"$exists":true}}', true],
    ['{"data.none":null}', true],
    ['{"data.missing":null}', false],
    ['{"data.tags":"a"}', true],
    ['{"data.tags":["a","b"]}', true],
    ['{"data.tags":["b","a"]}', false],
    ['{"data.tags":{"$ne":"a"}}', false],
    ['{"data.tags.1":"b"}', true],
    ['{"data.items.sku":"y"}', true],
    ['{"data.items.n":{"$gt":4}}', true],
    ['{"data.items.0.n":{"$gt":4}}', false],
    ['{"data.items":{"$eq":{"n":1,"sku":"x"}}}', true],
    ['{"type":"order.created","data.total":100}', true],
    ['{"type":{"$prefix":"order."}}', true],
    ['{"timestamp":{"$gte":"2026-01-01"}}', true],
    ['{"id":"019b76da-a800-7000-8000-000000000000"}', true],
    ['{"$or":[{"data.total":1},{"data.name":"Ada"}]}', true],
    ['{"$and":[{"data.total":1},{"data.name":"Ada"}]}', false],
    ['{"$nor":[{"data.total":1},{"data.name":"Bob"}]}', true],
    ['{"$not":{"data.total":100}}', false],
    ['{"data.total":{"$not":{"$gt":100}}}', true],
    ['{"data":{"$or":[{"total":1},{"name":"Ada"}]}}', true],
    ['{"data.total":{"$or":[{"$lt":5},{"$gt":50}]}}', true],
    ['{"data.total":{"$or":[{"$lt":5},{"$gt":500}]}}', false],
    ['{"data.__proto__":{"$exists":true}}', false],
    ['{"data.constructor":{"$exists":true}}', false],
    ['{"data.tags.length":2}', false],
  ] as const) {
    test(`${filter} is ${expected}`, () => assert.equal(matches(filter, order), expected));
  }

  test('numbers count as they are written', () => {
    const big = '{"n":12345678901234567890}';
    assert.equal(matches('{"data.n":12345678901234567890}', big), true);
    assert.equal(matches('{"data.n":12345678901234567891}', big), false);
    assert.equal(matches('{"data.n":{"$lt":12345678901234567891}}', big), true);
    assert.equal(matches('{"data.n":{"$gt":1}}', big), true);
    assert.equal(matches('{"data.n":1}', '{"n":1.000}'), true);
    assert.equal(matches('{"data.n":0}', '{"n":-0}'), true);
    assert.equal(matches('{"data.n":{"$gt":1e308}}', '{"n":1e400}'), true);
    assert.equal(matches('{"data.n":1e400}', '{"n":10e399}'), true);
    assert.equal(matches('{"data.n":0.1}', '{"n":0.10000000000000000001}'), false);
    // As many digits as a double can't hold, but on neither side of the point.
    assert.equal(matches('{"data.n":1234567890.1234567}', '{"n":1234567890.12345671}'), false);
    assert.equal(matches('{"data.n":{"$lt":-1234567890.1234567}}', '{"n":-1234567890.12345671}'), true);
    assert.equal(matches('{"data.n":{"$in":[1,12345678901234567891]}}', big), false);
    assert.equal(matches('{"data.n":{"$in":[1,1234567890123456789e1]}}', big), true);
    assert.equal(matches('{"data.n":{"$nin":[1,1234567890123456789e1]}}', big), false);
    assert.equal(
      JSON.stringify(parseExactJson('{"a":12345678901234567890,"b":1e400}')),
      '{"a":12345678901234567890,"b":1e400}',
    );
    for (const text of ['1234567890.12345678', '-0.1234567890123456', '1e-400', '[1,12345678901234.12]']) {
      assert.equal(JSON.stringify(parseExactJson(text)), text);
    }
  });

  test('texts are in the order of their code points', () => {
    // U+1F600 is above U+FF5E, though its first UTF-16 unit is below.
    assert.equal(matches('{"data":{"$gt":"\uFF5E"}}', '"\u{1F600}"'), true);
    assert.equal(matches('{"data":{"$lt":"\u{1F600}"}}', '"\uFF5E"'), true);
    assert.equal(matches('{"data":{"$lt":"\u{1F600}"}}', '"\uD7FF"'), true);
    assert.equal(matches('{"data":{"$gt":"ab"}}', '"abc"'), true);
    assert.equal(matches('{"data":{"$gte":"ab"}}', '"ab"'), true);
    assert.equal(matches('{"data":{"$gt":"b"}}', '"abc"'), false);
  });

  test('exact numbers compare as fractions of integers do', () => {
    const integer = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
    const scale = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(integer, scale, integer, scale, (a, aScale, b, bScale) => {
        const [left, right] = [`${a}e-${aScale}`, `${b}e-${bScale}`].map((text) => parseExactJson(text) as ExactNumber);
        const exact = a * 10n ** BigInt(30 - aScale) - b * 10n ** BigInt(30 - bScale);
        assert.ok(left !== undefined && right !== undefined);
        assert.equal(Math.sign(compareNumbers(left, right)), exact === 0n ? 0 : exact < 0n ? -1 : 1);
      }),
      { numRuns: 2_000 },
    );
  });

  for (const [what, filter, path] of [
    ['code', '{"$where":"true"}', 'filter.$where'],
    ['a regular expression', '{"data.a":{"$regex":"a+"}}', 'filter.data.a.$regex'],
    ['a path outside the event', '{"total":1}', 'filter.total'],
    ['an empty segment', '{"data..a":1}', 'filter.data..a'],
    ['operators among fields', '{"data.a":{"$gt":1,"b":2}}', 'filter.data.a'],
    ['a list for a comparison', '{"data.a":{"$gt":[1]}}', 'filter.data.a.$gt'],
    ['a number for a prefix', '{"data.a":{"$prefix":1}}', 'filter.data.a.$prefix'],
    ['a text for $in', '{"data.a":{"$in":"abc"}}', 'filter.data.a.$in'],
    ['a text for $exists', '{"data.a":{"$exists":"yes"}}', 'filter.data.a.$exists'],
    ['nothing to choose from', '{"$or":[]}', 'filter.$or'],
    ['a filter that is none', '{"$and":[1]}', 'filter.$and.0'],
  ] as const) {
    test(`${what} is refused`, () => {
      const errors = checkFilter(JSON.parse(filter), 'filter');
      assert.deepEqual(
        errors.map((error) => error.path),
        [path],
      );
    });
  }

  test('filters have bounds: depth, conditions, lists, texts', () => {
    let deep: object = { 'data.a': 1 };
    for (let n = 0; n < 20; n++) deep = { $not: deep };
    const wide = { $or: Array.from({ length: 200 }, () => ({ 'data.a': 1 })) };
    const list = { 'data.a': { $in: Array.from({ length: 201 }, (_, n) => n) } };
    for (const filter of [deep, wide, list, { 'data.a': 'x'.repeat(1_025) }]) {
      assert.ok(checkFilter(filter, 'filter').length > 0);
    }
  });

  test('an event that would take too long is not matched, whichever way one asks', () => {
    const many = `[${Array(60_000).fill('{"a":[1]}').join(',')}]`;
    assert.equal(matches('{"data.a":{"$exists":true},"data.b":{"$exists":false}}', many), false);
    assert.equal(matches('{"$not":{"data.a.a":2},"$nor":[{"data.b":1},{"data.c":1}]}', many), false);
  });

  test('a filter takes a bounded number of steps, whatever it compares with what', () => {
    const members = `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join(',')}}`;
    const anyOf = (count: number, condition: string) => `{"$or":[${Array(count).fill(condition).join(',')}]}`;
    const halves = 'a'.repeat(500);
    for (const [filter, data] of [
      [anyOf(25, `{"data":{"$in":[${Array(200).fill('{}').join(',')}]}}`), members],
      [anyOf(15, `{"data":{"$contains":"${halves}b${halves}"}}`), `"${'a'.repeat(255_000)}"`],
      [
        anyOf(30, `{"data":{"$eq":[${Array(200).fill('1').join(',')}]}}`),
        `[${Array(100).fill(`[${'1,'.repeat(199)}2]`)}]`,
      ],
      [`{"data":{"$gt":1${'0'.repeat(15_000)}}}`, `[${Array(12_000).fill('1e15000').join(',')}]`],
    ] as const) {
      // Each would be a match if its steps were not counted: the last condition says yes to everything.
      const either = `{"$or":[${filter},{"type":"order.created"}]}`;
      assert.equal(matches(either, data), false, filter.slice(0, 60));
    }
    assert.equal(matches(`{"data":{"$contains":"${halves}b"}}`, `"${'a'.repeat(200_000)}b"`), true);
    const ids = Array.from({ length: 200 }, (_, n) => `${n + 1}2345678901234567890`);
    const many = `[${Array(9_000).fill('12345678901234567891').join(',')},${ids[199]}]`;
    assert.equal(matches(`{"data":{"$in":[${ids.join(',')}]}}`, many), true);
  });

  test('of many mistakes some are told', () => {
    const errors = checkFilter({ $or: Array(10_000).fill(1) }, 'filter');
    assert.ok(errors.length > 0 && errors.length <= 20);
  });

  test('no event and no filter makes it throw', () => {
    fc.assert(
      fc.property(fc.json(), fc.jsonValue(), fc.string(), (data, operand, key) => {
        const filter = { [`data.${key}`]: operand, $or: [{ data: operand }] };
        if (checkFilter(filter, 'filter').length > 0) return;
        assert.equal(typeof new FilteredEvent(event(data)).matches(filter as EventFilter), 'boolean');
      }),
      { numRuns: 1_000 },
    );
  });
});
