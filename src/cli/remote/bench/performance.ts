import { styleText } from 'node:util';
import { Agent, request } from 'undici';

/** The benchmark options of the project's first document. */
export interface PerformanceOptions {
  /** Without a trailing slash. */
  readonly url: string;
  readonly apiKey: string;
  readonly events: number;
  readonly concurrency: number;
  readonly burst: number;
}

/**
 * `npm run bench`: measures a running service from a client, against the targets of the project's first document. Every event
 * is new and processed completely. bench/ingest.ts compares the service with a bare server.
 */

/** Also warms up connections and compiled code for `single`. */
const WARM_UP_EVENTS = 10;
const TIMEOUT_MS = 10_000;

const TARGETS = { responseMs: 10, processingMs: 100, eventsPerSecond: 100, availability: 0.999 } as const;

interface Sample {
  readonly id: string | null;
  readonly ms: number;
  /** The result instead of a 202: a status, or the code of a broken connection. */
  readonly failure: string | null;
}

interface Phase {
  readonly samples: readonly Sample[];
  readonly seconds: number;
}

class Load {
  readonly #url: string;
  readonly #apiKey: string;
  readonly #agent: Agent;

  constructor(url: string, apiKey: string, connections: number) {
    this.#url = url;
    this.#apiKey = apiKey;
    this.#agent = new Agent({ connections, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  }

  async send(n: number): Promise<Sample> {
    const since = performance.now();
    try {
      const response = await request(`${this.#url}/api/events`, {
        method: 'POST',
        headers: { 'x-api-key': this.#apiKey, 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'bench.performance', data: { number: n } }),
        dispatcher: this.#agent,
      });
      const text = await response.body.text();
      const ms = performance.now() - since;
      if (response.statusCode !== 202) return { id: null, ms, failure: `status ${response.statusCode}` };
      return { id: (JSON.parse(text) as { id: string }).id, ms, failure: null };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      return { id: null, ms: performance.now() - since, failure: code };
    }
  }

  /** Whether the event can be read: it is then recorded, with its deliveries. */
  async isProcessed(id: string): Promise<boolean> {
    const response = await request(`${this.#url}/api/events/${id}`, {
      headers: { 'x-api-key': this.#apiKey },
      dispatcher: this.#agent,
    });
    await response.body.dump();
    return response.statusCode === 200;
  }

  /** Sends `count` events, `concurrency` of them at a time. */
  async phase(count: number, concurrency: number): Promise<Phase> {
    const samples: Sample[] = [];
    const since = performance.now();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < count) samples.push(await this.send(next++));
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, count) }, client));
    return { samples, seconds: (performance.now() - since) / 1_000 };
  }

  /** Measures the time from sending an event until it can be read, one event at a time. */
  async processing(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let n = 0; n < count; n++) {
      const since = performance.now();
      const { id } = await this.send(n);
      if (id !== null && (await this.isProcessed(id))) times.push(performance.now() - since);
    }
    return times;
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}

/**
 * Runs the benchmark and the three performance tests of the project's first document.
 * @returns the exit code
 */
export async function measurePerformance(options: PerformanceOptions): Promise<number> {
  const { url, apiKey, events, concurrency, burst } = options;
  const load = new Load(url, apiKey, Math.max(concurrency, burst));
  try {
    const first = await load.send(0);
    if (first.failure !== null) {
      process.stderr.write(`${whyNot(url, first.failure)}\n`);
      return 1;
    }
    await load.phase(WARM_UP_EVENTS, 1);
    const single = await load.phase(Math.min(events, 100), 1);
    const processing = await load.processing(Math.min(events, 50));
    const throughput = await load.phase(events, concurrency);
    const burstPhase = await load.phase(burst, burst);
    report({ url, single, processing, throughput, burst: burstPhase, concurrency });
    return 0;
  } finally {
    await load.close();
  }
}

function whyNot(url: string, failure: string): string {
  if (failure === 'status 401') return `${url} refuses the API key: set another one with --api-key.`;
  if (failure === 'status 429')
    return `${url} limits the rate of this API key: wait a minute, or use a key of another tier.`;
  if (failure.startsWith('status'))
    return `${url}/api/events answers with ${failure}, not 202: is it the Triggers API?`;
  return `Nothing answers at ${url} (${failure}): start the service with \`npm start\`, or set its URL with --url.`;
}

function report(run: {
  url: string;
  single: Phase;
  processing: readonly number[];
  throughput: Phase;
  burst: Phase;
  concurrency: number;
}): void {
  const { single, processing, throughput, burst, concurrency } = run;
  const sent = [single, throughput, burst].flatMap((phase) => phase.samples);
  const accepted = sent.filter((sample) => sample.failure === null).length;
  const perSecond = acceptedOf(throughput).length / throughput.seconds;
  const responseMs = share(acceptedOf(single), 0.95);
  const processingMs = share(processing, 0.95);
  const lines = [
    styleText('bold', `Triggers API at ${run.url}`),
    '',
    styleText('dim', row('phase', 'events', 'events/s', 'P50', 'P95', 'P99', 'max')),
    phaseRow('one at a time', single),
    phaseRow(`${concurrency} at a time`, throughput),
    phaseRow('burst, all at once', burst),
    '',
    styleText('dim', row('metric', 'target', 'measured')),
    verdict('API response time', '< 10 ms', ms(responseMs), responseMs < TARGETS.responseMs),
    verdict('Event processing time', '< 100 ms', ms(processingMs), processingMs < TARGETS.processingMs),
    verdict('Throughput', '> 100/s', `${perSecond.toFixed(0)}/s`, perSecond > TARGETS.eventsPerSecond),
    verdict(
      'Availability',
      '99.9 %',
      `${((100 * accepted) / sent.length).toFixed(2)} %`,
      accepted / sent.length >= TARGETS.availability,
    ),
    '',
    styleText('dim', 'Times are P95, one request at a time. Processing ends when the event can be read.'),
    ...failures(sent),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function phaseRow(name: string, phase: Phase): string {
  const times = [0.5, 0.95, 0.99, 1].map((part) => ms(share(acceptedOf(phase), part)));
  const rate = (acceptedOf(phase).length / phase.seconds).toFixed(0);
  return row(name, String(phase.samples.length), rate, ...times);
}

function verdict(metric: string, target: string, measured: string, met: boolean): string {
  return `${row(metric, target, measured)}   ${met ? styleText('green', 'met') : styleText('red', 'MISSED')}`;
}

function failures(samples: readonly Sample[]): string[] {
  const counts = new Map<string, number>();
  for (const { failure } of samples) if (failure !== null) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [...counts].map(([failure, count]) => styleText('red', `${count} not accepted: ${failure}`));
}

function row(name: string, ...cells: readonly string[]): string {
  return `  ${name.padEnd(22)}${cells.map((cell) => cell.padStart(10)).join('')}`;
}

function acceptedOf(phase: Phase): number[] {
  return phase.samples.filter((sample) => sample.failure === null).map((sample) => sample.ms);
}

/** @returns the time that this part of all times does not exceed */
function share(times: readonly number[], part: number): number {
  const sorted = Float64Array.from(times).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}
