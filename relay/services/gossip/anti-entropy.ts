/**
 * When to compare sets with whom: with a random linked peer every now and then, with one that has come back as soon as there is a
 * link to it, and at once after a start, after having been alone and after having been frozen. What push has lost is found here.
 */
import type { RelayId } from '../../../shared/ids.ts';
import {
  ANTI_ENTROPY_INTERVAL_MS,
  ANTI_ENTROPY_ROUND_MS,
  MAX_FIRST_ROUNDS,
  MAX_PEERS,
} from '../../../shared/limits.ts';
import { withDeadline } from '../deadline.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { MeshView } from '../mesh/mesh-view.ts';
import type { Clock } from '../ports.ts';

const TICK_MS = 250;
/** A tick that comes later than this was not run in between: this relay was stopped, not the others. */
const FROZEN_AFTER_MS = 5000;

export interface AntiEntropyOptions {
  readonly mesh: MeshView;
  /** Live relays, for when no link is open. */
  readonly members: () => readonly RelayId[];
  /** Compares all sets with a peer, to the end. */
  readonly round: (peer: RelayId, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class AntiEntropy {
  readonly #options: AntiEntropyOptions;
  readonly #running = new Set<RelayId>();
  /** To be compared with as soon as there is a link to them. */
  readonly #due = new Set<RelayId>();
  readonly #ended = Promise.withResolvers<undefined>();
  #catchingUp = true;
  #lastFailed: RelayId | undefined;
  #nextAt = 0;
  #lastTickAt = 0;
  #rounds = 0;

  constructor(options: AntiEntropyOptions) {
    this.#options = options;
  }

  /** Resolves when the first round since the start has ended well. */
  get firstRound(): Promise<undefined> {
    return this.#ended.promise;
  }

  /** Rounds that ended well. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Whether there is anybody to compare with. */
  get hasPeers(): boolean {
    return this.#peers().length > 0;
  }

  /** Something was not told to `peer`: the sets are compared soon. */
  note(peer: RelayId): void {
    if (this.#due.size < MAX_PEERS) this.#due.add(peer);
  }

  /** Something was lost here: whichever peer answers first is compared with at once. */
  catchUp(): void {
    this.#catchingUp = true;
  }

  /** Call it once, when the relay is announced. Ends when the signal fires. */
  start(stopped: AbortSignal): void {
    const { clock, events } = this.#options;
    this.#lastTickAt = clock.now();
    this.#nextAt = clock.now() + this.#pauseMs();
    const unsubscribe = events.subscribe((event) => {
      if (event.type === 'peer-joined') this.note(event.id as RelayId);
    });
    stopped.addEventListener('abort', unsubscribe, { once: true });
    clock.every(TICK_MS, () => this.#tick(stopped), stopped);
  }

  #tick(stopped: AbortSignal): void {
    const now = this.#options.clock.now();
    if (now - this.#lastTickAt > FROZEN_AFTER_MS) this.#catchingUp = true;
    this.#lastTickAt = now;
    const peers = this.#peers();
    if (peers.length === 0) this.#catchingUp = true;
    else if (this.#catchingUp) {
      if (this.#running.size < MAX_FIRST_ROUNDS) this.#begin(this.#choose(peers), stopped);
    } else if (this.#running.size === 0) {
      const returned = peers.find((peer) => this.#due.has(peer));
      if (returned !== undefined || now >= this.#nextAt)
        this.#begin(returned ?? this.#choose(peers), stopped);
    }
  }

  #begin(peer: RelayId | undefined, stopped: AbortSignal): void {
    if (peer === undefined) return;
    this.#due.delete(peer);
    this.#running.add(peer);
    this.#nextAt = this.#options.clock.now() + this.#pauseMs();
    void this.#run(peer, stopped);
  }

  async #run(peer: RelayId, stopped: AbortSignal): Promise<void> {
    const { clock, log, round } = this.#options;
    try {
      await withDeadline(clock, ANTI_ENTROPY_ROUND_MS, 'A comparison of sets', stopped, (signal) =>
        round(peer, signal),
      );
      this.#rounds++;
      this.#catchingUp = false;
      if (this.#lastFailed === peer) this.#lastFailed = undefined;
      this.#ended.resolve(undefined);
    } catch (err) {
      this.#lastFailed = peer;
      if (!stopped.aborted) log.debug({ err, peer }, 'a comparison of sets failed');
    } finally {
      this.#running.delete(peer);
    }
  }

  /** A random one, and not the one that failed last while there are others. */
  #choose(peers: readonly RelayId[]): RelayId | undefined {
    const idle = peers.filter((peer) => !this.#running.has(peer));
    const good = idle.filter((peer) => peer !== this.#lastFailed);
    const from = good.length > 0 ? good : idle;
    return from[Math.floor(this.#options.random() * from.length)];
  }

  /** Those that a link is open to; without any, all that live. */
  #peers(): readonly RelayId[] {
    const linked = this.#options.mesh.linked();
    return linked.length > 0 ? linked : this.#options.members();
  }

  #pauseMs(): number {
    return ANTI_ENTROPY_INTERVAL_MS * (0.5 + this.#options.random());
  }
}
