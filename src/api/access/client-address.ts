import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Hops that are looked at; a longer list is made up. */
const MAX_HOPS_NAMED = 50;

/** Where a request comes from, for limits on guessing and for the audit log. Never for what only this machine may do. */
export type ClientAddress = (request: {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: IncomingHttpHeaders;
}) => string | null;

/**
 * The connection's own address, which nobody can make up; behind trusted proxies, the address that the last of them wrote
 * down. Read from the right: each proxy appends the address it saw, so that the first one that is not a trusted proxy's is
 * the client's, and what stands left of it is the client's own word.
 * @param trusted CIDRs
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return ({ socket }) => socket.remoteAddress ?? null;
  const proxies = new BlockList();
  for (const cidr of trusted) {
    const [network = '', bits = ''] = cidr.split('/');
    proxies.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4');
  }
  const isTrusted = (address: string): boolean => proxies.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  return ({ socket, headers }) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) return null;
    const own = plainAddress(remoteAddress);
    if (own === undefined || !isTrusted(own)) return remoteAddress;
    return clientNamedIn(headers, isTrusted) ?? remoteAddress;
  };
}

/** @returns undefined where the headers name nobody, are malformed, or contradict each other */
function clientNamedIn(headers: IncomingHttpHeaders, isTrusted: (address: string) => boolean): string | undefined {
  const { forwarded } = headers;
  const xForwardedFor = headers['x-forwarded-for'];
  if (typeof forwarded === 'string') {
    const named = firstUntrusted(hopsOfForwarded(forwarded), isTrusted);
    // A proxy that writes one of them hands on the other as the client made it up: they count where they agree.
    if (xForwardedFor === undefined) return named;
    return named === clientNamedIn({ 'x-forwarded-for': xForwardedFor }, isTrusted) ? named : undefined;
  }
  if (typeof xForwardedFor !== 'string') return undefined;
  return firstUntrusted(xForwardedFor.split(',').map(hopAddress), isTrusted);
}

function firstUntrusted(
  hops: readonly (string | undefined)[],
  isTrusted: (address: string) => boolean,
): string | undefined {
  if (hops.length > MAX_HOPS_NAMED) return undefined;
  for (const hop of hops.toReversed()) {
    if (hop === undefined || !isTrusted(hop)) return hop;
  }
  return hops[0];
}

/** RFC 7239: elements with commas between, parameters with semicolons. `unknown` and `_names` are no addresses. */
function hopsOfForwarded(header: string): (string | undefined)[] {
  return header.split(',').map((element) => {
    for (const parameter of element.split(';')) {
      const equals = parameter.indexOf('=');
      if (parameter.slice(0, equals).trim().toLowerCase() !== 'for') continue;
      const value = parameter.slice(equals + 1).trim();
      const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
      return hopAddress(isQuoted ? value.slice(1, -1) : value);
    }
    return undefined;
  });
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:4711`. */
function hopAddress(hop: string): string | undefined {
  const text = hop.trim();
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    const inside = text.slice(1, end);
    return end > 0 && inside.includes(':') && isPort(text.slice(end + 1)) ? plainAddress(inside) : undefined;
  }
  const colon = text.indexOf(':');
  const hasPort = colon >= 0 && colon === text.lastIndexOf(':');
  return hasPort && !isPort(text.slice(colon)) ? undefined : plainAddress(hasPort ? text.slice(0, colon) : text);
}

function isPort(text: string): boolean {
  return text === '' || /^:\d{1,5}$/.test(text);
}

/** IPv4 as an IPv6 socket shows it is IPv4. */
function plainAddress(address: string): string | undefined {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1] ?? address;
  return isIP(mapped) === 0 || mapped.includes('%') ? undefined : mapped;
}
