import type { SecretBox } from '../../../core/administration/secret-box.ts';
import type { SecretRecord, SecretRenewalStep } from '../../../ports/store/secret-record.ts';
import { LOWEST_ID } from '../../rows/id-range.ts';
import type { Row } from '../../rows/row.ts';
import { idColumnOf, type SealedTable, sealedColumnsOf } from '../../rows/sealed-columns.ts';
import type { Parameter, StatementRunner, TransactionScript } from '../statements/index.ts';
import { placeAfter, RENEWED_ROWS, type RenewalPlace, renewRows } from './renew-secrets.ts';

export class SqlSecretRecord implements SecretRecord {
  readonly #runner: StatementRunner;
  readonly #box: SecretBox;
  readonly #onReplaced: () => void;
  readonly #statements: ReturnType<typeof prepare>;

  /** @param onReplaced texts were replaced that may have been plain: older versions of their rows may stand in files */
  constructor(runner: StatementRunner, box: SecretBox, onReplaced: () => void) {
    this.#runner = runner;
    this.#box = box;
    this.#onReplaced = onReplaced;
    this.#statements = prepare(runner);
  }

  async renew(after: string | null): Promise<SecretRenewalStep> {
    const step = await this.#runner.transaction(() => this.#renew(placeAfter(after)));
    if (step.renewed > 0) this.#onReplaced();
    return step;
  }

  *#renew(place: RenewalPlace): TransactionScript<SecretRenewalStep> {
    const { read, write } = this.#statements[place.table];
    const { changed, step } = renewRows(this.#box, place, yield read(place.afterId || LOWEST_ID, RENEWED_ROWS));
    for (const row of changed) yield write(...sealedValues(place.table, row));
    return step;
  }

  async complete(): Promise<void> {
    const { currentKeyId } = this.#box;
    if (currentKeyId !== null) await this.#statements.forget(currentKeyId);
  }
}

/** The id and the columns in which secrets stand, as `put-secrets-of-…` takes them. */
function sealedValues(table: SealedTable, row: Row): Parameter[] {
  return [idColumnOf(table), ...sealedColumnsOf(table)].map((column) => row[column] as string | null);
}

function prepare(runner: StatementRunner) {
  return {
    endpoints: {
      read: runner.statement('secrets-of-endpoints'),
      write: runner.statement('put-secrets-of-endpoint'),
    },
    inbox_notifications: {
      read: runner.statement('secrets-of-inbox-notifications'),
      write: runner.statement('put-secrets-of-inbox-notification'),
    },
    forget: runner.change('forget-secret-key-ids'),
  } as const;
}
