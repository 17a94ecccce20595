import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DEFAULT_BLOCKED_PORTS } from '../../src/sender/addresses/blocked-ports.ts';
import { guardedSender, openSender, post, rawReceiver } from './support.ts';

describe('ports that may not be reached', () => {
  test('OPERATING lists them', () => {
    const text = readFileSync(new URL('../../docs/OPERATING.md', import.meta.url), 'utf8');
    const [section = ''] = text.split('## Ports that webhooks may not reach\n')[1]?.split('\n## ') ?? [];
    const list = /\n\n((?:\d+,?[ \n])+)\n/.exec(section)?.[1] ?? '';
    assert.deepEqual(
      list.trim().split(/,\s+/).map(Number),
      [...DEFAULT_BLOCKED_PORTS].sort((a, b) => a - b),
    );
  });

  test('at creation', async () => {
    await using sender = guardedSender({ resolve: async () => ['93.184.215.14'] });
    const reasonOf = async (url: string) => {
      const verdict = await sender.checkUrl(url);
      return verdict.kind === 'refused' ? verdict.reason : null;
    };
    for (const port of [22, 25, 465, 587, 5432, 3306, 6379, 11211]) {
      for (const url of [
        `http://public.example:${port}/`,
        `https://93.184.215.14:${port}/`,
        `HTTP://x.example:0${port}`,
      ]) {
        assert.equal(await reasonOf(url), `uses port ${port}, which webhooks may not reach`, url);
      }
    }
    for (const url of ['http://a.example/', 'https://a.example', 'http://a.example:8080', 'http://a.example:3000']) {
      assert.equal(await reasonOf(url), null, url);
    }
  });

  test('at delivery, and by a setting', async () => {
    await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 204\r\n\r\n'));
    await using sender = openSender({ blockedPorts: [receiver.port] });
    const { error, errorDetail } = await post(sender, receiver.url);
    assert.deepEqual([error, errorDetail], ['address_not_allowed', 'the address or its port may not be reached']);
    assert.equal(receiver.connects, 0);
    await using open = openSender({ blockedPorts: [] });
    assert.equal((await post(open, receiver.url)).statusCode, 204);
    assert.deepEqual(await open.checkUrl('http://127.0.0.1:6379/'), { kind: 'allowed' });
  });
});
