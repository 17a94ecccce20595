import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { timestamp } from '../../src/core/time.ts';
import { parseRetryAfter } from '../../src/sender/responses/retry-after.ts';

const NOW = timestamp(Date.parse('2026-05-06T08:49:37Z'));

const VALUES: readonly (readonly [value: string | string[] | undefined, expected: number | null])[] = [
  ['120', 120_000],
  ['0', 0],
  [' 7 ', 7_000],
  ['007', 7_000],
  ['99999999999', 99_999_999_999_000],
  ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ['Wed, 06 May 2026 08:50:37 GMT', 60_000],
  ['Wednesday, 06-May-26 08:50:37 GMT', 60_000],
  ['Wed May  6 08:50:37 2026', 60_000],
  ['Wed, 06 May 2026 08:49:37 GMT', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', Date.parse('9999-12-31T23:59:59Z') - NOW],
  ['120.5', 120_500],
  ['0.0001', 1],
  ['120, 120', 120_000],
  ['120,120 ,120', 120_000],
  [['120', '120'], 120_000],
  ['Wed, 06 May 2026 08:50:37 UTC', 60_000],
  ['Wed, 06 May 2026 08:50:37 +0000', 60_000],
  ['Wed, 6 May 2026 08:50:37 GMT', 60_000],
  ['Wednesday, 06-May-26 08:50:37 UTC', 60_000],
  ['Wed, 06 May 2026 08:50:60 GMT', 82_000],
  ['Wed, 06 May 2026 08:50:37 GMT, Wed, 06 May 2026 08:50:37 GMT', 60_000],
  [['Wed, 06 May 2026 08:50:37 GMT', 'Wed, 06 May 2026 08:50:37 GMT'], 60_000],
  [undefined, null],
  ['', null],
  ['-1', null],
  ['1e9', null],
  ['1e309', null],
  ['Infinity', null],
  ['-0', null],
  ['+5', null],
  ['5 seconds', null],
  ['5, Wed, 06 May 2026 08:50:37 GMT', null],
  ['0x10', null],
  ['soon', null],
  ['2026', 2_026_000],
  ['2026-05-06T08:50:37Z', null],
  ['Wed, 06 May 2026 08:50:37 +0200', null],
  ['Wed, 99 May 2026 08:50:37 GMT', null],
  ['Wed, 06 Mai 2026 08:50:37 GMT', null],
  ['Sun, 31 Nov 2026 08:49:37 GMT', null],
  ['Sunday, 31-Nov-26 08:49:37 GMT', null],
  ['Sun Nov 31 08:49:37 2026', null],
  ['Mon, 30 Feb 2026 08:49:37 GMT', null],
  ['Wed, 29 Feb 2028 08:49:37 GMT', Date.parse('2028-02-29T08:49:37Z') - NOW],
  ['Sun, 29 Feb 2026 08:49:37 GMT', null],
  ['Wed, 06 May 2026 24:00:00 GMT', null],
  ['Wed, 00 May 2026 08:49:37 GMT', null],
  ['120, 121', null],
  [['120', '121'], null],
  ['1.2.3', null],
  ['1.', null],
  ['.5', null],
  ['Wed, 06 May 2026 08:50:37 GMT, Thu, 07 May 2026 08:50:37 GMT', null],
  ['Wed, 06 May 2026 08:50:37 CET', null],
  ['', null],
  [[], null],
  ['٣', null],
];

describe('Retry-After', () => {
  for (const [value, expected] of VALUES) {
    test(JSON.stringify(value)?.slice(0, 40) ?? 'absent', () => {
      assert.equal(parseRetryAfter(value, NOW), expected);
    });
  }

  test('any text at all is null or a whole number from 0 on', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat().map(String),
          fc.date().map((date) => (Number.isNaN(date.getTime()) ? 'x' : date.toUTCString())),
        ),
        (value) => {
          const pause = parseRetryAfter(value, NOW);
          assert.ok(pause === null || (Number.isSafeInteger(pause) && pause >= 0), String(pause));
        },
      ),
    );
  });
});
