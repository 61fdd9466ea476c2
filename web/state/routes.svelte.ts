/** Which view the address asks for: `#/network`. What comes after a further `/` is the view's own. */
import type { AddressBar } from './address-bar.ts';

/** In the order of the navigation; the first is where the app begins. */
export const VIEWS = ['files', 'catalog', 'network', 'activity'] as const;
export type View = (typeof VIEWS)[number];

export function viewHref(view: View): string {
  return `#/${view}`;
}

export class Routes implements Disposable {
  readonly #address: AddressBar;
  #view = $state<View>(VIEWS[0]);

  constructor(address: AddressBar) {
    this.#address = address;
    this.#read();
    address.events.addEventListener('hashchange', this.#read);
  }

  get view(): View {
    return this.#view;
  }

  [Symbol.dispose](): void {
    this.#address.events.removeEventListener('hashchange', this.#read);
  }

  readonly #read = (): void => {
    const [name] = this.#address.fragment().replace(/^#\/?/, '').split('/');
    this.#view = VIEWS.find((view) => view === name) ?? VIEWS[0];
  };
}
