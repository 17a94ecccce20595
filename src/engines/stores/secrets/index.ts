/** Secrets at rest: which keys encrypt them, and encrypting them anew. */
export { SqlSecretRecord } from './secret-record.ts';
