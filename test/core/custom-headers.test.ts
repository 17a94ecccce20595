import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkCustomHeaders } from '../../src/core/delivery/custom-headers.ts';
import type { EndpointId } from '../../src/core/ids.ts';
import { openSender, post, rawReceiver } from '../sender/support.ts';

describe('headers that an endpoint wants sent along', () => {
  const RESERVED = [
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Expect',
    'Upgrade',
    'TE',
  ];
  const OURS = ['webhook-id', 'Webhook-Timestamp', 'WEBHOOK-SIGNATURE', 'Content-Type', 'X-Attempt', 'traceparent'];
  for (const name of [...RESERVED, ...OURS, 'Proxy-Authorization', 'Trailer', '__proto__']) {
    test(`${name} is not theirs to set`, () => {
      const [error] = checkCustomHeaders(JSON.parse(`{"${name}":"x"}`));
      assert.equal(error?.path, `headers.${name}`);
    });
  }

  for (const value of ['a\r\nb: c', 'a\nb', 'a\0', '中', '\ud800', ' a', 'a ', '\ta', 'a\u007f', '\u0085']) {
    test(`a value may not be ${JSON.stringify(value)}`, () => {
      assert.deepEqual(
        checkCustomHeaders({ 'x-a': value }).map(({ path }) => path),
        ['headers.x-a'],
      );
    });
  }

  test('whatever is allowed arrives as it is, beside what is ours', async () => {
    await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    await using sender = openSender();
    const ours = { 'content-type': 'application/json', 'webhook-id': 'ours' };
    const text = fc.string({ unit: fc.integer({ min: 0, max: 0x17f }).map((code) => String.fromCharCode(code)) });
    const name = fc.oneof(fc.constantFrom('constructor', 'toString', 'cookie', 'Webhook-Id', 'authorization'), text);
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, text, { maxKeys: 3 }), async (headers) => {
        if (checkCustomHeaders(headers).length > 0) return;
        allowed += 1;
        const outcome = await post(sender, receiver.url, {
          endpointId: 'a' as EndpointId,
          headers: { ...headers, ...ours },
        });
        assert.equal(outcome.error, null, JSON.stringify(headers));
        const [head = ''] = (receiver.requests.at(-1) ?? '').split('\r\n\r\n');
        const lines = head
          .split('\r\n')
          .slice(1)
          .map((line) => line.toLowerCase());
        for (const [given, value] of Object.entries(headers)) {
          assert.ok(lines.includes(`${given.toLowerCase()}: ${value.toLowerCase()}`), JSON.stringify([given, value]));
        }
        const names = lines.map((line) => line.slice(0, line.indexOf(':')));
        assert.equal(new Set(names).size, names.length, 'nothing twice');
        assert.ok(lines.includes('webhook-id: ours'));
      }),
      { numRuns: 500 },
    );
    assert.ok(allowed > 20, `${allowed} were sent`);
  });
});
