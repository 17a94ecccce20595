import { type Organization, TIERS, type Tier } from '../../../core/administration/organization.ts';
import { number, type Row, text } from '../../rows/row.ts';

export function organizationFromRow(row: Row): Organization {
  return {
    id: text(row, 'id'),
    name: text(row, 'name'),
    tier: tierOf(row['tier']),
    createdAt: number(row, 'created_at'),
  };
}

/** Of a row of `find-api-key`, which is a key's with its organization's columns beside it. */
export function organizationOfKey(row: Row): Organization {
  return {
    id: text(row, 'organization_id'),
    name: text(row, 'organization_name'),
    tier: tierOf(row['organization_tier']),
    createdAt: number(row, 'organization_created_at'),
  };
}

/** One that this version does not know (a row that was written by hand) has the limits of the smallest: it had none, and got 429. */
function tierOf(value: unknown): Tier {
  return TIERS.find((tier) => tier === value) ?? 'free';
}
