import type { Tier } from '../../core/administration/organization.ts';
import { MAX_ENDPOINT_ATTEMPTS, MAX_ENDPOINT_TIMEOUT_SECONDS } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import { LOG_LEVELS, type LogLevel } from '../../ports/observability/log.ts';
import { contradictions } from './setting-contradictions.ts';
import {
  address,
  duration,
  networks,
  oneOf,
  optional,
  pattern,
  ports,
  type Setting,
  schedule,
  secret,
  secretKeys,
  trueOrFalse,
  wholeNumber,
} from './setting-kinds.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the service runs by. Frozen. */
export interface Settings {
  /** `NODE_ENV=production`. */
  readonly production: boolean;
  /**
   * Not in production and no `ADMIN_TOKEN`: the development organization and its well-known key are there, loopback
   * receivers are allowed, and only requests from this machine for a loopback `Host` are served.
   */
  readonly development: boolean;
  readonly host: string;
  readonly port: number;
  readonly healthPort: number | null;
  readonly dataDir: string;
  /** Where the distributed engine has its servers; null = the embedded engine. */
  readonly servers: {
    readonly redisUrl: string;
    readonly databaseUrl: string;
    readonly redisPrefix: string;
    /** Connections to PostgreSQL that this process may open. */
    readonly maxDatabaseConnections: number;
  } | null;
  readonly maxConcurrentEvents: number;
  readonly maxBacklog: number;
  readonly dedupWindowMs: Milliseconds;
  readonly retentionMs: Milliseconds;
  readonly webhook: {
    readonly timeoutMs: Milliseconds;
    readonly maxAttempts: number;
    readonly schedule: readonly Milliseconds[];
    readonly disableAfterMs: Milliseconds;
    /** CIDRs. */
    readonly allowedNetworks: readonly string[];
    /** Null: the sender's own list. */
    readonly blockedPorts: readonly number[] | null;
    readonly httpsOnly: boolean;
    /** False: events are taken and kept, and wait; nothing is sent. */
    readonly deliver: boolean;
  };
  /** Events a minute; null = no limit. */
  readonly rateLimits: Readonly<Record<Tier, number | null>>;
  /** `generate`: the one that is kept in the data folder. */
  readonly adminToken: string | null;
  /** Of 32 bytes; the first encrypts secrets in the record, the others only decrypt. Empty: see app/secrets/secrets-key.ts. */
  readonly secretsKeys: readonly Uint8Array[];
  /** CIDRs of proxies whose `X-Forwarded-For` and `Forwarded` are believed. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: LogLevel;
  readonly logSql: boolean;
  readonly prometheusEnabled: boolean;
  readonly otelEndpoint: string | null;
  readonly otelHeaders: string | null;
  readonly otelServiceName: string;
  /** Of the traces that begin here. */
  readonly otelRatio: number;
}

/** SEED.md's: of the development organization, so that its curl works as it stands. Refused in production. */
export const DEVELOPMENT_KEY = 'test-api-key-change-in-prod';

const DAY_MS = 86_400_000;

