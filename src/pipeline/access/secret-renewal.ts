import type { Milliseconds } from '../../core/time.ts';
import type { SecretRecord } from '../../ports/store/secret-record.ts';
import type { Context } from '../context.ts';

/** Pause between steps, so that accepting and delivering go first. */
const STEP_PAUSE_MS: Milliseconds = 5;
const RETRY_PAUSE_MS: Milliseconds = 10_000;

/**
 * Scans the record once after a start and encrypts with the current key every secret that is in plain text (written by
 * an older version) or under a former key. Several processes may do so concurrently.
 */
export class SecretRenewal {
  readonly #context: Pick<Context, 'log'>;
  readonly #secrets: SecretRecord;
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #stopping = false;

  constructor(context: Pick<Context, 'log'>, secrets: SecretRecord) {
    this.#context = context;
    this.#secrets = secrets;
  }

  start(): void {
    this.#work = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#wake?.();
    await this.#work;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#fullRound();
        return;
      } catch (error) {
        this.#context.log.warn('Secrets could not be re-encrypted, retrying', {}, error);
        await this.#pause(RETRY_PAUSE_MS);
      }
    }
  }

  async #fullRound(): Promise<void> {
    let after: string | null = null;
    let renewed = 0;
    let unreadable = 0;
    do {
      const step: Awaited<ReturnType<SecretRecord['renew']>> = await this.#secrets.renew(after);
      after = step.after;
      renewed += step.renewed;
      unreadable += step.unreadable;
      if (after !== null) await this.#pause(STEP_PAUSE_MS);
      if (this.#stopping) return;
    } while (after !== null);
    if (unreadable > 0) {
      this.#context.log.error(
        `The secrets of ${unreadable} rows cannot be decrypted: add the missing key to SECRETS_KEY, or set new secrets`,
        {
          unreadable,
        },
      );
      return;
    }
    await this.#secrets.complete();
    if (renewed > 0)
      this.#context.log.info(`The secrets of ${renewed} rows were encrypted with the current key`, { renewed });
  }

  #pause(ms: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, ms).unref();
    });
  }
}
