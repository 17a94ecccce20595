import type { Http } from './http.ts';
import type { InboxMessage } from './types.ts';

interface LeaseTerms {
  readonly inbox: string | undefined;
  readonly leaseId: string;
  readonly leaseSeconds: number;
}

/** The events of one lease. The lease is renewed at half of its time until each event is acknowledged or released. */
export class LeasedMessages {
  readonly messages: readonly InboxMessage[];
  readonly #http: Http;
  readonly #terms: LeaseTerms;
  readonly #held: Set<string>;
  readonly #renewal: ReturnType<typeof setInterval>;

  constructor(http: Http, terms: LeaseTerms, messages: readonly InboxMessage[]) {
    this.#http = http;
    this.#terms = terms;
    this.messages = messages;
    this.#held = new Set(messages.map(({ id }) => id));
    this.#renewal = setInterval(() => void this.#extend().catch(() => undefined), terms.leaseSeconds * 500);
  }

  async acknowledge(id: string): Promise<void> {
    this.#letGo([id]);
    await this.#post('ack', { event_ids: [id] });
  }

  async release(id: string, delaySeconds: number): Promise<void> {
    this.#letGo([id]);
    await this.#post('release', { event_ids: [id], delay_seconds: delaySeconds });
  }

  async releaseRest(): Promise<void> {
    const rest = [...this.#held];
    this.#letGo(rest);
    if (rest.length > 0) await this.#post('release', { event_ids: rest });
  }

  #letGo(ids: readonly string[]): void {
    for (const id of ids) this.#held.delete(id);
    if (this.#held.size === 0) clearInterval(this.#renewal);
  }

  async #extend(): Promise<void> {
    await this.#post('extend', { event_ids: [...this.#held], lease_seconds: this.#terms.leaseSeconds });
  }

  async #post(action: string, body: object): Promise<void> {
    const { inbox, leaseId } = this.#terms;
    await this.#http.text('POST', `/api/inbox/${action}`, {
      body: { ...(inbox === undefined ? {} : { inbox }), lease_id: leaseId, ...body },
      repeatable: true,
    });
  }
}
