import type { EventId, IdSource } from '../../src/core/ids.ts';
import type { Milliseconds } from '../../src/core/time.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Engine } from '../../src/ports/engine.ts';
import type { FanOut } from '../../src/ports/record/fan-out.ts';
import type { SecretBoxFor } from '../../src/ports/store/secret-record.ts';

/** What an engine needs that the suites decide. */
export interface EngineOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly fanOut: FanOut;
  readonly dedupWindowMs: Milliseconds;
  readonly maxBacklog: number | null;
  /** Where accepted events wait for a worker, the test brings its own. */
  readonly withoutWorker?: boolean;
  readonly secrets?: SecretBoxFor;
}

/** The ports that a process of its own offers for being killed. */
export type RemoteEngine = Pick<Engine, 'intake' | 'queue' | 'store'>;

/** One storage, empty at first. An engine that wants to pass the suites brings one of these. */
export interface EngineHarness {
  /** An engine on the storage; the one before must be closed or killed. */
  open(options: EngineOptions): Promise<Engine>;
  /**
   * An engine on the storage in a process of its own, with the machine's clock. Every event goes to one endpoint,
   * `REMOTE_ENDPOINT`. `kill` is SIGKILL, whatever it is doing.
   */
  spawn(): Promise<{ readonly engine: RemoteEngine; kill(): Promise<void> }>;
  /** Takes the row of an event away and nothing else, as a bug or an operator would. */
  removeEventRow(id: EventId): Promise<void>;
  /** Runs a statement on the storage past the engine, as somebody's hand would. */
  byHand(sql: string): Promise<void>;
  /** Everything that is stored now, as bytes on the disk or as rows: for looking for what must not be there. */
  contents(): Promise<string>;
  /** Ends what was opened and takes the storage away. */
  dispose(): Promise<void>;
}

export type NewHarness = () => Promise<EngineHarness>;
