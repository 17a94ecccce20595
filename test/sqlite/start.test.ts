import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSqliteEngine } from '../../src/engines/sqlite/engine.ts';
import type { Engine } from '../../src/ports/engine.ts';
import { StartRefused } from '../../src/ports/start-refused.ts';
import { spawnEngine } from '../conformance/remote-engine.ts';
import { World } from '../conformance/world.ts';

const LIMITED_PROCESS = fileURLToPath(new URL('./limited-process.ts', import.meta.url));
const ENGINE_PROCESS = new URL('../conformance/sqlite-process.ts', import.meta.url);

/** Opens an engine in `dataDir`, with the clock and ids of a world. */
function open(dataDir: string): Engine {
  const { clock, ids } = new World(undefined as never, {});
  return openSqliteEngine({
    dataDir,
    clock,
    ids,
    fanOut: () => [],
    dedupWindowMs: 1_000,
    maxBacklog: null,
    onFatal: (error) => {
      throw error;
    },
  });
}

function inFolder(body: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'triggers-start-'));
    try {
      await body(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

/** One sentence that says what is wrong and what to do. */
function refused(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StartRefused, String(error));
    assert.match(error.message, pattern);
    assert.match(error.message, /^[A-Z][^\n]*[.]$/);
    return true;
  };
}

/** A database with some hundred pages, closed. */
async function filled(folder: string): Promise<string> {
  const engine = open(folder);
  const { clock, ids } = new World(undefined as never, {});
  const events = Array.from({ length: 200 }, () => ({
    id: ids.next(),
    organizationId: 'organization',
    type: 'a',
    data: `"${'x'.repeat(3_000)}"`,
    dedupId: null,
    orderingKey: null,
    deliverAt: null,
    createdAt: clock.now(),
    traceparent: null,
    hops: 0,
  }));
  await engine.intake.accept(events as never);
  await engine.close();
  return join(folder, 'triggers.db');
}

