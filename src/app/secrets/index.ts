/** Secrets that the service keeps in DATA_DIR. */

export { adminTokenOf } from './admin-token.ts';
export { embeddedSecretBox, folderSecretBox, sharedSecretBox } from './secrets-key.ts';
