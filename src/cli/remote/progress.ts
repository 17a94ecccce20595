import { SystemClock } from '../../app/clock.ts';

const PAUSE_MS = 100;
const WIDTH = 24;

/** A progress bar on stderr; nothing if stderr is not a terminal. */
export class Progress {
  readonly #bytes: number | null;
  readonly #clock = new SystemClock();
  readonly #since = this.#clock.monotonicMs();
  #read = 0;
  #shownAt = Number.NEGATIVE_INFINITY;

  /** @param bytes total; null = unknown */
  constructor(bytes: number | null) {
    this.#bytes = bytes;
  }

  read(bytes: number): void {
    this.#read += bytes;
  }

  show(count: number): void {
    const now = this.#clock.monotonicMs();
    if (!process.stderr.isTTY || now - this.#shownAt < PAUSE_MS) return;
    this.#shownAt = now;
    const rate = Math.round((count * 1_000) / Math.max(1, now - this.#since));
    process.stderr.write(`\r\x1b[K${this.#bar()}${count} events, ${rate}/s`);
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    this.#shownAt = Number.NEGATIVE_INFINITY;
  }

  #bar(): string {
    if (this.#bytes === null || this.#bytes === 0) return '';
    const share = Math.min(1, this.#read / this.#bytes);
    const full = Math.round(share * WIDTH);
    return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${Math.floor(share * 100)} %  `;
  }
}
