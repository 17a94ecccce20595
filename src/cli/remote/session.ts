import { TriggersClient } from '../../../packages/client/src/index.ts';
import { DEVELOPMENT_KEY, environment } from '../../app/settings/index.ts';
import { exactJson } from './exact-json.ts';
import { Output } from './output.ts';

const DEFAULT_URL = 'http://localhost:8000';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The options of every command. */
export interface GlobalOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly json?: boolean;
}

/** A wrong command line: exit code 2. */
export class UsageError extends Error {}

/** The client and the output of one command. */
export interface Session {
  readonly url: string;
  readonly apiKey: string;
  readonly client: TriggersClient;
  readonly output: Output;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Opens a session. Options take precedence over `TRIGGERS_URL` and `TRIGGERS_API_KEY`. Throws `UsageError`. */
export function openSession(options: GlobalOptions): Session {
  const env = environment();
  const url = (options.url ?? env['TRIGGERS_URL'] ?? DEFAULT_URL).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(
      `--url must be an http:// or https:// URL such as ${DEFAULT_URL}; it is "${url.replace(/\/\/.*@/s, '//***@')}".`,
    );
  }
  const known = LOOPBACK.test(new URL(url).hostname) ? DEVELOPMENT_KEY : undefined;
  const apiKey = options.apiKey ?? env['TRIGGERS_API_KEY'] ?? known;
  if (apiKey === undefined) throw new UsageError(`${url} needs an API key: set --api-key KEY or TRIGGERS_API_KEY.`);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return {
    url,
    apiKey,
    client: new TriggersClient({ url, apiKey, maxTries: 4, parse: exactJson }),
    output: new Output(options.json === true, process.stdout, env['NO_COLOR'] === undefined),
    signal: stop.signal,
  };
}
