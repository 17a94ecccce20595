import type { Tier } from '../../core/administration/organization.ts';
import type { Job } from '../../core/delivery/job.ts';
import type { JobId } from '../../core/ids.ts';
import type { RateLimiter } from '../../ports/coordination/rate-limiter.ts';
import type { OrganizationStore } from '../../ports/store/organization-store.ts';

/** Share of an organization's bucket that jobs leave for the events that it sends meanwhile. */
const SHARE_FOR_EVENTS = 1 / 2;

interface Organizations {
  readonly organizations: Pick<OrganizationStore, 'get'>;
}

/**
 * Charges jobs to the organization's rate limit: each delivery costs one token, as an event does. A step is charged
 * after it ran, and the next step waits until the charge is paid.
 */
export class JobAllowance {
  readonly #store: Organizations;
  readonly #rateLimiter: RateLimiter;
  readonly #rateLimits: Readonly<Record<Tier, number | null>>;
  /** Unpaid deliveries per job; forgotten when the process ends. */
  readonly #debts = new Map<JobId, number>();

  /** @param parts.rateLimits tokens per minute; null = unlimited */
  constructor(parts: {
    store: Organizations;
    rateLimiter: RateLimiter;
    rateLimits: Readonly<Record<Tier, number | null>>;
  }) {
    this.#store = parts.store;
    this.#rateLimiter = parts.rateLimiter;
    this.#rateLimits = parts.rateLimits;
  }

  /** Pays as much of the job's debt as there are tokens. @returns whether the debt is paid */
  async settleDebt({ id, organizationId }: Job): Promise<boolean> {
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

  /** Adds a step's deliveries to the job's debt. @param isLast whether the job is done, which cancels its debt */
  spent({ id }: Job, made: number, isLast: boolean): void {
    if (isLast) this.#debts.delete(id);
    else if (made > 0) this.#debts.set(id, (this.#debts.get(id) ?? 0) + made);
  }
}
