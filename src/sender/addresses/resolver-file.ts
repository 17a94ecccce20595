import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** glibc's maximum of `ndots`. */
const MAX_NDOTS = 15;
/** A name is queried once per search domain; Kubernetes sets three to six. */
const MAX_SEARCH_DOMAINS = 16;
const MAX_NAME_LENGTH = 253;

/** How short names are completed (resolv.conf(5)). */
export interface SearchRules {
  /** Search domains in order, without leading or trailing dots. */
  readonly domains: readonly string[];
  /** A name with fewer dots is tried with the search domains first. */
  readonly ndots: number;
}

export const NO_SEARCH: SearchRules = { domains: [], ndots: 1 };

/**
 * Parses resolv.conf as glibc does: the last of `search` and `domain` counts; without either, the domain of the
 * machine's name.
 * @param machineName as `gethostname` returns it
 */
export function parseResolverFile(text: string, machineName: string): SearchRules {
  const dot = machineName.indexOf('.');
  let domains = dot < 0 ? [] : [machineName.slice(dot + 1)];
  let ndots = 1;
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line.startsWith(';')) continue;
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'search') domains = words;
    else if (keyword === 'domain') domains = words.slice(0, 1);
    else if (keyword === 'options') ndots = words.reduce(ndotsOf, ndots);
  }
  const names = domains.map((domain) => domain.toLowerCase().replace(/^\.+|\.+$/g, '')).filter((name) => name !== '');
  return { domains: names.slice(0, MAX_SEARCH_DOMAINS), ndots };
}

function ndotsOf(before: number, word: string): number {
  const count = /^ndots:(\d{1,9})$/.exec(word)?.[1];
  return count === undefined ? before : Math.min(MAX_NDOTS, Number(count));
}

export async function readResolverFile(path: string): Promise<SearchRules> {
  try {
    return parseResolverFile(await readFile(path, 'utf8'), hostname());
  } catch {
    // The file is absent on some systems; names are then not completed.
    return NO_SEARCH;
  }
}

/** Returns the names to query, in order. A name with a trailing dot is not completed. */
export function namesToTry(name: string, { domains, ndots }: SearchRules): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  const names = dots >= ndots ? [name, ...completed] : [...completed, name];
  return names.filter((one) => one.length <= MAX_NAME_LENGTH);
}
