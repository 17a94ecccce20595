/** The result of checking one part of an installation. */
export interface Finding {
  /** `failed`: the service cannot start or work; `warning`: it works, and something should be changed. */
  readonly level: 'ok' | 'warning' | 'failed';
  /** The part that was checked, in a word or two. */
  readonly about: string;
  /** One sentence; unless `ok`, it says what to change. Contains no secret. */
  readonly text: string;
}
