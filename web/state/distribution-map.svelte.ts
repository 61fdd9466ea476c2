/** Where one file lies, followed while relays come and go, and what the loss of some of them would mean. */
import { copiesLeft, durability, enoughRelays } from '../../shared/engine/durability.ts';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { liveCheck } from './live-check.ts';
import { mapHosts } from './map-figures.ts';
import { NONE_HELD, NO_HOSTS, NO_RELAYS, crowdedHosts, heldSince, presentIn, toggled } from './map-sets.ts';
import type { ShownRelay } from './network-history.ts';
import type { Durability, FileChecks, FileDistribution, ManifestId } from './engine-types.ts';

export class DistributionMap implements Disposable {
  readonly #ask: FileChecks['distribution'];
  readonly #relays: () => readonly ShownRelay[];
  #abort = new AbortController();
  #asking = $state(false);
  /** Something has changed since the question under way was asked. */
  #stale = false;
  /** What was known of the swarm when the last question was asked. */
  #seen = '';
  #file = $state<ManifestId | null>(null);
  #distribution = $state.raw<FileDistribution | null>(null);
  #progress = $state.raw<{ readonly done: number; readonly total: number } | null>(null);
  #problem = $state.raw<AppError | null>(null);
  #held = $state.raw<ReadonlyMap<string, number>>(NONE_HELD);
  #lost = $state.raw<ReadonlySet<RelayId>>(NO_RELAYS);
  #folded = $state.raw<ReadonlySet<string>>(NO_HOSTS);
  #chosenChunk = $state<number | null>(null);

  readonly #check = $derived(this.#distribution === null ? null : liveCheck(this.#distribution));
  readonly #ifLost = $derived.by((): Durability | null =>
    this.#distribution === null || this.#lost.size === 0 ? null : durability(this.#distribution, this.#lost),
  );
  readonly #copies = $derived(this.#distribution === null ? [] : copiesLeft(this.#distribution, this.#lost));
  readonly #hosts = $derived.by(() =>
    this.#distribution === null
      ? []
      : mapHosts({
          distribution: this.#distribution,
          relays: this.#relays(),
          held: this.#held,
          lost: this.#lost,
          chosenChunk: this.chosenChunk,
        }),
  );
  readonly #enough = $derived(this.#distribution === null ? 0 : enoughRelays(this.#distribution).length);

  /** `relays` is what is known of the swarm now, gone relays included. */
  constructor(ask: FileChecks['distribution'], relays: () => readonly ShownRelay[]) {
    this.#ask = ask;
    this.#relays = relays;
  }

  get file(): ManifestId | null {
    return this.#file;
  }

  /** Null until the swarm has answered. */
  get distribution(): FileDistribution | null {
    return this.#distribution;
  }

  /** How safe the file is now. */
  get check() {
    return this.#check;
  }

  /** How safe it would be without the relays that are given up for lost; null while there are none. */
  get ifLost(): Durability | null {
    return this.#ifLost;
  }

  /** Copies of each chunk of the distribution, without those on relays given up for lost. */
  get copies(): readonly number[] {
    return this.#copies;
  }

  get hosts() {
    return this.#hosts;
  }

  /** So few relays have all that there is of the file. */
  get enough(): number {
    return this.#enough;
  }

  get lostCount(): number {
    return this.#lost.size;
  }

  /** How far the first answer is; null before and after. */
  get progress(): { readonly done: number; readonly total: number } | null {
    return this.#progress;
  }

  get asking(): boolean {
    return this.#asking;
  }

  /** Why the last question was not answered; null when it was. */
  get problem(): AppError | null {
    return this.#problem;
  }

  /** Position in the distribution's chunks. */
  get chosenChunk(): number | null {
    const last = (this.#distribution?.chunks.length ?? 0) - 1;
    return this.#chosenChunk === null || last < 0 ? null : Math.min(this.#chosenChunk, last);
  }

  set chosenChunk(position: number | null) {
    this.#chosenChunk = position;
  }

  isFolded(machine: string): boolean {
    return this.#folded.has(machine);
  }

  /** Shows a host as one, or its relays. */
  fold(machine: string, folded: boolean): void {
    this.#folded = toggled(this.#folded, [machine], folded);
  }

  /** Follows this file from now on; null: none. */
  show(file: ManifestId | null): void {
    if (file === this.#file) return;
    this.#end();
    this.#file = file;
    this.#distribution = null;
    this.#problem = null;
    this.#held = NONE_HELD;
    this.#chosenChunk = null;
    this.#lost = NO_RELAYS;
    this.#folded = NO_HOSTS;
    void this.refresh();
  }

  /** The swarm looks like this now: asks again if that may have moved a copy. */
  heard(relays: readonly ShownRelay[]): void {
    const seen = relays
      .map(({ id, state, report }) => `${id} ${state} ${report?.chunks ?? ''} ${report?.restored ?? ''}`)
      .join();
    if (seen === this.#seen) return;
    const first = this.#seen === '';
    this.#seen = seen;
    if (!first) void this.refresh();
  }

  /** Asks the swarm; once more afterwards if it was called again meanwhile. */
  async refresh(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    if (this.#asking) {
      this.#stale = true;
      return;
    }
    this.#asking = true;
    const { signal } = this.#abort;
    await this.#read(file, signal);
    if (signal.aborted) return;
    this.#asking = false;
    if (!this.#stale) return;
    this.#stale = false;
    await this.refresh();
  }

  /** What if this relay were lost, or not after all. */
  pretend(relay: string, lost: boolean): void {
    this.#lost = toggled(this.#lost, [relay as RelayId], lost);
  }

  /** The same of a host: of all live relays on it. */
  pretendHost(machine: string, lost: boolean): void {
    const host = this.#hosts.find((each) => each.machine === machine);
    const live = (host?.relays ?? []).filter(({ state }) => state !== 'gone');
    this.#lost = toggled(
      this.#lost,
      live.map(({ id }) => id as RelayId),
      lost,
    );
  }

  loseNothing(): void {
    this.#lost = NO_RELAYS;
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  async #read(file: ManifestId, signal: AbortSignal): Promise<void> {
    const first = this.#distribution === null;
    try {
      const distribution = await this.#ask(file, signal, (done, total) => {
        if (first && !signal.aborted) this.#progress = { done, total };
      });
      if (signal.aborted) return;
      if (first) this.#folded = crowdedHosts(distribution);
      this.#take(distribution);
      this.#problem = null;
    } catch (cause) {
      if (!signal.aborted) this.#problem = AppError.from(cause);
    } finally {
      if (!signal.aborted) this.#progress = null;
    }
  }

  #take(distribution: FileDistribution): void {
    this.#held = heldSince(this.#held, distribution);
    this.#distribution = distribution;
    this.#lost = presentIn(distribution, this.#lost);
  }

  #end(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#asking = false;
    this.#stale = false;
    this.#progress = null;
  }
}
