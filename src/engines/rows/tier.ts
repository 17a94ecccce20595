import { TIERS, type Tier } from '../../core/administration/organization.ts';
import type { Row } from './row.ts';

/** One that this version does not know (a row that was written by hand) has the limits of the smallest: it had none, and got 429. */
export function tierOf(row: Row): Tier {
  return TIERS.find((tier) => tier === row['tier']) ?? 'free';
}
