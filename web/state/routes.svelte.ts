/** Which view the address asks for: `#/network`. What comes after a further `/` is the view's own. */
import type { AddressBar } from './address-bar.ts';

/** In the order of the navigation; the first is where the app begins. */
export const VIEWS = ['files', 'catalog', 'network', 'map', 'activity', 'storage', 'settings'] as const;
export type View = (typeof VIEWS)[number];

/** `detail` is the view's own: what of it is shown. */
export function viewHref(view: View, detail?: string): string {
  return detail === undefined ? `#/${view}` : `#/${view}/${detail}`;
}

export class Routes implements Disposable {
  readonly #address: AddressBar;
  #view = $state<View>(VIEWS[0]);
  #detail = $state('');

  constructor(address: AddressBar) {
    this.#address = address;
    this.#read();
    address.events.addEventListener('hashchange', this.#read);
  }

  get view(): View {
    return this.#view;
  }

  /** What comes after the view's name and a `/`; empty where nothing does. */
  get detail(): string {
    return this.#detail;
  }

  [Symbol.dispose](): void {
    this.#address.events.removeEventListener('hashchange', this.#read);
  }

  readonly #read = (): void => {
    const [name, ...rest] = this.#address.fragment().replace(/^#\/?/, '').split('/');
    const view = VIEWS.find((each) => each === name);
    this.#view = view ?? VIEWS[0];
    // What is not a view's address, such as a link to a file, says nothing to the first view.
    this.#detail = view === undefined ? '' : rest.join('/');
  };
}
