/** Real relays, killed by SIGKILL at random moments of their work: what they have promised must hold ever after. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';
import { holdersOf } from '../../shared/placement/placement.ts';
import { parseRelayId } from '../../shared/ids.ts';
import { operatorRoutes } from '../../shared/protocol/operator-routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { until } from './until.ts';
import type { Member } from '../../shared/placement/member.ts';
import { CrashLedger } from './crash-ledger.ts';
import type { Entry } from './crash-ledger.ts';
import { startRelays } from './relays.ts';
import type { RelayProcess, RelaySwarm } from './relays.ts';
import { ownedChunk } from './virtual-chunk.ts';
import { seededRandom } from './virtual-network.ts';

const REPLICAS = 5;
const WRITERS = 6;
const MAX_CHUNK_BYTES = 60_000;
/** A killing comes at any time up to this after the work has begun. */
const MAX_WORK_MS = 400;

/** `client`: PUT and delete. `repair`: a lost disk is made good. `unjoin`: a relay leaves. */
export type CrashWork = 'client' | 'repair' | 'unjoin';

export interface CrashTally {
  readonly chunks: number;
  readonly receipts: number;
  readonly deletions: number;
  readonly kills: number;
}

export class CrashRounds implements AsyncDisposable {
  readonly #swarm: RelaySwarm;
  readonly #random: () => number;
  readonly #ledger = new CrashLedger();
  #members: Member[] = [];
  #kills = 0;

  private constructor(swarm: RelaySwarm, seed: number) {
    this.#swarm = swarm;
    this.#random = seededRandom(seed);
  }

  /** The seed decides what is done and when; what a kill meets is up to the machine. */
  static async start(relays: number, seed: number): Promise<CrashRounds> {
    const rounds = new CrashRounds(await startRelays(relays), seed);
    await rounds.#know();
    return rounds;
  }

  get tally(): CrashTally {
    const { entries } = this.#ledger;
    const sum = (of: (entry: Entry) => number): number =>
      entries.reduce((total, entry) => total + of(entry), 0);
    return {
      chunks: entries.length,
      receipts: sum(({ receipts }) => receipts.size),
      deletions: sum(({ confirmed }) => confirmed.size),
      kills: this.#kills,
    };
  }

