import type { SecretBox } from '../../core/administration/secret-box.ts';

/** The secrets in the record, as far as their encryption goes. */
export interface SecretRecord {
  /**
   * Encrypts with the current key what stands in plain text or under another key: one step of bounded length.
   * @param after null = from the beginning; else where the last step ended
   */
  renew(after: string | null): Promise<SecretRenewalStep>;
  /** Everything is encrypted with the current key: a start without the others is right from now on. */
  complete(): Promise<void>;
}

export interface SecretRenewalStep {
  /** Null: that was the last step. */
  readonly after: string | null;
  readonly renewed: number;
  /** Rows that no key opens; they stay as they are. */
  readonly unreadable: number;
}

/**
 * The keys of a record. Called once, when an engine opens.
 * @param known ids of the keys that secrets in the record may be encrypted with. Throws `StartRefused` where one is missing
 */
export type SecretBoxFor = (known: readonly string[]) => SecretBox;
