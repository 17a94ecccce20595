/** Rules for client connections: requests that are refused before any route. */

export { answerBrokenConnections } from './broken-connections.ts';
export { enforceConnectionRules } from './connection-rules.ts';
