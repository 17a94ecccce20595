import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import type { OrganizationId } from '../../src/core/ids.ts';
import { Connection } from '../../src/engines/sqlite/database/connection.ts';
import { StorageHealth } from '../../src/engines/sqlite/database/storage-health.ts';
import { WalFile } from '../../src/engines/sqlite/database/wal-file.ts';
import { WriteQueue } from '../../src/engines/sqlite/write-queue/write-queue.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';

interface Fixture {
  readonly queue: WriteQueue;
  readonly connection: Connection;
  readonly health: StorageHealth;
  readonly fatal: unknown[];
  /** Its `sync` may be replaced. */
  readonly disk: Pick<WalFile, 'sync'>;
  add(value: string): () => number | bigint;
  stored(): unknown[];
}

function withQueue(body: (fixture: Fixture) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'write-queue-'));
    const sql = new Map([
      ['add', 'INSERT INTO words (word) VALUES (?1)'],
      ['all', 'SELECT word FROM words ORDER BY rowid'],
    ]);
    const connection = new Connection(join(folder, 'words.db'), { sql, readOnly: false, log: undefined });
    connection.db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE words (word TEXT UNIQUE NOT NULL)',
    );
    const health = new StorageHealth(new SystemClock());
    const fatal: unknown[] = [];
    const disk = new WalFile(join(folder, 'words.db'));
    const queue = new WriteQueue(connection, {
      sync: () => disk.sync(),
      onCommit: () => health.committed(),
      onDurable: () => {},
      onFailure: (error) => health.failed(error),
      onFatal: (error) => fatal.push(error),
    });
    const [add, all] = [connection.prepare('add'), connection.prepare('all')];
    try {
      await body({
        queue,
        connection,
        health,
        fatal,
        disk,
        add: (value) => () => add.run(value).changes,
        stored: () => all.all().map(({ word }) => word),
      });
    } finally {
      connection.db.close();
      disk.close();
      rmSync(folder, { recursive: true });
    }
  };
}

