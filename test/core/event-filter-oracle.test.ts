import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { checkFilter, type EventFilter, FilteredEvent } from '../../src/core/filter/filter.ts';
import type { EventId, OrganizationId } from '../../src/core/ids.ts';
import { parseExactJson } from '../../src/core/json/exact-json.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { timestamp } from '../../src/core/time.ts';
import { randomFrom } from '../support/random.ts';

/** A JSON value that is never parsed: the oracle shares no code with what it judges. */
type Value =
  | { readonly kind: 'number'; readonly text: string; readonly exact: bigint }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'word'; readonly word: 'true' | 'false' | 'null' }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Value> };

/** A filter as text, and what it ought to say of an event's data. */
interface Oracle {
  readonly text: string;
  readonly says: (data: Value) => boolean;
}

/** In units of 10⁻⁸. */
const NUMBERS = [
  ['0', 0n],
  ['-0.0', 0n],
  ['1', 100_000_000n],
  ['1.0', 100_000_000n],
  ['10e-1', 100_000_000n],
  ['0.1', 10_000_000n],
  ['0.10', 10_000_000n],
  ['-2.5', -250_000_000n],
  ['1234567890.12345670', 123456789012345670n],
  ['1234567890.12345671', 123456789012345671n],
  ['12345678901234567890', 1234567890123456789000000000n],
  ['12345678901234567891', 1234567890123456789100000000n],
  ['1234567890123456789.1e1', 1234567890123456789100000000n],
  ['-12345678901234567890', -1234567890123456789000000000n],
] as const;
const TEXTS = ['', 'a', 'b', 'ab', 'abc', 'true', '1', '\uff5e', '\u{1f600}', '__proto__'];
const KEYS = ['a', 'b', '0', '1', '__proto__', 'constructor'];

class Generator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  many<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }

  scalar(): Value {
    const kind = this.below(5);
    if (kind < 2) {
      const [text, exact] = this.pick(NUMBERS);
      return { kind: 'number', text, exact };
    }
    if (kind < 4) return { kind: 'text', text: this.pick(TEXTS) };
    return { kind: 'word', word: this.pick(['true', 'false', 'null']) };
  }

  value(depth: number): Value {
    const kind = depth === 0 ? 0 : this.below(4);
    if (kind < 2) return this.scalar();
    if (kind === 2) return { kind: 'list', items: this.many(0, 3, () => this.value(depth - 1)) };
    return {
      kind: 'object',
      members: new Map(this.many(0, 3, () => [this.pick(KEYS), this.value(depth - 1)] as const)),
    };
  }

  filter(depth: number): Oracle {
    const parts = this.many(1, 2, () => this.#member(depth));
    // A key that comes twice would be one condition in the text and two in the oracle.
    const unique = [...new Map(parts.map((part) => [part.key, part])).values()];
    return {
      text: `{${unique.map(({ key, text }) => `${JSON.stringify(key)}:${text}`).join(',')}}`,
      says: (data) => unique.every(({ says }) => says(data)),
    };
  }

  #member(depth: number): Oracle & { readonly key: string } {
    if (depth > 0 && this.below(3) === 0) return this.#logic(depth);
    const path = this.many(0, 3, () => this.pick(KEYS));
    const key = ['data', ...path].join('.');
    const operators = new Map(this.many(1, 2, () => this.operator()).map((operator) => [operator.name, operator]));
    const body = [...operators.values()].map(({ name, text }) => `"${name}":${text}`).join(',');
    const says = (data: Value) => [...operators.values()].every((operator) => operator.says(valuesAt(data, path)));
    if (this.below(4) > 0) return { key, text: `{${body}}`, says };
    return { key, text: `{"$not":{${body}}}`, says: (data) => !says(data) };
  }

  #logic(depth: number): Oracle & { readonly key: string } {
    const key = this.pick(['$and', '$or', '$nor', '$not']);
    const parts = key === '$not' ? [this.filter(depth - 1)] : this.many(1, 3, () => this.filter(depth - 1));
    const texts = parts.map(({ text }) => text).join(',');
    const says = (data: Value) => {
      const answers = parts.map((part) => part.says(data));
      if (key === '$and') return !answers.includes(false);
      return key === '$or' ? answers.includes(true) : !answers.includes(true);
    };
    return { key, text: key === '$not' ? texts : `[${texts}]`, says };
  }

  operator(): { name: string; text: string; says: (values: readonly Value[]) => boolean } {
    const name = this.pick([
      '$eq',
      '$ne',
      '$gt',
      '$gte',
      '$lt',
      '$lte',
      '$in',
      '$nin',
      '$exists',
      '$text',
      '$contains',
    ]);
    if (name === '$exists') {
      const wanted = this.pick([true, false]);
      return { name, text: String(wanted), says: (values) => values.length > 0 === wanted };
    }
    if (name === '$in' || name === '$nin') {
      const list = this.many(0, 4, () => this.value(1));
      const isIn = (value: Value) => list.some((one) => same(one, value));
      return {
        name,
        text: `[${list.map(print).join(',')}]`,
        says: (values) => values.some(isIn) === (name === '$in'),
      };
    }
    if (name === '$text') {
      const part = this.pick(TEXTS);
      const [real, fits] = this.pick([
        ['$startsWith', (text: string) => text.slice(0, part.length) === part],
        ['$prefix', (text: string) => text.slice(0, part.length) === part],
        ['$endsWith', (text: string) => text.slice(text.length - part.length) === part && text.length >= part.length],
        ['$suffix', (text: string) => text.slice(text.length - part.length) === part && text.length >= part.length],
      ] as const);
      return {
        name: real,
        text: JSON.stringify(part),
        says: (values) => values.some((value) => value.kind === 'text' && fits(value.text)),
      };
    }
    const operand = name === '$eq' || name === '$ne' ? this.value(2) : this.#orderable(name);
    const test = (value: Value) => passes(name, value, operand);
    return {
      name,
      text: print(operand),
      says: (values) => (name === '$ne' ? !values.some((value) => same(value, operand)) : values.some(test)),
    };
  }

  #orderable(name: string): Value {
    const found = this.scalar();
    return name === '$contains' || found.kind !== 'word' ? found : this.#orderable(name);
  }
}

