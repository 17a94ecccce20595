import { isIP } from 'node:net';
import { MAX_URL_LENGTH } from '../../core/limits.ts';

/** A receiver's URL, parsed once. */
export interface Target {
  /** The beginning of every request to this URL, up to the fields that differ. */
  readonly requestHead: string;
  readonly secure: boolean;
  readonly port: number;
  /** A name without trailing dot, or an address without brackets. */
  readonly host: string;
  /** The name for the resolver, with its trailing dot if it has one. */
  readonly lookupName: string;
  /** Whether `host` is an address, however the URL spelled it. */
  readonly isAddress: boolean;
}

export interface TargetRules {
  readonly httpsOnly: boolean;
  readonly blockedPorts: ReadonlySet<number>;
}

export type TargetVerdict =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Names of clouds' metadata services. Their addresses are refused too; refusing the names gives an answer at once, and
 * holds where a resolver returns other addresses.
 */
const METADATA_NAMES = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'instance-data',
  'instance-data.ec2.internal',
]);

/**
 * Parses a URL as the request will use it. URLs that two parsers could read differently are refused first: the WHATWG
 * parser strips tabs and newlines and turns `\` into `/`.
 */
export function parseTarget(url: string, rules: TargetRules): TargetVerdict {
  if (url.length > MAX_URL_LENGTH) return refused(`must be at most ${MAX_URL_LENGTH} characters long`);
  if (/[\p{Cc}\p{Cf}\p{Cs}\s\\]/u.test(url)) {
    return refused('must not contain white space, control characters or backslashes');
  }
  const written = /^(https?):\/\/([^/?#]+)([/?][^#]*)?$/i.exec(url);
  if (written === null) return refused('must be an http:// or https:// URL with a host and without a fragment (#…)');
  const authority = written[2] ?? '';
  if (authority.includes('@')) return refused('must not contain a user name or password');
  if (authority.includes('%')) return refused('must not contain % in the host');
  const parsed = URL.parse(url);
  if (parsed === null || parsed.username !== '' || parsed.password !== '') return refused('is not a valid URL');
  if (rules.httpsOnly && parsed.protocol !== 'https:') return refused('must be an https:// URL');
  if (parsed.port === '0') return refused('must not use port 0');
  return targetOf(parsed, rules);
}

/** `localhost` and its subdomains mean this machine, whatever a resolver says (RFC 6761, section 6.3). */
export function isLocalhostName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function targetOf(parsed: URL, { blockedPorts }: TargetRules): TargetVerdict {
  const lookupName = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const host = lookupName.replace(/\.$/, '');
  const isAddress = isIP(host) !== 0;
  if (!isAddress && !isName(host)) return refused('has a host that is no valid name');
  if (METADATA_NAMES.has(host)) return refused('names a metadata service');
  const secure = parsed.protocol === 'https:';
  const port = parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port);
  if (blockedPorts.has(port)) return refused(`uses port ${port}, which webhooks may not reach`);
  const requestHead = `POST ${parsed.pathname}${parsed.search} HTTP/1.1\r\nhost: ${parsed.host}\r\nconnection: keep-alive\r\n`;
  return { kind: 'target', target: { requestHead, secure, port, host, lookupName, isAddress } };
}

function isName(host: string): boolean {
  return host.length <= 253 && host.split('.').every((label) => label.length >= 1 && label.length <= 63);
}

function refused(reason: string): TargetVerdict {
  return { kind: 'refused', reason };
}