  /** Some work, a kill in the midst of it, a restart. Throws when a promise is broken. */
  async round(work: CrashWork): Promise<void> {
    const before = new Set(this.#ledger.entries);
    const target = this.#pick(this.#swarm.relays);
    if (work === 'repair') await this.#loseDisk(target);
    const stop = new AbortController();
    const clients = Array.from({ length: WRITERS }, () => this.#client(stop.signal));
    const operator = work === 'client' ? Promise.resolve() : this.#operate(work, target);
    await pause(this.#random() * MAX_WORK_MS);
    const victims = new Set([
      work === 'unjoin' && this.#random() < 0.5 ? target : this.#pick(this.#swarm.relays),
    ]);
    // Two at once at times: the promises are each relay's own.
    if (work === 'client' && this.#random() < 0.3) victims.add(this.#pick(this.#swarm.relays));
    await Promise.all([...victims].map((relay) => relay.kill()));
    this.#kills += victims.size;
    await pause(this.#random() * 100);
    stop.abort();
    await Promise.all([...clients, operator]);
    const restarted = await this.#restartDead();
    if (work !== 'client') {
      await this.#settle();
      return;
    }
    const news = this.#ledger.entries.filter((entry) => !before.has(entry) || entry.confirmed.size > 0);
    for (const relay of restarted) await this.#ledger.check(relay, news);
  }

  /** Every promise ever given, on every relay. */
  async checkAll(): Promise<void> {
    await this.#swarm.settled();
    await this.#ledger.untilDeletedOn(this.#swarm.relays);
    for (const relay of this.#swarm.relays) await this.#ledger.check(relay, this.#ledger.entries);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#swarm[Symbol.asyncDispose]();
  }

  /** Puts and deletes by way of any relay, one after the other. */
  async #client(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const entry = this.#pick(this.#swarm.relays);
      const { kept } = this.#ledger;
      try {
        if (kept.length > 20 && this.#random() < 0.3) await this.#ledger.delete(entry, this.#pick(kept));
        else await this.#put(entry);
      } catch (cause) {
        // A dead relay answers nothing. A live one must.
        if (!(cause instanceof TypeError)) throw cause;
        await pause(5);
      }
    }
  }

  async #put(entry: RelayProcess): Promise<void> {
    const chunk = ownedChunk(this.#random, 200 + Math.floor(this.#random() * MAX_CHUNK_BYTES));
    const holders = holdersOf(chunk.id, this.#members).map(({ id }) => id);
    await this.#ledger.put(entry, chunk, holders);
  }

  async #operate(work: 'repair' | 'unjoin', target: RelayProcess): Promise<void> {
    const asked = work === 'unjoin' ? [target] : this.#swarm.relays;
    await Promise.all(asked.map((relay) => askOperator(relay, 'POST', `/${work}`).catch(unlessUnavailable)));
  }

  /** The relay comes back with its identity and index, and without a single chunk file. */
  async #loseDisk(relay: RelayProcess): Promise<void> {
    // A chunk whose PUT was cut short may lie nowhere else.
    await this.#settle();
    await relay.kill();
    await rm(path.join(relay.dir, 'chunks'), { recursive: true });
    await this.#restartDead();
    await this.#swarm.settled();
  }

  /** What is repaired in the end is whole, whatever was interrupted; a relay that has left comes back empty. */
  async #settle(): Promise<void> {
    for (const relay of this.#swarm.relays)
      await until(() => hasLeftOrStays(relay), `${relay.log} leaves or stays`);
    await this.#restartDead();
    await this.#know();
    await Promise.all(this.#swarm.relays.map((relay) => until(() => repairs(relay), `${relay.log} repairs`)));
    await this.#ledger.untilReplicated(this.#swarm.relays, REPLICAS);
    await this.#ledger.untilDeletedOn(this.#swarm.relays);
  }

  /** Waits until all know all: a relay that was wiped has a new id. */
  async #know(): Promise<void> {
    await this.#swarm.settled();
    this.#members = (await this.#swarm.entry.peers()).map((peer) => ({ ...peer, id: parseRelayId(peer.id) }));
  }

  async #restartDead(): Promise<RelayProcess[]> {
    const restarted: RelayProcess[] = [];
    const { relays } = this.#swarm;
    for (const [index, relay] of relays.entries()) {
      if (relay.alive) continue;
      const again = await relay.restart();
      relays[index] = again;
      restarted.push(again);
    }
    return restarted;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }
}

async function askOperator(relay: RelayProcess, method: 'GET' | 'POST', url: string): Promise<string> {
  const token = (await readFile(path.join(relay.dir, 'operator.token'), 'utf8')).trim();
  const answer = await fetch(relay.url + url, { method, headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  if (answer.status === 503) throw new AppError('UNAVAILABLE', text);
  if (!answer.ok) throw new Error(`${relay.log}: ${method} ${url} answers ${String(answer.status)} ${text}`);
  return text;
}

async function hasLeftOrStays(relay: RelayProcess): Promise<boolean> {
  if (!relay.alive) return true;
  try {
    const text = await askOperator(relay, 'GET', '/unjoin');
    return parseJsonWith(operatorRoutes.unjoinStatus.response, text, 'The departure').state === 'serving';
  } catch {
    // It stops just now.
    return false;
  }
}

/** Has the relay look at everything; false when it cannot yet. */
async function repairs(relay: RelayProcess): Promise<boolean> {
  try {
    await askOperator(relay, 'POST', '/repair');
    return true;
  } catch (cause) {
    if (cause instanceof AppError) return false;
    throw cause;
  }
}

/** A request to a relay that has just died fails as fetch does; one that starts or leaves says so. */
function unlessUnavailable(cause: unknown): void {
  if (!(cause instanceof TypeError || cause instanceof AppError)) throw cause;
}

/** `LANVAULT_SEED` repeats a run's choices. */
export function crashSeed(): number {
  const seed = Number(process.env['LANVAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`crash rounds with LANVAULT_SEED=${String(seed)}`);
  return seed;
}
