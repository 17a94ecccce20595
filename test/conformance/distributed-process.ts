import { randomFillSync } from 'node:crypto';
import { SystemClock } from '../../src/app/clock.ts';
import { IdSource } from '../../src/core/ids.ts';
import { openWithWorker, type TestServers } from './distributed-harness.ts';
import { remoteFanOut, serveEngine } from './remote-engine.ts';

const clock = new SystemClock();
const ids = new IdSource(() => clock.now(), randomFillSync);
const servers = JSON.parse(process.argv[2] ?? '') as TestServers;

serveEngine(
  await openWithWorker(servers, {
    clock,
    ids,
    fanOut: remoteFanOut(ids),
    dedupWindowMs: 3_600_000,
    maxBacklog: null,
  }),
);