/** Every environment variable the service reads, in the order in which they are listed to people. */
export const SETTINGS = {
  PORT: wholeNumber(0, 65_535, '', { fallback: '8000', meaning: 'Where the API listens; 0 = any free port.' }),
  HOST: pattern('an address or a name of this machine', /^[A-Za-z0-9.:_-]{1,253}$/, {
    fallback: '127.0.0.1',
    meaning: 'On which address; `0.0.0.0` = on all, which needs `ADMIN_TOKEN`.',
  }),
  DATA_DIR: pattern('the path of a folder', /^[^\0]+$/, {
    fallback: './data',
    meaning: 'Where the embedded engine keeps its file. One process at a time.',
  }),
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    fallback: 'development',
    meaning: 'In `production` the development key is refused and logs are JSON.',
  }),
  ADMIN_TOKEN: secret(
    optional(
      pattern('one word of visible ASCII characters', /^[!-~]{1,512}$/, {
        fallback: '',
        meaning: 'Manages organizations, ends development mode; `generate` = makes one.',
      }),
    ),
  ),
  SECRETS_KEY: secretKeys({
    meaning: 'Encrypts secrets in the database: the first does, all decrypt.',
  }),
  TRUSTED_PROXIES: optional(
    networks({
      fallback: '',
      meaning: 'Proxies (CIDR, commas between) whose `X-Forwarded-For` counts.',
    }),
  ),
  WEBHOOK_TIMEOUT: wholeNumber(1, MAX_ENDPOINT_TIMEOUT_SECONDS, 'seconds', {
    fallback: '10',
    meaning: 'How many seconds an attempt may take.',
  }),
  WEBHOOK_MAX_ATTEMPTS: wholeNumber(1, MAX_ENDPOINT_ATTEMPTS, '', {
    fallback: '5',
    meaning: 'Attempts until a delivery is `failed`.',
  }),
  WEBHOOK_RETRY_SCHEDULE: schedule(MAX_ENDPOINT_ATTEMPTS, {
    fallback: '30s,1m,5m,15m',
    meaning: 'Pauses between attempts; the last one repeats.',
  }),
  WEBHOOK_ALLOWED_NETWORKS: optional(
    networks({ fallback: '', meaning: 'Private networks (CIDR, commas between) that webhooks may reach.' }),
  ),
  WEBHOOK_BLOCKED_PORTS: optional(
    ports({
      fallback: '',
      meaning: 'Ports that webhooks may not reach, instead of the list in OPERATING.',
    }),
  ),
  WEBHOOK_HTTPS_ONLY: trueOrFalse({ fallback: 'false', meaning: 'Refuse receivers with `http://`.' }),
  DISABLE_WEBHOOK_DELIVERY: trueOrFalse({ fallback: 'false', meaning: 'Take events in and send nothing.' }),
  WEBHOOK_DISABLE_AFTER: duration(1_000, 365 * DAY_MS, {
    fallback: '5d',
    meaning: 'An endpoint whose every attempt failed for so long is disabled.',
  }),
  DEDUP_WINDOW: duration(1_000, 30 * DAY_MS, {
    fallback: '24h',
    meaning: 'How long a `dedup_id` or `Idempotency-Key` is remembered.',
  }),
  RETENTION: duration(60_000, 3_650 * DAY_MS, { fallback: '30d', meaning: 'How long events are kept.' }),
  MAX_BACKLOG: wholeNumber(1, 1_000_000_000, '', {
    fallback: '2000000',
    meaning: 'Waiting deliveries and events beyond which new ones get 503.',
  }),
  MAX_CONCURRENT_EVENTS: wholeNumber(1, 1_000, '', {
    fallback: '10',
    meaning: 'Batches of up to 200 events that a worker records side by side.',
  }),
  RATE_LIMIT_FREE: perMinute('free', '100'),
  RATE_LIMIT_PRO: perMinute('pro', '1000'),
  RATE_LIMIT_BUSINESS: perMinute('business', '10000'),
  RATE_LIMIT_ENTERPRISE: perMinute('enterprise', '100000'),
  LOG_LEVEL: oneOf(LOG_LEVELS, {
    fallback: 'info',
    meaning: '`debug` writes every line, the others at most 50/s a kind.',
  }),
  LOG_SQL: trueOrFalse({ fallback: 'false', meaning: 'Log statements (never their values).' }),
  PROMETHEUS_ENABLED: trueOrFalse({ fallback: 'true', meaning: 'Serve `/metrics`.' }),
  OTEL_EXPORTER_OTLP_ENDPOINT: address(['http:', 'https:'], {
    meaning: 'The collector of traces (OTLP/HTTP, JSON), without `/v1/traces`.',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: secret(
    optional(
      pattern('pairs such as name=value, commas between', /^[\w.-]+=[^,\s]+(,[\w.-]+=[^,\s]+)*$/, {
        fallback: '',
        meaning: 'Headers for the collector, as `authorization=Bearer%20TOKEN`.',
      }),
    ),
  ),
  OTEL_SERVICE_NAME: pattern('1 to 100 letters, digits, . _ or -', /^[\w.-]{1,100}$/, {
    fallback: 'triggers-api',
    meaning: 'What the service is called in traces.',
  }),
  OTEL_TRACES_SAMPLER: oneOf(['parentbased_traceidratio', 'parentbased_always_on', 'parentbased_always_off'], {
    fallback: 'parentbased_traceidratio',
    meaning: 'Which traces are recorded where the client says nothing.',
  }),
  OTEL_TRACES_SAMPLER_ARG: pattern('a share from 0 to 1, such as 0.01', /^(0|1|0?\.\d{1,9}|1\.0+)$/, {
    fallback: '1',
    meaning: 'Share of traces that is recorded; the client’s own word goes first.',
  }),
  HEALTH_PORT: optional(
    wholeNumber(0, 65_535, '', { fallback: '', meaning: 'Health and metrics of processes without an API.' }),
  ),
  DATABASE_URL: address(['postgres:', 'postgresql:'], { meaning: 'PostgreSQL of the distributed engine.' }),
  DATABASE_MAX_CONNECTIONS: wholeNumber(1, 1_000, '', {
    fallback: '10',
    meaning: 'Connections to PostgreSQL that one process may open.',
  }),
  REDIS_URL: address(['redis:', 'rediss:'], { meaning: 'Redis of the distributed engine.' }),
  REDIS_PREFIX: pattern('1 to 32 letters, digits, _ or -', /^[A-Za-z0-9_-]{1,32}$/, {
    fallback: 'zapier',
    meaning: 'What the names of streams and keys start with.',
  }),
} as const;

function perMinute(tier: Exclude<Tier, 'unlimited'>, fallback: string): Setting<number> {
  return wholeNumber(1, 1_000_000_000, 'events', { fallback, meaning: `Events a minute of tier \`${tier}\`.` });
}

type Name = keyof typeof SETTINGS;
type Values = { readonly [Key in Name]: (typeof SETTINGS)[Key] extends Setting<infer Value> ? Value : never };

/** Families in which an unknown name is a mistake and not another program's. */
const OWN_FAMILIES = /^(WEBHOOK|RATE_LIMIT)_/;

/** The environment of this process: the only place that reads it. */
export function environment(): Environment {
  return process.env;
}

/** Every problem at once, each a sentence that says what to do. An empty value is one that is not set. */
export function readSettings(env: Environment): Settings | { readonly problems: readonly string[] } {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const text = env[name]?.trim() || setting.fallback;
    values[name] = text === null ? null : setting.read(text);
    if (values[name] === undefined) problems.push(wrongValue(name, setting, text ?? ''));
  }
  const seen = values as Partial<Values>;
  const production = seen.NODE_ENV === 'production';
  const together = contradictions(env, { host: seen.HOST, adminToken: seen.ADMIN_TOKEN, production });
  problems.push(...unknownNames(env), ...together);
  // Every name of SETTINGS was read above, and one that failed left a problem.
  return problems.length > 0 ? { problems } : shape(values as Values);
}

