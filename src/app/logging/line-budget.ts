import type { Clock } from '../../ports/clock.ts';
import type { LogLevel } from '../../ports/observability/log.ts';

/** Lines of one kind a second: enough to follow a service by eye, too few to have a cost. */
const LINES_A_SECOND = 50;
const WINDOW_MS = 1_000;
/** Bound of kinds. There is a small fixed number of them; further ones share one budget. */
const MAX_KINDS = 200;
const OTHER_KINDS = 'other';

interface Window {
  readonly kind: string;
  readonly level: LogLevel;
  startedAt: number;
  used: number;
}

/** Limits the lines of each kind in a second, and reports the number of suppressed ones. */
export class LineBudget {
  readonly #clock: Clock;
  readonly #report: (level: LogLevel, kind: string, heldBack: number) => void;
  readonly #windows = new Map<string, Window>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, report: (level: LogLevel, kind: string, heldBack: number) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Whether one more line may be written now. */
  take(kind: string, level: LogLevel): boolean {
    const window = this.#window(kind, level);
    if (this.#clock.monotonicMs() - window.startedAt >= WINDOW_MS) this.#begin(window);
    window.used += 1;
    if (window.used <= LINES_A_SECOND) return true;
    // The count is written even if no further line follows.
    this.#timer ??= setTimeout(() => this.settle(), WINDOW_MS).unref();
    return false;
  }

  /** Reports all suppressed lines so far. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const window of this.#windows.values()) this.#begin(window);
  }

  #begin(window: Window): void {
    const heldBack = window.used - LINES_A_SECOND;
    window.startedAt = this.#clock.monotonicMs();
    window.used = 0;
    if (heldBack > 0) this.#report(window.level, window.kind, heldBack);
  }

  /** Budgets by level and kind: warnings of a kind have their own budget. */
  #window(kind: string, level: LogLevel): Window {
    const known = this.#windows.get(`${level} ${kind}`);
    if (known !== undefined) return known;
    if (this.#windows.size >= MAX_KINDS && kind !== OTHER_KINDS) return this.#window(OTHER_KINDS, level);
    const window = { kind, level, startedAt: this.#clock.monotonicMs(), used: 0 };
    this.#windows.set(`${level} ${kind}`, window);
    return window;
  }
}
