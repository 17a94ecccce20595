import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addMs, formatDuration, parseDuration, parseTime, timestamp, toIso } from '../../src/core/time.ts';

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

describe('times', () => {
  const READ: readonly (readonly [string, string | undefined])[] = [
    ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.123456789+02:00', '2026-01-31T10:00:00.123Z'],
    ['2026-01-01T00:00:00+14:00', '2025-12-31T10:00:00.000Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['2026-02-29T00:00:00Z', undefined],
    ['2100-02-29T00:00:00Z', undefined],
    ['2026-02-30T00:00:00Z', undefined],
    ['2026-11-31T00:00:00Z', undefined],
    ['2026-04-31T00:00:00Z', undefined],
    ['2026-00-10T00:00:00Z', undefined],
    ['2026-13-10T00:00:00Z', undefined],
    ['2026-01-00T00:00:00Z', undefined],
    ['2026-01-32T00:00:00Z', undefined],
    ['2026-01-31T24:00:00Z', undefined],
    ['2026-01-31T24:00Z', undefined],
    ['2026-01-31T23:60:00Z', undefined],
    ['2016-12-31T23:59:60Z', undefined],
    ['2026-01-31T12:00:00+24:00', undefined],
    ['2026-01-31T12:00:00+00:60', undefined],
    ['2026-01-31T12:00:00', undefined],
    ['2026-01-31', undefined],
    ['2026-01-31 12:00:00Z', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of READ) {
    test(`${JSON.stringify(text)} is ${expected}`, () => {
      const at = parseTime(text);
      assert.equal(at === undefined ? undefined : toIso(at), expected);
    });
  }

  test('every day that there is reads as itself', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (date) => {
        assert.equal(parseTime(date.toISOString()), date.getTime());
      }),
    );
  });
});
