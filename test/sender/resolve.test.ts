import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { timestamp } from '../../src/core/time.ts';
import { createResolve } from '../../src/sender/addresses/resolve.ts';
import { namesToTry, parseResolverFile } from '../../src/sender/addresses/resolver-file.ts';
import { AttemptFailure } from '../../src/sender/attempt-failure.ts';
import { clock } from './support.ts';

const A = 1;
const AAAA = 28;
type Answer = readonly number[] | 'no such name' | 'failure' | 'silence';

interface NameServer extends AsyncDisposable {
  readonly address: string;
  readonly queries: readonly string[];
}

/** A DNS server of the smallest kind: one question, at most one address. */
async function nameServer(answerTo: (name: string, type: number) => Answer): Promise<NameServer> {
  const socket = createSocket('udp4');
  const queries: string[] = [];
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query);
    queries.push(`${type === A ? 'A' : 'AAAA'} ${name}`);
    const answer = answerTo(name, type);
    if (answer === 'silence') return;
    const isFound = typeof answer !== 'string';
    const code = answer === 'failure' ? 0x82 : isFound ? 0x80 : 0x83;
    const count = isFound && answer.length > 0 ? 1 : 0;
    const head = Buffer.from([0, 0, 0x81, code, 0, 1, 0, count, 0, 0, 0, 0]);
    query.copy(head, 0, 0, 2);
    const record = count === 1 && isFound ? [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, answer.length, ...answer] : [];
    socket.send(Buffer.concat([head, query.subarray(12, end), Buffer.from(record)]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    queries,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function isFailure(detail: string): (error: unknown) => boolean {
  return (error) => error instanceof AttemptFailure && error.error === 'dns_failed' && error.detail === detail;
}

const LOOPBACK_6 = [...Array.from({ length: 15 }, () => 0), 1];

describe('names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'triggers-hosts-'));
  const hostsFile = join(folder, 'hosts');
  writeFileSync(hostsFile, '10.0.0.9 neighbour\n');
  after(() => rmSync(folder, { recursive: true }));

  test('both families, IPv4 in front', async () => {
    await using server = await nameServer((_name, type) => (type === A ? [1, 2, 3, 4] : LOOPBACK_6));
    const resolve = createResolve(clock, { hostsFile, servers: [server.address] });
    assert.deepEqual(await resolve('both.example'), ['1.2.3.4', '::1']);
  });

  test('the hosts file comes first', async () => {
    await using server = await nameServer(() => 'no such name');
    const resolve = createResolve(clock, { hostsFile, servers: [server.address] });
    assert.deepEqual(await resolve('neighbour'), ['10.0.0.9']);
    assert.deepEqual(server.queries, []);
  });

  test('no such name, and a name without an address', async () => {
    await using server = await nameServer((name) => (name === 'empty.example' ? [] : 'no such name'));
    const resolve = createResolve(clock, { hostsFile, servers: [server.address] });
    for (const [name, detail] of [
      ['none.example', 'the name does not exist'],
      ['empty.example', 'the name has no address'],
    ] as const) {
      await assert.rejects(resolve(name), isFailure(detail));
    }
  });

  test('a server that is silent about one family delays by half a second: it is not asked again', async () => {
    await using server = await nameServer((_name, type) => (type === AAAA ? 'silence' : [1, 2, 3, 4]));
    const resolve = createResolve(clock, { hostsFile, servers: [server.address] });
    assert.deepEqual(await resolve('half.example'), ['1.2.3.4']);
    // A question without an answer is asked a second time after two seconds, by the same loop's timers.
    assert.deepEqual(server.queries.toSorted(), ['A half.example', 'AAAA half.example']);
  });

  test('an answer is kept for 5 s, a failure for 1 s, and asked for once by many', async () => {
    await using server = await nameServer((name, type) =>
      name === 'none.example' ? 'no such name' : type === A ? [1, 2, 3, 4] : [],
    );
    let now = 0;
    const resolve = createResolve(
      { now: () => timestamp(now), monotonicMs: () => now },
      { hostsFile, servers: [server.address] },
    );
    const asked = async (name: string): Promise<number> => {
      const before = server.queries.length;
      await Promise.allSettled([resolve(name), resolve(name), resolve(name)]);
      return server.queries.length - before;
    };
    assert.equal(await asked('kept.example'), 2);
    now += 4_999;
    assert.equal(await asked('kept.example'), 0);
    now += 2;
    assert.equal(await asked('kept.example'), 2);
    assert.equal(await asked('none.example'), 2);
    now += 999;
    assert.equal(await asked('none.example'), 0);
    now += 2;
    assert.equal(await asked('none.example'), 2);
  });

  describe('search domains', () => {
    const resolverFile = join(folder, 'resolv.conf');
    writeFileSync(
      resolverFile,
      'nameserver 10.0.0.10\nsearch shop.svc.cluster.local svc.cluster.local\noptions ndots:2\n',
    );
    const KNOWN: Record<string, Answer> = {
      'my-svc.shop.svc.cluster.local': [10, 0, 0, 1],
      'other.billing.svc.cluster.local': [10, 0, 0, 2],
      'hooks.example.com': [1, 2, 3, 4],
      'empty.shop.svc.cluster.local': [],
      'empty.svc.cluster.local': [10, 0, 0, 3],
      'failing.shop.svc.cluster.local': 'failure',
      'failing.svc.cluster.local': [10, 0, 0, 4],
    };
    const NAMES: readonly (readonly [name: string, address: string | null, asked: readonly string[]])[] = [
      ['my-svc', '10.0.0.1', ['my-svc.shop.svc.cluster.local']],
      ['other.billing', '10.0.0.2', ['other.billing.shop.svc.cluster.local', 'other.billing.svc.cluster.local']],
      ['hooks.example.com', '1.2.3.4', ['hooks.example.com']],
      ['empty', '10.0.0.3', ['empty.shop.svc.cluster.local', 'empty.svc.cluster.local']],
      ['failing', '10.0.0.4', ['failing.shop.svc.cluster.local', 'failing.svc.cluster.local']],
      ['my-svc.', null, ['my-svc']],
      ['none', null, ['none.shop.svc.cluster.local', 'none.svc.cluster.local', 'none']],
      ['a.b.c', null, ['a.b.c', 'a.b.c.shop.svc.cluster.local', 'a.b.c.svc.cluster.local']],
    ];
    for (const [name, address, asked] of NAMES) {
      test(name, async () => {
        await using server = await nameServer((query, type) =>
          type === A ? (KNOWN[query] ?? 'no such name') : KNOWN[query] === undefined ? 'no such name' : [],
        );
        const resolve = createResolve(clock, { hostsFile, resolverFile, servers: [server.address] });
        if (address === null) await assert.rejects(resolve(name), isFailure('the name does not exist'));
        else assert.deepEqual(await resolve(name), [address]);
        const names = server.queries.filter((query) => query.startsWith('A ')).map((query) => query.slice(2));
        assert.deepEqual(names, asked);
      });
    }

    const FILES: readonly (readonly [text: string, domains: readonly string[], ndots: number])[] = [
      ['', ['machine.example'], 1],
      ['domain a.example\n', ['a.example'], 1],
      ['domain a.example\nsearch b.example C.example.\n', ['b.example', 'c.example'], 1],
      ['search b.example\ndomain a.example # not a comment here\n', ['a.example'], 1],
      ['# search a\n; search b\nsearch .\noptions rotate ndots:99 timeout:1\n', [], 15],
      ['search\toptions\noptions ndots:x ndots:0', ['options'], 0],
    ];
    for (const [text, domains, ndots] of FILES) {
      test(JSON.stringify(text), () => {
        assert.deepEqual(parseResolverFile(text, 'host.machine.example'), { domains, ndots });
      });
    }

    test('a machine without a domain, and names too long to complete', () => {
      assert.deepEqual(parseResolverFile('', 'host').domains, []);
      const long = Array.from({ length: 4 }, () => 'x'.repeat(60)).join('.');
      assert.deepEqual(namesToTry(long, { domains: ['example.example'], ndots: 9 }), [long]);
    });
  });

  test('the names kept are bounded', async () => {
    await using server = await nameServer((_name, type) => (type === A ? [1, 2, 3, 4] : []));
    const resolve = createResolve(clock, { hostsFile, servers: [server.address] });
    await resolve('first.example');
    for (let n = 0; n < 1_000; n++) await resolve(`n${n}.example`);
    const before = server.queries.length;
    await resolve('n999.example');
    assert.equal(server.queries.length, before);
    await resolve('first.example');
    assert.equal(server.queries.length, before + 2);
  });
});
