/** Where one file lies, followed while relays come and go, and what the loss of some of them would mean. */
import { SvelteSet } from 'svelte/reactivity';
import { copiesLeft, durability, enoughRelays } from '../../shared/engine/durability.ts';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { MAP_UNFOLDED_RELAYS } from '../../shared/limits.ts';
import { liveCheck } from './live-check.ts';
import { heldBy, mapHosts } from './map-figures.ts';
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
  #held = $state.raw<ReadonlyMap<string, number>>(new Map());
  readonly #lost = new SvelteSet<RelayId>();
  readonly #folded = new SvelteSet<string>();
  #chosenChunk = $state<number | null>(null);

  readonly #check = $derived(this.#distribution === null ? null : liveCheck(this.#distribution));
  readonly #ifLost = $derived.by((): Durability | null =>
    this.#distribution === null || this.#lost.size === 0
      ? null
      : durability(this.#distribution, new Set(this.#lost)),
  );
  readonly #copies = $derived(
    this.#distribution === null ? [] : copiesLeft(this.#distribution, new Set(this.#lost)),
  );
  readonly #hosts = $derived.by(() =>
    this.#distribution === null
      ? []
      : mapHosts({
          distribution: this.#distribution,
          relays: this.#relays(),
          held: this.#held,
          lost: new Set(this.#lost),
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
    if (folded) this.#folded.add(machine);
    else this.#folded.delete(machine);
  }

  /** Follows this file from now on; null: none. */
  show(file: ManifestId | null): void {
    if (file === this.#file) return;
    this.#end();
    this.#file = file;
    this.#distribution = null;
    this.#problem = null;
    this.#held = new Map();
    this.#chosenChunk = null;
    this.#lost.clear();
    this.#folded.clear();
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
    do {
      this.#stale = false;
      await this.#read(file, signal);
      if (signal.aborted) return;
      // What the answer of one question set off is part of the next.
    } while (this.#stale);
    this.#asking = false;
  }

  /** What if this relay were lost, or not after all. */
  pretend(relay: string, lost: boolean): void {
    if (lost) this.#lost.add(relay as RelayId);
    else this.#lost.delete(relay as RelayId);
  }

  /** The same of a host: of all live relays on it. */
  pretendHost(machine: string, lost: boolean): void {
    const host = this.#hosts.find((each) => each.machine === machine);
    for (const { id, state } of host?.relays ?? []) if (state !== 'gone') this.pretend(id, lost);
  }

  loseNothing(): void {
    this.#lost.clear();
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
      if (first) this.#foldMany(distribution);
      this.#take(distribution);
      this.#problem = null;
    } catch (cause) {
      if (!signal.aborted) this.#problem = AppError.from(cause);
    } finally {
      if (!signal.aborted) this.#progress = null;
    }
  }

  #take(distribution: FileDistribution): void {
    const held = heldBy(distribution);
    const present = new Set<string>(held.keys());
    for (const [id, chunks] of this.#held) if (!present.has(id)) held.set(id, chunks);
    this.#held = held;
    this.#distribution = distribution;
    for (const id of this.#lost) if (!present.has(id)) this.#lost.delete(id);
  }

  /** Many relays on several hosts begin as their hosts. */
  #foldMany(distribution: FileDistribution): void {
    const counts = new Map<string, number>();
    const held = heldBy(distribution);
    for (const { id, machine } of distribution.relays)
      if ((held.get(id) ?? 0) > 0) counts.set(machine, (counts.get(machine) ?? 0) + 1);
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (counts.size < 2 || all <= MAP_UNFOLDED_RELAYS) return;
    for (const [machine, count] of counts) if (count > 1) this.#folded.add(machine);
  }

  #end(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#asking = false;
    this.#stale = false;
    this.#progress = null;
  }
}
