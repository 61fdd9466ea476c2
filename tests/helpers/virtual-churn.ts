/** A virtual swarm whose relays come and go, stop and part, while clients put and delete: nothing may be lost or come back. */
import { AppError } from '../../shared/errors.ts';
import type { OwnedChunk } from './virtual-chunk.ts';
import type { VirtualRelay } from './virtual-relay.ts';
import { VirtualSwarm } from './virtual-swarm.ts';

const REPLICAS = 5;
/** Relays that are away at once. */
const MAX_AWAY = 2;
const CONVERGED_MS = 15 * 60_000;

export interface ChurnOptions {
  readonly relays: number;
  readonly steps: number;
  readonly seed: number;
}

export interface ChurnResult {
  /** Of everything that happened. */
  readonly fingerprint: string;
  readonly faults: readonly string[];
  readonly chunks: number;
  readonly deleted: number;
  /** Virtual ms from the last disturbance until all was well. */
  readonly convergedMs: number;
}

/** Throws when the swarm does not come to rest with five replicas of each chunk that is kept and none of the others. */
export async function churn({ relays, steps, seed }: ChurnOptions): Promise<ChurnResult> {
  await using swarm = await VirtualSwarm.start({ relays, seed, loss: 0.02, core: { repairGraceMs: 30_000 } });
  await swarm.settled();
  const run = new Churn(swarm);
  for (let step = 0; step < steps; step++) await run.step();
  const convergedMs = await run.converge();
  return {
    fingerprint: swarm.fingerprint,
    faults: swarm.faults,
    chunks: run.kept.size,
    deleted: run.deleted.size,
    convergedMs,
  };
}

class Churn {
  /** Chunks with a receipt that nobody has asked to delete. */
  readonly kept = new Set<OwnedChunk>();
  /** Chunks whose deletion some relay has confirmed. */
  readonly deleted = new Set<OwnedChunk>();
  readonly #swarm: VirtualSwarm;
  readonly #frozen = new Set<VirtualRelay>();

  constructor(swarm: VirtualSwarm) {
    this.#swarm = swarm;
  }

  async step(): Promise<void> {
    const swarm = this.#swarm;
    const relay = this.#pick(swarm.relays);
    const chance = swarm.random();
    if (chance < 0.2) this.#takeAway(() => swarm.kill(relay.index, { power: swarm.random() < 0.5 }), relay);
    else if (chance < 0.3) this.#takeAway(() => this.#freeze(relay), relay);
    else if (chance < 0.5) await this.#bringBack();
    else if (chance < 0.55) swarm.partition(this.#halves());
    else if (chance < 0.65) swarm.heal();
    for (let i = 0; i < 2; i++) await this.#put();
    if (swarm.random() < 0.4) await this.#delete();
    await swarm.run({ seconds: 60 * swarm.random() ** 2 });
  }

  async converge(): Promise<number> {
    const swarm = this.#swarm;
    swarm.heal();
    while (this.#away().length > 0) await this.#bringBack();
    await swarm.settled();
    const isWell = (): boolean =>
      [...this.kept].every(({ id }) => swarm.onDiskOf(id).length === REPLICAS) &&
      [...this.deleted].every(({ id }) => swarm.onDiskOf(id).length === 0);
    try {
      return await swarm.until(isWell, { withinMs: CONVERGED_MS, stepMs: 10_000 });
    } catch (cause) {
      const counts = (chunks: Iterable<OwnedChunk>): string =>
        Array.from(chunks, ({ id }) => swarm.onDiskOf(id).join(' ')).join(' | ');
      throw new Error(`Kept on ${counts(this.kept)}; deleted on ${counts(this.deleted)}`, { cause });
    }
  }

  #away(): VirtualRelay[] {
    return this.#swarm.relays.filter((relay) => !relay.alive || this.#frozen.has(relay));
  }

  #takeAway(how: () => void, relay: VirtualRelay): void {
    const away = this.#away();
    if (away.length < MAX_AWAY && !away.includes(relay)) how();
  }

  #freeze(relay: VirtualRelay): void {
    this.#frozen.add(relay);
    this.#swarm.freeze(relay.index);
  }

  async #bringBack(): Promise<void> {
    const [relay] = this.#away();
    if (relay === undefined) return;
    if (this.#frozen.delete(relay)) this.#swarm.thaw(relay.index);
    else await this.#swarm.restart(relay.index);
  }

  #halves(): [number[], number[]] {
    const halves: [number[], number[]] = [[], []];
    for (const { index } of this.#swarm.relays) halves[this.#swarm.random() < 0.5 ? 0 : 1].push(index);
    return halves;
  }

  async #put(): Promise<void> {
    const chunk = this.#swarm.makeChunk(2000);
    const { receipts } = await this.#swarm.put(chunk, { entry: this.#entry().index });
    if (receipts.length > 0) this.kept.add(chunk);
  }

  async #delete(): Promise<void> {
    if (this.kept.size === 0) return;
    const chunk = this.#pick([...this.kept]);
    const { id, token, bodyHash } = chunk;
    this.kept.delete(chunk);
    const { service } = this.#entry().core.deletion;
    try {
      const [result] = await this.#swarm.during(
        service.delete([{ id, token, bodyHash }], new AbortController().signal),
      );
      if (result !== undefined && result.confirmed.length > 0) this.deleted.add(chunk);
    } catch (cause) {
      // Not every relay can take a deletion at any time; it may still happen.
      if (!AppError.from(cause).retryable) throw cause;
    }
  }

  /** A relay that answers clients. */
  #entry(): VirtualRelay {
    const away = this.#away();
    return this.#pick(this.#swarm.relays.filter((relay) => !away.includes(relay)));
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#swarm.random() * from.length)] as T;
  }
}
