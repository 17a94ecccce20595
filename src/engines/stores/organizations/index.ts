/** Tenants and their keys. */
export { SqlOrganizationStore } from './organization-store.ts';
