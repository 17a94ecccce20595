/** What a look at one part of an installation has shown. */
export interface Finding {
  /** `failed`: the service can't start or work like this; `warning`: it can, and something should be changed. */
  readonly level: 'ok' | 'warning' | 'failed';
  /** The part, in a word or two. */
  readonly about: string;
  /** A sentence; unless `ok`, it says what to change. Never a secret. */
  readonly text: string;
}
