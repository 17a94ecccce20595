import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { AttemptOutcome } from '../core/delivery/delivery.ts';
import type { EndpointId } from '../core/ids.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { AddressVerdict, ClientCertificate, OutgoingRequest, Sender } from '../ports/sender.ts';
import {
  AddressGuard,
  createResolve,
  DEFAULT_BLOCKED_PORTS,
  Networks,
  parseTarget,
  type Resolve,
  type TargetRules,
} from './addresses/index.ts';
import { AttemptFailure } from './attempt-failure.ts';
import { ConnectionPool, type EndpointConnections } from './connections/index.ts';
import { Exchange, failedOutcome } from './exchange.ts';

/**
 * The sender makes one outgoing webhook request. It writes HTTP/1.1 itself instead of using undici or `node:http`:
 *
 * - `request-bytes.ts` writes a request as one string; `responses/` reads the response in linear time with bounds for
 *   everything a receiver can send. Per request this takes 25 µs of CPU where undici's pool takes 31 µs, and most of the
 *   25 µs is the kernel's write (docs/decisions/performance.md).
 * - undici had to be worked around in four places (docs/decisions/delivery.md): an unrequested `100 Continue` destroys its
 *   connection, its timeouts restart with every byte, bytes outside of headers and body are unbounded, and it does not
 *   say which socket a request used, which decides whether a request may be sent again.
 * - The reader is tested against Node's own parser with mutated responses: what that parser accepts has the same status
 *   and body here, and what it refuses prevents reuse of the connection.
 *
 * It should go when undici's pool has these four properties and costs as little CPU per attempt (`npm run bench`),
 * or when webhooks need HTTP/2 or a proxy, which are not worth writing by hand.
 */

export interface SenderOptions {
  /** The setting `WEBHOOK_ALLOWED_NETWORKS`: ranges that are not public but may be sent to. */
  readonly allowedNetworks: readonly string[];
  /** For development: allows 127.0.0.0/8, ::1 and the names that resolve to them. */
  readonly allowLoopback: boolean;
  readonly httpsOnly: boolean;
  /** The setting `WEBHOOK_BLOCKED_PORTS`; replaces the default list. */
  readonly blockedPorts?: readonly number[];
  readonly clock: Clock;
  readonly userAgent?: string;
  /** Tests inject their own resolver. */
  readonly resolve?: Resolve;
  /** Trusted CA certificates in PEM, instead of Node's list. */
  readonly trustedCertificates?: readonly string[];
}

/** @throws an Error that names the invalid entry of `allowedNetworks` */
export function createSender(options: SenderOptions): Sender {
  return new HttpSender(options);
}

class HttpSender implements Sender {
  readonly #clock: Clock;
  readonly #rules: TargetRules;
  readonly #userAgent: string;
  readonly #guard: AddressGuard;
  readonly #pool: ConnectionPool;
  readonly #exchanges = new Set<Exchange>();
  #isClosing = false;
  #onIdle: () => void = () => {};

  constructor(options: SenderOptions) {
    this.#clock = options.clock;
    const { httpsOnly, blockedPorts = DEFAULT_BLOCKED_PORTS } = options;
    this.#rules = { httpsOnly, blockedPorts: new Set(blockedPorts) };
    this.#userAgent = options.userAgent ?? 'triggers-api';
    this.#guard = new AddressGuard(new Networks(options), options.resolve ?? createResolve(options.clock));
    const trusted = options.trustedCertificates;
    const authorities = trusted === undefined ? {} : { ca: [...trusted] };
    // Created by the first endpoint that needs it: the list of authorities takes 16 ms and 3 MB.
    let shared: SecureContext | undefined;
    const secureContextOf = (client: ClientCertificate | null): SecureContext => {
      if (client !== null) return clientContext(authorities, client);
      shared ??= createSecureContext(authorities);
      return shared;
    };
    this.#pool = new ConnectionPool({ guard: this.#guard, clock: options.clock, secureContextOf }, this.#rules);
  }

  send(request: OutgoingRequest): Promise<AttemptOutcome> {
    if (this.#isClosing) return Promise.resolve(failedOutcome(new AttemptFailure('local'), 0));
    let endpoint: EndpointConnections | undefined;
    try {
      endpoint = this.#pool.endpoint(request);
    } catch (error) {
      return Promise.resolve(failedOutcome(error, 0));
    }
    if (endpoint === undefined) return Promise.resolve(failedOutcome(new AttemptFailure('address_not_allowed'), 0));
    return this.#exchange(request, endpoint);
  }

  #exchange(request: OutgoingRequest, endpoint: EndpointConnections): Promise<AttemptOutcome> {
    return new Promise((resolve) => {
      const exchange = new Exchange({
        request,
        userAgent: this.#userAgent,
        endpoint,
        pool: this.#pool,
        clock: this.#clock,
        onEnd: (ended, outcome) => {
          this.#ended(ended, outcome);
          resolve(outcome);
        },
      });
      this.#exchanges.add(exchange);
      exchange.start();
    });
  }

  async checkUrl(url: string): Promise<AddressVerdict> {
    const verdict = parseTarget(url, this.#rules);
    if (verdict.kind === 'refused') return verdict;
    if (!this.#guard.couldBeAllowed(verdict.target)) {
      return { kind: 'refused', reason: 'leads to an address that is not public' };
    }
    return { kind: 'allowed' };
  }

  forget(endpointId: EndpointId): void {
    this.#pool.forget(endpointId);
  }

  async close(graceMs: Milliseconds): Promise<void> {
    this.#isClosing = true;
    this.#pool.closeIdle();
    if (this.#exchanges.size > 0) {
      const { promise: idle, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, graceMs);
      this.#onIdle = resolve;
      await idle;
      clearTimeout(timer);
    }
    for (const exchange of this.#exchanges) exchange.abort();
    this.#pool.closeIdle();
  }

  #ended(exchange: Exchange, outcome: AttemptOutcome): void {
    this.#exchanges.delete(exchange);
    if (this.#exchanges.size === 0) this.#onIdle();
    // Most likely out of descriptors: idle connections are closed first.
    if (outcome.error === 'local') this.#pool.closeIdle();
  }
}

/** The certificate was valid when it was set, but a newer OpenSSL may reject it. */
function clientContext(authorities: SecureContextOptions, { certificate, key }: ClientCertificate): SecureContext {
  try {
    return createSecureContext({ ...authorities, cert: certificate, key });
  } catch {
    throw new AttemptFailure('tls_failed', 'the client certificate of the endpoint cannot be used');
  }
}
