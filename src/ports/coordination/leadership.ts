/** Leader election: of all processes one repairs, removes what is old and runs jobs; another takes over when it dies. */
export interface Leadership {
  /** Takes or renews the lead for some seconds. @returns whether this process leads */
  lead(): Promise<boolean>;
  /** Gives the lead up at once. */
  resign(): Promise<void>;
}
