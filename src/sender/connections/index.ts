/** Connections to receivers: dialing (RFC 8305), TLS, keeping and reusing. */

export { Connection, type ResponseWaiter } from './connection.ts';
export { ConnectionPool, type EndpointConnections } from './connection-pool.ts';
