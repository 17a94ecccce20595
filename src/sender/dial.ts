import { connect as connectTcp, isIPv6, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { AddressGuard } from './address-guard.ts';
import { AttemptFailure, classifyFailure } from './attempt-failure.ts';
import type { Target } from './target.ts';

/** Finds out that a silent peer is gone, on connections that wait for a slow answer. */
const TCP_KEEPALIVE_MS = 60_000;

export type DialCallback = (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

/**
 * Connects to a target: name, check, TCP, check, TLS. Calls back once, unless it was canceled before.
 * @param args.secureContext null: plain HTTP
 * @param args.session of an earlier TLS connection to the same target, to shorten the handshake
 * @returns cancels it and closes what was opened
 */
export function dial(
  args: { target: Target; guard: AddressGuard; secureContext: SecureContext | null; session: Buffer | undefined },
  callback: DialCallback,
): () => void {
  let socket: Socket | undefined;
  let isHandshaking = false;
  let isOver = false;

  function end(error: Error | null): void {
    if (isOver) return;
    isOver = true;
    if (error === null && socket !== undefined) {
      callback(null, socket);
    } else {
      socket?.destroy();
      callback(error ?? new AttemptFailure('connection_failed'), null);
    }
  }

  /** A peer that hangs up in the middle of the handshake says no to it in its own way. */
  function fail(error: Error): void {
    end(isHandshaking && classifyFailure(error) !== 'local' ? new AttemptFailure('tls_failed') : error);
  }

  function openTcp(addresses: readonly string[]): void {
    if (isOver) return;
    const tcp = connectTcp({
      host: args.target.host,
      port: args.target.port,
      lookup: answerWith(addresses),
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    });
    socket = tcp;
    tcp.on('error', fail);
    tcp.once('connect', () => {
      if (isOver) return;
      const reached = tcp.remoteAddress;
      if (reached === undefined) end(new AttemptFailure('connection_reset'));
      else if (!args.guard.allowsAddress(reached)) end(new AttemptFailure('address_not_allowed'));
      else if (args.secureContext === null) end(null);
      else openTls(tcp, args.secureContext);
    });
  }

  function openTls(tcp: Socket, secureContext: SecureContext): void {
    isHandshaking = true;
    const secure = connectTls({
      socket: tcp,
      host: args.target.host,
      // A name only: certificates for addresses are checked against `host`.
      servername: args.target.isAddress ? '' : args.target.host,
      secureContext,
      ALPNProtocols: ['http/1.1'],
      // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment changes nothing.
      rejectUnauthorized: true,
      ...(args.session === undefined ? {} : { session: args.session }),
    });
    socket = secure;
    secure.on('error', fail);
    secure.once('secureConnect', () => end(null));
  }

  args.guard.addressesOf(args.target).then(openTcp).catch(end);
  return () => {
    isOver = true;
    socket?.destroy();
  };
}

/** For `net.connect`, which asks once for all addresses. Not called for a host that is an address itself. */
function answerWith(addresses: readonly string[]): LookupFunction {
  return (_hostname, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
    );
  };
}
