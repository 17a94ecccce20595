/** Authentication, scopes, rate limits, client addresses, and the audit log. */

export { recordChanges } from './audit-trail.ts';
export {
  type AccessParts,
  ADMIN_ONLY,
  type Identity,
  identify,
  isLoopbackHost,
  isStillAllowed,
  missingKey,
  NOT_IN_SCOPE,
  presentedKey,
  refuseNobody,
  requireAdmin,
  requireApiKey,
  requireLoopback,
} from './auth.ts';
export { createClientAddress } from './client-address.ts';
export { originOf, readTraceparent, refuseOwnWebhooks } from './origin.ts';
export { type RateLimitParts, refuseWithout, takeFromLimiter, takeToken, takeTokens } from './rate-limit.ts';
export { addScopes, mayManage, mayUse, type NeededScopes } from './scopes.ts';
export { WrongCredentials } from './wrong-credentials.ts';
