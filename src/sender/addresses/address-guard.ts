import { AttemptFailure } from '../attempt-failure.ts';
import type { Networks } from './networks.ts';
import type { Resolve } from './resolve.ts';
import { isLocalhostName, type Target } from './target.ts';

const LOCALHOST_ADDRESSES = ['127.0.0.1', '::1'];

/** Resolves a target to addresses and decides whether they may be reached. */
export class AddressGuard {
  readonly #networks: Networks;
  readonly #resolve: Resolve;

  constructor(networks: Networks, resolve: Resolve) {
    this.#networks = networks;
    this.#resolve = resolve;
  }

  /** False when the target is refused without asking the resolver. */
  couldBeAllowed(target: Target): boolean {
    if (target.isAddress) return this.#networks.allows(target.host);
    return !isLocalhostName(target.host) || this.#localhost().length > 0;
  }

  /**
   * Returns the addresses to connect to, and no others, so that a second resolver answer changes nothing.
   * @throws AttemptFailure `address_not_allowed` when any address is not allowed, `dns_failed` when there is none
   */
  async addressesOf(target: Target): Promise<readonly string[]> {
    if (!this.couldBeAllowed(target)) throw new AttemptFailure('address_not_allowed');
    if (target.isAddress) return [target.host];
    if (isLocalhostName(target.host)) return this.#localhost();
    const addresses = await this.#resolve(target.lookupName);
    if (addresses.length === 0) throw new AttemptFailure('dns_failed');
    // One forbidden address rejects the whole answer, because any address may be the one that connects.
    if (!addresses.every((address) => this.#networks.allows(address))) throw new AttemptFailure('address_not_allowed');
    return addresses;
  }

  /** The final check, of the address that a socket actually reached. */
  allowsAddress(address: string): boolean {
    return this.#networks.allows(address);
  }

  #localhost(): readonly string[] {
    return LOCALHOST_ADDRESSES.filter((address) => this.#networks.allows(address));
  }
}
