import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSecretsKey, SECRETS_KEY_BYTES, SecretBox } from '../../core/administration/secret-box.ts';
import type { Log } from '../../ports/observability/log.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import type { SecretBoxFor } from '../../ports/store/secret-record.ts';
import type { Settings } from '../settings/index.ts';
import { keptSecret } from './kept-secret.ts';

/** File in DATA_DIR, used if `SECRETS_KEY` is not set. */
const FILE = 'secrets.key';
const FORM = /^[A-Za-z0-9+/]{43}=$/;

type KeySettings = Pick<Settings, 'secretsKeys' | 'dataDir'>;

/**
 * The keys of the embedded engine: `SECRETS_KEY`, or else a key that the first start creates and stores beside the database.
 */
export function embeddedSecretBox({ secretsKeys, dataDir }: KeySettings): SecretBoxFor {
  const path = join(dataDir, FILE);
  return (known) => {
    const isToBeMade = secretsKeys.length === 0 && known.length === 0;
    // If a key was used before, a new one could not decrypt. The error below names the missing key.
    const kept = isToBeMade || existsSync(path) ? [keptKey(path)] : [];
    return holding([...secretsKeys, ...kept], known, `SECRETS_KEY or ${path}`);
  };
}

/** The keys for reading a data folder. It creates no key. */
export function folderSecretBox({ secretsKeys, dataDir }: KeySettings): SecretBoxFor {
  const path = join(dataDir, FILE);
  return (known) =>
    holding([...secretsKeys, ...(existsSync(path) ? [keptKey(path)] : [])], known, `SECRETS_KEY or ${path}`);
}

/** The keys of the distributed engine. Only a setting can be the same in all processes. */
export function sharedSecretBox({ secretsKeys }: KeySettings, log: Log): SecretBoxFor {
  return (known) => {
    const box = holding(secretsKeys, known, 'SECRETS_KEY');
    if (secretsKeys.length === 0) {
      log.warn('SECRETS_KEY is not set: signing secrets and private keys are stored in PostgreSQL in plain text');
    }
    return box;
  };
}

function keptKey(path: string): Uint8Array {
  const { value } = keptSecret(path, () => randomBytes(SECRETS_KEY_BYTES).toString('base64'), FORM);
  const key = readSecretsKey(value);
  if (key === undefined) throw new StartRefused(`${path} does not contain a key; restore it from a backup.`);
  return key;
}

function holding(keys: readonly Uint8Array[], known: readonly string[], where: string): SecretBox {
  const box = new SecretBox(keys);
  const missing = known.filter((id) => !box.has(id));
  if (missing.length > 0) {
    throw new StartRefused(
      `Secrets in the database are encrypted with a key (${missing.join(', ')}) that is not in ${where}: add that key to SECRETS_KEY, after the new one and a comma.`,
    );
  }
  return box;
}
