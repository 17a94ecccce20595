import { promises as dns } from 'node:dns';
import { open } from 'node:fs/promises';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { AttemptFailure } from './attempt-failure.ts';
import { readHostsFile } from './hosts-file.ts';

/**
 * All addresses of a name, those to try first in front.
 * @throws AttemptFailure `dns_failed`, or `local` when this machine could not even ask
 */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Short, so that a receiver that moves is followed at once; long enough for a burst to one name to ask once. */
const CACHE_MS: Milliseconds = 5_000;
const FAILURE_CACHE_MS: Milliseconds = 1_000;
const MAX_CACHED_NAMES = 1_000;
const QUERY_TIMEOUT_MS: Milliseconds = 2_000;
const QUERY_TRIES = 2;
/** Some servers never answer for one of the two families: how long one answer waits for the other. */
const OTHER_FAMILY_WAIT_MS: Milliseconds = 500;
/** A resolver keeps the servers that it read when it was made; after failures it is made again, but not all the time. */
const RESOLVER_RENEWAL_MS: Milliseconds = 5_000;
const HOSTS_FILE = '/etc/hosts';

interface Entry {
  readonly answer: Promise<readonly string[]>;
  expiresAt: Milliseconds;
}

/**
 * Asks the hosts file, then DNS by sockets of its own. `dns.lookup` would use the pool of 4 threads that files and
 * cryptography need: a few names with dead servers would hold all of it for seconds.
 */
export function createResolve(
  clock: Clock,
  options: { hostsFile?: string; servers?: readonly string[] } = {},
): Resolve {
  const cache = new Map<string, Entry>();
  const hosts = hostsLookup(clock, options.hostsFile ?? HOSTS_FILE);
  const queries = createQueries(clock, () => newResolver(options.servers));

  async function ask(name: string): Promise<readonly string[]> {
    return (await hosts(name)) ?? (await queries(name));
  }

  return (name) => {
    const now = clock.monotonicMs();
    const known = cache.get(name);
    if (known !== undefined && known.expiresAt > now) return known.answer;
    const entry: Entry = { answer: ask(name), expiresAt: now + CACHE_MS };
    entry.answer.catch(() => {
      entry.expiresAt = clock.monotonicMs() + FAILURE_CACHE_MS;
    });
    cache.delete(name);
    cache.set(name, entry);
    for (const oldest of cache.keys()) {
      if (cache.size <= MAX_CACHED_NAMES) break;
      cache.delete(oldest);
    }
    return entry.answer;
  };
}

function hostsLookup(clock: Clock, path: string): (name: string) => Promise<readonly string[] | undefined> {
  let readAt = Number.NEGATIVE_INFINITY;
  let file: Promise<Map<string, string[]>> = Promise.resolve(new Map());
  return async (name) => {
    if (clock.monotonicMs() - readAt >= CACHE_MS) {
      readAt = clock.monotonicMs();
      file = readHostsFile(path);
    }
    return (await file).get(name);
  };
}

function createQueries(clock: Clock, make: () => dns.Resolver): Resolve {
  let resolver = make();
  let madeAt = clock.monotonicMs();

  async function failure(): Promise<AttemptFailure> {
    if (clock.monotonicMs() - madeAt >= RESOLVER_RENEWAL_MS) {
      resolver = make();
      madeAt = clock.monotonicMs();
    }
    // The library says "connection refused" when it had no descriptor left for a socket.
    return new AttemptFailure((await isOutOfDescriptors()) ? 'local' : 'dns_failed');
  }

  return async (name) => {
    const ipv4 = settled(resolver.resolve4(name));
    const ipv6 = settled(resolver.resolve6(name));
    const first = await Promise.race([ipv4, ipv6]);
    const other = await within(OTHER_FAMILY_WAIT_MS, first.length > 0, Promise.all([ipv4, ipv6]));
    const addresses = other === undefined ? first : other.flat();
    if (addresses.length === 0) throw await failure();
    return addresses;
  };
}

function newResolver(servers: readonly string[] | undefined): dns.Resolver {
  const resolver = new dns.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  return resolver;
}

/** No such name, no address of that family, no answer: all the same to the one who wants to connect. */
async function settled(query: Promise<string[]>): Promise<readonly string[]> {
  try {
    return await query;
  } catch {
    return [];
  }
}

/** Waits for as long as it takes, or, where `limited`, at most `ms`. @returns undefined when that was too short */
async function within<Value>(ms: Milliseconds, limited: boolean, value: Promise<Value>): Promise<Value | undefined> {
  if (!limited) return value;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([value, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

async function isOutOfDescriptors(): Promise<boolean> {
  try {
    await (await open('/dev/null')).close();
    return false;
  } catch {
    return true;
  }
}
