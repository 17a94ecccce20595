import type { Socket } from 'node:net';
import { connect as connectTls, type PeerCertificate, type SecureContext } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { AddressGuard, Target } from '../addresses/index.ts';
import { AttemptFailure, classifyFailure, codeOf } from '../attempt-failure.ts';
import { connectFirst, type SpareSockets } from './connect-first.ts';
import { tlsReason } from './tls-reason.ts';

export type DialCallback = (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

export interface Dialing {
  /** What it waits for, in words. */
  readonly waitingFor: string;
  /** Cancels the attempt and closes its sockets. */
  cancel(): void;
}

const ignore = (): void => {};

/**
 * Connects to a target: resolve, check the addresses, TCP, check the reached address, TLS. Calls back once, unless
 * canceled before.
 * @param args.secureContext null: plain HTTP
 * @param args.session of an earlier TLS connection to the target, to shorten the handshake
 * @param args.takeSlot waits for a slot where the handshake is costly; it returns a function that releases the slot
 */
export function dial(
  args: {
    target: Target;
    guard: AddressGuard;
    clock: Clock;
    spareSockets: SpareSockets;
    secureContext: SecureContext | null;
    session: Buffer | undefined;
    takeSlot: ((start: () => void) => () => void) | null;
  },
  callback: DialCallback,
): Dialing {
  let socket: Socket | undefined;
  let waitsFor = 'the name server';
  let cancelTcp = ignore;
  let releaseSlot = ignore;
  let peer: PeerCertificate | undefined;
  let isHandshaking = false;
  let isOver = false;

  function end(error: Error | null): void {
    if (isOver) return;
    isOver = true;
    releaseSlot();
    if (error === null && socket !== undefined) {
      callback(null, socket);
    } else {
      socket?.destroy();
      callback(error ?? new AttemptFailure('connection_failed'), null);
    }
  }

  /** An error during the handshake is reported as `tls_failed`, including a close. */
  function fail(error: Error): void {
    const code = classifyFailure(error);
    if (!isHandshaking || code === 'local') {
      end(error);
      return;
    }
    const { host } = args.target;
    const reason = tlsReason({ code: codeOf(error), host, peer, now: args.clock.now() });
    const isGone = code === 'connection_reset' || code === 'connection_failed';
    end(new AttemptFailure('tls_failed', isGone ? 'the receiver closed the connection in the TLS handshake' : reason));
  }

  function openTcp(addresses: readonly string[]): void {
    if (isOver) return;
    waitsFor = 'the connection';
    cancelTcp = connectFirst({ addresses, port: args.target.port, spare: args.spareSockets }, (error, tcp) => {
      if (error !== null) return end(error);
      socket = tcp;
      tcp.on('error', fail);
      const reached = tcp.remoteAddress;
      if (reached === undefined) return end(new AttemptFailure('connection_reset'));
      if (!args.guard.allowsAddress(reached)) return end(new AttemptFailure('address_not_allowed'));
      const { secureContext, takeSlot } = args;
      if (secureContext === null) return end(null);
      waitsFor = 'the TLS handshake';
      if (takeSlot === null) return openTls(tcp, secureContext);
      releaseSlot = takeSlot(() => openTls(tcp, secureContext));
    });
  }

  function openTls(tcp: Socket, secureContext: SecureContext): void {
    if (isOver) return;
    isHandshaking = true;
    const secure = connectTls({
      socket: tcp,
      host: args.target.host,
      // Only for names: certificates for addresses are checked against `host`.
      servername: args.target.isAddress ? '' : args.target.host,
      secureContext,
      ALPNProtocols: ['http/1.1'],
      // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment has no effect.
      rejectUnauthorized: true,
      ...(args.session === undefined ? {} : { session: args.session }),
    });
    socket = secure;
    secure.on('error', fail);
    // Read before Node verifies the certificate, as a refused one is not available afterwards. The newer method is
    // avoided: after calling it, Node 24 itself finds a certificate without names.
    secure.prependOnceListener('secure', () => {
      peer = secure.getPeerCertificate();
    });
    secure.once('secureConnect', () => end(null));
  }

  args.guard.addressesOf(args.target).then(openTcp).catch(end);
  return {
    get waitingFor() {
      return waitsFor;
    },
    cancel() {
      isOver = true;
      cancelTcp();
      releaseSlot();
      socket?.destroy();
    },
  };
}
