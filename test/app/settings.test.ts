import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SETTINGS } from '../../src/app/settings/setting-list.ts';
import { type Environment, readSettings, type Settings } from '../../src/app/settings/settings.ts';

function read(env: Environment): Settings {
  const settings = readSettings(env);
  assert.ok(!('problems' in settings), JSON.stringify(settings));
  return settings;
}

function problems(env: Environment): readonly string[] {
  const settings = readSettings(env);
  assert.ok('problems' in settings, 'it should have been refused');
  return settings.problems;
}

test('an empty environment gives the defaults of the documents', () => {
  assert.deepEqual(read({}), {
    production: false,
    development: true,
    host: '127.0.0.1',
    port: 8000,
    healthPort: null,
    dataDir: './data',
    servers: null,
    maxConcurrentEvents: 10,
    maxBacklog: 2_000_000,
    dedupWindowMs: 86_400_000,
    retentionMs: 30 * 86_400_000,
    webhook: {
      timeoutMs: 10_000,
      maxAttempts: 5,
      schedule: [30_000, 60_000, 300_000, 900_000],
      disableAfterMs: 432_000_000,
      allowedNetworks: [],
      blockedPorts: null,
      httpsOnly: false,
      deliver: true,
    },
    rateLimits: { free: 100, pro: 1_000, business: 10_000, enterprise: 100_000, unlimited: null },
    adminToken: null,
    secretsKeys: [],
    trustedProxies: [],
    logLevel: 'info',
    logSql: false,
    prometheusEnabled: true,
    otelEndpoint: null,
    otelHeaders: null,
    otelServiceName: 'triggers-api',
    otelRatio: 1,
  });
});

test('every default is a value that its own setting accepts', () => {
  for (const [name, { fallback, read: readValue }] of Object.entries(SETTINGS)) {
    if (fallback !== null) assert.notEqual(readValue(fallback), undefined, name);
  }
});

