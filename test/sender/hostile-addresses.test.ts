import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import type { EndpointId } from '../../src/core/ids.ts';
import type { Sender } from '../../src/ports/sender.ts';
import { clock, guardedSender, pause, post, type RawReceiver, rawReceiver } from './support.ts';

/** `PORT` stands for the port on which everything of this machine listens and counts. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'loopback in every spelling': [
    'http://127.0.0.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f.1:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://0:PORT/',
    'http://0.0.0.0:PORT/',
    'http://127.0.0.1.:PORT/',
    'http://①②⑦.⓪.⓪.①:PORT/',
    'http:/\\127.0.0.1:PORT/',
    'http:\\\\127.0.0.1:PORT/',
    'http:/127.0.0.1:PORT/',
    'http:127.0.0.1:PORT/',
    'http:///127.0.0.1:PORT/',
    'http://127.255.255.254:PORT/',
    'http://0x7f000001:PORT/',
    'http://017700000001:PORT/',
  ],
  'IPv6 and the IPv4 inside it': [
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[2001::1]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd12::1]',
    '[ff02::1]',
    '[100::1]',
    '[100:0:0:1::1]',
    '[fec0::1]',
    '[::ffff:0:127.0.0.1]',
    '[2001:db8::1]',
    '[3fff::1]',
    '[5f00::1]',
    '[0:0:0:0:0:ffff:0a00:1]',
    '[4000::1]',
    '[2001:10::1]',
    '[2001:2::1]',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '[64:ff9b::a9fe:a9fe]',
  ].map((host) => `http://${host}:PORT/`),
  'ranges that are not public': [
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    '100.127.255.255',
    '169.254.1.1',
    '192.0.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '0.1.2.3',
    '192.88.99.1',
  ].map((host) => `http://${host}:PORT/`),
  metadata: [
    '169.254.169.254',
    'metadata.google.internal',
    'METADATA.google.internal.',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '169.254.170.2',
    'instance-data',
  ].map((host) => `http://${host}/latest/meta-data/`),
  'names of this machine': [
    'localhost',
    'localhost.',
    'LOCALHOST%2e',
    'ⓛocalhost',
    'x.localhost',
    'a.b.localhost.',
    'LocalHost',
    'localhost..',
  ].map((host) => `http://${host}:PORT/`),
  'what two readers read differently': [
    'http://user:pass@127.0.0.1:PORT/',
    'http://user@example.com/',
    'http://@example.com/',
    'http://public#@127.0.0.1:PORT/',
    'http://public\\@127.0.0.1:PORT/',
    'https://127.0.0.1%00.evil.com/',
    'http://127.0.0.1%2f.evil.com/',
    'http://ex%61mple.com/',
    'http://exa\tmple.com/',
    'http://example.com/a b',
    ' http://example.com/',
    'http://example.com/\n',
    'http://example.com/\0',
    'http://example.com\u00a0/',
    'http://exam\u00adple.com/',
    'http://example.com/\ud800',
    'http://example.com/\u200b',
    'http://example.com:0/',
    'http://example.com:65536/',
    'http://example.com:-1/',
    'http://a..b/',
    `http://${'a'.repeat(64)}.com/`,
    'http://[::1%25eth0]/',
    'http://example.com/#fragment',
    'http://',
    'http://?',
    'http:///',
    `http://example.com/${'a'.repeat(2_048)}`,
  ],
  'other schemes': [
    'file:///etc/passwd',
    'unix:/var/run/x.sock',
    'http+unix://%2Fvar%2Frun%2Fx.sock/',
    'ftp://example.com/',
    'gopher://example.com/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'ws://example.com/',
    '//example.com/',
    'example.com',
    '',
    'blob:http://example.com/x',
  ],
};

describe('hostile addresses', () => {
  let receiver: RawReceiver;
  let sender: Sender & AsyncDisposable;

  before(async () => {
    // On `::`, which takes connections to every address of this machine.
    const host = hasIpv6() ? '::' : '0.0.0.0';
    receiver = await rawReceiver((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'), { host });
    sender = guardedSender({ resolve: async () => ['93.184.215.14'] });
  });

  after(async () => {
    await pause(50);
    assert.equal(receiver.connects, 0, 'nothing was connected to');
    await sender[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  for (const [group, urls] of Object.entries(REFUSED)) {
    test(group, async () => {
      for (const template of urls) {
        const url = template.replace('PORT', String(receiver.port));
        const verdict = await sender.checkUrl(url);
        assert.equal(verdict.kind, 'refused', `checkUrl(${JSON.stringify(url)})`);
        const outcome = await post(sender, url, { timeoutMs: 500 });
        assert.equal(outcome.error, 'address_not_allowed', `send(${JSON.stringify(url)})`);
        assert.equal(outcome.statusCode, null);
        assert.equal(outcome.responseExcerpt, null);
      }
    });
  }

  test("this machine's own addresses", async () => {
    for (const address of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
      const networks = guardedSender();
      const host = address.family === 'IPv6' ? `[${address.address.split('%')[0]}]` : address.address;
      const verdict = await networks.checkUrl(`http://${host}:${receiver.port}/`);
      // A public address of its own is a matter of the hop count (TRIALS B19).
      if (verdict.kind === 'refused') {
        assert.equal((await post(networks, `http://${host}:${receiver.port}/`)).error, 'address_not_allowed');
      }
      await networks.close(0);
    }
  });

  test('a refusal says no more than its author knows', async () => {
    for (const url of Object.values(REFUSED).flat()) {
      const verdict = await sender.checkUrl(url.replace('PORT', '80'));
      assert.match(verdict.kind === 'refused' ? verdict.reason : '', /^[a-z].{5,120}$/);
      assert.doesNotMatch(verdict.kind === 'refused' ? verdict.reason : '', /:pass|127|169|passwd/);
    }
  });

  test('good ones are allowed', async () => {
    for (const url of [
      'HTTP://ok.example',
      'https://example.com:8443/a?b=c',
      'http://example.com./',
      'https://bücher.example/ü',
      'http://8.8.8.8/',
      'http://[2606:4700::1111]/',
      'http://[64:ff9b::808:808]/',
    ]) {
      assert.deepEqual(await sender.checkUrl(url), { kind: 'allowed' }, url);
    }
  });
});

describe('names that lead where we may not go', () => {
  const BAD_ANSWERS = [
    ['127.0.0.1'],
    ['93.184.215.14', '127.0.0.1'],
    ['::1'],
    ['93.184.215.14', '::ffff:10.0.0.1'],
    ['169.254.169.254'],
    ['no address'],
  ];

  test('one bad address in the answer is enough', async () => {
    await using receiver = await rawReceiver((socket) => socket.end());
    for (const answer of BAD_ANSWERS) {
      await using sender = guardedSender({ resolve: async () => answer });
      const url = `http://rebind.example:${receiver.port}/`;
      assert.equal((await post(sender, url)).error, 'address_not_allowed', String(answer));
    }
    assert.equal(receiver.connects, 0);
  });

  test('allowed when created, private when delivered, and in turns: 1,000 deliveries', async () => {
    await using good = await rawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), {
      host: '127.0.0.2',
    });
    // The same port at the private address: the listener that must not see anything.
    await using bad = await rawReceiver((socket) => socket.end(), { host: '127.0.0.1', port: good.port });
    let queries = 0;
    await using sender = guardedSender({
      allowedNetworks: ['127.0.0.2/32'],
      resolve: async () => [queries++ % 2 === 0 ? '127.0.0.2' : '127.0.0.1'],
    });
    const url = `http://rebind.example:${good.port}/`;
    const count = { delivered: 0, refused: 0 };
    for (let batch = 0; batch < 20; batch++) {
      // Each on a connection of its own, so that each asks the resolver.
      const sends = Array.from({ length: 50 }, (_, n) =>
        post(sender, url, { endpointId: `endpoint ${batch * 50 + n}` as EndpointId }),
      );
      for (const { error } of await Promise.all(sends)) {
        if (error === null) count.delivered += 1;
        if (error === 'address_not_allowed') count.refused += 1;
      }
    }
    assert.deepEqual(count, { delivered: 500, refused: 500 });
    assert.equal(good.requests.length, 500);
    assert.equal(bad.connects, 0);
  });

  test('a creation asks no resolver: whether a name is private, public or none, the answer is the same', async () => {
    let queries = 0;
    for (const answer of [...BAD_ANSWERS, ['93.184.215.14'], []]) {
      await using sender = guardedSender({
        resolve: async () => {
          queries++;
          return answer;
        },
      });
      assert.deepEqual(await sender.checkUrl('http://name.example/'), { kind: 'allowed' }, String(answer));
    }
    assert.equal(queries, 0);
  });
});

test('httpsOnly', async () => {
  await using sender = guardedSender({ httpsOnly: true, resolve: async () => ['8.8.8.8'] });
  assert.equal((await sender.checkUrl('http://example.com/')).kind, 'refused');
  assert.equal((await post(sender, 'http://example.com/')).error, 'address_not_allowed');
  assert.equal((await sender.checkUrl('https://example.com/')).kind, 'allowed');
});

test('a refused address reveals nothing about its port: an open port sees no connection', async () => {
  await using receiver = await rawReceiver((socket) => socket.end());
  await using sender = guardedSender({ clock });
  const closed = await post(sender, 'http://127.0.0.1:1/');
  const open = await post(sender, `http://127.0.0.1:${receiver.port}/`);
  assert.deepEqual({ ...open, durationMs: 0 }, { ...closed, durationMs: 0 });
  assert.equal(receiver.connects, 0, 'what is not asked takes no time');
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((address) => address.family === 'IPv6'));
}
