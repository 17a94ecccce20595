import type { OrganizationId } from '../../../core/ids.ts';

/** Null: an administrator, who has no organization. */
export type Owner = OrganizationId | null;

/** Bytes of memory that requests hold: a bound for each organization and one over all of them. */
export class ByteBudget {
  readonly #perOrganization: number;
  readonly #overAll: number;
  readonly #usedBy = new Map<Owner, number>();
  #used = 0;

  constructor(bounds: { readonly perOrganization: number; readonly overAll: number }) {
    this.#perOrganization = bounds.perOrganization;
    this.#overAll = bounds.overAll;
  }

  get used(): number {
    return this.#used;
  }

  /** Holds nothing at first. Whoever opens it closes it. */
  open(owner: Owner): Charge {
    return new Charge(this, owner);
  }

  hasRoom(owner: Owner, bytes: number): boolean {
    return this.#used + bytes <= this.#overAll && (this.#usedBy.get(owner) ?? 0) + bytes <= this.#perOrganization;
  }

  /** Of `Charge` alone. */
  add(owner: Owner, bytes: number): void {
    const used = (this.#usedBy.get(owner) ?? 0) + bytes;
    this.#used += bytes;
    if (used === 0) this.#usedBy.delete(owner);
    else this.#usedBy.set(owner, used);
  }
}

/** What one request holds of a budget. */
export class Charge {
  readonly #budget: ByteBudget;
  readonly #owner: Owner;
  #bytes = 0;
  #closed = false;

  constructor(budget: ByteBudget, owner: Owner) {
    this.#budget = budget;
    this.#owner = owner;
  }

  /** @returns false, and holds what it held, where more would pass a bound; less is always granted */
  set(bytes: number): boolean {
    const more = bytes - this.#bytes;
    if (more > 0 && !this.#budget.hasRoom(this.#owner, more)) return false;
    this.hold(bytes);
    return true;
  }

  /** As `set`, past every bound: for what can't be undone. */
  hold(bytes: number): void {
    if (this.#closed) return;
    this.#budget.add(this.#owner, bytes - this.#bytes);
    this.#bytes = bytes;
  }

  close(): void {
    this.hold(0);
    this.#closed = true;
  }
}
