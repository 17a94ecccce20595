/** Rules of client connections: what is refused before a request is one. */

export { answerBrokenConnections } from './broken-connections.ts';
export { keepConnectionRules } from './connection-rules.ts';
