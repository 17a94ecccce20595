import type { Milliseconds } from '../../core/time.ts';
import type { SecretRecord } from '../../ports/store/secret-record.ts';
import type { Context } from '../context.ts';

/** Between two steps: everything else goes first. */
const STEP_PAUSE_MS: Milliseconds = 5;
const RETRY_PAUSE_MS: Milliseconds = 10_000;

/**
 * Goes once through the record after a start and encrypts with the current key what is in plain text (an older version's) or
 * under a former key. Any number of processes may do so at once.
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
        await this.#wholeRound();
        return;
      } catch (error) {
        this.#context.log.warn('Secrets could not be encrypted anew, trying again', {}, error);
        await this.#pause(RETRY_PAUSE_MS);
      }
    }
  }

  async #wholeRound(): Promise<void> {
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
      this.#context.log.error(`The secrets of ${unreadable} rows can't be decrypted; give them new ones`, {
        unreadable,
      });
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
