import assert from 'node:assert/strict';
import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type ReceivedRequest, Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const FAST = { retry_schedule: ['100ms'], timeout_seconds: 20, max_attempts: 1 };

describe('signatures and secrets', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function endpoint(url: string, more: object = {}) {
    const created = await service.post('/api/endpoints', { url, ...FAST, ...more });
    assert.equal(created.status, 201, created.text);
    return created.json;
  }

  function isSigned(secret: string, { body, headers }: ReceivedRequest): boolean {
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  }

  function isSignedBy(publicKey: string, { body, headers }: ReceivedRequest): boolean {
    const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const signatures = [...(headers['webhook-signature'] ?? '').matchAll(/v1a,(\S+)/g)];
    return signatures.some(([, text = '']) => verify(null, Buffer.from(content), key, Buffer.from(text, 'base64')));
  }

  test('an endpoint may ask for both forms, or the asymmetric one alone', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const made = await endpoint(receiver.url, { event_types: ['both'], signatures: ['v1', 'v1a'] });
    assert.match(made.public_key, /^whpk_/);
    assert.doesNotMatch(JSON.stringify(made), /whsk_/);
    await service.send('both', 1);
    const [first] = await receiver.waitFor(1);
    assert.ok(first);
    assert.ok(isSigned(made.secret, first));
    assert.ok(isSignedBy(made.public_key, first));
    const patched = await service.call('PATCH', `/api/endpoints/${made.id}`, { body: { signatures: ['v1a'] } });
    assert.equal(patched.json.public_key, made.public_key, 'the key stays');
    await service.send('both', 2);
    const [, second] = await receiver.waitFor(2);
    assert.ok(second);
    assert.match(second.headers['webhook-signature'] ?? '', /^v1a,\S+$/);
    assert.ok(isSignedBy(made.public_key, second));
    assert.equal((await service.post('/api/endpoints', { url: receiver.url, signatures: ['v2'] })).status, 422);
    assert.equal((await service.post('/api/endpoints', { url: receiver.url, signatures: [] })).status, 422);
  });

  test('after a rotation both secrets sign until the grace is over, on every attempt', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id, secret: old } = await endpoint(receiver.url, { event_types: ['rotate'] });
    const before = Date.now();
    const rotated = await service.post(`/api/endpoints/${id}/rotate-secret`, { grace_seconds: 4 });
    assert.equal(rotated.status, 200, rotated.text);
    const { secret: now, previous_secret_expires_at } = rotated.json;
    assert.notEqual(now, old);
    const expiresAt = Date.parse(previous_secret_expires_at);
    assert.ok(expiresAt >= before + 4_000 && expiresAt <= Date.now() + 4_000);
    assert.deepEqual((await service.get(`/api/endpoints/${id}/secret`)).json, { secret: now });
    await service.send('rotate', 1);
    const [during] = await receiver.waitFor(1);
    assert.ok(during);
    assert.deepEqual([isSigned(old, during), isSigned(now, during)], [true, true]);
    await new Promise((resolve) => setTimeout(resolve, expiresAt - Date.now() + 50));
    await service.send('rotate', 2);
    const [, after] = await receiver.waitFor(2);
    assert.ok(after);
    assert.deepEqual([isSigned(old, after), isSigned(now, after)], [false, true]);
  });

  test('a rotation without grace, with a secret of one’s own, and a second one during the grace', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id, secret: first } = await endpoint(receiver.url, { event_types: ['twice'] });
    const own = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const second = await service.post(`/api/endpoints/${id}/rotate-secret`, { secret: own });
    assert.equal(second.json.secret, own);
    assert.ok(second.json.previous_secret_expires_at);
    const third = (await service.post(`/api/endpoints/${id}/rotate-secret`)).json.secret;
    await service.send('twice', 1);
    const [got] = await receiver.waitFor(1);
    assert.ok(got);
    assert.deepEqual([isSigned(first, got), isSigned(own, got), isSigned(third, got)], [false, true, true]);
    const none = await service.post(`/api/endpoints/${id}/rotate-secret`, { grace_seconds: 0 });
    assert.equal(none.json.previous_secret_expires_at, null);
    for (const body of [{ grace_seconds: -1 }, { grace_seconds: 604_801 }, { secret: 'short' }, { other: 1 }]) {
      assert.equal((await service.post(`/api/endpoints/${id}/rotate-secret`, body)).status, 422, JSON.stringify(body));
    }
    assert.equal((await service.post(`/api/endpoints/${randomUUID()}/rotate-secret`, {})).status, 404);
  });

  test('a rotation that is sent again changes nothing: the old secret keeps its grace', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id, secret: old } = await endpoint(receiver.url, { event_types: ['again'] });
    const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const rotate = (grace_seconds: number) =>
      service.post(`/api/endpoints/${id}/rotate-secret`, { secret, grace_seconds });
    const [first, again] = [await rotate(60), await rotate(600)];
    assert.deepEqual(again.json, first.json);
    await service.send('again', 1);
    const [got] = await receiver.waitFor(1);
    assert.ok(got);
    assert.deepEqual([isSigned(old, got), isSigned(secret, got)], [true, true]);
    assert.equal((await rotate(0)).json.previous_secret_expires_at, null);
  });

  test('the key pair is rotated as the secret is, each on its own', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const made = await endpoint(receiver.url, { event_types: ['pair'], signatures: ['v1', 'v1a'] });
    const rotate = (body: object) => service.post(`/api/endpoints/${made.id}/rotate-secret`, body);
    const first = made.public_key;
    const { public_key: second, previous_public_key_expires_at } = (await rotate({ signature: 'v1a' })).json;
    assert.match(second, /^whpk_/);
    assert.notEqual(second, first);
    assert.ok(Date.parse(previous_public_key_expires_at) > Date.now() + 86_000_000);
    await service.send('pair', 1);
    const [during] = await receiver.waitFor(1);
    assert.ok(during);
    assert.deepEqual([isSignedBy(first, during), isSignedBy(second, during)], [true, true]);
    assert.ok(isSigned(made.secret, during), 'the secret is the old one');
    const leaked = (await rotate({ signature: 'v1a', grace_seconds: 0 })).json;
    assert.equal(leaked.previous_public_key_expires_at, null);
    const now = (await service.get(`/api/endpoints/${made.id}`)).json.public_key;
    assert.equal(now, leaked.public_key);
    await service.send('pair', 2);
    const [, after] = await receiver.waitFor(2);
    assert.ok(after);
    assert.deepEqual(
      [isSignedBy(first, after), isSignedBy(second, after), isSignedBy(now, after)],
      [false, false, true],
    );
    const own = { signature: 'v1a', secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` };
    assert.equal((await rotate(own)).json.errors[0].path, 'secret');
    assert.equal((await rotate({ signature: 'v2' })).status, 422);
    const { id } = await endpoint(receiver.url, { event_types: ['none'] });
    const without = await service.post(`/api/endpoints/${id}/rotate-secret`, { signature: 'v1a' });
    assert.deepEqual([without.status, without.json.errors[0].path], [422, 'signature']);
  });

  test('two rotations and many changes at the same moment: each that was answered holds', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver.url, { event_types: ['at.once'] });
    const path = `/api/endpoints/${id}`;
    const changes = [
      { rate_limit: 1_000 },
      { retry_deadline: '1h' },
      { on_failed: 'block' },
      { signatures: ['v1', 'v1a'] },
      { signatures: ['v1', 'v1a'] },
      { max_attempts: 7 },
      { retry_schedule: ['7s'] },
      { description: 'changed' },
    ];
    const [rotations, patched] = await Promise.all([
      Promise.all([service.post(`${path}/rotate-secret`), service.post(`${path}/rotate-secret`)]),
      Promise.all(changes.map((body) => service.call('PATCH', path, { body }))),
    ]);
    const { json } = await service.get(path);
    for (const body of changes) assert.deepEqual({ ...json, ...body }, json);
    for (const { status, json: answer } of patched) {
      assert.equal(status, 200);
      assert.ok(answer.public_key === null || answer.public_key === json.public_key, 'one key pair was made');
    }
    await service.send('at.once', 1);
    const [got] = await receiver.waitFor(1);
    assert.ok(got);
    assert.deepEqual(
      rotations.map(({ json: { secret } }) => isSigned(secret, got)),
      [true, true],
    );
  });

  test('of two changes that can’t stand together, at the same moment, one is refused', async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await endpoint('http://127.0.0.1:9/', { event_types: ['none'] });
      const change = (body: object) => service.call('PATCH', `/api/endpoints/${id}`, { body });
      const answers = await Promise.all([
        change({ batch: { max_events: 2, max_seconds: 1 } }),
        change({ ordered: true }),
        change({ description: 'changed' }),
      ]);
      const [first, second, third] = answers.map(({ status }) => status);
      assert.deepEqual([first, second].sort(), [200, 422], answers.map(({ text }) => text).join('\n'));
      assert.equal(third, 200);
      const { batch, ordered, description } = (await service.get(`/api/endpoints/${id}`)).json;
      assert.deepEqual([batch !== null, ordered], first === 200 ? [true, false] : [false, true]);
      assert.equal(description, 'changed');
    }
  });

  test('the receiver verifies every attempt, over a rotation with grace', async (context) => {
    const receiver = await Receiver.start(({ headers }, response) => {
      response.writeHead(headers['x-attempt'] === '3' ? 204 : 500).end();
    });
    context.after(() => receiver.stop());
    const retried = { max_attempts: 3, retry_schedule: ['200ms'] };
    const { id, secret: old } = await endpoint(receiver.url, { event_types: ['verified'], ...retried });
    const sent: string[] = [];
    const sendUntil = async (at: number) => {
      while (Date.now() < at) {
        sent.push(await service.send('verified', sent.length));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await sendUntil(Date.now() + 1_500);
    const rotatingAt = Date.now();
    const rotated = await service.post(`/api/endpoints/${id}/rotate-secret`, { grace_seconds: 4 });
    const rotatedAt = Date.now();
    const { secret: now, previous_secret_expires_at } = rotated.json;
    const expiresAt = Date.parse(previous_secret_expires_at);
    await sendUntil(expiresAt + 2_200);
    await receiver.waitFor(sent.length * 3);

    /** Which of the two verify, by the second when it was signed: before, within and after the grace. The edges are anybody's. */
    const seen = { before: new Set<string>(), within: new Set<string>(), after: new Set<string>() };
    for (const request of receiver.requests) {
      const at = Number(request.headers['webhook-timestamp']) * 1_000;
      const verdict = `${isSigned(old, request)} ${isSigned(now, request)}`;
      assert.notEqual(verdict, 'false false');
      if (at + 1_000 < rotatingAt) seen.before.add(verdict);
      else if (at > rotatedAt + 1_000 && at + 1_000 < expiresAt - 500) seen.within.add(verdict);
      else if (at > expiresAt + 500) seen.after.add(verdict);
    }
    assert.deepEqual([...seen.before], ['true false']);
    assert.deepEqual([...seen.within], ['true true']);
    assert.deepEqual([...seen.after], ['false true']);

    const [eventId = ''] = sent;
    const attempts = receiver.requests.filter(({ headers }) => headers['webhook-id'] === eventId);
    assert.doesNotMatch(eventId, /\./);
    await eventually(async () => {
      const { data } = (await service.get(`/api/deliveries?event_id=${eventId}`)).json;
      const { attempts: recorded } = (await service.get(`/api/deliveries/${data[0].id}`)).json;
      assert.deepEqual(
        attempts.map(({ headers }) => Number(headers['webhook-timestamp'])),
        recorded.map(({ started_at }: { started_at: string }) => Math.floor(Date.parse(started_at) / 1_000)),
      );
    });
  });
});
