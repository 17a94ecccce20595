import { randomBytes } from 'node:crypto';
import type { ApiKey, Organization, Scope, Tier } from '../../core/administration/organization.ts';
import { SCOPES } from '../../core/administration/organization.ts';
import type { KeyId, OrganizationId } from '../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../core/time.ts';
import type { OrganizationStore } from '../../ports/store/organization-store.ts';
import type { Context } from '../context.ts';
import { hashKey } from './authenticator.ts';

const PREFIX = 'tr_';
const KEY_BYTES = 32;
/** Characters shown in lists: the prefix and 5 of the 43 secret characters. */
const SHOWN = PREFIX.length + 5;

/** A new key: the text, which its owner sees once, and the stored form. */
export interface MadeKey {
  readonly text: string;
  readonly key: ApiKey;
}

/** Creates, rotates and removes organizations' keys. */
export class KeyService {
  readonly #context: Pick<Context, 'clock' | 'ids' | 'bus'>;
  readonly #store: OrganizationStore;

  constructor(context: Pick<Context, 'clock' | 'ids' | 'bus'>, store: OrganizationStore) {
    this.#context = context;
    this.#store = store;
  }

  async createOrganization(name: string, tier: Tier): Promise<MadeKey & { readonly organization: Organization }> {
    const id = this.#context.ids.next<OrganizationId>();
    const organization: Organization = { id, name, tier, createdAt: this.#context.clock.now() };
    const made = this.#make(id, 'default', SCOPES);
    if (!(await this.#store.create(organization, made.key)))
      throw new Error('The id of a new organization exists already');
    return { ...made, organization };
  }

  /** @returns undefined when the organization has its maximum number of keys */
  async add(organizationId: OrganizationId, name: string, scopes: readonly Scope[]): Promise<MadeKey | undefined> {
    const made = this.#make(organizationId, name, scopes);
    return (await this.#store.addKey(made.key)) === 'added' ? made : undefined;
  }

  /** Creates a new key; the old one stays valid for `graceMs`. */
  async rotate(
    { id, organizationId, name, scopes }: ApiKey,
    graceMs: Milliseconds,
  ): Promise<(MadeKey & { readonly previousExpiresAt: Timestamp }) | undefined> {
    const made = await this.add(organizationId, name, scopes);
    if (made === undefined) return undefined;
    const previousExpiresAt = addMs(this.#context.clock.now(), graceMs);
    await this.#store.expireKey(organizationId, id, previousExpiresAt);
    await this.#changed(organizationId);
    return { ...made, previousExpiresAt };
  }

  /** `last`: the key is the organization's last one with the scope `manage`, and was kept. */
  async remove(organizationId: OrganizationId, id: KeyId): Promise<'removed' | 'last' | 'not_found'> {
    const keys = await this.#store.keys(organizationId);
    if (!keys.some((key) => key.id === id)) return 'not_found';
    const now = this.#context.clock.now();
    const remaining = keys.filter((key) => key.id !== id && key.scopes.includes('manage') && isLive(key, now));
    if (remaining.length === 0) return 'last';
    const removed = await this.#store.removeKey(organizationId, id);
    await this.#changed(organizationId);
    return removed ? 'removed' : 'not_found';
  }

  /** Returns the keys that have not expired. */
  async list(organizationId: OrganizationId): Promise<readonly ApiKey[]> {
    const now = this.#context.clock.now();
    return (await this.#store.keys(organizationId)).filter((key) => isLive(key, now));
  }

  async updateOrganization(
    id: OrganizationId,
    change: { readonly name?: string; readonly tier?: Tier },
  ): Promise<Organization | undefined> {
    const organization = await this.#store.update(id, change);
    if (organization !== undefined) await this.#changed(id);
    return organization;
  }

  #changed(organizationId: OrganizationId): Promise<void> {
    return this.#context.bus.publish({ kind: 'keys_changed', organizationId });
  }

  #make(organizationId: OrganizationId, name: string, scopes: readonly Scope[]): MadeKey {
    const text = PREFIX + randomBytes(KEY_BYTES).toString('base64url');
    const key: ApiKey = {
      id: this.#context.ids.next<KeyId>(),
      organizationId,
      name,
      prefix: text.slice(0, SHOWN),
      sha256: hashKey(text),
      createdAt: this.#context.clock.now(),
      expiresAt: null,
      scopes,
      lastUsedAt: null,
    };
    return { text, key };
  }
}

function isLive({ expiresAt }: ApiKey, now: Timestamp): boolean {
  return expiresAt === null || expiresAt > now;
}
