import type { SecretBox } from '../../core/administration/secret-box.ts';

/** The encryption state of the secrets in the record. */
export interface SecretRecord {
  /**
   * Encrypts with the current key the secrets that are in plain text or under another key, one bounded step.
   * @param after null = start; otherwise where the last step ended
   */
  renew(after: string | null): Promise<SecretRenewalStep>;
  /** Called when every secret is encrypted with the current key: from now on a start does not need the other keys. */
  complete(): Promise<void>;
}

export interface SecretRenewalStep {
  /** Null = done. */
  readonly after: string | null;
  readonly renewed: number;
  /** Rows that no key can decrypt; they are unchanged. */
  readonly unreadable: number;
}

/**
 * Makes the box for a record's secrets. Called once, when an engine opens.
 * @param known ids of the keys that encrypt secrets in the record. Throws `StartRefused` if one is missing
 */
export type SecretBoxFor = (known: readonly string[]) => SecretBox;
