import { randomFillSync } from 'node:crypto';
import { SystemClock } from '../../src/app/clock.ts';
import { IdSource } from '../../src/core/ids.ts';
import { openSqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { remoteFanOut, serveEngine } from './remote-engine.ts';

const clock = new SystemClock();
const ids = new IdSource(() => clock.now(), randomFillSync);

serveEngine(
  openSqliteEngine({
    dataDir: process.argv[2] ?? '',
    clock,
    ids,
    fanOut: remoteFanOut(ids),
    dedupWindowMs: 3_600_000,
    maxBacklog: null,
    onFatal: () => process.exit(70),
  }),
);
