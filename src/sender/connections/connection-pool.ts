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
 * Maximum number of idle connections; the least recently used closes first. Leaves descriptors for busy connections on
 * a machine with 10,000 receivers.
 */
const MAX_IDLE_CONNECTIONS = 1_000;

type EndpointAddress = Pick<OutgoingRequest, 'endpointId' | 'organizationId' | 'url' | 'clientCertificate'>;

/** An endpoint's connections and its parsed URL. */
export interface EndpointConnections {
  readonly id: EndpointId;
  readonly url: string;
  readonly target: Target;
  readonly clientCertificate: ClientCertificate | null;
  /** The group (organization) in whose turn costly handshakes run. */
  readonly handshakeGroup: string;
  /** Null for plain HTTP. */
  readonly secureContext: SecureContext | null;
  /** Most recently used last; it is taken first, as the receiver is least likely to have closed it. */
  readonly idle: Connection[];
  busy: number;
  /** TLS session of the last released connection. */
  session: Buffer | undefined;
  /** The endpoint was removed, or its URL or certificate changed: connections are not connection. */
  isRetired: boolean;
}

/**
 * Connections by endpoint, never shared between endpoints, so that a slow receiver delays no other. Opens as many as
 * are requested; the lane bounds their number. An endpoint without connections is forgotten.
 */
export class ConnectionPool {
  readonly #guard: AddressGuard;
  readonly #clock: Clock;
  readonly #handshakes = new HandshakeSlots();
  readonly #spareSockets = new SpareSockets();
  readonly #secureContextOf: (client: ClientCertificate | null) => SecureContext;
  readonly #parse: (url: string) => TargetVerdict;
  readonly #byEndpoint = new Map<EndpointId, EndpointConnections>();
  /** Least recently used first. */
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

  /** Current sizes, for tests: neither may grow with the number of endpoints ever used. */
  get size(): { endpoints: number; idle: number } {
    return { endpoints: this.#byEndpoint.size, idle: this.#idle.size };
  }

  /**
   * @returns undefined when the URL is refused; otherwise `take` must follow
   * @throws AttemptFailure when the client certificate cannot be used
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

  /** Takes an idle connection, or a new one that `send` will open. */
  take(endpoint: EndpointConnections): Connection {
    endpoint.busy += 1;
    for (let connection = endpoint.idle.pop(); connection !== undefined; connection = endpoint.idle.pop()) {
      this.#idle.delete(connection);
      if (connection.isUsable) return connection;
      connection.destroy();
    }
    return this.#open(endpoint);
  }

  /** Replaces a connection that turned out to be dead. */
  replace(endpoint: EndpointConnections, dead: Connection): Connection {
    dead.destroy();
    return this.#open(endpoint);
  }

  /** Returns a connection to the pool, or closes it if its last exchange did not end properly. */
  release(endpoint: EndpointConnections, connection: Connection): void {
    endpoint.busy -= 1;
    endpoint.session = connection.session;
    if (connection.isReusable && !endpoint.isRetired) {
      connection.keep();
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

  /** Closes all idle connections: at the end, and when the process is out of descriptors. */
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

  /** Closes an idle connection; a busy one is left to its user. */
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
