/** A repair of something that a queue can lose and the record can restore, in bounded steps. */
export interface Repair {
  /** The name in log lines, such as `deliveries`. */
  readonly name: string;

  /**
   * True when the queue is known to have lost data, for example after a restart without persistence. A full round then
   * runs at once.
   */
  isNeeded(): Promise<boolean>;

  /**
   * Makes one bounded step: restores what is missing and changes nothing else. `after` is where the last step stopped,
   * null = start; a null result = done.
   */
  step(after: string | null): Promise<{ readonly after: string | null; readonly repaired: number }>;

  /** A full round that was needed has finished. */
  complete(): Promise<void>;

  /** True when steps also run continuously, to repair what a crash between two writes leaves. */
  readonly continuous: boolean;
}
