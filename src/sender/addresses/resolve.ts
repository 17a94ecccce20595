import { promises as dns } from 'node:dns';
import { open } from 'node:fs/promises';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { AttemptFailure, codeOf } from '../attempt-failure.ts';
import { readHostsFile } from './hosts-file.ts';
import { NO_SEARCH, namesToTry, readResolverFile, type SearchRules } from './resolver-file.ts';

/**
 * Resolves a name to all its addresses, in the order to try them. A name that ends in a dot is not completed.
 * @throws AttemptFailure `dns_failed`, or `local` when this machine could not send the query
 */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Short, so that a receiver that moves is followed soon; long enough for a burst to one name to cause one query. */
const CACHE_MS: Milliseconds = 5_000;
const FAILURE_CACHE_MS: Milliseconds = 1_000;
const MAX_CACHED_NAMES = 1_000;
const QUERY_TIMEOUT_MS: Milliseconds = 2_000;
const QUERY_TRIES = 2;
/** Some servers never answer for one of the two address families: how long the answer for one waits for the other. */
const OTHER_FAMILY_WAIT_MS: Milliseconds = 500;
/** A resolver keeps the server list from its creation; it is created again after failures, at most this often. */
const RESOLVER_RENEWAL_MS: Milliseconds = 5_000;
const HOSTS_FILE = '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';

interface Entry {
  readonly answer: Promise<readonly string[]>;
  expiresAt: Milliseconds;
}

/**
 * Resolves names by the hosts file, then by DNS over its own sockets. `dns.lookup` would block the pool of 4 threads
 * that files and cryptography use: a few names with dead servers would occupy it for seconds. Short names are completed
 * as the system does it, by the search domains and `ndots` of resolv.conf(5).
 */
export function createResolve(
  clock: Clock,
  options: { hostsFile?: string; resolverFile?: string; servers?: readonly string[] } = {},
): Resolve {
  const cache = new Map<string, Entry>();
  const hostsFile = options.hostsFile ?? HOSTS_FILE;
  const hosts = refreshed(clock, () => readHostsFile(hostsFile));
  // With injected servers the system's search rules do not apply.
  const resolverFile = options.resolverFile ?? (options.servers === undefined ? RESOLVER_FILE : undefined);
  const rules = refreshed(clock, async () => (resolverFile === undefined ? NO_SEARCH : readResolverFile(resolverFile)));
  const queries = createQueries(clock, () => newResolver(options.servers), rules);

  async function ask(name: string): Promise<readonly string[]> {
    return (await hosts()).get(name.replace(/\.$/, '')) ?? (await queries(name));
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

/** Reads a file's value and refreshes it every `CACHE_MS`. */
function refreshed<Value>(clock: Clock, read: () => Promise<Value>): () => Promise<Value> {
  let readAt = clock.monotonicMs();
  let value: Promise<Value> | undefined;
  return () => {
    const now = clock.monotonicMs();
    if (value === undefined || now - readAt >= CACHE_MS) {
      readAt = now;
      value = read();
    }
    return value;
  };
}

type Reason = 'no such name' | 'no address' | 'server failed' | 'no answer';

interface Answer {
  readonly addresses: readonly string[];
  /** Why there is no address. */
  readonly reason: Reason;
}

const REASON_BY_CODE: Readonly<Record<string, Reason>> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'no address',
  ESERVFAIL: 'server failed',
  EREFUSED: 'server failed',
  ENOTIMP: 'server failed',
  EFORMERR: 'server failed',
};
const DETAILS: Readonly<Record<Reason, string>> = {
  'no such name': 'the name does not exist',
  'no address': 'the name has no address',
  'server failed': 'the name server reports a failure',
  'no answer': 'no name server answers',
};

function createQueries(clock: Clock, make: () => dns.Resolver, rules: () => Promise<SearchRules>): Resolve {
  let resolver = make();
  let madeAt = clock.monotonicMs();

  async function failure(reason: Reason): Promise<AttemptFailure> {
    if (clock.monotonicMs() - madeAt >= RESOLVER_RENEWAL_MS) {
      resolver = make();
      madeAt = clock.monotonicMs();
    }
    // The library reports "connection refused" when no descriptor was left for a socket.
    return (await isOutOfDescriptors())
      ? new AttemptFailure('local')
      : new AttemptFailure('dns_failed', DETAILS[reason]);
  }

  /** @returns the addresses, or why there are none */
  async function query(name: string): Promise<Answer> {
    const ipv4 = settled(resolver.resolve4(name));
    const ipv6 = settled(resolver.resolve6(name));
    const first = await Promise.race([ipv4, ipv6]);
    const other = await within(OTHER_FAMILY_WAIT_MS, first.addresses.length > 0, Promise.all([ipv4, ipv6]));
    const answers = other ?? [first];
    const addresses = answers.flatMap((answer) => answer.addresses);
    return { addresses, reason: answers.find(({ reason }) => reason !== 'no such name')?.reason ?? 'no such name' };
  }

  return async (name) => {
    let reason: Reason = 'no such name';
    for (const candidate of namesToTry(name, await rules())) {
      const answer = await query(candidate);
      if (answer.addresses.length > 0) return answer.addresses;
      if (answer.reason !== 'no such name') ({ reason } = answer);
      // As in glibc: the next name would time out as well.
      if (reason === 'no answer') break;
    }
    throw await failure(reason);
  };
}

function newResolver(servers: readonly string[] | undefined): dns.Resolver {
  const resolver = new dns.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  return resolver;
}

/** Turns a failed query into an answer with the reason, which the attempt's detail shows. */
async function settled(query: Promise<string[]>): Promise<Answer> {
  try {
    return { addresses: await query, reason: 'no address' };
  } catch (error) {
    return { addresses: [], reason: REASON_BY_CODE[codeOf(error)] ?? 'no answer' };
  }
}

/** Waits for a value, at most `ms` where `limited`. @returns undefined on a timeout */
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
