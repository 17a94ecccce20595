/** API keys: authentication, and the administration of keys and stored secrets. */

export { Authenticator, type Caller, hashKey } from './authenticator.ts';
export { KeyService } from './key-service.ts';
export { SecretRenewal } from './secret-renewal.ts';
