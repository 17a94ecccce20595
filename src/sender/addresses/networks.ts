import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.parse>;
/** An address range: its first address and the length of its prefix in bits. */
type Range = readonly [Address, number];

/**
 * Link-local addresses and the metadata services of clouds (Azure's wire server, Alibaba, Oracle, AWS and Google over
 * IPv6), which must never be reached from outside. A wider allowed network does not include these.
 */
const METADATA_RANGES: readonly Range[] = [
  '169.254.0.0/16',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fe80::/10',
  'fd00:ec2::/32',
  'fd20:ce::/32',
].map(parseRange);

const LOOPBACK_RANGES: readonly Range[] = ['127.0.0.0/8', '::1/128'].map(parseRange);

/** Addresses assigned for global reachability; anything outside has a special purpose. */
const IPV6_GLOBAL_UNICAST = parseRange('2000::/3');
/** NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is reached. */
const NAT64 = parseRange('64:ff9b::/96');
/** Ranges with an embedded IPv4 address, and the index of the 16-bit group where it starts. */
const EMBEDDING_RANGES: readonly (readonly [Range, number])[] = [
  [parseRange('::/96'), 6],
  [parseRange('64:ff9b:1::/48'), 6],
  [parseRange('2002::/16'), 1],
];

/** Decides which addresses a webhook may be sent to. */
export class Networks {
  readonly #allowed: readonly Range[];

  /** @throws an Error that names the entry that is not a network such as `10.0.0.0/8` or `fd00::/8` */
  constructor(options: { allowedNetworks: readonly string[]; allowLoopback: boolean }) {
    const named = options.allowedNetworks.map(parseRange);
    this.#allowed = options.allowLoopback ? [...named, ...LOOPBACK_RANGES] : named;
  }

  /** True for public addresses and for networks that the operator allowed; false for text that is not an address. */
  allows(address: string): boolean {
    // A zone (fe80::1%eth0) names an interface, not a destination.
    const text = address.split('%', 1)[0] ?? '';
    return ipaddr.isValid(text) && this.#allows(unwrap(ipaddr.process(text)));
  }

  #allows(address: Address): boolean {
    const metadata = METADATA_RANGES.filter((range) => contains(range, address));
    const named = this.#allowed.some(
      (range) => contains(range, address) && metadata.every((special) => liesWithin(range, special)),
    );
    if (!named) return metadata.length === 0 && isPublic(address);
    // Allowing a range with embedded addresses does not allow the embedded addresses.
    const embedded = embeddedAddress(address);
    return embedded === undefined || this.#allows(embedded);
  }
}

function parseRange(text: string): Range {
  const [base, bits, more] = text.split('/');
  if (base !== undefined && more === undefined && ipaddr.isValid(base) && (base.includes(':') || isDotted(base))) {
    const address = ipaddr.parse(base);
    const maxBits = address.kind() === 'ipv4' ? 32 : 128;
    const prefix = bits === undefined ? maxBits : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (prefix <= maxBits) return [address, prefix];
  }
  throw new Error(`"${text}" is not a network: write an address and the length of its prefix, like 10.0.0.0/8`);
}

/** The parser also accepts 10.1 and 0x0a000001, which are probably mistakes in a setting. */
function isDotted(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
}

function contains([base, prefix]: Range, address: Address): boolean {
  return base.kind() === address.kind() && address.match(base, prefix);
}

function liesWithin(inner: Range, outer: Range): boolean {
  return contains(outer, inner[0]) && inner[1] >= outer[1];
}

/** Returns the IPv4 address that is actually reached: `process` unwrapped ::ffff:a.b.c.d, this unwraps NAT64. */
function unwrap(address: Address): Address {
  return contains(NAT64, address) ? ipv4At(address, 6) : address;
}

function embeddedAddress(address: Address): Address | undefined {
  const embedding = EMBEDDING_RANGES.find(([range]) => contains(range, address));
  // ::1 and :: are in ::/96 but embed no address.
  if (embedding === undefined || address.range() === 'loopback' || address.range() === 'unspecified') return undefined;
  return ipv4At(address, embedding[1]);
}

function ipv4At(address: Address, part: number): Address {
  return ipaddr.fromByteArray(address.toByteArray().slice(part * 2, part * 2 + 4));
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || contains(IPV6_GLOBAL_UNICAST, address);
}