function valuesAt(value: Value, [head, ...rest]: readonly string[]): Value[] {
  if (head === undefined) return value.kind === 'list' ? [value, ...value.items] : [value];
  if (value.kind === 'object') {
    const member = value.members.get(head);
    return member === undefined ? [] : valuesAt(member, rest);
  }
  if (value.kind !== 'list') return [];
  const item = value.items[Number(head)];
  const each = value.items.filter(({ kind }) => kind !== 'list').flatMap((one) => valuesAt(one, [head, ...rest]));
  return item === undefined ? each : [...valuesAt(item, rest), ...each];
}

function passes(name: string, value: Value, operand: Value): boolean {
  if (name === '$eq') return same(value, operand);
  if (name === '$contains') {
    if (operand.kind === 'text')
      return value.kind === 'text' && partsOf(value.text, operand.text.length).includes(operand.text);
    return value.kind === 'list' && value.items.some((item) => same(item, operand));
  }
  const [left, right] = [sortable(value), sortable(operand)];
  if (typeof left !== typeof right || left === undefined || right === undefined) return false;
  return { $gt: left > right, $gte: left >= right, $lt: left < right, $lte: left <= right }[name] ?? false;
}

function partsOf(text: string, length: number): string[] {
  return Array.from(`${text} `, (_, at) => text.slice(at, at + length));
}

/** A text's UTF-8 as hexadecimal digits, whose order is that of its code points. */
function sortable(value: Value): bigint | string | undefined {
  if (value.kind === 'number') return value.exact;
  return value.kind === 'text' ? Buffer.from(value.text).toString('hex') : undefined;
}

function same(a: Value, b: Value): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: Value): string {
  if (value.kind === 'number') return `#${value.exact}`;
  if (value.kind === 'list') return `[${value.items.map(canonical).join(',')}]`;
  if (value.kind !== 'object') return print(value);
  const members = [...value.members].map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.sort().join(',')}}`;
}

function print(value: Value): string {
  if (value.kind === 'number') return value.text;
  if (value.kind === 'text') return JSON.stringify(value.text);
  if (value.kind === 'word') return value.word;
  if (value.kind === 'list') return `[${value.items.map(print).join(',')}]`;
  return `{${[...value.members].map(([key, member]) => `${JSON.stringify(key)}:${print(member)}`).join(',')}}`;
}

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

describe('filters against a naive evaluator', () => {
  for (const seed of [1, 2, 3, 4]) {
    test(`they agree on what the seed ${seed} makes`, () => {
      const generator = new Generator(seed);
      const answers = { true: 0, false: 0 };
      for (let round = 0; round < 5_000; round++) {
        const { text, says } = generator.filter(2);
        const filter = parseExactJson(text) as EventFilter;
        assert.deepEqual(checkFilter(filter, 'filter'), [], text);
        for (const data of generator.many(3, 3, () => generator.value(3))) {
          const expected = says(data);
          assert.equal(new FilteredEvent(event(print(data))).matches(filter), expected, `${text} on ${print(data)}`);
          answers[`${expected}`]++;
        }
      }
      // Were nearly all of them one answer, the agreement would say little.
      assert.ok(Math.min(answers.true, answers.false) > 3_000, JSON.stringify(answers));
    });
  }
});
