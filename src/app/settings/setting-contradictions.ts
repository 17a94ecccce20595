import { isLoopbackName } from '../../core/delivery/loopback.ts';
import { GENERATE, weaknessOf } from './token-strength.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The values that the rules below read; undefined = the value itself was wrong and is reported already. */
interface Seen {
  readonly host: string | undefined;
  readonly adminToken: string | null | undefined;
  readonly production: boolean;
}

/** Combinations of values that are valid one by one and wrong together; each is a sentence that says what to change. */
export function contradictions(env: Environment, seen: Seen): string[] {
  return [...halfServers(env), ...unverifiedReceivers(env), ...openDoor(seen), ...weakToken(env, seen)];
}

function halfServers(env: Environment): string[] {
  const database = Boolean(env['DATABASE_URL']);
  const redis = Boolean(env['REDIS_URL']);
  if (database === redis) return [];
  const [there, missing] = database ? ['DATABASE_URL', 'REDIS_URL'] : ['REDIS_URL', 'DATABASE_URL'];
  return [`${there} is set and ${missing} is not: the distributed engine needs both, the embedded one neither.`];
}

function unverifiedReceivers(env: Environment): string[] {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return [];
  return ['NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the verification of certificates: unset it.'];
}

/** Without a token, every client that reaches a development service is its administrator. */
function openDoor({ host, adminToken }: Seen): string[] {
  if (host === undefined || adminToken !== null || isLoopbackName(host)) return [];
  return [
    `HOST=${host} is reachable from other machines and ADMIN_TOKEN is not set: set ADMIN_TOKEN to a random word of at least 16 characters (openssl rand -hex 24), or HOST to 127.0.0.1.`,
  ];
}

/** A short token is accepted only in development on a loopback address. */
function weakToken(env: Environment, { host, adminToken, production }: Seen): string[] {
  if (adminToken === null || adminToken === undefined) return [];
  if (adminToken === GENERATE) {
    if (!env['REDIS_URL'] && !env['DATABASE_URL']) return [];
    return [
      'ADMIN_TOKEN=generate is for the embedded engine, which keeps the token in DATA_DIR: set the same random word for all processes (openssl rand -hex 24).',
    ];
  }
  if (!production && (host === undefined || isLoopbackName(host))) return [];
  const weakness = weaknessOf(adminToken);
  if (weakness === null) return [];
  return [`ADMIN_TOKEN ${weakness} (not shown here): set it to a random word, as \`openssl rand -hex 24\` prints one.`];
}
