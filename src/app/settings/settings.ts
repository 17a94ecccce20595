import type { Tier } from '../../core/administration/organization.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { LogLevel } from '../../ports/observability/log.ts';
import { contradictions } from './setting-contradictions.ts';
import type { Setting } from './setting-kinds.ts';
import { SETTINGS } from './setting-list.ts';
import { quoteValue, unknownNames } from './unknown-names.ts';

/*
 * environment() ──► readSettings(env) ──► Settings | { problems }
 *                     1. each variable of SETTINGS (setting-list.ts) is read by its kind (setting-kinds.ts)
 *                     2. unknown names (unknown-names.ts) and contradictions (setting-contradictions.ts) are added
 *                     3. values without problems become the frozen `Settings` below
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a running service. Frozen. */
export interface Settings {
  /** `NODE_ENV=production`. */
  readonly production: boolean;
  /**
   * True outside of production when no `ADMIN_TOKEN` is set. The development organization and its well-known key then exist,
   * loopback receivers are allowed, and only requests from this machine with a loopback `Host` are served.
   */
  readonly development: boolean;
  readonly host: string;
  readonly port: number;
  readonly healthPort: number | null;
  readonly dataDir: string;
  /** Servers of the distributed engine; null = the embedded engine. */
  readonly servers: {
    readonly redisUrl: string;
    readonly databaseUrl: string;
    readonly redisPrefix: string;
    /** Maximum number of PostgreSQL connections of this process. */
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
    /** In CIDR notation. */
    readonly allowedNetworks: readonly string[];
    /** Null = the sender's built-in list. */
    readonly blockedPorts: readonly number[] | null;
    readonly httpsOnly: boolean;
    /** False: events are accepted and stored, and their deliveries wait. */
    readonly deliver: boolean;
  };
  /** In events a minute; null = no limit. */
  readonly rateLimits: Readonly<Record<Tier, number | null>>;
  /** `generate` = the token that app/secrets/admin-token.ts creates and keeps in the data folder. */
  readonly adminToken: string | null;
  /** Keys of 32 bytes. The first encrypts secrets in the database, all decrypt. Empty: see app/secrets/secrets-key.ts. */
  readonly secretsKeys: readonly Uint8Array[];
  /** Proxies, in CIDR notation, whose `X-Forwarded-For` and `Forwarded` headers are trusted. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: LogLevel;
  readonly logSql: boolean;
  readonly prometheusEnabled: boolean;
  readonly otelEndpoint: string | null;
  readonly otelHeaders: string | null;
  readonly otelServiceName: string;
  /** Share of the traces that begin in this service, from 0 to 1. */
  readonly otelRatio: number;
}

/** API key of the development organization. The first document of the project names it, and its curl works unchanged. */
export const DEVELOPMENT_KEY = 'test-api-key-change-in-prod';

type Name = keyof typeof SETTINGS;
type Values = { readonly [Key in Name]: (typeof SETTINGS)[Key] extends Setting<infer Value> ? Value : never };

/** The environment of this process. Nothing else in src/ reads it (scripts/source-rules.ts). */
export function environment(): Environment {
  return process.env;
}

/**
 * Reads and checks all settings. An empty value counts as not set.
 *
 * @returns the settings, or every problem at once, each a sentence that says what to change
 */
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
  problems.push(...unknownNames(Object.keys(env), Object.keys(SETTINGS)), ...together);
  // The cast holds: every name of SETTINGS was read above, and a failed one left a problem.
  return problems.length > 0 ? { problems } : toSettings(values as Values);
}

function wrongValue(name: string, setting: Setting<unknown>, text: string): string {
  const fault = setting.fault?.(text);
  if (fault !== undefined) return `${name} ${fault}`;
  const shown = setting.secret ? 'is set to something else (not shown here)' : `is ${quoteValue(text)}`;
  const fallback = setting.fallback === null ? 'not set' : setting.fallback;
  return `${name} must be ${setting.form}, and ${shown}; the default is ${fallback}.`;
}

function servers(values: Values): Settings['servers'] {
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = values;
  if (redisUrl === null || databaseUrl === null) return null;
  const maxDatabaseConnections = values.DATABASE_MAX_CONNECTIONS;
  return Object.freeze({ redisUrl, databaseUrl, redisPrefix: values.REDIS_PREFIX, maxDatabaseConnections });
}

function toSettings(values: Values): Settings {
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

/** @returns the share of traces to record; only the ratio sampler reads `OTEL_TRACES_SAMPLER_ARG` */
function ratioOf(sampler: string, share: string): number {
  if (sampler === 'parentbased_always_on') return 1;
  return sampler === 'parentbased_always_off' ? 0 : Number(share);
}