function wrongValue(name: string, setting: Setting<unknown>, text: string): string {
  const fault = setting.fault?.(text);
  if (fault !== undefined) return `${name} ${fault}`;
  const shown = setting.secret ? 'is set to something else (not shown here)' : `is ${quote(text)}`;
  const fallback = setting.fallback === null ? 'not set' : setting.fallback;
  return `${name} must be ${setting.form}, and ${shown}; the default is ${fallback}.`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function unknownNames(env: Environment): string[] {
  const known = Object.keys(SETTINGS);
  return Object.keys(env)
    .filter((name) => OWN_FAMILIES.test(name) && !known.includes(name))
    .map((name) => `${quote(name).slice(1, -1)} is not a setting: did you mean ${nearest(name, known)}?`);
}

function nearest(name: string, known: readonly string[]): string {
  const byDistance = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  byDistance.sort((a, b) => a.distance - b.distance);
  return byDistance[0]?.candidate ?? '';
}

/** Levenshtein, one row at a time; names are short. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a.slice(0, 64)].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function servers(values: Values): Settings['servers'] {
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = values;
  if (redisUrl === null || databaseUrl === null) return null;
  const maxDatabaseConnections = values.DATABASE_MAX_CONNECTIONS;
  return Object.freeze({ redisUrl, databaseUrl, redisPrefix: values.REDIS_PREFIX, maxDatabaseConnections });
}

function shape(values: Values): Settings {
  const production = values.NODE_ENV === 'production';
  return Object.freeze({
    production,
    development: !production && values.ADMIN_TOKEN === null,
    host: values.HOST,
    port: values.PORT,
    healthPort: values.HEALTH_PORT,
    dataDir: values.DATA_DIR,
    servers: servers(values),
    maxConcurrentEvents: values.MAX_CONCURRENT_EVENTS,
    maxBacklog: values.MAX_BACKLOG,
    dedupWindowMs: values.DEDUP_WINDOW,
    retentionMs: values.RETENTION,
    webhook: Object.freeze({
      timeoutMs: values.WEBHOOK_TIMEOUT * 1_000,
      maxAttempts: values.WEBHOOK_MAX_ATTEMPTS,
      schedule: values.WEBHOOK_RETRY_SCHEDULE,
      disableAfterMs: values.WEBHOOK_DISABLE_AFTER,
      allowedNetworks: values.WEBHOOK_ALLOWED_NETWORKS ?? Object.freeze([]),
      blockedPorts: values.WEBHOOK_BLOCKED_PORTS,
      httpsOnly: values.WEBHOOK_HTTPS_ONLY,
      deliver: !values.DISABLE_WEBHOOK_DELIVERY,
    }),
    rateLimits: Object.freeze({
      free: values.RATE_LIMIT_FREE,
      pro: values.RATE_LIMIT_PRO,
      business: values.RATE_LIMIT_BUSINESS,
      enterprise: values.RATE_LIMIT_ENTERPRISE,
      unlimited: null,
    }),
    adminToken: values.ADMIN_TOKEN,
    secretsKeys: values.SECRETS_KEY ?? Object.freeze([]),
    trustedProxies: values.TRUSTED_PROXIES ?? Object.freeze([]),
    logLevel: values.LOG_LEVEL,
    logSql: values.LOG_SQL,
    prometheusEnabled: values.PROMETHEUS_ENABLED,
    otelEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    otelHeaders: values.OTEL_EXPORTER_OTLP_HEADERS,
    otelServiceName: values.OTEL_SERVICE_NAME,
    otelRatio: ratioOf(values.OTEL_TRACES_SAMPLER, values.OTEL_TRACES_SAMPLER_ARG),
  });
}

/** Share of traces. `OTEL_TRACES_SAMPLER_ARG` is for the sampler that has a share. */
function ratioOf(sampler: string, share: string): number {
  if (sampler === 'parentbased_always_on') return 1;
  return sampler === 'parentbased_always_off' ? 0 : Number(share);
}
