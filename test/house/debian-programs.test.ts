import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aptReason } from '../support/debian-programs.ts';

describe('a package that tests need and can not have says why', () => {
  for (const [stderr, sentence] of [
    ['E: Unable to locate package redis-server\n', /^E: Unable to locate package redis-server: no mirror/],
    ["E: You don't have enough free space in /var/cache/apt/archives/.\n", /make room on the disk$/],
    [
      'dpkg: error processing archive x.deb (--unpack):\n cannot copy: No space left on device\n',
      /^dpkg: error .* make room/,
    ],
    ['E: Could not open file /var/lib/apt/x - open (30: Read-only file system)\n', /mounted read-only$/],
    ['E: Could not get lock /var/lib/dpkg/lock-frontend.\n', /another apt holds its lock$/],
    ["W: Failed to fetch x  Temporary failure resolving 'mirror'\n", /the mirror can not be reached$/],
    ['E: Something else\n', /^E: Something else$/],
    ['', /^apt-get failed and said nothing$/],
  ] as const) {
    test(JSON.stringify(stderr), () => assert.match(aptReason(stderr), sentence));
  }
});
