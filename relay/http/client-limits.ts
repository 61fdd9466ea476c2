/** Requests a second and at once, per client address. Bounded memory: the address that was quiet longest is forgotten first. */
import { AppError } from '../../shared/errors.ts';
import { addressGroup, isLoopbackAddress } from '../services/address-group.ts';

/** Addresses remembered; each costs about 200 bytes. */
const MAX_CLIENTS = 10_000;

export interface ClientLimitOptions {
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly requestsPerSecondRemote: number;
  readonly requestsPerSecondLoopback: number;
  readonly maxRequestsPerClient: number;
}

interface Client {
  tokens: number;
  refilledAt: number;
  active: number;
}

export class ClientLimits {
  readonly #options: ClientLimitOptions;
  readonly #clients = new Map<string, Client>();

  constructor(options: ClientLimitOptions) {
    this.#options = options;
  }

  /**
   * Counts a request until the returned function is called. A token bucket of one second's worth refills at the client's rate.
   * Throws `RATE_LIMITED`.
   */
  enter(address: string): () => void {
    const key = addressGroup(address);
    const client = this.#client(key, this.#rate(address));
    if (client.active >= this.#options.maxRequestsPerClient) {
      throw new AppError('RATE_LIMITED', 'Too many requests at once from this address.');
    }
    if (client.tokens < 1) {
      throw new AppError('RATE_LIMITED', 'Too many requests from this address. Try again in a second.');
    }
    client.tokens--;
    client.active++;
    let open = true;
    return () => {
      if (open) client.active--;
      open = false;
    };
  }

  #rate(address: string): number {
    const { requestsPerSecondLoopback, requestsPerSecondRemote } = this.#options;
    return isLoopbackAddress(address) ? requestsPerSecondLoopback : requestsPerSecondRemote;
  }

  #client(key: string, ratePerSecond: number): Client {
    const now = this.#options.now();
    const known = this.#clients.get(key);
    const client = known ?? { tokens: ratePerSecond, refilledAt: now, active: 0 };
    client.tokens = Math.min(
      ratePerSecond,
      client.tokens + ((now - client.refilledAt) / 1000) * ratePerSecond,
    );
    client.refilledAt = now;
    // Last in the map = heard of last.
    this.#clients.delete(key);
    this.#clients.set(key, client);
    if (known === undefined && this.#clients.size > MAX_CLIENTS) this.#forgetOne();
    return client;
  }

  #forgetOne(): void {
    for (const [key, client] of this.#clients) {
      if (client.active > 0) continue;
      this.#clients.delete(key);
      return;
    }
  }
}
