/** Connections to receivers: connecting (RFC 8305), TLS, pooling and reuse. */

export { Connection, type ResponseWaiter } from './connection.ts';
export { ConnectionPool, type EndpointConnections } from './connection-pool.ts';
