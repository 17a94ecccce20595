import type { Tier } from '../../core/administration/organization.ts';
import type { Job } from '../../core/delivery/job.ts';
import type { JobId } from '../../core/ids.ts';
import type { RateLimiter } from '../../ports/coordination/rate-limiter.ts';
import type { OrganizationStore } from '../../ports/store/organization-store.ts';

/** Of an organization's bucket, which jobs leave alone: events that it sends meanwhile must find tokens. */
const SHARE_FOR_EVENTS = 1 / 2;

interface Organizations {
  readonly organizations: Pick<OrganizationStore, 'get'>;
}

/**
 * What bulk work may send: each delivery costs a token of the organization's bucket, as an event does. A step is paid for
 * after it was made, and the next one waits until it is.
 */
export class JobAllowance {
  readonly #store: Organizations;
  readonly #rateLimiter: RateLimiter;
  readonly #rateLimits: Readonly<Record<Tier, number | null>>;
  /** Deliveries that were made and are not paid for; forgotten with the process. */
  readonly #debts = new Map<JobId, number>();

  /** @param parts.rateLimits tokens a minute; null = no limit */
  constructor(parts: {
    store: Organizations;
    rateLimiter: RateLimiter;
    rateLimits: Readonly<Record<Tier, number | null>>;
  }) {
    this.#store = parts.store;
    this.#rateLimiter = parts.rateLimiter;
    this.#rateLimits = parts.rateLimits;
  }

  /** Pays what there are tokens for. @returns whether all is paid */
  async mayGoOn({ id, organizationId }: Job): Promise<boolean> {
    const debt = this.#debts.get(id) ?? 0;
    if (debt === 0) return true;
    const organization = await this.#store.organizations.get(organizationId);
    const perMinute = organization === undefined ? null : this.#rateLimits[organization.tier];
    if (perMinute === null) {
      this.#debts.delete(id);
      return true;
    }
    const { remaining } = await this.#rateLimiter.take(organizationId, perMinute, 0);
    const free = remaining - Math.floor(perMinute * SHARE_FOR_EVENTS);
    if (free <= 0) return false;
    const { granted } = await this.#rateLimiter.take(organizationId, perMinute, Math.min(debt, free));
    if (granted >= debt) this.#debts.delete(id);
    else this.#debts.set(id, debt - granted);
    return granted >= debt;
  }

  /** @param made by the step; none is left to do when it is the last */
  spent({ id }: Job, made: number, isLast: boolean): void {
    if (isLast) this.#debts.delete(id);
    else if (made > 0) this.#debts.set(id, (this.#debts.get(id) ?? 0) + made);
  }
}
