import type { OrganizationId } from '../../../core/ids.ts';

/** Null = the administrator, who has no organization. */
export type Owner = OrganizationId | null;

/** A budget of bytes that requests occupy, with a bound for each organization and one in total. */
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

  /** Opens an empty charge. The caller must close it. */
  open(owner: Owner): Charge {
    return new Charge(this, owner);
  }

  hasRoom(owner: Owner, bytes: number): boolean {
    return this.#used + bytes <= this.#overAll && (this.#usedBy.get(owner) ?? 0) + bytes <= this.#perOrganization;
  }

  /** Only `Charge` calls this. */
  add(owner: Owner, bytes: number): void {
    const used = (this.#usedBy.get(owner) ?? 0) + bytes;
    this.#used += bytes;
    if (used === 0) this.#usedBy.delete(owner);
    else this.#usedBy.set(owner, used);
  }
}

/** The part of a budget that one request occupies. */
export class Charge {
  readonly #budget: ByteBudget;
  readonly #owner: Owner;
  #bytes = 0;
  #closed = false;

  constructor(budget: ByteBudget, owner: Owner) {
    this.#budget = budget;
    this.#owner = owner;
  }

  /**
   * Changes the size of the charge. A smaller size is always granted.
   * @returns false, without a change, if the larger size would exceed a bound
   */
  set(bytes: number): boolean {
    const more = bytes - this.#bytes;
    if (more > 0 && !this.#budget.hasRoom(this.#owner, more)) return false;
    this.hold(bytes);
    return true;
  }

  /** Sets the size even beyond the bounds, for answers that cannot be undone. */
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
