import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addMs, formatDuration, parseDuration, timestamp, toIso } from '../../src/core/time.ts';

describe('durations', () => {
  const READ: readonly (readonly [string, number | undefined])[] = [
    ['0ms', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['007s', 7_000],
    ['', undefined],
    ['30', undefined],
    ['s', undefined],
    ['-1s', undefined],
    ['1.5s', undefined],
    ['1e3s', undefined],
    ['1 s', undefined],
    ['1s ', undefined],
    ['1s\n', undefined],
    ['1S', undefined],
    ['1w', undefined],
    ['1m30s', undefined],
    ['٣s', undefined],
    ['1constructor', undefined],
    [`${'9'.repeat(40)}d`, undefined],
    ['999999999999d', undefined],
  ];
  for (const [text, expected] of READ) {
    test(`${JSON.stringify(text)} is ${expected}`, () => assert.equal(parseDuration(text), expected));
  }

  for (const [ms, expected] of [
    [0, '0ms'],
    [1, '1ms'],
    [1_000, '1s'],
    [1_500, '1500ms'],
    [60_000, '1m'],
    [90_000, '90s'],
    [86_400_000, '1d'],
    [604_800_000, '7d'],
  ] as const) {
    test(`${ms} ms is written ${expected}`, () => assert.equal(formatDuration(ms), expected));
  }

  test('what is written is read back, and no unit would be shorter', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat(),
          fc.maxSafeNat(),
          fc.nat(100_000).map((seconds) => seconds * 1_000),
        ),
        (ms) => {
          const text = formatDuration(ms);
          assert.equal(parseDuration(text), ms, text);
          for (const [unit, size] of [
            ['ms', 1],
            ['s', 1_000],
            ['m', 60_000],
            ['h', 3_600_000],
            ['d', 86_400_000],
          ] as const) {
            if (ms > 0 && ms % size === 0) assert.ok(text.length <= `${ms / size}${unit}`.length);
          }
        },
      ),
    );
  });
});

test('timestamps are whole and come out in UTC', () => {
  assert.equal(timestamp(1.9), 1);
  assert.equal(addMs(timestamp(10), 0.7), 10);
  assert.equal(toIso(timestamp(0)), '1970-01-01T00:00:00.000Z');
});
