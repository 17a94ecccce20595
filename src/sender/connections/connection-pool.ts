import type { SecureContext } from 'node:tls';
import type { EndpointId } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClientCertificate, OutgoingRequest } from '../../ports/sender.ts';
import {
  type AddressGuard,
  parseTarget,
  type Target,
  type TargetRules,
  type TargetVerdict,
} from '../addresses/index.ts';
import { SpareSockets } from './connect-first.ts';
import { Connection } from './connection.ts';
import { HandshakeSlots } from './handshake-slots.ts';

/**
 * Idle connections in all: those used longest ago close first. Bounds descriptors, which a machine with 10,000
 * receivers needs for those that are at work.
 */
const MAX_IDLE_CONNECTIONS = 1_000;

type EndpointAddress = Pick<OutgoingRequest, 'endpointId' | 'organizationId' | 'url' | 'clientCertificate'>;

/** An endpoint's connections, and its URL taken apart once for all of them. */
export interface EndpointConnections {
  readonly id: EndpointId;
  readonly url: string;
  readonly target: Target;
  readonly clientCertificate: ClientCertificate | null;
  /** Whose turns its handshakes with a client certificate take. */
  readonly handshakeGroup: string;
  /** Null for plain HTTP. */
  readonly secureContext: SecureContext | null;
  /** The one used last is at the end and taken first: the least likely to have been closed by the receiver. */
  readonly idle: Connection[];
  busy: number;
  /** Of TLS, from the connection released last. */
  session: Buffer | undefined;
  /** The endpoint is gone or has another URL or certificate: nothing is kept any more. */
  isRetired: boolean;
}

/**
 * Connections by endpoint, never shared between two: one receiver's slow path can't hold another's. Opens as many as
 * are asked for at once; how many that is, the lane decides. An endpoint without a connection is forgotten.
 */
export class ConnectionPool {
  readonly #guard: AddressGuard;
  readonly #clock: Clock;
  readonly #handshakes = new HandshakeSlots();
  readonly #spareSockets = new SpareSockets();
  readonly #secureContextOf: (client: ClientCertificate | null) => SecureContext;
  readonly #parse: (url: string) => TargetVerdict;
  readonly #byEndpoint = new Map<EndpointId, EndpointConnections>();
  /** In the order of their use. */
  readonly #idle = new Map<Connection, EndpointConnections>();

  constructor(
    context: {
      guard: AddressGuard;
      clock: Clock;
      secureContextOf: (client: ClientCertificate | null) => SecureContext;
    },
    rules: TargetRules,
  ) {
    this.#guard = context.guard;
    this.#clock = context.clock;
    this.#secureContextOf = context.secureContextOf;
    this.#parse = (url) => parseTarget(url, rules);
  }

  /** What is kept now, for tests: neither may grow with the number of endpoints ever seen. */
  get size(): { endpoints: number; idle: number } {
    return { endpoints: this.#byEndpoint.size, idle: this.#idle.size };
  }

  /**
   * @returns undefined when the URL may not be used; otherwise to be followed by `take`
   * @throws AttemptFailure when the client certificate can't be used
   */
  endpoint(request: EndpointAddress): EndpointConnections | undefined {
    const { endpointId: id, url, clientCertificate = null } = request;
    const known = this.#byEndpoint.get(id);
    if (known?.url === url && isSame(known.clientCertificate, clientCertificate)) return known;
    const verdict = this.#parse(url);
    if (verdict.kind === 'refused') return undefined;
    this.forget(id);
    const made: EndpointConnections = {
      id,
      url,
      target: verdict.target,
      clientCertificate,
      handshakeGroup: request.organizationId ?? id,
      secureContext: verdict.target.secure ? this.#secureContextOf(clientCertificate) : null,
      idle: [],
      busy: 0,
      session: undefined,
      isRetired: false,
    };
    this.#byEndpoint.set(id, made);
    return made;
  }

  /** An idle connection, or one that is yet to be opened. */
  take(endpoint: EndpointConnections): Connection {
    endpoint.busy += 1;
    for (let kept = endpoint.idle.pop(); kept !== undefined; kept = endpoint.idle.pop()) {
      this.#idle.delete(kept);
      if (kept.isUsable) return kept;
      kept.destroy();
    }
    return this.#open(endpoint);
  }

  /** A new connection for one that was taken and turned out dead. */
  replace(endpoint: EndpointConnections, dead: Connection): Connection {
    dead.destroy();
    return this.#open(endpoint);
  }

  /** Keeps it for the next request, if the last exchange on it came to a proper end. */
  release(endpoint: EndpointConnections, connection: Connection): void {
    endpoint.busy -= 1;
    endpoint.session = connection.session;
    if (connection.mayRest && !endpoint.isRetired) {
      connection.rest();
      endpoint.idle.push(connection);
      this.#idle.set(connection, endpoint);
      if (this.#idle.size > MAX_IDLE_CONNECTIONS) this.#closeOldest();
    } else {
      connection.destroy();
      this.#dropUnused(endpoint);
    }
  }

  forget(id: EndpointId): void {
    const endpoint = this.#byEndpoint.get(id);
    if (endpoint === undefined) return;
    this.#byEndpoint.delete(id);
    endpoint.isRetired = true;
    for (const connection of endpoint.idle) {
      this.#idle.delete(connection);
      connection.destroy();
    }
    endpoint.idle.length = 0;
  }

  /** Gives back descriptors: at the end, and when the machine has no more. */
  closeIdle(): void {
    for (const connection of [...this.#idle.keys()]) this.#drop(connection);
  }

  #open(endpoint: EndpointConnections): Connection {
    const { target, secureContext, clientCertificate, handshakeGroup } = endpoint;
    const isCostly = secureContext !== null && clientCertificate !== null;
    const takeSlot = isCostly ? (start: () => void) => this.#handshakes.acquire(handshakeGroup, start) : null;
    return new Connection({
      target,
      context: { guard: this.#guard, clock: this.#clock, spareSockets: this.#spareSockets, secureContext, takeSlot },
      session: endpoint.session,
      onClose: (connection) => this.#drop(connection),
    });
  }

  #closeOldest(): void {
    const [oldest] = this.#idle.keys();
    if (oldest !== undefined) this.#drop(oldest);
  }

  /** Ends an idle connection; one in use is none of its business. */
  #drop(connection: Connection): void {
    const endpoint = this.#idle.get(connection);
    if (endpoint === undefined) return;
    this.#idle.delete(connection);
    endpoint.idle.splice(endpoint.idle.indexOf(connection), 1);
    connection.destroy();
    this.#dropUnused(endpoint);
  }

  #dropUnused(endpoint: EndpointConnections): void {
    if (endpoint.busy > 0 || endpoint.idle.length > 0 || endpoint.isRetired) return;
    this.#byEndpoint.delete(endpoint.id);
  }
}

function isSame(a: ClientCertificate | null, b: ClientCertificate | null): boolean {
  return a === b || (a !== null && b !== null && a.certificate === b.certificate && a.key === b.key);
}
