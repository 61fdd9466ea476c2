/** The swarm as a picture: relays, their links, and which one is looked at. */
import { shortId } from '../../shared/ids.ts';
import { NetworkHistory } from './network-history.ts';
import type { ShownRelay } from './network-history.ts';
import { namesOf, neighbours, totals } from './network-figures.ts';
import type { NetworkTotals } from './network-figures.ts';
import type { AddedRelay, NetworkLink, NetworkPort, NetworkView } from './engine-types.ts';

export class Network implements Disposable {
  readonly #port: NetworkPort;
  readonly #nowMs: () => number;
  readonly #history = new NetworkHistory();
  #openViews = 0;
  #stop: (() => void) | null = null;
  #relays = $state.raw<readonly ShownRelay[]>([]);
  #links = $state.raw<readonly NetworkLink[]>([]);
  #loaded = $state(false);
  #reachable = $state(true);
  /** Id of the relay whose details are shown. */
  selectedId = $state<string | null>(null);
  readonly #selected = $derived(this.#relays.find(({ id }) => id === this.selectedId) ?? null);
  readonly #names = $derived(namesOf(this.#relays));
  readonly #totals = $derived(totals(this.#relays, this.#links));

  /** `nowMs`: Unix time. */
  constructor(port: NetworkPort, nowMs: () => number) {
    this.#port = port;
    this.#nowMs = nowMs;
  }

  /** Live ones and those that have gone a while ago, by address. */
  get relays(): readonly ShownRelay[] {
    return this.#relays;
  }

  get links(): readonly NetworkLink[] {
    return this.#links;
  }

  get totals(): NetworkTotals {
    return this.#totals;
  }

  get selected(): ShownRelay | null {
    return this.#selected;
  }

  /** False until the first answer. */
  get loaded(): boolean {
    return this.#loaded;
  }

  get reachable(): boolean {
    return this.#reachable;
  }

  /** Neighbours of a relay in the mesh. */
  neighboursOf(id: string): readonly ShownRelay[] {
    return neighbours(id, this.#relays, this.#links);
  }

  /** `host:port`, also of one that has gone; for one never seen, the beginning of its id. */
  nameOf(id: string): string {
    return this.#names.get(id) ?? shortId(id);
  }

  /** Follows the swarm until the returned function is called: a view shows it. */
  open(): () => void {
    this.#openViews++;
    this.#stop ??= this.#port.watchNetwork((view) => this.#take(view));
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#openViews--;
      if (this.#openViews === 0) this[Symbol.dispose]();
    };
  }

  /** Has the relay that serves this page join another one, by its operator's token. Throws `AppError`. */
  add(address: string, operatorToken: string, signal: AbortSignal): Promise<AddedRelay> {
    return this.#port.addRelay(address, operatorToken, signal);
  }

  [Symbol.dispose](): void {
    this.#stop?.();
    this.#stop = null;
  }

  #take({ snapshot, reachable }: NetworkView): void {
    this.#reachable = reachable;
    if (snapshot === null) return;
    // An old answer told again is no news.
    if (reachable) this.#relays = this.#history.update(snapshot, this.#nowMs());
    this.#links = snapshot.links;
    this.#loaded = true;
  }
}
