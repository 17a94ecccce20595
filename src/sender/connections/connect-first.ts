import { connect, isIPv6, type Socket } from 'node:net';
import type { Milliseconds } from '../../core/time.ts';

/** RFC 8305, section 5: how long one address is tried alone. */
const NEXT_ATTEMPT_MS: Milliseconds = 250;
/** Descriptors of one attempt; beyond that the next address takes the place of the oldest. */
const MAX_UNDER_WAY = 4;
/** Beside the one socket that each attempt has: names with many silent addresses may not use up the descriptors of all. */
const MAX_SPARE_SOCKETS = 128;
/** Finds out that a silent peer is gone, on connections that wait for a slow answer. */
const TCP_KEEPALIVE_MS: Milliseconds = 60_000;

type ConnectCallback = (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

/** Sockets beyond the first of each attempt, over all of them. */
export class SpareSockets {
  #free = MAX_SPARE_SOCKETS;

  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  giveBack(): void {
    this.#free++;
  }
}

/**
 * Happy Eyeballs (RFC 8305): the addresses are tried one after the other, 250 ms apart or when the one before failed, and
 * each goes on until one has connected. The last one has all the time that is left: with a bound of 250 ms for each, a
 * receiver that is further away than that could never be reached.
 * @param args.addresses at least one
 * @returns cancels it and closes what was opened
 */
export function connectFirst(
  args: { readonly addresses: readonly string[]; readonly port: number; readonly spare: SpareSockets },
  callback: ConnectCallback,
): () => void {
  const waiting = inTurns(args.addresses);
  const underWay = new Set<Socket>();
  const errors: Error[] = [];
  let timer: NodeJS.Timeout | undefined;
  let spares = 0;
  let isOver = false;

  function end(winner: Socket | null): void {
    isOver = true;
    clearTimeout(timer);
    for (const socket of underWay) if (socket !== winner) socket.destroy();
    underWay.clear();
    giveBackSpares();
  }

  function giveBackSpares(): void {
    for (; spares > Math.max(0, underWay.size - 1); spares--) args.spare.giveBack();
  }

  /** One more socket, or the place of the oldest. */
  function makeRoom(): void {
    if (underWay.size === 0) return;
    if (underWay.size < MAX_UNDER_WAY && args.spare.take()) {
      spares++;
      return;
    }
    const [oldest] = underWay;
    if (oldest === undefined) return;
    underWay.delete(oldest);
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
    underWay.add(socket);
    socket.once('connect', () => {
      if (isOver) return;
      socket.removeListener('error', failed);
      end(socket);
      callback(null, socket);
    });
    socket.on('error', failed);
    if (waiting.length > 0) timer = setTimeout(tryNext, NEXT_ATTEMPT_MS);

    function failed(error: Error): void {
      if (isOver || !underWay.delete(socket)) return;
      giveBackSpares();
      errors.push(error);
      if (waiting.length > 0) {
        tryNext();
      } else if (underWay.size === 0) {
        end(null);
        callback(errors.length === 1 ? error : new AggregateError(errors), null);
      }
    }
  }

  tryNext();
  return () => end(null);
}

/** The families alternate (RFC 8305, section 4), beginning with that of the first address. */
function inTurns(addresses: readonly string[]): string[] {
  const isFirstIPv6 = isIPv6(addresses[0] ?? '');
  const first = addresses.filter((address) => isIPv6(address) === isFirstIPv6);
  const second = addresses.filter((address) => isIPv6(address) !== isFirstIPv6);
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, n) => [first[n], second[n]])
    .flat()
    .filter((address) => address !== undefined);
}
