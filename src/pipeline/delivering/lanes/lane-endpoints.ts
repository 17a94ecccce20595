import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { Sender } from '../../../ports/sender.ts';
import type { EndpointStore } from '../../../ports/store/endpoint-store.ts';
import type { EndpointDirectory } from '../../accepting/index.ts';
import type { Context } from '../../context.ts';
import type { RetryLoop } from '../../pacing/index.ts';
import type { Lane } from './lane.ts';

/** Deliveries of a removed or disabled endpoint that are ended in one step. */
const END_STEP = 500;

/** `outdated`: a later lookup of the same lane is under way and says what it finds. */
type Found = 'there' | 'disabled' | 'gone' | 'outdated';

/** What lanes know of their endpoints: read when a lane is new and when its endpoint was changed. */
export class LaneEndpoints {
  readonly #context: Pick<Context, 'clock'>;
  readonly #directory: EndpointDirectory;
  readonly #endpoints: EndpointStore;
  readonly #sender: Pick<Sender, 'forget'>;
  readonly #retryLoop: RetryLoop;
  #stopping = false;

  constructor(
    context: Pick<Context, 'clock'>,
    endpoints: EndpointStore,
    directory: EndpointDirectory,
    sender: Pick<Sender, 'forget'>,
    retryLoop: RetryLoop,
  ) {
    this.#context = context;
    this.#endpoints = endpoints;
    this.#directory = directory;
    this.#sender = sender;
    this.#retryLoop = retryLoop;
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Until it resolves the lane starts nothing. What waits for an endpoint that is gone, or disabled, is ended. */
  async read(lane: Lane): Promise<Found> {
    const lookup = ++lane.lookups;
    lane.changing = true;
    lane.lookupFailed = false;
    try {
      return await this.#read(lane, lookup);
    } catch (error) {
      if (lookup === lane.lookups) lane.lookupFailed = true;
      throw error;
    }
  }

  async #read(lane: Lane, lookup: number): Promise<Found> {
    const endpoint = await this.#retryLoop.run(() => this.#directory.find(lane.endpointId));
    if (lookup !== lane.lookups) return 'outdated';
    // What waits stays until the row can be read again, or the endpoint is removed.
    if (endpoint?.disabledReason === 'unreadable') throw new Error('The row of this endpoint cannot be read');
    lane.changing = false;
    if (lane.endpoint !== undefined && !isReachedAlike(lane.endpoint, endpoint)) this.#sender.forget(lane.endpointId);
    lane.endpoint = endpoint;
    lane.reset();
    if (endpoint !== undefined && endpoint.status !== 'disabled') return 'there';
    await this.#endWaiting(lane, endpoint === undefined ? 'canceled' : 'skipped');
    return endpoint === undefined ? 'gone' : 'disabled';
  }

  async #endWaiting({ endpointId }: Lane, status: 'canceled' | 'skipped'): Promise<void> {
    const step = () => this.#endpoints.endWaiting(endpointId, status, this.#context.clock.now(), END_STEP);
    while (!this.#stopping && (await this.#retryLoop.run(step)) === END_STEP);
  }
}

/** Whether the connections of one still serve the other. */
function isReachedAlike(before: Endpoint, now: Endpoint | undefined): boolean {
  if (now === undefined || before.url !== now.url) return false;
  const [shown, shows] = [before.options.clientCertificate, now.options.clientCertificate];
  return shown?.certificate === shows?.certificate && shown?.key === shows?.key;
}
