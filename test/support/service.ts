import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { Agent, request } from 'undici';
import { SystemClock } from '../../src/app/clock.ts';
import { startService } from '../../src/app/service.ts';
import { DEVELOPMENT_KEY, type Environment, readSettings } from '../../src/app/settings/settings.ts';
import type { Log } from '../../src/ports/observability/log.ts';
import { chosenEngine, engineEnvironment } from './engine-choice.ts';
import { HANG_MS } from './hang.ts';
import { keptLog, noteSecretSettings, noteSecrets } from './kept-logs.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; anything goes, for tests look at what they expect. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at by their expected shape
  readonly json: any;
}

interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, with `content-type: application/json` unless `headers` say otherwise. */
  readonly raw?: string | Buffer;
  readonly headers?: Record<string, string>;
  /** null = none. */
  readonly key?: string | null;
}

/** A client of one service, with its own connections. */
export class Client {
  readonly url: string;
  readonly key: string;
  readonly #agent = new Agent();

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const raw = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const key = options.key === undefined ? this.key : options.key;
    const response = await request(this.url + path, {
      method: method as 'GET',
      headers: {
        ...(key === null ? {} : { 'x-api-key': key }),
        ...(raw === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: raw ?? null,
      dispatcher: this.#agent,
    });
    const text = await response.body.text();
    noteSecrets(path, { body: raw, headers: { 'x-api-key': key, ...options.headers }, answer: text });
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text) as unknown;
      },
    };
  }

  get(path: string, options?: CallOptions): Promise<Answer> {
    return this.call('GET', path, options);
  }

  post(path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
    return this.call('POST', path, { ...options, ...(body === undefined ? {} : { body }) });
  }

  /** Sends an event that must be accepted. @returns its id */
  async send(type: string, data: unknown, more: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.post('/api/events', { type, data, ...more });
    assert.equal(answer.status, 202, answer.text);
    const { id } = answer.json as { id: string };
    await this.recorded(id);
    return id;
  }

  /** Where a worker records what was accepted, that takes a moment after the 202. */
  async recorded(id: string): Promise<void> {
    if (chosenEngine() === 'embedded') return;
    await eventually(async () => assert.equal((await this.get(`/api/events/${id}`)).status, 200));
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

export interface TestService extends Client {
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** Where a part of a test leaves what is to be done when the test, or the suite, ends. */
export type Cleanup = Pick<TestContext, 'after'> | { after(end: () => Promise<void>): void };

/** For `before` hooks, whose own context has no `after`: call it in the suite's body. The last left is done first. */
export function suiteCleanup(): Cleanup {
  const ends: (() => Promise<void>)[] = [];
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return { after: (end: () => Promise<void>) => void ends.push(end) };
}

/** The whole service in this process, on a free port and a folder of its own; ends with the test. */
export async function startTestService(
  cleanup: Cleanup,
  env: Environment = {},
  log: Log = keptLog(),
): Promise<TestService> {
  const ownFolder = await mkdtemp(join(tmpdir(), 'triggers-'));
  const dataDir = env['DATA_DIR'] ?? ownFolder;
  noteSecretSettings(env);
  const settings = readSettings({ PORT: '0', ...(await engineEnvironment(dataDir)), ...env, DATA_DIR: dataDir });
  assert.ok(!('problems' in settings), JSON.stringify(settings));
  const service = await startService({ settings, log, clock: new SystemClock() });
  const client = new Client(service.address ?? '', DEVELOPMENT_KEY);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      await client.close();
      await service.stop();
    })();
    return stopping;
  };
  cleanup.after(async () => {
    await stop();
    await rm(ownFolder, { recursive: true, force: true });
  });
  return Object.assign(client, { dataDir, stop });
}

/** Looks again until the check passes; its last failure is the test's. No measure of speed: only a hang ends it. */
export async function eventually<Value>(check: () => Promise<Value> | Value, timeoutMs = HANG_MS): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  while (true) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
