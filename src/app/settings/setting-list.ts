import type { Tier } from '../../core/administration/organization.ts';
import { MAX_ENDPOINT_ATTEMPTS, MAX_ENDPOINT_TIMEOUT_SECONDS } from '../../core/limits.ts';
import { LOG_LEVELS } from '../../ports/observability/log.ts';
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

const DAY_MS = 86_400_000;

/**
 * Every environment variable of the service: its form, its default, and its meaning for `--help` and the README. The order is
 * the order of both tables. A new setting is added here and in `Settings` (settings.ts).
 */
export const SETTINGS = {
  PORT: wholeNumber(0, 65_535, '', { fallback: '8000', meaning: 'Port of the API; 0 = any free port.' }),
  HOST: pattern('an IP address or host name of this machine', /^[A-Za-z0-9.:_-]{1,253}$/, {
    fallback: '127.0.0.1',
    meaning: 'Address the API listens on; `0.0.0.0` = all, needs `ADMIN_TOKEN`.',
  }),
  DATA_DIR: pattern('the path of a folder', /^[^\0]+$/, {
    fallback: './data',
    meaning: 'Folder of the embedded engine. One process at a time may use it.',
  }),
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    fallback: 'development',
    meaning: 'In `production` the development key is refused and logs are JSON.',
  }),
  ADMIN_TOKEN: secret(
    optional(
      pattern('one word of visible ASCII characters', /^[!-~]{1,512}$/, {
        fallback: '',
        meaning: 'Token of the administrator; ends development mode. `generate` = create one.',
      }),
    ),
  ),
  SECRETS_KEY: secretKeys({
    meaning: 'Keys for the secrets in the database: the first encrypts, all decrypt.',
  }),
  TRUSTED_PROXIES: optional(
    networks({
      fallback: '',
      meaning: 'Proxies whose `X-Forwarded-For` and `Forwarded` headers are trusted.',
    }),
  ),
  WEBHOOK_TIMEOUT: wholeNumber(1, MAX_ENDPOINT_TIMEOUT_SECONDS, 'seconds', {
    fallback: '10',
    meaning: 'Timeout of a delivery attempt, in seconds.',
  }),
  WEBHOOK_MAX_ATTEMPTS: wholeNumber(1, MAX_ENDPOINT_ATTEMPTS, '', {
    fallback: '5',
    meaning: 'Attempts before a delivery is `failed`.',
  }),
  WEBHOOK_RETRY_SCHEDULE: schedule(MAX_ENDPOINT_ATTEMPTS, {
    fallback: '30s,1m,5m,15m',
    meaning: 'Delays between attempts; the last one repeats.',
  }),
  WEBHOOK_ALLOWED_NETWORKS: optional(networks({ fallback: '', meaning: 'Private networks that webhooks may reach.' })),
  WEBHOOK_BLOCKED_PORTS: optional(
    ports({
      fallback: '',
      meaning: 'Ports that webhooks may not reach; replaces the list in OPERATING.',
    }),
  ),
  WEBHOOK_HTTPS_ONLY: trueOrFalse({ fallback: 'false', meaning: 'Refuse webhook URLs with `http://`.' }),
  DISABLE_WEBHOOK_DELIVERY: trueOrFalse({
    fallback: 'false',
    meaning: 'Accept and store events, but send no webhooks.',
  }),
  WEBHOOK_DISABLE_AFTER: duration(1_000, 365 * DAY_MS, {
    fallback: '5d',
    meaning: 'An endpoint is disabled after only failures for this long.',
  }),
  DEDUP_WINDOW: duration(1_000, 30 * DAY_MS, {
    fallback: '24h',
    meaning: 'How long a `dedup_id` or `Idempotency-Key` is remembered.',
  }),
  RETENTION: duration(60_000, 3_650 * DAY_MS, { fallback: '30d', meaning: 'How long events are kept.' }),
  MAX_BACKLOG: wholeNumber(1, 1_000_000_000, '', {
    fallback: '2000000',
    meaning: 'Most events and deliveries that may wait; beyond it new events get 503.',
  }),
  MAX_CONCURRENT_EVENTS: wholeNumber(1, 1_000, '', {
    fallback: '10',
    meaning: 'Batches of up to 200 events that a worker records concurrently.',
  }),
  RATE_LIMIT_FREE: perMinute('free', '100'),
  RATE_LIMIT_PRO: perMinute('pro', '1000'),
  RATE_LIMIT_BUSINESS: perMinute('business', '10000'),
  RATE_LIMIT_ENTERPRISE: perMinute('enterprise', '100000'),
  LOG_LEVEL: oneOf(LOG_LEVELS, {
    fallback: 'info',
    meaning: '`debug` writes every line; other levels at most 50 lines/s of a kind.',
  }),
  LOG_SQL: trueOrFalse({ fallback: 'false', meaning: 'Log SQL statements, without their values.' }),
  PROMETHEUS_ENABLED: trueOrFalse({ fallback: 'true', meaning: 'Serve `/metrics`.' }),
  OTEL_EXPORTER_OTLP_ENDPOINT: address(['http:', 'https:'], {
    meaning: 'URL of the trace collector (OTLP/HTTP, JSON), without `/v1/traces`.',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: secret(
    optional(
      pattern('comma-separated pairs such as name=value', /^[\w.-]+=[^,\s]+(,[\w.-]+=[^,\s]+)*$/, {
        fallback: '',
        meaning: 'Headers for the collector, such as `authorization=Bearer%20TOKEN`.',
      }),
    ),
  ),
  OTEL_SERVICE_NAME: pattern('1 to 100 letters, digits, . _ or -', /^[\w.-]{1,100}$/, {
    fallback: 'triggers-api',
    meaning: 'Service name in traces.',
  }),
  OTEL_TRACES_SAMPLER: oneOf(['parentbased_traceidratio', 'parentbased_always_on', 'parentbased_always_off'], {
    fallback: 'parentbased_traceidratio',
    meaning: 'Sampler for traces of requests without a `traceparent`.',
  }),
  OTEL_TRACES_SAMPLER_ARG: pattern('a share from 0 to 1, such as 0.01', /^(0|1|0?\.\d{1,9}|1\.0+)$/, {
    fallback: '1',
    meaning: 'Share of traces to record; the decision of the client takes precedence.',
  }),
  HEALTH_PORT: optional(
    wholeNumber(0, 65_535, '', { fallback: '', meaning: 'Port of health and metrics for processes without an API.' }),
  ),
  DATABASE_URL: address(['postgres:', 'postgresql:'], { meaning: 'PostgreSQL of the distributed engine.' }),
  DATABASE_MAX_CONNECTIONS: wholeNumber(1, 1_000, '', {
    fallback: '10',
    meaning: 'Maximum number of PostgreSQL connections of one process.',
  }),
  REDIS_URL: address(['redis:', 'rediss:'], { meaning: 'Redis of the distributed engine.' }),
  REDIS_PREFIX: pattern('1 to 32 letters, digits, _ or -', /^[A-Za-z0-9_-]{1,32}$/, {
    fallback: 'zapier',
    meaning: 'Prefix of all stream and key names in Redis.',
  }),
} as const;

function perMinute(tier: Exclude<Tier, 'unlimited'>, fallback: string): Setting<number> {
  return wholeNumber(1, 1_000_000_000, 'events', {
    fallback,
    meaning: `Rate limit of tier \`${tier}\`, in events a minute.`,
  });
}
