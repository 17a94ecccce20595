import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { OrganizationId } from '../../../core/ids.ts';
import { MAX_WAITING_CONNECTIONS_OF_ORGANIZATION } from '../../../core/limits.ts';
import type { ReadSlots } from '../../../pipeline/pacing/index.ts';
import type { Clock } from '../../../ports/clock.ts';
import { ConnectionReader, type ReadingTurns } from './connection-reader.ts';
import { SharedTurn } from './shared-turn.ts';

const readers = new WeakMap<Socket, ConnectionReader>();

/** @returns undefined for a request without a connection (`inject`) */
export function readerOf(socket: Socket): ConnectionReader | undefined {
  return readers.get(socket);
}

/** Owner of all connections whose organization is not known yet. */
const STRANGERS = 'strangers' as OrganizationId;

/** Reads all connections of a server in slices, fairly between organizations. */
export class Readers implements ReadingTurns {
  readonly clock: Clock;
  readonly shared = new SharedTurn();
  readonly #reads: ReadSlots;
  readonly #waiting = new Map<OrganizationId, number>();

  constructor(server: Server, { clock, reads }: { clock: Clock; reads: ReadSlots }) {
    this.clock = clock;
    this.#reads = reads;
    server.on('request', ({ socket }: IncomingMessage) => readers.get(socket)?.noteRequest());
  }

  /** @param socket a connection that the HTTP server has accepted */
  read(socket: Socket): void {
    readers.set(socket, new ConnectionReader(socket, this));
  }

  wait(owner: OrganizationId | null, turn: () => void): boolean {
    const whose = owner ?? STRANGERS;
    const waiting = this.#waiting.get(whose) ?? 0;
    if (waiting >= MAX_WAITING_CONNECTIONS_OF_ORGANIZATION) return false;
    this.#waiting.set(whose, waiting + 1);
    void this.#reads.piece(whose, async () => {
      this.#leave(whose);
      turn();
    });
    return true;
  }

  #leave(whose: OrganizationId): void {
    const waiting = (this.#waiting.get(whose) ?? 0) - 1;
    if (waiting > 0) this.#waiting.set(whose, waiting);
    else this.#waiting.delete(whose);
  }
}
