/**
 * The capability link in the address bar, `#/open/<id>.<key>`: taken out as soon as it is seen, so that the key stays neither in
 * the address nor in the history.
 */
import type { AddressBar } from './address-bar.ts';

const OPEN_ROUTE = '#/open/';

export class LinkAddress implements Disposable {
  readonly #address: AddressBar;
  #link = $state<string | null>(null);

  constructor(address: AddressBar) {
    this.#address = address;
    this.#read();
    address.events.addEventListener('hashchange', this.#read);
  }

  /** One that waits to be opened. */
  get link(): string | null {
    return this.#link;
  }

  /** Gives the link out, once. */
  take(): string | null {
    const link = this.#link;
    this.#link = null;
    return link;
  }

  [Symbol.dispose](): void {
    this.#address.events.removeEventListener('hashchange', this.#read);
    this.#link = null;
  }

  readonly #read = (): void => {
    const fragment = this.#address.fragment();
    if (!fragment.startsWith(OPEN_ROUTE)) return;
    this.#link = fragment;
    this.#address.clearFragment();
  };
}
