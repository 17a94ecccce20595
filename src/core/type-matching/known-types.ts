import type { OrganizationId } from '../ids.ts';
import { MAX_KNOWN_TYPE_CHARACTERS, MAX_KNOWN_TYPE_CHARACTERS_OF_ORGANIZATION } from '../limits.ts';

/** Memory of a map entry besides its text, in characters. */
const ENTRY_CHARACTERS = 50;

/** Cached results of one list of patterns. */
interface KnownList {
  readonly types: Map<string, boolean>;
  characters: number;
}

interface KnownOrganization {
  /** By patterns, least recently used first. */
  readonly lists: Map<string, KnownList>;
  characters: number;
}

/**
 * Caches which types match which patterns. Bounded in characters per organization and in all: an organization evicts
 * its least recently used list of patterns; in all, the organization with the most characters evicts.
 */
export class KnownTypes {
  readonly #organizations = new Map<OrganizationId, KnownOrganization>();
  #characters = 0;

  get characters(): number {
    return this.#characters;
  }

  /** @returns undefined when the type is not cached */
  get(organizationId: OrganizationId, patterns: string, type: string): boolean | undefined {
    return this.#organizations.get(organizationId)?.lists.get(patterns)?.types.get(type);
  }

  add(organizationId: OrganizationId, patterns: string, matches: ReadonlyMap<string, boolean>): void {
    const organization = this.#organizations.get(organizationId) ?? { lists: new Map(), characters: 0 };
    this.#organizations.set(organizationId, organization);
    const list = organization.lists.get(patterns) ?? { types: new Map<string, boolean>(), characters: 0 };
    // Moved to the end: the most recently used.
    organization.lists.delete(patterns);
    organization.lists.set(patterns, list);
    let characters = list.types.size === 0 ? patterns.length + ENTRY_CHARACTERS : 0;
    for (const [type, isMatch] of matches) {
      if (list.types.has(type)) continue;
      list.types.set(type, isMatch);
      characters += type.length + ENTRY_CHARACTERS;
    }
    list.characters += characters;
    organization.characters += characters;
    this.#characters += characters;
    while (organization.characters > MAX_KNOWN_TYPE_CHARACTERS_OF_ORGANIZATION) this.#forgetOldest(organizationId);
    while (this.#characters > MAX_KNOWN_TYPE_CHARACTERS) this.#forgetOldest(this.#largest(organizationId));
  }

  #largest(first: OrganizationId): OrganizationId {
    let largest = first;
    let most = 0;
    for (const [organizationId, { characters }] of this.#organizations) {
      if (characters > most) [largest, most] = [organizationId, characters];
    }
    return largest;
  }

  #forgetOldest(organizationId: OrganizationId): void {
    const organization = this.#organizations.get(organizationId);
    if (organization === undefined) return;
    for (const [patterns, { characters }] of organization.lists) {
      organization.lists.delete(patterns);
      organization.characters -= characters;
      this.#characters -= characters;
      break;
    }
    if (organization.lists.size === 0) this.#organizations.delete(organizationId);
  }
}
