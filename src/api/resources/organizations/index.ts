/** `/api/organizations`, `/api/keys`, `/api/me` and `/api/audit`. */

export { auditRoutes } from './audit.ts';
export { generateKeyRoute } from './generate-key.ts';
export { keyRoutes } from './keys.ts';
export { meRoutes } from './me.ts';
export { organizationRoutes } from './organizations.ts';