describe('starting on a data folder', () => {
  test(
    "a second process is refused with the owner's id; after a kill -9 the next one starts",
    inFolder(async (folder) => {
      const { engine, kill } = await spawnEngine(ENGINE_PROCESS, [folder]);
      await engine.queue.depth();
      const owner: unknown = JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'));
      const pid = (owner as { pid: number }).pid;
      assert.notEqual(pid, process.pid);
      assert.throws(() => open(folder), refused(new RegExp(`in use by process ${pid};`)));
      await engine.queue.depth();
      await kill();
      const next = open(folder);
      assert.equal((JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as { pid: number }).pid, process.pid);
      await next.close();
      await open(folder).close();
    }),
  );

  test(
    'a second engine in the same process is refused too, and does not loosen the hold of the first',
    inFolder(async (folder) => {
      const first = open(folder);
      assert.throws(() => open(folder), refused(new RegExp(`in use by process ${process.pid};`)));
      await assert.rejects(spawnEngineQuietly(folder));
      assert.throws(() => open(folder), refused(/in use/));
      await first.close();
    }),
  );

  test(
    'the folder and its files are this user’s alone, whatever the umask and an older version say',
    inFolder(async (folder) => {
      const mode = (...path: string[]) => (statSync(join(folder, ...path)).mode & 0o7777).toString(8);
      const umask = process.umask(0);
      try {
        const made = await filled(join(folder, 'new'));
        assert.deepEqual([mode('new'), mode('new', 'triggers.db'), mode('new', 'lock.db')], ['700', '600', '600']);
        // As a version before this one left them, with something of the operator's beside.
        for (const name of ['lock.db', 'triggers.db']) chmodSync(join(folder, 'new', name), 0o644);
        chmodSync(join(folder, 'new'), 0o755);
        writeFileSync(join(folder, 'new', 'notes.txt'), '', { mode: 0o644 });
        const engine = open(join(folder, 'new'));
        const names = readdirSync(join(folder, 'new')).filter((name) => name !== 'notes.txt');
        assert.ok(
          names.includes('triggers.db-wal') && names.includes('triggers.db-shm') && names.includes('owner.json'),
        );
        assert.deepEqual(
          names.map((name) => `${name} ${mode('new', name)}`),
          names.map((name) => `${name} 600`),
        );
        assert.deepEqual(
          [mode('new'), mode('new', 'notes.txt'), made],
          ['700', '644', join(folder, 'new', 'triggers.db')],
        );
        await engine.close();
        // A folder that everybody writes to stays one.
        mkdirSync(join(folder, 'shared'));
        chmodSync(join(folder, 'shared'), 0o1777);
        await open(join(folder, 'shared')).close();
        assert.equal(mode('shared'), '1777');
      } finally {
        process.umask(umask);
      }
    }),
  );

  test(
    'makes the folder, and the ones above',
    inFolder(async (folder) => {
      await open(join(folder, 'not', 'yet')).close();
    }),
  );

  test(
    'refuses a file, or a folder below one',
    inFolder(async (folder) => {
      const file = join(folder, 'file');
      writeFileSync(file, '');
      assert.throws(() => open(file), refused(/must name a folder.*is a file/));
      assert.throws(() => open(join(file, 'below')), refused(/must name a folder/));
    }),
  );

  test(
    'refuses a folder that may not be written',
    inFolder(async (folder) => {
      const dataDir = join(folder, 'readonly');
      await mkdir(dataDir);
      if (!readOnlyMount(dataDir)) return;
      try {
        assert.throws(() => open(dataDir), refused(/can't be written/));
        assert.throws(() => open(join(dataDir, 'below')), refused(/can't be written/));
      } finally {
        spawnSync('umount', [dataDir]);
      }
    }),
  );

  test(
    'refuses a database of a newer schema, and leaves it as it is',
    inFolder(async (folder) => {
      await open(folder).close();
      const path = join(folder, 'triggers.db');
      const db = new DatabaseSync(path);
      db.exec("INSERT INTO schema_migrations (version, name, applied_at) VALUES (9999, '9999-later.sql', 0)");
      db.close();
      const before = readFileSync(path);
      assert.throws(
        () => open(folder),
        refused(/newer version \(schema 9999, this one knows \d+\); start that version/),
      );
      assert.deepEqual(readFileSync(path), before);
    }),
  );

  test(
    'refuses a file that is no database, and one that is too short to be one',
    inFolder(async (folder) => {
      for (const content of ['certainly not a database '.repeat(400), 'short']) {
        writeFileSync(join(folder, 'triggers.db'), content);
        assert.throws(() => open(folder), refused(/damaged or was not written by this service; restore a backup/));
      }
    }),
  );

  test(
    'starts though a lease on record has an attempt of its number already',
    inFolder(async (folder) => {
      const path = await filled(folder);
      const database = new DatabaseSync(path);
      database.exec(`
        INSERT INTO deliveries (id, organization_id, event_id, endpoint_id, event_type, status, attempts, failures,
          leased_until, created_at, updated_at)
        VALUES ('d', 'o', 'e', 'p', 'a', 'retrying', 1, 1, 5, 1, 1);
        INSERT INTO attempts (delivery_id, number, started_at, duration_ms, error) VALUES ('d', 1, 1, 1, 'timeout');
      `);
      database.close();
      await open(folder).close();
    }),
  );

  test(
    'refuses a database that was cut off',
    inFolder(async (folder) => {
      const path = await filled(folder);
      truncateSync(path, 200_000);
      assert.throws(() => open(folder), refused(/damaged/));
    }),
  );

  test(
    'a page found damaged while running fails the read, and the health says so',
    inFolder(async (folder) => {
      const path = await filled(folder);
      // Payloads only: what is read at start, and the indexes' beginnings, stay whole.
      const content = readFileSync(path);
      const file = openSync(path, 'r+');
      for (let at = 0; at < content.length; at += 4_096) {
        if (content.subarray(at, at + 4_096).includes('xxxxxxxx'))
          writeSync(file, Buffer.alloc(4_096, 0xa5), 0, 4_096, at);
      }
      closeSync(file);
      const engine = open(folder);
      const everything = { limit: 1_000, after: null, from: null, to: null, type: null };
      await assert.rejects(engine.store.events.list('organization' as never, everything), { code: 'storage_failed' });
      assert.equal(engine.health().status, 'failed');
      assert.match(engine.health().reason ?? '', /damaged/);
      await engine.close();
    }),
  );

  test(
    'a database damaged at its root is refused',
    inFolder(async (folder) => {
      const path = await filled(folder);
      const size = readFileSync(path).length;
      const file = openSync(path, 'r+');
      for (let at = 4_096; at < size; at += 4_096) writeSync(file, Buffer.alloc(4_096, 0xa5), 0, 4_096, at);
      closeSync(file);
      assert.throws(() => open(folder), refused(/damaged/));
    }),
  );

  test(
    'a failing disk ends the process without an answer; answered writes are stored',
    inFolder(async (folder) => {
      // Files may not grow beyond 2 MB: writes to the log fail with EFBIG, which is no full disk.
      const child = spawnSync(
        'sh',
        ['-c', 'trap "" XFSZ; ulimit -f 4000; exec "$0" "$@"', process.execPath, LIMITED_PROCESS, folder],
        { encoding: 'utf8' },
      );
      assert.equal(child.status, 70, child.stderr);
      const answered = child.stdout.trim().split('\n');
      assert.ok(answered.length > 10);
      const engine = open(folder);
      for (const id of answered) assert.ok(await engine.store.events.get('organization' as never, id as never), id);
      await engine.close();
    }),
  );

  test(
    'a full disk: events are refused whole with disk_full, and accepted again when there is space',
    inFolder(async (folder) => {
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]).status === 0;
      // Without the right to mount, the queue's own test with a bounded database must do.
      if (!mounted) return;
      try {
        await fillAndFree(folder);
      } finally {
        spawnSync('umount', [folder]);
      }
    }),
  );

  test(
    'a full disk refuses the start with a sentence, wherever it is met, and half a start is not in the way later',
    inFolder(async (folder) => {
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
      if (!mounted) return;
      try {
        // Pages that are left: none, then one more each time, until it starts.
        for (let free = 0; ; free += 12) {
          const dataDir = join(folder, 'data');
          const file = openSync(join(folder, 'filler'), 'w');
          try {
            for (;;) writeSync(file, Buffer.alloc(4_096));
          } catch {
            truncateSync(join(folder, 'filler'), Math.max(0, fstatSync(file).size - free * 4_096));
            closeSync(file);
          }
          try {
            await open(dataDir).close();
            assert.ok(free > 12, 'it never was full');
            return;
          } catch (error) {
            refused(/no space left/)(error);
          }
        }
      } finally {
        spawnSync('umount', [folder]);
      }
    }),
  );
});

async function spawnEngineQuietly(folder: string): Promise<void> {
  const script = `import { openSqliteEngine } from ${JSON.stringify(new URL('../../src/engines/sqlite/engine.ts', import.meta.url).href)};
    openSqliteEngine({ dataDir: process.argv[1], clock: { now: () => 0, monotonicMs: () => 0 }, ids: null, fanOut: () => [] });`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script, folder]);
  if (status !== 0) throw new Error('refused');
}

