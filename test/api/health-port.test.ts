import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealthServer } from '../../src/api/health-server.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld } from '../conformance/world.ts';

test(
  'a process without an API answers what it does not have as the API does',
  inWorld(newSqliteHarness, async ({ engine }) => {
    const app = createHealthServer({
      engine,
      version: '1',
      phase: () => 'ready',
      stalled: () => ({ deliveries: 0, recording: 0 }),
      metricsPage: null,
    });
    for (const [method, url, status, code] of [
      ['GET', '/api/events', 404, 'not_found'],
      ['POST', '/health', 405, 'method_not_allowed'],
      ['QUERY', '/health/ready', 405, 'method_not_allowed'],
      ['PROPFIND', '/health/', 405, 'method_not_allowed'],
    ] as const) {
      const answer = await app.inject({ method: method as 'GET', url });
      assert.deepEqual([answer.statusCode, answer.json().code], [status, code], `${method} ${url}`);
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
    const ready = await app.inject('/health/ready');
    assert.deepEqual([ready.statusCode, ready.headers['cache-control']], [200, 'no-store']);
    assert.ok(ready.headers['x-request-id']);
    await app.close();
  }),
);
