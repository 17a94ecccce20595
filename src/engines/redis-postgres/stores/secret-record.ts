import { NO_SECRET_BOX, type SecretBox } from '../../../core/administration/secret-box.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { SecretBoxFor, SecretRecord, SecretRenewalStep } from '../../../ports/store/secret-record.ts';
import { placeAfter, RENEWED_ROWS, renewRows } from '../../rows/renew-secrets.ts';
import { text } from '../../rows/row.ts';
import { idColumnOf, type SealedTable, sealedColumnsOf } from '../../rows/sealed-columns.ts';
import { type Database, LOWEST_ID } from '../database/index.ts';

const STATEMENTS: Readonly<Record<SealedTable, { readonly read: string; readonly write: string }>> = {
  endpoints: { read: 'secrets-of-endpoints', write: 'put-secrets-of-endpoint' },
  inbox_notifications: { read: 'secrets-of-inbox-notifications', write: 'put-secrets-of-inbox-notification' },
};

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

export class PostgresSecretRecord implements SecretRecord {
  readonly #database: Database;
  readonly #box: SecretBox;

  constructor(database: Database, box: SecretBox) {
    this.#database = database;
    this.#box = box;
  }

  renew(after: string | null): Promise<SecretRenewalStep> {
    const place = placeAfter(after);
    const { read, write } = STATEMENTS[place.table];
    const columns = [idColumnOf(place.table), ...sealedColumnsOf(place.table)];
    return this.#database.transaction(async (transaction) => {
      const rows = await transaction.query(read, [place.afterId || LOWEST_ID, RENEWED_ROWS]);
      const { changed, step } = renewRows(this.#box, place, rows);
      for (const row of changed) {
        await transaction.query(
          write,
          columns.map((column) => row[column]),
        );
      }
      return step;
    });
  }

  async complete(): Promise<void> {
    if (this.#box.currentKeyId !== null) await this.#database.query('forget-secret-key-ids', [this.#box.currentKeyId]);
  }
}
