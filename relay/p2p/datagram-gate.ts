/** Which datagrams are worth parsing. Pure: time is an argument. */
import { MAX_DATAGRAMS_PER_SECOND } from '../../shared/limits.ts';

const WINDOW_MS = 1000;

/**
 * At most `MAX_DATAGRAMS_PER_SECOND` are read, and from one address at most half of them, so that a flooding host does not
 * silence the others.
 */
export class DatagramGate {
  readonly #perAddress = new Map<string, number>();
  #windowStart = -Infinity;
  #count = 0;

  admits(address: string, now: number): boolean {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#count = 0;
      this.#perAddress.clear();
    }
    const fromAddress = this.#perAddress.get(address) ?? 0;
    if (this.#count >= MAX_DATAGRAMS_PER_SECOND || fromAddress >= MAX_DATAGRAMS_PER_SECOND / 2) return false;
    this.#count++;
    this.#perAddress.set(address, fromAddress + 1);
    return true;
  }
}
