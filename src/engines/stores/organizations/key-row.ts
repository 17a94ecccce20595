import { type ApiKey, SCOPES, type Scope } from '../../../core/administration/organization.ts';
import { number, numberOrNull, type Row, text } from '../../rows/row.ts';

export function keyFromRow(row: Row): ApiKey {
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    name: text(row, 'name'),
    prefix: text(row, 'prefix'),
    sha256: text(row, 'sha256'),
    createdAt: number(row, 'created_at'),
    expiresAt: numberOrNull(row, 'expires_at'),
    scopes: scopesFromText(text(row, 'scopes')),
    lastUsedAt: numberOrNull(row, 'last_used_at'),
  };
}

/** Scopes that can't be read allow nothing: the key is there, to be listed and deleted. */
function scopesFromText(stored: string): readonly Scope[] {
  let named: unknown;
  try {
    named = JSON.parse(stored);
  } catch {
    return [];
  }
  return Array.isArray(named) ? SCOPES.filter((scope) => named.includes(scope)) : [];
}

/** The columns in the order of `add-api-key`. */
export function keyParameters({ id, organizationId, name, prefix, sha256, createdAt, expiresAt, scopes }: ApiKey) {
  return [id, organizationId, name, prefix, sha256, createdAt, expiresAt, JSON.stringify(scopes)] as const;
}