describe('values that are taken', () => {
  const cases: readonly [Environment, (settings: Settings) => unknown, unknown][] = [
    [{ PORT: '0' }, (s) => s.port, 0],
    [{ PORT: ' 65535 ' }, (s) => s.port, 65_535],
    [{ PORT: '' }, (s) => s.port, 8_000],
    [{ HOST: '::1' }, (s) => s.host, '::1'],
    [{ DATA_DIR: '/var/lib/my data' }, (s) => s.dataDir, '/var/lib/my data'],
    [{ WEBHOOK_TIMEOUT: '30' }, (s) => s.webhook.timeoutMs, 30_000],
    [{ WEBHOOK_RETRY_SCHEDULE: '100ms, 2s' }, (s) => s.webhook.schedule, [100, 2_000]],
    [{ WEBHOOK_HTTPS_ONLY: '1' }, (s) => s.webhook.httpsOnly, true],
    [{ WEBHOOK_HTTPS_ONLY: 'TRUE' }, (s) => s.webhook.httpsOnly, true],
    [{ DISABLE_WEBHOOK_DELIVERY: 'true' }, (s) => s.webhook.deliver, false],
    [{ DISABLE_WEBHOOK_DELIVERY: '0' }, (s) => s.webhook.deliver, true],
    [{ WEBHOOK_BLOCKED_PORTS: '22, 25,65535' }, (s) => s.webhook.blockedPorts, [22, 25, 65_535]],
    [{ WEBHOOK_BLOCKED_PORTS: 'none' }, (s) => s.webhook.blockedPorts, []],
    [{ WEBHOOK_BLOCKED_PORTS: '' }, (s) => s.webhook.blockedPorts, null],
    [
      { WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/8, 192.168.1.1,fd00::/8,::1' },
      (s) => s.webhook.allowedNetworks,
      ['10.0.0.0/8', '192.168.1.1/32', 'fd00::/8', '::1/128'],
    ],
    [{ RATE_LIMIT_FREE: '7' }, (s) => s.rateLimits.free, 7],
    [{ DEDUP_WINDOW: '1h' }, (s) => s.dedupWindowMs, 3_600_000],
    [{ LOG_LEVEL: 'DEBUG' }, (s) => s.logLevel, 'debug'],
    [{ ADMIN_TOKEN: 'abc' }, (s) => [s.adminToken, s.development], ['abc', false]],
    [{ NODE_ENV: 'production' }, (s) => [s.production, s.development], [true, false]],
    [{ NODE_ENV: 'test' }, (s) => [s.production, s.development], [false, true]],
    [{ HEALTH_PORT: '9000' }, (s) => s.healthPort, 9_000],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, (s) => s.otelEndpoint, 'http://collector:4318'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=b,c=d' }, (s) => s.otelHeaders, 'a=b,c=d'],
    [{ OTEL_TRACES_SAMPLER_ARG: '0.25' }, (s) => s.otelRatio, 0.25],
    [{ HOOK_TIMEOUT: 'another program’s' }, (s) => s.webhook.timeoutMs, 10_000],
  ];
  for (const [env, look, expected] of cases) {
    test(JSON.stringify(env), () => assert.deepEqual(look(read(env)), expected));
  }
});

describe('values that are refused name the setting and its default', () => {
  const cases: readonly [keyof typeof SETTINGS, readonly string[]][] = [
    ['PORT', ['x', '-1', '65536', '80.5', '1e3', '0x50']],
    ['HOST', ['http://localhost', 'a b', 'a/b']],
    ['NODE_ENV', ['prod', 'staging']],
    ['WEBHOOK_TIMEOUT', ['0', '31', '10s', 'ten', '-5', 'constructor']],
    ['WEBHOOK_MAX_ATTEMPTS', ['0', '21']],
    ['WEBHOOK_RETRY_SCHEDULE', ['30', '30s,', '30s;1m', '8d', ',', Array(21).fill('1s').join(',')]],
    ['WEBHOOK_BLOCKED_PORTS', ['0', '65536', '22,', 'ssh', '22;25', '-1']],
    ['WEBHOOK_ALLOWED_NETWORKS', ['10.0.0.0/33', '10.0.0', '0x7f.1', 'example.com', '::1/129', '10.0.0.0/8,,']],
    ['WEBHOOK_HTTPS_ONLY', ['yes', 'on', '2', 'constructor']],
    ['DEDUP_WINDOW', ['0s', '31d', '24', '1 h']],
    ['RETENTION', ['59s', 'for ever']],
    ['MAX_BACKLOG', ['0', '1000000001', '1_000']],
    ['RATE_LIMIT_PRO', ['0', '-1', 'unlimited']],
    ['LOG_LEVEL', ['loud', 'trace']],
    ['REDIS_PREFIX', ['a:b', 'x'.repeat(33)]],
  ];
  for (const [name, values] of cases) {
    for (const value of values) {
      test(`${name}=${value.slice(0, 20)}`, () => {
        const [sentence = '', ...more] = problems({ [name]: value });
        assert.deepEqual(more, []);
        const { form, fallback } = SETTINGS[name];
        assert.ok(sentence.startsWith(`${name} must be ${form}, and is "${value.slice(0, 10)}`), sentence);
        assert.ok(sentence.endsWith(`; the default is ${fallback ?? 'not set'}.`), sentence);
      });
    }
  }
});

test('every problem is told at once', () => {
  assert.equal(problems({ PORT: 'x', WEBHOOK_TIMEOUT: 'y', RATE_LIMIT_GOLD: '1' }).length, 3);
});

describe('an unknown name of our families is refused with the nearest known one', () => {
  for (const [wrong, right] of [
    ['WEBHOOK_TIMOUT', 'WEBHOOK_TIMEOUT'],
    ['WEBHOOK_ALLOWED_NETWORK', 'WEBHOOK_ALLOWED_NETWORKS'],
    ['RATE_LIMIT_FREEE', 'RATE_LIMIT_FREE'],
  ] as const) {
    test(wrong, () => {
      assert.deepEqual(problems({ [wrong]: '1' }), [`${wrong} is not a setting: did you mean ${right}?`]);
    });
  }
});

describe('secrets are never shown', () => {
  for (const [name, value] of [
    ['ADMIN_TOKEN', 'two words-canary'],
    ['DATABASE_URL', 'mysql://user:canary@host/db'],
    ['REDIS_URL', 'canary'],
    ['SECRETS_KEY', 'canary'],
    ['SECRETS_KEY', `${'A'.repeat(43)}=,canary`],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'ftp://user:canary@host'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'canary'],
  ] as const) {
    test(name, () => {
      const text = problems({ [name]: value }).join('\n');
      assert.match(text, new RegExp(`^${name} must be`));
      assert.doesNotMatch(text, /canary/);
    });
  }
});

describe('an address whose password is not percent-encoded says so, and shows nothing of it', () => {
  for (const address of [
    'postgres://app:s3cr@t/canary@host/db',
    'postgres://app:canary/x@host/db',
    'postgres://app:123/canary@host/db',
    'postgres://app:can#ary@host/db',
    'postgres://app:can?ary@host/db',
    'postgres://app:can%ary@host/db',
    'postgres://app:canary@host/db#fragment',
  ]) {
    test(address, () => {
      const others = { DATABASE_URL: 'postgres://h/db', REDIS_URL: 'redis://h' };
      for (const [name, scheme] of [
        ['DATABASE_URL', 'postgres'],
        ['REDIS_URL', 'rediss'],
        ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https'],
      ] as const) {
        const [sentence = '', ...more] = problems({ ...others, [name]: address.replace('postgres', scheme) });
        assert.deepEqual(more, []);
        assert.match(
          sentence,
          new RegExp(`^${name} has a special character in its user or password .*: percent-encode it`),
        );
        assert.doesNotMatch(sentence, /can.?ary|s3cr|host/);
      }
    });
  }
  for (const address of [
    'postgres://a:p%40%2F@host/db',
    'postgres://a:p@ss@host/db',
    'postgres://host/db?sslmode=require',
  ]) {
    test(`${address} is one`, () => {
      assert.equal(read({ DATABASE_URL: address, REDIS_URL: 'redis://h' }).servers?.databaseUrl, address);
    });
  }
});

