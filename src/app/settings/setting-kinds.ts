import ipaddr from 'ipaddr.js';
import { readSecretsKey } from '../../core/administration/secret-box.ts';
import { MAX_RETRY_PAUSE_MS } from '../../core/limits.ts';
import { formatDuration, type Milliseconds, parseDuration } from '../../core/time.ts';

/** One environment variable: how to read it, and how to describe it. */
export interface Setting<Value> {
  /** Completes "must be …". */
  readonly form: string;
  /** The default, in the form a user would write; null = not set. */
  readonly fallback: string | null;
  readonly meaning: string;
  /** True: the value is never shown, not even a wrong one. */
  readonly secret: boolean;
  /** @returns undefined when the text does not have the form */
  readonly read: (text: string) => Value | undefined;
  /** A more exact sentence about a text that `read` refused; it continues the name of the variable. */
  readonly fault?: (text: string) => string | undefined;
}

interface About {
  readonly fallback: string;
  readonly meaning: string;
}

export function wholeNumber(min: number, max: number, unit: string, about: About): Setting<number> {
  const form = `a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`;
  return {
    ...about,
    form,
    secret: false,
    read: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

export function trueOrFalse(about: About): Setting<boolean> {
  const values = new Map([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ]);
  return { ...about, form: 'true or false', secret: false, read: (text) => values.get(text.toLowerCase()) };
}

export function oneOf<const Word extends string>(words: readonly Word[], about: About): Setting<Word> {
  return {
    ...about,
    form: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    secret: false,
    read: (text) => words.find((word) => word === text.toLowerCase()),
  };
}

export function duration(min: Milliseconds, max: Milliseconds, about: About): Setting<Milliseconds> {
  return {
    ...about,
    form: `a duration such as ${about.fallback}, from ${formatDuration(min)} to ${formatDuration(max)}`,
    secret: false,
    read: (text) => {
      const ms = parseDuration(text);
      return ms !== undefined && ms >= min && ms <= max ? ms : undefined;
    },
  };
}

/** Delays between attempts, as in the `retry_schedule` of an endpoint. */
export function schedule(maxPauses: number, about: About): Setting<readonly Milliseconds[]> {
  return {
    ...about,
    form: `1 to ${maxPauses} durations of at most ${formatDuration(MAX_RETRY_PAUSE_MS)} separated by commas, such as ${about.fallback}`,
    secret: false,
    read: (text) => {
      const pauses = splitList(text).map(parseDuration);
      const good = pauses.filter((ms) => ms !== undefined && ms <= MAX_RETRY_PAUSE_MS);
      const fits = good.length === pauses.length && good.length >= 1 && good.length <= maxPauses;
      return fits ? (Object.freeze(good) as readonly Milliseconds[]) : undefined;
    },
  };
}

/** Networks in CIDR notation (RFC 4632, RFC 4291); a single address is a network of one. */
export function networks(about: About): Setting<readonly string[]> {
  return {
    ...about,
    form: 'comma-separated networks in CIDR notation, such as 10.0.0.0/8,fd00::/8',
    secret: false,
    read: (text) => {
      const cidrs = splitList(text).map(toCidr);
      return cidrs.includes(undefined) ? undefined : Object.freeze(cidrs.filter((cidr) => cidr !== undefined));
    },
  };
}

/** `none` = an empty list, because an empty value counts as not set. */
export function ports(about: About): Setting<readonly number[]> {
  return {
    ...about,
    form: 'comma-separated ports such as 22,25,6379, or none',
    secret: false,
    read: (text) => {
      if (text.toLowerCase() === 'none') return Object.freeze([]);
      const numbers = splitList(text).map((item) => (/^\d{1,5}$/.test(item) ? Number(item) : -1));
      return numbers.every((port) => port >= 1 && port <= 65_535) ? Object.freeze(numbers) : undefined;
    },
  };
}

function toCidr(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return `${text}/32`;
  // Four decimal parts only: ipaddr.js also accepts forms such as 0x7f.1.
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return text;
  if (!text.includes(':')) return undefined;
  if (ipaddr.IPv6.isValid(text)) return `${text}/128`;
  return ipaddr.IPv6.isValidCIDR(text) ? text : undefined;
}

function splitList(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

export function pattern(form: string, shape: RegExp, about: About): Setting<string> {
  return { ...about, form, secret: false, read: (text) => (shape.test(text) ? text : undefined) };
}

export function address(protocols: readonly string[], about: { meaning: string }): Setting<string | null> {
  return {
    ...about,
    form: `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    fallback: null,
    // The URL may contain a password.
    secret: true,
    read: (text) => {
      const url = URL.parse(text);
      return url !== null && protocols.includes(url.protocol) && isEncoded(text) ? text : undefined;
    },
    fault: (text) =>
      protocols.some((protocol) => text.startsWith(`${protocol}//`)) && !isEncoded(text) ? ENCODE : undefined,
  };
}

const ENCODE =
  'has a special character in its user or password (its value is not shown): percent-encode it, @ as %40, / as %2F, ? as %3F, # as %23, % as %25.';

/**
 * Whether user and password are percent-encoded. A raw `/`, `?` or `#` in a password ends the authority of a URL: the rest of
 * the password would be parsed as path, query or fragment, and could be shown in a message.
 */
function isEncoded(text: string): boolean {
  const rest = text.slice(text.indexOf('://') + 3);
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const user = authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
  return !rest.slice(authority.length).includes('@') && !rest.includes('#') && !/%(?![0-9A-Fa-f]{2})/.test(user);
}

/** The same setting without a default: null when it is not set. */
export function optional<Value>(setting: Setting<Value>): Setting<Value | null> {
  return { ...setting, fallback: null };
}

export function secret(setting: Setting<string | null>): Setting<string | null> {
  return { ...setting, secret: true };
}

export function secretKeys(about: { meaning: string }): Setting<readonly Uint8Array[] | null> {
  return {
    ...about,
    form: 'base64 of 32 random bytes (openssl rand -base64 32), or several, separated by commas',
    fallback: null,
    secret: true,
    read: (text) => {
      const keys = splitList(text).map(readSecretsKey);
      return keys.includes(undefined) ? undefined : Object.freeze(keys.filter((key) => key !== undefined));
    },
  };
}
