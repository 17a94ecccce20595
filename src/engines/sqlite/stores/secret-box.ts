import { NO_SECRET_BOX, type SecretBox } from '../../../core/administration/secret-box.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { SecretBoxFor } from '../../../ports/store/secret-record.ts';
import { text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';

/** The keys for what is in the database; the one that encrypts is noted there by its id. */
export function openSecretBox(writer: Connection, now: Timestamp, boxFor: SecretBoxFor | undefined): SecretBox {
  if (boxFor === undefined) return NO_SECRET_BOX;
  const box = boxFor(knownKeyIds(writer));
  if (box.currentKeyId !== null) writer.prepare('add-secret-key-id').run(box.currentKeyId, now);
  return box;
}

export function knownKeyIds(connection: Connection): string[] {
  return connection
    .prepare('secret-key-ids')
    .all()
    .map((row) => text(row, 'key_id'));
}
