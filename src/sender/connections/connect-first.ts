import { connect, isIPv6, type Socket } from 'node:net';
import type { Milliseconds } from '../../core/time.ts';

/** Connection Attempt Delay (RFC 8305, section 5): how long one address is tried alone. */
const NEXT_ATTEMPT_MS: Milliseconds = 250;
/** Sockets of one attempt; beyond it the next address replaces the oldest socket. */
const MAX_SOCKETS = 4;
/** Additional sockets over all attempts: names with many silent addresses must not use up the process's descriptors. */
const MAX_SPARE_SOCKETS = 128;
/** Detects a dead peer on a connection that waits for a slow response. */
const TCP_KEEPALIVE_MS: Milliseconds = 60_000;

type ConnectCallback = (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

/** A budget of sockets beyond the first of each attempt, over all attempts. */
export class SpareSockets {
  #free = MAX_SPARE_SOCKETS;

  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  release(): void {
    this.#free++;
  }
}

/**
 * Connects to the first address that answers (Happy Eyeballs, RFC 8305): addresses are tried 250 ms apart, or sooner
 * when the previous one failed, and each continues until one has connected. The last one has all remaining time: with a
 * limit of 250 ms each, a more distant receiver could never be reached.
 * @param args.addresses at least one
 * @returns a function that cancels and closes all sockets
 */
export function connectFirst(
  args: { readonly addresses: readonly string[]; readonly port: number; readonly spare: SpareSockets },
  callback: ConnectCallback,
): () => void {
  const waiting = alternateFamilies(args.addresses);
  const sockets = new Set<Socket>();
  const errors: Error[] = [];
  let timer: NodeJS.Timeout | undefined;
  let spares = 0;
  let isOver = false;

  function end(winner: Socket | null): void {
    isOver = true;
    clearTimeout(timer);
    for (const socket of sockets) if (socket !== winner) socket.destroy();
    sockets.clear();
    releaseSpares();
  }

  function releaseSpares(): void {
    for (; spares > Math.max(0, sockets.size - 1); spares--) args.spare.release();
  }

  /** Takes a spare socket, or closes the oldest one. */
  function makeRoom(): void {
    if (sockets.size === 0) return;
    if (sockets.size < MAX_SOCKETS && args.spare.take()) {
      spares++;
      return;
    }
    const [oldest] = sockets;
    if (oldest === undefined) return;
    sockets.delete(oldest);
    oldest.destroy();
  }

  function tryNext(): void {
    clearTimeout(timer);
    const address = waiting.shift();
    if (address === undefined) return;
    makeRoom();
    const socket = connect({
      host: address,
      port: args.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    });
    sockets.add(socket);
    socket.once('connect', () => {
      if (isOver) return;
      socket.removeListener('error', failed);
      end(socket);
      callback(null, socket);
    });
    socket.on('error', failed);
    if (waiting.length > 0) timer = setTimeout(tryNext, NEXT_ATTEMPT_MS);

    function failed(error: Error): void {
      if (isOver || !sockets.delete(socket)) return;
      releaseSpares();
      errors.push(error);
      if (waiting.length > 0) {
        tryNext();
      } else if (sockets.size === 0) {
        end(null);
        callback(errors.length === 1 ? error : new AggregateError(errors), null);
      }
    }
  }

  tryNext();
  return () => end(null);
}

/** Alternates the address families (RFC 8305, section 4), starting with that of the first address. */
function alternateFamilies(addresses: readonly string[]): string[] {
  const isFirstIPv6 = isIPv6(addresses[0] ?? '');
  const first = addresses.filter((address) => isIPv6(address) === isFirstIPv6);
  const second = addresses.filter((address) => isIPv6(address) !== isFirstIPv6);
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, n) => [first[n], second[n]])
    .flat()
    .filter((address) => address !== undefined);
}
