import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClientAddress } from '../../src/api/access/client-address.ts';

const PROXY = '10.0.0.1';
const TRUSTED = ['10.0.0.0/8', '2001:db8:ffff::/48', '::1/128'];

function seen(headers: Record<string, string>, remoteAddress = PROXY, trusted: readonly string[] = TRUSTED) {
  return createClientAddress(trusted)({ socket: { remoteAddress }, headers });
}

describe('the address of a client', () => {
  test('without trusted proxies, or from another address, no header counts', () => {
    const headers = { 'x-forwarded-for': '203.0.113.1', forwarded: 'for=203.0.113.1' };
    assert.equal(seen(headers, PROXY, []), PROXY);
    assert.equal(seen(headers, '192.0.2.1'), '192.0.2.1');
    assert.equal(seen({}), PROXY);
  });

  for (const [header, expected] of [
    ['203.0.113.1', '203.0.113.1'],
    [' 203.0.113.1 ', '203.0.113.1'],
    ['198.51.100.9, 203.0.113.1', '203.0.113.1'],
    ['198.51.100.9, 203.0.113.1, 10.9.9.9', '203.0.113.1'],
    ['10.1.1.1, 10.9.9.9', '10.1.1.1'],
    ['nonsense, 203.0.113.1', '203.0.113.1'],
    ['203.0.113.1:4711', '203.0.113.1'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['203.0.113.1, 2001:db8:ffff::1', '203.0.113.1'],
    ['::ffff:203.0.113.1', '203.0.113.1'],
    ['203.0.113.1, nonsense', PROXY],
    ['203.0.113.1, ', PROXY],
    ['', PROXY],
    ['203.0.113.1:', PROXY],
    ['203.0.113.1:123456', PROXY],
    ['203.0.113.1.', PROXY],
    ['203.0.113.01', PROXY],
    ['[203.0.113.1]', PROXY],
    ['[2001:db8::7', PROXY],
    ['fe80::1%eth0', PROXY],
    ['0x7f.1', PROXY],
    [Array(51).fill('203.0.113.1').join(), PROXY],
  ] as const) {
    test(`X-Forwarded-For: ${header.slice(0, 60)}`, () => assert.equal(seen({ 'x-forwarded-for': header }), expected));
  }

  for (const [header, expected] of [
    ['for=203.0.113.1', '203.0.113.1'],
    ['For="203.0.113.1:80";proto=https;by=10.0.0.1', '203.0.113.1'],
    ['for=198.51.100.9, proto=http; for=203.0.113.1', '203.0.113.1'],
    ['for="[2001:db8::7]:4711"', '2001:db8::7'],
    ['for=203.0.113.1, for=10.2.2.2', '203.0.113.1'],
    ['for=unknown', PROXY],
    ['for=203.0.113.1, for=_hidden', PROXY],
    ['proto=https', PROXY],
    ['for="203.0.113.1', PROXY],
  ] as const) {
    test(`Forwarded: ${header}`, () => assert.equal(seen({ forwarded: header }), expected));
  }

  test('both headers count where they agree', () => {
    const one = { 'x-forwarded-for': '203.0.113.1', forwarded: 'for=203.0.113.1' };
    assert.equal(seen(one), '203.0.113.1');
    assert.equal(seen({ ...one, forwarded: 'for=198.51.100.1' }), PROXY);
  });

  test('a proxy on a socket that speaks both families', () => {
    assert.equal(seen({ 'x-forwarded-for': '203.0.113.1' }, '::ffff:10.0.0.1'), '203.0.113.1');
    assert.equal(seen({ 'x-forwarded-for': '203.0.113.1' }, '::1'), '203.0.113.1');
  });
});
