import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Of glibc: a larger `ndots` counts as this. */
const MAX_NDOTS = 15;
/** A name is asked for once for each; Kubernetes has three to six of them. */
const MAX_SEARCH_DOMAINS = 16;
const MAX_NAME_LENGTH = 253;

/** How short names are completed (resolv.conf(5)). */
export interface SearchRules {
  /** In order, without dots at the ends. */
  readonly domains: readonly string[];
  /** A name with fewer dots is completed before it is tried as it stands. */
  readonly ndots: number;
}

export const NO_SEARCH: SearchRules = { domains: [], ndots: 1 };

/**
 * Reads what glibc reads: the last of `search` and `domain` counts, and without either the domain of the machine's name.
 * @param machineName as `gethostname` says it
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
    // Absent on some systems; names are asked for as they stand.
    return NO_SEARCH;
  }
}

/** What to ask for, in order. A name with a dot at its end is what it is. */
export function namesToTry(name: string, { domains, ndots }: SearchRules): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  const names = dots >= ndots ? [name, ...completed] : [...completed, name];
  return names.filter((one) => one.length <= MAX_NAME_LENGTH);
}
