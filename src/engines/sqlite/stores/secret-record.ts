import type { SQLInputValue } from 'node:sqlite';
import { NO_SECRET_BOX, type SecretBox } from '../../../core/administration/secret-box.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { SecretBoxFor, SecretRecord, SecretRenewalStep } from '../../../ports/store/secret-record.ts';
import { placeAfter, RENEWED_ROWS, renewRows } from '../../rows/renew-secrets.ts';
import { text } from '../../rows/row.ts';
import { idColumnOf, type SealedTable, sealedColumnsOf } from '../../rows/sealed-columns.ts';
import type { Connection, ErasedPages } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

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

export class SqliteSecretRecord implements SecretRecord {
  readonly #queue: WriteQueue;
  readonly #erasedPages: ErasedPages;
  readonly #box: SecretBox;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; queue: WriteQueue; box: SecretBox; erasedPages: ErasedPages }) {
    this.#queue = args.queue;
    this.#erasedPages = args.erasedPages;
    this.#box = args.box;
    this.#statements = prepare(args.writer);
  }

  async renew(after: string | null): Promise<SecretRenewalStep> {
    const place = placeAfter(after);
    const { read, write } = this.#statements[place.table];
    const done = await this.#queue.submit(() => {
      const { changed, step } = renewRows(this.#box, place, read.all(place.afterId, RENEWED_ROWS));
      const columns = [idColumnOf(place.table), ...sealedColumnsOf(place.table)];
      for (const row of changed) write.run(...columns.map((column) => row[column] as SQLInputValue));
      return step;
    });
    // Plain text that was replaced stands in the log.
    if (done.renewed > 0) this.#erasedPages.scrubSoon();
    return done;
  }

  async complete(): Promise<void> {
    const { currentKeyId } = this.#box;
    if (currentKeyId === null) return;
    await this.#queue.submit(() => {
      this.#statements.forget.run(currentKeyId);
    });
  }
}

function prepare(writer: Connection) {
  const ofTable = (several: string, one: string) => ({
    read: writer.prepare(`secrets-of-${several}`),
    write: writer.prepare(`put-secrets-of-${one}`),
  });
  const tables: Readonly<Record<SealedTable, ReturnType<typeof ofTable>>> = {
    endpoints: ofTable('endpoints', 'endpoint'),
    inbox_notifications: ofTable('inbox-notifications', 'inbox-notification'),
  };
  return { ...tables, forget: writer.prepare('forget-secret-key-ids') };
}
