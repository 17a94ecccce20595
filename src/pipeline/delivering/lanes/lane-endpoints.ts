import type { Endpoint } from '../../../core/delivery/endpoint.ts';
import type { Sender } from '../../../ports/sender.ts';
import type { EndpointStore } from '../../../ports/store/endpoint-store.ts';
import type { EndpointDirectory } from '../../accepting/index.ts';
import type { Context } from '../../context.ts';
import type { RetryLoop } from '../../pacing/index.ts';
import type { Lane } from './lane.ts';

/** Deliveries of a removed or disabled endpoint ended per step. */
const END_STEP = 500;

/** `outdated`: a later lookup of the same lane is running, and its result counts. */
type LookupResult = 'found' | 'disabled' | 'gone' | 'outdated';

/** Reads lanes' endpoints: when a lane is new and when its endpoint changes. */
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

  /**
   * Reads the endpoint into the lane. The lane starts no attempt until this resolves. Ends the waiting deliveries of an
   * endpoint that was removed or disabled.
   */
  async read(lane: Lane): Promise<LookupResult> {
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

  async #read(lane: Lane, lookup: number): Promise<LookupResult> {
    const endpoint = await this.#retryLoop.run(() => this.#directory.find(lane.endpointId));
    if (lookup !== lane.lookups) return 'outdated';
    // Deliveries keep waiting until the row can be read again or the endpoint is removed.
    if (endpoint?.disabledReason === 'unreadable') throw new Error('The row of this endpoint cannot be read');
    lane.changing = false;
    if (lane.endpoint !== undefined && !canReuseConnections(lane.endpoint, endpoint))
      this.#sender.forget(lane.endpointId);
    lane.endpoint = endpoint;
    lane.reset();
    if (endpoint !== undefined && endpoint.status !== 'disabled') return 'found';
    await this.#endWaiting(lane, endpoint === undefined ? 'canceled' : 'skipped');
    return endpoint === undefined ? 'gone' : 'disabled';
  }

  async #endWaiting({ endpointId }: Lane, status: 'canceled' | 'skipped'): Promise<void> {
    const step = () => this.#endpoints.endWaiting(endpointId, status, this.#context.clock.now(), END_STEP);
    while (!this.#stopping && (await this.#retryLoop.run(step)) === END_STEP);
  }
}

/** Whether connections opened for the old endpoint may serve the new one. */
function canReuseConnections(before: Endpoint, now: Endpoint | undefined): boolean {
  if (now === undefined || before.url !== now.url) return false;
  const [old, current] = [before.options.clientCertificate, now.options.clientCertificate];
  return old?.certificate === current?.certificate && old?.key === current?.key;
}
