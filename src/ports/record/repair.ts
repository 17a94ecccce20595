/** Something that a queue can lose and that the record can bring back, in bounded steps. */
export interface Repair {
  /** For the log: `deliveries`. */
  readonly name: string;

  /** True when the queue is known to have lost it: a server without its memory. The whole round is made at once then. */
  isNeeded(): Promise<boolean>;

  /**
   * One bounded step: puts back what is missing, touches nothing that is there. `after` is where the last step stopped,
   * null = at the beginning; the answer's null = all done.
   */
  step(after: string | null): Promise<{ readonly after: string | null; readonly repaired: number }>;

  /** A round that began when it was needed has come to its end. */
  complete(): Promise<void>;

  /** Steps are made all the time, for what a crash at the wrong moment leaves behind. */
  readonly continuous: boolean;
}

/** One of all processes repairs; another goes on when it dies. */
export interface Leadership {
  /** Takes or keeps the lead for some seconds. @returns whether this process has it */
  lead(): Promise<boolean>;
  /** Lets another have it at once. */
  resign(): Promise<void>;
}
