import { NO_SECRET_BOX, type SecretBox } from '../../../core/administration/secret-box.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { SecretBoxFor } from '../../../ports/store/secret-record.ts';
import { text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';

/** The keys for what is in the database; the one that encrypts is noted there by its id. */
export async function openSecretBox(
  database: Database,
  now: Timestamp,
  boxFor: SecretBoxFor | undefined,
): Promise<SecretBox> {
  if (boxFor === undefined) return NO_SECRET_BOX;
  const known = await database.query('secret-key-ids', [], { idempotent: true });
  const box = boxFor(known.map((row) => text(row, 'key_id')));
  if (box.currentKeyId !== null) await database.query('add-secret-key-id', [box.currentKeyId, now]);
  return box;
}
