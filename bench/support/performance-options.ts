import { parseArgs } from 'node:util';

export interface PerformanceOptions {
  /** Without a slash at the end. */
  readonly url: string;
  readonly apiKey: string;
  readonly events: number;
  readonly concurrency: number;
  readonly burst: number;
}

const USAGE =
  'npm run bench -- [--url http://localhost:8000] [--api-key KEY] [--events 100] [--concurrency 10] [--burst 50]';

/** SEED.md's options. @returns a sentence when they can't be meant */
export function readOptions(args: readonly string[]): PerformanceOptions | string {
  let values: Record<string, string>;
  try {
    values = parse(args);
  } catch {
    return `Usage: ${USAGE}`;
  }
  const { url = '', 'api-key': apiKey = '', ...counts } = values;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    return `--url must be an address with http:// or https://. Usage: ${USAGE}`;
  for (const [name, text] of Object.entries(counts)) {
    if (!/^[1-9]\d{0,6}$/.test(text)) return `--${name} must be a whole number from 1 to 9999999. Usage: ${USAGE}`;
  }
  const { events, concurrency, burst } = counts;
  return {
    url: url.replace(/\/+$/, ''),
    apiKey,
    events: Number(events),
    concurrency: Number(concurrency),
    burst: Number(burst),
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      url: { type: 'string', default: 'http://localhost:8000' },
      'api-key': { type: 'string', default: 'test-api-key-change-in-prod' },
      events: { type: 'string', default: '100' },
      concurrency: { type: 'string', default: '10' },
      burst: { type: 'string', default: '50' },
    },
  }).values;
}
