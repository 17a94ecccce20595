import { AttemptFailure } from '../attempt-failure.ts';
import type { Networks } from './networks.ts';
import type { Resolve } from './resolve.ts';
import { isLocalhostName, type Target } from './target.ts';

const LOCALHOST_ADDRESSES = ['127.0.0.1', '::1'];

/** Decides where a target leads, and whether we may go there. */
export class AddressGuard {
  readonly #networks: Networks;
  readonly #resolve: Resolve;

  constructor(networks: Networks, resolve: Resolve) {
    this.#networks = networks;
    this.#resolve = resolve;
  }

  /** False when no look at a resolver is needed to know that the target is refused. */
  mayBeAllowed(target: Target): boolean {
    if (target.isAddress) return this.#networks.allows(target.host);
    return !isLocalhostName(target.host) || this.#localhost().length > 0;
  }

  /**
   * The addresses to connect to: these and no others, so that a second answer of the resolver changes nothing.
   * @throws AttemptFailure `address_not_allowed` when any one of them is not, `dns_failed` when there are none
   */
  async addressesOf(target: Target): Promise<readonly string[]> {
    if (!this.mayBeAllowed(target)) throw new AttemptFailure('address_not_allowed');
    if (target.isAddress) return [target.host];
    if (isLocalhostName(target.host)) return this.#localhost();
    const addresses = await this.#resolve(target.lookupName);
    if (addresses.length === 0) throw new AttemptFailure('dns_failed');
    // One bad address condemns the answer: which of them is connected to is a matter of chance.
    if (!addresses.every((address) => this.#networks.allows(address))) throw new AttemptFailure('address_not_allowed');
    return addresses;
  }

  /** The last look, at the address that a socket really reached. */
  allowsAddress(address: string): boolean {
    return this.#networks.allows(address);
  }

  #localhost(): readonly string[] {
    return LOCALHOST_ADDRESSES.filter((address) => this.#networks.allows(address));
  }
}