/** Permissions do not bind root; a mount does. @returns false when neither can be had */
function readOnlyMount(folder: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k', 'tmpfs', folder]).status === 0;
}

async function fillAndFree(folder: string): Promise<void> {
  const harness = { open: async () => open(folder) } as never;
  const world = new World(harness, {});
  const engine = await world.open();
  const organizationId = await world.organization();
  const filler = join(folder, 'filler');
  const file = openSync(filler, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096));
  } catch {
    closeSync(file);
  }
  const data = `"${'x'.repeat(50_000)}"` as never;
  const lost = Array.from({ length: 20 }, () => world.event(organizationId, { data }));
  const answers = await Promise.allSettled(lost.map((event) => engine.intake.accept([event])));
  const refusedOnes = lost.filter((_, at) => answers[at]?.status === 'rejected');
  assert.ok(refusedOnes.length > 0);
  for (const answer of answers) {
    if (answer.status === 'rejected') assert.equal((answer.reason as { code?: string }).code, 'disk_full');
  }
  assert.equal(engine.health().status, 'failed');
  for (const { id } of refusedOnes) assert.equal(await engine.store.events.get(organizationId, id), undefined);

  await rm(filler);
  assert.deepEqual(
    await engine.intake.accept(refusedOnes.slice(0, 3)),
    refusedOnes.slice(0, 3).map(() => ({ kind: 'accepted' })),
  );
  assert.equal(engine.health().status, 'ok');
  const [again] = refusedOnes;
  assert.ok(again);
  assert.deepEqual(await engine.store.events.get(organizationId, again.id), again);
  await engine.close();
}
