import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { stopRequested, stopWithin } from '../../src/app/shutdown.ts';
import { timestamp } from '../../src/core/time.ts';

function watch(connected = false) {
  const source = Object.assign(new EventEmitter(), { connected });
  const exits: number[] = [];
  let ms = 0;
  let reason: string | undefined;
  const clock = { now: () => timestamp(0), monotonicMs: () => ms };
  void stopRequested(source, clock, (code) => exits.push(code)).then((given) => {
    reason = given;
  });
  return {
    exits,
    send: async (event: string, afterMs = 0) => {
      ms += afterMs;
      source.emit(event);
      await Promise.resolve();
      return reason;
    },
  };
}

describe('asked to stop', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    test(`by ${signal}`, async () => assert.equal(await watch().send(signal), signal));
  }

  test('by the end of the parent that holds a channel', async () => {
    assert.equal(await watch(true).send('disconnect'), 'the process that started this one is gone');
    assert.equal(await watch(false).send('disconnect'), undefined);
  });

  test('one Ctrl-C that comes from the terminal and from the launcher is one', async () => {
    const { send, exits } = watch();
    await send('SIGINT');
    await send('SIGINT', 499);
    assert.deepEqual(exits, []);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`${signal} half a second later ends at once with ${code}`, async () => {
      const { send, exits } = watch();
      await send('SIGINT');
      await send(signal, 500);
      assert.deepEqual(exits, [code]);
    });
  }

  test('the end of the parent while stopping hurries nobody', async () => {
    const { send, exits } = watch(true);
    await send('SIGTERM');
    assert.equal(await send('disconnect', 2_000), 'SIGTERM');
    assert.deepEqual(exits, []);
  });
});

describe('the drain is bounded', () => {
  test('it ended in time', async () => assert.equal(await stopWithin(async () => {}, 1_000), true));
  test('it did not', async () => assert.equal(await stopWithin(() => new Promise(() => {}), 10), false));
  test('its failure is the caller’s', async () => {
    await assert.rejects(
      stopWithin(() => Promise.reject(new Error('x')), 1_000),
      /x/,
    );
  });
});
