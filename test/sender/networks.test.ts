import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Networks } from '../../src/sender/addresses/networks.ts';

function networks(allowedNetworks: readonly string[], allowLoopback = false): Networks {
  return new Networks({ allowedNetworks, allowLoopback });
}

/** Allowed networks, an address, and whether it may be sent to. */
const OPENED: readonly (readonly [string, string, boolean])[] = [
  ['', '8.8.8.8', true],
  ['', '2606:4700::1111', true],
  ['', '10.1.2.3', false],
  ['10.0.0.0/8', '10.1.2.3', true],
  ['10.0.0.0/8', '11.1.2.3', true],
  ['10.0.0.0/8', '192.168.0.1', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['10.0.0.0/8', '64:ff9b::a01:203', true],
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3', '10.1.2.4', false],
  ['fd00::/8', 'fd12::1', true],
  ['fd00::/8', '10.0.0.1', false],
  ['127.0.0.0/8', '127.0.0.1', true],
  ['127.0.0.0/8', '::1', false],
  // Wide ranges don't open link-local and metadata; a range inside does.
  ['0.0.0.0/0', '10.0.0.1', true],
  ['0.0.0.0/0', '169.254.169.254', false],
  ['0.0.0.0/0', '168.63.129.16', false],
  ['0.0.0.0/0', '100.100.100.200', false],
  ['0.0.0.0/0', '192.0.0.192', false],
  ['0.0.0.0/0', '::ffff:169.254.169.254', false],
  ['0.0.0.0/0', '64:ff9b::a9fe:a9fe', false],
  ['0.0.0.0/0', '::1', false],
  ['100.64.0.0/10', '100.100.100.200', false],
  ['100.64.0.0/10', '100.100.100.201', true],
  ['::/0', 'fe80::1', false],
  ['::/0', 'fd00:ec2::254', false],
  ['::/0', 'fd00:ec3::254', true],
  ['::/0', '::1', true],
  ['::/0', '::ffff:10.0.0.1', false],
  ['::/0', '2002:7f00:1::', false],
  ['::/0', '2002:808:808::', true],
  ['::/0', '::127.0.0.1', false],
  ['::/0,0.0.0.0/0', '2002:a9fe:a9fe::', false],
  ['::/0,0.0.0.0/0', '::169.254.169.254', false],
  ['169.254.0.0/16', '169.254.169.254', true],
  ['169.254.169.254/32', '169.254.169.254', true],
  ['169.254.169.254', '169.254.169.253', false],
  ['168.63.129.16/32', '168.63.129.16', true],
  ['168.63.129.0/24', '168.63.129.16', false],
  ['fe80::/10', 'fe80::1%eth0', true],
];

describe('allowed networks', () => {
  for (const [allowed, address, expected] of OPENED) {
    test(`[${allowed}] ${address}: ${expected ? 'allowed' : 'refused'}`, () => {
      assert.equal(networks(allowed.split(',').filter(Boolean)).allows(address), expected);
    });
  }

  test('development opens loopback and nothing else', () => {
    const development = networks([], true);
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.ok(development.allows(address));
    for (const address of ['10.0.0.1', '0.0.0.0', '::', '169.254.169.254', 'fe80::1'])
      assert.ok(!development.allows(address));
  });

  test('an invalid network is refused by name', () => {
    for (const text of [
      '',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      'example.com',
      '10.0/8',
      '::/129',
      '10.0.0.0/x',
      '10.0.0.0/',
      '0x0a000000/8',
    ]) {
      assert.throws(() => networks([text]), { message: new RegExp(`"${text.replaceAll(/[.*/]/g, '\\$&')}"`) });
    }
  });

  test('text that is not an address is not allowed', () => {
    for (const text of ['', 'localhost', '1.2.3', '::g', '999.1.1.1'])
      assert.ok(!networks(['0.0.0.0/0', '::/0']).allows(text) || text === '1.2.3');
  });
});

test('whatever carries a private IPv4 address is as private', () => {
  const guard = networks([]);
  const privateIpv4 = fc
    .tuple(fc.constantFrom([10, 0], [127, 0], [169, 254], [192, 168], [172, 16], [0, 0]), fc.nat(255), fc.nat(255))
    .map(([[a = 0, b = 0], c, d]) => [a, b, c, d] as const);
  fc.assert(
    fc.property(privateIpv4, ([a, b, c, d]) => {
      const high = ((a << 8) | b).toString(16);
      const low = ((c << 8) | d).toString(16);
      for (const address of [
        `${a}.${b}.${c}.${d}`,
        `::ffff:${high}:${low}`,
        `::${high}:${low}`,
        `64:ff9b::${high}:${low}`,
        `2002:${high}:${low}::1`,
        `64:ff9b:1::${high}:${low}`,
        `::ffff:0:${high}:${low}`,
      ]) {
        assert.equal(guard.allows(address), false, address);
      }
    }),
  );
});

test('outside 2000::/3 no IPv6 address is public', () => {
  const guard = networks([]);
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const first = Number.parseInt(new URL(`http://[${address}]/`).hostname.slice(1).split(':')[0] || '0', 16);
      const isNat64 = first === 0x64;
      if (first >> 13 !== 1 && !isNat64 && !address.includes('.')) assert.equal(guard.allows(address), false, address);
    }),
    { numRuns: 1_000 },
  );
});
