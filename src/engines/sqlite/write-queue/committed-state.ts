import type { EndpointId, OrganizationId } from '../../../core/ids.ts';
import { Listeners } from '../../../core/listeners.ts';
import type { AcceptClaimer } from '../../../ports/record/delivery-queue.ts';
import type { QuarantinedMessages } from '../../../ports/store/inbox-store.ts';
import type { WriteEffects } from './write-effects.ts';

/** State in memory as of the last commit, and the listeners of its changes. */
export class CommittedState {
  /** Deliveries that wait for an attempt or are in one. */
  waiting: number;
  /** Claims new deliveries within the accepting transaction. */
  acceptClaimer: AcceptClaimer | undefined;
  readonly due = new Listeners<readonly EndpointId[]>();
  readonly available = new Listeners<OrganizationId>();
  readonly quarantined = new Listeners<QuarantinedMessages>();

  constructor(waiting: number) {
    this.waiting = waiting;
  }

  count(effects: WriteEffects): void {
    this.waiting += effects.waiting;
    effects.startClaimed = this.acceptClaimer?.committed(effects.claimed, effects.dueEndpoints);
  }

  /** Notifies listeners of changes that are on disk: nobody may act on data that a power cut can take back. */
  announce(effects: WriteEffects): void {
    effects.startClaimed?.();
    if (effects.dueEndpoints.size > 0) this.due.call([...effects.dueEndpoints]);
    for (const organizationId of effects.availableOrganizations) this.available.call(organizationId);
    for (const messages of effects.quarantined) this.quarantined.call(messages);
  }
}