describe('WriteQueue', () => {
  test(
    'writes gathered requests in one commit, in order',
    withQueue(async ({ queue, add, stored }) => {
      const words = Array.from({ length: 100 }, (_, at) => `word ${at}`);
      await Promise.all(words.map((word) => queue.submit(add(word))));
      assert.deepEqual(stored(), words);
      // One, but for a machine that was busy with something else for longer than a group may take.
      assert.ok(queue.commits <= 10, `${queue.commits} commits`);
    }),
  );

  test(
    'commits before it keeps the event loop too long',
    withQueue(async ({ queue, add }) => {
      const slow = (word: string) => () => {
        const until = performance.now() + 3;
        while (performance.now() < until);
        return add(word)();
      };
      let turns = 0;
      const counting = setInterval(() => turns++, 1);
      await Promise.all(Array.from({ length: 20 }, (_, at) => queue.submit(slow(`word ${at}`))));
      clearInterval(counting);
      assert.ok(queue.commits >= 5, `${queue.commits} commits`);
      assert.ok(turns >= 4, `${turns} turns`);
    }),
  );

  test(
    'a failing write fails alone, with its reason',
    withQueue(async ({ queue, add, stored }) => {
      const thrown = new Error('its own');
      const results = await Promise.allSettled([
        queue.submit(add('a')),
        queue.submit(add('a')),
        queue.submit(() => {
          add('half')();
          throw thrown;
        }),
        queue.submit(add('b')),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      );
      assert.equal(results[2]?.status === 'rejected' && results[2].reason, thrown);
      assert.deepEqual(stored(), ['a', 'b']);
    }),
  );

  test(
    'the effects in memory of a failed write are discarded',
    withQueue(async ({ queue, add, connection }) => {
      const seen: number[] = [];
      const counted = new WriteQueue(connection, {
        sync: () => Promise.resolve(),
        onDurable: () => {},
        onCommit: ({ waiting }) => seen.push(waiting),
        onFailure: (error) => error,
        onFatal: () => {},
      });
      const counting = (word: string) =>
        counted.submit((effects) => {
          effects.waiting++;
          return add(word)();
        });
      await Promise.allSettled([counting('a'), counting('a'), counting('b')]);
      assert.equal(
        seen.reduce((sum, waiting) => sum + waiting),
        2,
      );
      await queue.close();
    }),
  );

  test(
    'a stepped write is one transaction and yields to the event loop',
    withQueue(async ({ queue, add, stored }) => {
      let turns = 0;
      const counting = setInterval(() => turns++, 1);
      const long = queue.submitSteps(function* () {
        for (let at = 0; at < 30; at++) {
          const until = performance.now() + 2;
          while (performance.now() < until);
          add(`step ${at}`)();
          yield;
        }
        return 'done';
      });
      const failed = queue.submitSteps(function* () {
        add('half')();
        yield;
        throw new Error('in the middle');
      });
      const after = queue.submit(add('after'));
      const [done, broken] = await Promise.allSettled([long, failed, after]);
      assert.deepEqual(done, { status: 'fulfilled', value: 'done' });
      assert.match(String(broken.status === 'rejected' && broken.reason), /in the middle/);
      clearInterval(counting);
      assert.ok(turns >= 3, `${turns} turns`);
      assert.equal(stored().length, 31);
      assert.equal(queue.commits, 2);
    }),
  );

  test(
    'a full disk refuses the group whole, says so, and is over when there is space',
    withQueue(async ({ queue, connection, health, add, stored, fatal }) => {
      await queue.submit(add('before'));
      const { page_count: pages } = connection.db.prepare('PRAGMA page_count').get() ?? {};
      connection.db.exec(`PRAGMA max_page_count = ${Number(pages) + 2}`);
      const results = await Promise.allSettled([queue.submit(add('small')), queue.submit(add('x'.repeat(100_000)))]);
      for (const result of results) {
        assert.ok(result.status === 'rejected' && result.reason instanceof EngineUnavailable);
        assert.equal(result.reason.code, 'disk_full');
      }
      assert.equal(health.now().status, 'failed');
      assert.deepEqual(stored(), ['before']);
      connection.db.exec('PRAGMA max_page_count = 4294967294');
      await queue.submit(add('y'.repeat(100_000)));
      assert.equal(stored().length, 2);
      assert.deepEqual(health.now(), { status: 'ok', reason: null });
      assert.deepEqual(fatal, []);
    }),
  );

  test(
    'after a disk failure nothing of the group is answered, and later writes are refused',
    withQueue(async ({ queue, fatal, stored, health }) => {
      const failure = Object.assign(new Error('disk I/O error'), { errcode: 10 | (4 << 8) });
      const settled: unknown[] = [];
      const note = (answer: unknown) => settled.push(answer);
      queue.submit(() => 1).then(note, note);
      queue
        .submit(() => {
          throw failure;
        })
        .then(note, note);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(settled, []);
      assert.deepEqual(fatal, [failure]);
      assert.deepEqual(stored(), []);
      assert.equal(health.now().status, 'failed');
      await assert.rejects(
        queue.submit(() => 1),
        { code: 'storage_failed' },
      );
      await queue.close();
    }),
  );

  test(
    'writes are answered after a sync that began after their commit; later writes share the next sync',
    withQueue(async ({ queue, disk, add, stored }) => {
      const syncs: (() => void)[] = [];
      disk.sync = () => new Promise((resolve) => syncs.push(resolve));
      const answered: string[] = [];
      const write = (word: string) => queue.submit(add(word)).then(() => answered.push(word));
      const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
      const first = write('a');
      await turn();
      const others = [write('b'), turn().then(() => write('c'))];
      await turn();
      await turn();
      assert.deepEqual(stored(), ['a'], 'what waits for the disk anyway gathers while it works');
      assert.deepEqual(answered, []);
      assert.equal(syncs.length, 1);
      const taking = queue.submit(add('taken'), 'committed');
      await taking;
      assert.deepEqual(stored(), ['a', 'b', 'c', 'taken'], 'a write that does not wait takes them along');
      assert.deepEqual(answered, []);
      const gathered = write('d');
      await turn();
      syncs[0]?.();
      await first;
      assert.deepEqual(answered, ['a']);
      assert.deepEqual(stored(), ['a', 'b', 'c', 'taken', 'd'], 'committed in time for the next sync');
      assert.equal(syncs.length, 2);
      const closing = queue.close();
      syncs[1]?.();
      await Promise.all([...others, gathered, closing]);
      assert.deepEqual(answered, ['a', 'b', 'c', 'd']);
    }),
  );

  test(
    'when the sync fails nothing is answered, then or later',
    withQueue(async ({ queue, disk, add, fatal }) => {
      const failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
      disk.sync = () => Promise.reject(failure);
      const settled: string[] = [];
      void queue.submit(add('a')).then(
        () => settled.push('resolved'),
        () => settled.push('rejected'),
      );
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.deepEqual(settled, []);
      assert.deepEqual(fatal, [failure]);
      await assert.rejects(queue.submit(add('b')), { code: 'storage_failed' });
      await queue.close();
    }),
  );

  test(
    'close finishes submitted writes',
    withQueue(async ({ queue, add, stored }) => {
      const writes = [
        queue.submit(add('a')),
        queue.submitSteps(function* () {
          yield;
          return add('b')();
        }),
        queue.submit(add('c')),
      ];
      await queue.close();
      assert.deepEqual(stored(), ['a', 'b', 'c']);
      await Promise.all(writes);
      await assert.rejects(queue.submit(add('d')), { code: 'closing' });
      await queue.close();
    }),
  );

  test(
    'a thousand long writes of one organization hold up nobody: others come between them',
    withQueue(async ({ queue, add }) => {
      const order: string[] = [];
      const [mine, theirs] = ['mine' as OrganizationId, 'theirs' as OrganizationId];
      // Above the time for which a group begins long writes.
      const long = (name: string) => () => {
        for (const end = performance.now() + 5; performance.now() < end; );
        order.push(name);
        return add(name)();
      };
      const all = ['m1', 'm2', 'm3', 'm4'].map((name) => queue.submitLong(mine, long(name)));
      all.push(queue.submitLong(theirs, long('t1')));
      all.push(
        queue.submit(() => {
          order.push('short');
          return add('short')();
        }),
      );
      await Promise.all(all);
      // Where the first group had no time for the short one, it begins the second.
      assert.deepEqual(order, ['m1', 'short', 't1', 'm2', 'm3', 'm4']);
    }),
  );

  test(
    'writes that could be long and are not share their commits',
    withQueue(async ({ queue, add, stored }) => {
      const names = Array.from({ length: 100 }, (_, n) => `w${n}`);
      await Promise.all(names.map((name, n) => queue.submitLong(`org${n % 3}` as OrganizationId, add(name))));
      assert.deepEqual(stored().toSorted(), names.toSorted());
      assert.ok(queue.commits < 50, `${queue.commits} commits`);
    }),
  );

  test(
    'a long write that throws fails alone',
    withQueue(async ({ queue, add, stored }) => {
      const owner = 'mine' as OrganizationId;
      const results = await Promise.allSettled([
        queue.submitLong(owner, add('one')),
        queue.submitLong(owner, () => {
          throw new TypeError('mine');
        }),
        queue.submit(add('two')),
        queue.submitLong(owner, add('three')),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      );
      assert.deepEqual(stored().toSorted(), ['one', 'three', 'two']);
    }),
  );

  test(
    'where a transaction cannot begin, the first write is told so, also when only long ones wait',
    withQueue(async ({ queue, connection, add, stored }) => {
      const owner = 'mine' as OrganizationId;
      await queue.submit(add('before'));
      // Within a transaction there is no BEGIN; the queue ends it as it would end its own.
      connection.db.exec('BEGIN IMMEDIATE');
      const results = await Promise.allSettled(['one', 'two'].map((name) => queue.submitLong(owner, add(name))));
      assert.deepEqual(
        results.map(({ status }) => status),
        ['rejected', 'fulfilled'],
      );
      assert.deepEqual(stored(), ['before', 'two']);
    }),
  );
});