describe('what is right for each and wrong together', () => {
  const databaseUrl = 'postgres://u:canary@h/db';
  const redisUrl = 'redis://h';
  const cases: readonly [Environment, RegExp][] = [
    [{ DATABASE_URL: databaseUrl }, /^DATABASE_URL is set and REDIS_URL is not: .* needs both/],
    [{ REDIS_URL: redisUrl }, /^REDIS_URL is set and DATABASE_URL is not: .* needs both/],
    [
      { HOST: '0.0.0.0' },
      /^HOST=0\.0\.0\.0 is reachable from other machines and ADMIN_TOKEN is not set: set ADMIN_TOKEN to/,
    ],
    [{ HOST: '::' }, /ADMIN_TOKEN is not set/],
    [{ HOST: 'my-host.example' }, /ADMIN_TOKEN is not set/],
    [{ HOST: '127.0.0.1.example' }, /ADMIN_TOKEN is not set/],
    [{ HOST: '0.0.0.0', NODE_ENV: 'production' }, /ADMIN_TOKEN is not set/],
    [{ HOST: '0.0.0.0', ADMIN_TOKEN: 'canary' }, /^ADMIN_TOKEN has fewer than 16 characters \(not shown here\)/],
    [{ NODE_ENV: 'production', ADMIN_TOKEN: 'a' }, /^ADMIN_TOKEN has fewer than 16 characters/],
    [{ NODE_ENV: 'production', ADMIN_TOKEN: 'canarycanary-15' }, /^ADMIN_TOKEN has fewer than 16 characters/],
    [{ NODE_ENV: 'production', ADMIN_TOKEN: 'a'.repeat(64) }, /^ADMIN_TOKEN repeats a few characters/],
    [{ NODE_ENV: 'production', ADMIN_TOKEN: 'test-api-key-change-in-prod' }, /^ADMIN_TOKEN is a placeholder/],
    [{ NODE_ENV: 'production', ADMIN_TOKEN: 'Please-Change-Me-Canary' }, /^ADMIN_TOKEN is a placeholder/],
    [
      { ADMIN_TOKEN: 'generate', DATABASE_URL: databaseUrl, REDIS_URL: redisUrl },
      /^ADMIN_TOKEN=generate is for the embedded engine/,
    ],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, /^NODE_TLS_REJECT_UNAUTHORIZED=0 turns off .*: unset it\.$/],
  ];
  for (const [env, sentence] of cases) {
    test(JSON.stringify(env), () => {
      const found = problems(env);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', sentence);
      assert.doesNotMatch(found[0] ?? '', /canary/);
    });
  }
});

test('what is good enough on this machine, and what is good everywhere', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
    read({ HOST: host });
  read({ ADMIN_TOKEN: 'short' });
  const strong = { NODE_ENV: 'production', HOST: '0.0.0.0' };
  for (const token of ['generate', '0123456789abcdef', 'b1f0c3a9d27e4856']) read({ ...strong, ADMIN_TOKEN: token });
});

test('no token of our own documents, examples and deployments starts a production service', () => {
  const root = join(import.meta.dirname, '../..');
  const files = globSync(['*.md', '*.yaml', 'docs/**/*.md', 'deploy/**/*', 'packages/client/**/*.md'], {
    cwd: root,
  }).filter((path) => !path.includes('node_modules') && /\.(md|yaml|service|mjs)$/.test(path));
  const found = files.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/ADMIN_TOKEN[=:]\s*["']?([!-~]+?)["'`]?(?=[\s)]|$)/gm)].map(
      ([, token = '']) => token,
    ),
  );
  const written = found.filter((token) => !/^(generate$|\$)/.test(token));
  assert.ok(written.includes('a-long-random-word'), written.join());
  for (const token of written)
    assert.ok('problems' in readSettings({ NODE_ENV: 'production', ADMIN_TOKEN: token }), token);
});

test('both servers together choose the distributed engine', () => {
  const { servers } = read({ DATABASE_URL: 'postgres://h/db', REDIS_URL: 'redis://h', REDIS_PREFIX: 'mine' });
  assert.deepEqual(servers, {
    databaseUrl: 'postgres://h/db',
    redisUrl: 'redis://h',
    redisPrefix: 'mine',
    maxDatabaseConnections: 10,
  });
  assert.equal(read({}).servers, null);
});

test('nothing of the settings can be changed', () => {
  const settings = read({
    WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/8',
    DATABASE_URL: 'postgres://h/db',
    REDIS_URL: 'redis://h',
  });
  const parts = [
    settings,
    settings.webhook,
    settings.webhook.schedule,
    settings.webhook.allowedNetworks,
    settings.rateLimits,
    settings.servers ?? {},
  ];
  for (const part of parts) assert.ok(Object.isFrozen(part));
});
