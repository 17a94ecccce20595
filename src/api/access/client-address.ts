import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Maximum number of hops that are read; a longer list is forged. */
const MAX_HOPS_NAMED = 50;

/**
 * The address of a request's client, for limits on guessing and for the audit log. Never use it to decide what only this
 * machine may do.
 */
export type ClientAddress = (request: {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: IncomingHttpHeaders;
}) => string | null;

/**
 * Reads the client address: the address of the connection, which cannot be forged, or behind trusted proxies the address that
 * the last of them wrote. The list is read from the right, because each proxy appends the address it saw. The first address
 * that is not a trusted proxy's is the client's; everything left of it was written by the client.
 * @param trusted networks in CIDR notation
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

/** @returns undefined if the headers contain no address, are malformed, or contradict each other */
function clientNamedIn(headers: IncomingHttpHeaders, isTrusted: (address: string) => boolean): string | undefined {
  const { forwarded } = headers;
  const xForwardedFor = headers['x-forwarded-for'];
  if (typeof forwarded === 'string') {
    const named = firstUntrusted(hopsOfForwarded(forwarded), isTrusted);
    // A proxy that writes only one of the headers forwards the other one as the client forged it. Both count only if they
    // agree.
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

/** RFC 7239: elements are separated by commas, parameters by semicolons. `unknown` and `_names` are not addresses. */
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

/** Converts an IPv4-mapped IPv6 address to IPv4. */
function plainAddress(address: string): string | undefined {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1] ?? address;
  return isIP(mapped) === 0 || mapped.includes('%') ? undefined : mapped;
}
