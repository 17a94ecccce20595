import assert from 'node:assert/strict';
import { getRandomValues } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { validate, version } from 'uuid';
import { firstIdAt, IdSource, isUuid, uuidv7Time } from '../../src/core/ids.ts';
import { timestamp } from '../../src/core/time.ts';

const random = (bytes: Uint8Array): void => void getRandomValues(bytes);
const MAX_TIME = 2 ** 48 - 1;
const time = fc.integer({ min: 0, max: Date.UTC(2200, 0) });

function at(ms: number, fill: (bytes: Uint8Array) => void = random): { ids: IdSource; set: (ms: number) => void } {
  let now = ms;
  return {
    ids: new IdSource(() => timestamp(now), fill),
    set: (next) => {
      now = next;
    },
  };
}

function assertGrowing(ids: readonly string[]): void {
  for (const [index, id] of ids.entries()) {
    const before = ids[index - 1];
    if (before !== undefined) assert.ok(before < id, `${before} < ${id} at ${index}`);
  }
}

describe('IdSource', () => {
  test('makes UUIDs of version 7 and the RFC variant, with the time inside', () => {
    fc.assert(
      fc.property(time, (ms) => {
        const id = at(ms).ids.next();
        assert.ok(validate(id), id);
        assert.equal(version(id), 7);
        assert.ok(isUuid(id));
        assert.equal(uuidv7Time(id), ms);
      }),
    );
  });

  test('100,000 within one millisecond stay in order, and in that millisecond', () => {
    const { ids } = at(1_700_000_000_000);
    const made = Array.from({ length: 100_000 }, () => ids.next<string>());
    assertGrowing(made);
    assert.equal(new Set(made).size, made.length);
    assert.equal(uuidv7Time(made.at(-1) ?? ''), 1_700_000_000_000);
  });

  test('only grows, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 2, maxLength: 50 }), (times) => {
        const { ids, set } = at(0);
        const made = times.map((ms) => {
          set(ms);
          return ids.next<string>();
        });
        assertGrowing(made);
      }),
    );
  });

  for (const [name, fill] of [
    ['all ones', (bytes: Uint8Array) => void bytes.fill(255)],
    ['all zeros', (bytes: Uint8Array) => void bytes.fill(0)],
  ] as const) {
    test(`leaves room to count with random bytes of ${name}`, () => {
      const { ids, set } = at(1_000, fill);
      const made = Array.from({ length: 5_000 }, () => ids.next<string>());
      set(1_001);
      made.push(ids.next(), ids.next());
      assertGrowing(made);
      for (const id of made) assert.equal(version(id), 7);
      // The seed is in the lower half of the 26 bits.
      assert.ok(Number.parseInt(made[0]?.slice(15, 18) ?? '', 16) < 0x800);
    });
  }

  test('two sources differ', () => {
    const made = Array.from({ length: 10_000 }, () => at(1_000).ids.next<string>());
    assert.equal(new Set(made).size, made.length);
  });

  test('raiseFloor: nothing later is below what is stored, though the clock was set back', () => {
    fc.assert(
      fc.property(time, time, fc.nat(3), (stored, now, before) => {
        const id = at(stored).ids.next<string>();
        const { ids } = at(now);
        const made = Array.from({ length: before }, () => ids.next<string>());
        ids.raiseFloor(id);
        const next = ids.next<string>();
        assert.ok(next > id, `${next} > ${id}`);
        assertGrowing([...made, next, ids.next()]);
      }),
    );
  });
});

test('firstIdAt bounds a millisecond from below', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MAX_TIME - 1 }), (ms) => {
      const first = firstIdAt(timestamp(ms));
      assert.ok(validate(first), first);
      assert.equal(version(first), 7);
      assert.equal(uuidv7Time(first), ms);
      assert.ok(at(ms - 1).ids.next<string>() < first);
      assert.ok(at(ms).ids.next<string>() >= first);
    }),
  );
  assert.equal(firstIdAt(timestamp(-1)), firstIdAt(timestamp(0)));
});

test('isUuid', () => {
  const good = '01890a5d-ac96-774b-bcce-b302099a8057';
  const cases: readonly (readonly [string, boolean])[] = [
    [good, true],
    [good.toUpperCase(), true],
    [`${good}\n`, false],
    [` ${good}`, false],
    [`{${good}}`, false],
    [good.replaceAll('-', ''), false],
    [good.replace('0', 'g'), false],
    ['', false],
    ['x'.repeat(36), false],
  ];
  for (const [text, expected] of cases) assert.equal(isUuid(text), expected, JSON.stringify(text));
});
