/** Who changed what. */
export { SqlAuditStore } from './audit-store.ts';
