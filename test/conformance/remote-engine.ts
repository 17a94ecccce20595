import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { NewDelivery } from '../../src/core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { DeliveryId, EndpointId, IdSource } from '../../src/core/ids.ts';
import type { Engine } from '../../src/ports/engine.ts';
import type { RemoteEngine } from './harness.ts';

interface Call {
  readonly call: number;
  /** `intake.accept`, `store.events.get`, … */
  readonly path: string;
  readonly args: readonly unknown[];
}

type Answer = { readonly call: number; readonly value: unknown } | { readonly call: number; readonly error: string };

/** An engine in a process of its own, to be killed. Every call is a message; those without an answer reject at the end. */
export async function spawnEngine(main: URL, args: string[]): Promise<{ engine: RemoteEngine; kill(): Promise<void> }> {
  const child = fork(main, args, {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const exited = once(child, 'exit').then(() => {
    for (const { reject } of waiting.values()) reject(new Error('The process is gone'));
    waiting.clear();
  });
  let calls = 0;
  await Promise.race([
    once(child, 'message'),
    exited.then(() => {
      throw new Error('The engine did not start');
    }),
  ]);
  child.on('message', (answer: Answer) => {
    const waiter = waiting.get(answer.call);
    waiting.delete(answer.call);
    if ('error' in answer) waiter?.reject(new Error(answer.error));
    else waiter?.resolve(answer.value);
  });
  const send = (path: string, callArgs: readonly unknown[]) => {
    const waiter = Promise.withResolvers<unknown>();
    const call = calls++;
    waiting.set(call, waiter);
    child.send({ call, path, args: callArgs } satisfies Call, (error) => {
      if (error !== null) waiter.reject(error);
    });
    return waiter.promise;
  };
  return {
    engine: remote(send, '') as RemoteEngine,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** `remote(send, '').intake.accept(events)` is `send('intake.accept', [events])`. */
function remote(send: (path: string, args: readonly unknown[]) => Promise<unknown>, path: string): unknown {
  return new Proxy(() => {}, {
    // An engine is no promise: `await` must not call its `then`.
    get: (_, name) =>
      name === 'then' ? undefined : remote(send, path === '' ? String(name) : `${path}.${String(name)}`),
    apply: (_, __, args: unknown[]) => send(path, args),
  });
}

/** The other side: answers calls until the process ends. */
export function serveEngine(engine: Engine): void {
  const answer = (message: unknown) => process.send?.(message);
  process.on('message', async ({ call, path, args }: Call) => {
    try {
      const names = path.split('.');
      const method = names.pop() ?? '';
      // biome-ignore lint/suspicious/noExplicitAny: the caller's types have seen to it
      const target: any = names.reduce((of: any, name) => of[name], engine);
      answer({ call, value: await target[method](...args) });
    } catch (error) {
      answer({ call, error: String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
  answer('ready');
}

/** The endpoint of which deliveries are made in such a process, one for each event. */
export const REMOTE_ENDPOINT = '01900000-0000-7000-8000-00000000feed' as EndpointId;

export function remoteFanOut(ids: IdSource): (event: AcceptedEvent) => NewDelivery[] {
  return () => [{ id: ids.next<DeliveryId>(), endpointId: REMOTE_ENDPOINT, status: 'pending', orderingGroup: null }];
}
