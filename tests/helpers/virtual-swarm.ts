/**
 * Relays in one process under a virtual clock: real services and stores (`RelayCore`, `ChunkStore`), simulated wires.
 *
 *     await using swarm = await VirtualSwarm.start({ relays: 6, seed: 1 });
 *     await swarm.settled();                                // until all live relays know each other
 *     const chunk = swarm.makeChunk();
 *     await swarm.put(chunk);                               // by relay 0, to the first five in placement order
 *     swarm.kill(3);                                        // no goodbye; also freeze, thaw, partition, heal, restart, stop
 *     await swarm.run({ minutes: 6 });
 *     await swarm.until(() => swarm.holdersOf(chunk.id).length === 5, { withinMs: 60_000 });
 *     await swarm.during(swarm.relays[0].core.reader.get(…));   // time goes on until the promise settles
 *     expect(swarm.faults).toEqual([]);                     // errors logged, and answers that were INTERNAL
 *
 * The same seed gives the same run, to the last message: compare `fingerprint`. Nothing happens between two calls of `run`,
 * `until`, `during`; all file and crypto operations have ended by then. Code under test must take its time from the `Clock`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { holdersOf } from '../../shared/placement/placement.ts';
import type { PutAnswer } from '../../shared/protocol/routes.ts';
import { ownedChunk } from './virtual-chunk.ts';
import type { OwnedChunk } from './virtual-chunk.ts';
import { SerialIo } from './virtual-io.ts';
import { VirtualNetwork, seededRandom } from './virtual-network.ts';
import { VirtualRelay } from './virtual-relay.ts';
import type { CoreOptions, VirtualRelayOptions } from './virtual-relay.ts';
import { VirtualTime } from './virtual-time.ts';

const GIB = 2 ** 30;
const DEFAULT_WITHIN_MS = 120_000;
const STEP_MS = 100;
const NONCE = '000102030405060708090a0b0c0d0e0f';
/** Memory, where the system has such a folder: syncing files to a disk takes most of the time otherwise. */
const TEMP = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface VirtualSwarmOptions {
  readonly relays: number;
  readonly seed?: number;
  /** One way, ms: least and most. Default 0.2 to 2. */
  readonly delayMs?: readonly [number, number];
  /** Share of datagrams lost, and of link messages that come 200 ms late. Default 0. */
  readonly loss?: number;
  /** Of each link. Default 100 MiB. */
  readonly bytesPerSecond?: number;
  /** Relays per host; default 1. */
  readonly relaysPerHost?: number;
  /** Default 1 GiB each. */
  readonly capacityBytes?: (index: number) => number;
  /** Default true. Without, join relays by `relay.core.network.join(port)`. */
  readonly discovery?: boolean;
  /** By how much wall clocks are wrong, ms; default 0. */
  readonly wallSkewMs?: (index: number) => number;
  /** Further options of `RelayCore`. */
  readonly core?: CoreOptions;
  /** Gets a line for each message sent and each event published. */
  readonly trace?: (line: string) => void;
}

export interface Span {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly ms?: number;
}

export class VirtualSwarm implements AsyncDisposable {
  readonly relays: VirtualRelay[] = [];
  /** What went wrong that never may: errors logged, and `INTERNAL` answers. */
  readonly faults: string[] = [];
  readonly network: VirtualNetwork;
  /** Of the test's own choices, apart from the network's. */
  readonly random: () => number;
  readonly #time = new VirtualTime();
  readonly #io = new SerialIo();
  readonly #dir = mkdtempSync(path.join(TEMP, 'lanvault-virtual-'));
  readonly #options: VirtualSwarmOptions;
  readonly #fingerprint = createHash('sha256');
  readonly #restoreRandom: () => void;
  #advancing = false;
  #ended = false;

  private constructor(options: VirtualSwarmOptions) {
    const seed = options.seed ?? 1;
    this.#options = options;
    this.random = seededRandom(seed ^ 0x5bd1e995);
    this.network = new VirtualNetwork({
      delayMs: options.delayMs ?? [0.2, 2],
      loss: options.loss ?? 0,
      bytesPerSecond: options.bytesPerSecond ?? 100 * 2 ** 20,
      random: seededRandom(seed),
      time: this.#time,
      trace: (line) => this.#trace(line),
    });
    const original = Math.random;
    // Services draw their jitter and their choices from it.
    Math.random = seededRandom(seed + 1);
    this.#restoreRandom = () => {
      Math.random = original;
    };
  }

  /** One at a time in a process: it takes `crypto.subtle` and `Math.random` until disposed of. */
  static async start(options: VirtualSwarmOptions): Promise<VirtualSwarm> {
    const swarm = new VirtualSwarm(options);
    try {
      for (let index = 0; index < options.relays; index++) await swarm.add();
      return swarm;
    } catch (cause) {
      await swarm[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Virtual ms since the start. */
  get now(): number {
    return this.#time.now;
  }

  get bytesMoved(): number {
    return this.network.bytesMoved;
  }

  /** Of all that was sent and published so far. */
  get fingerprint(): string {
    return this.#fingerprint.copy().digest('hex');
  }

  get live(): VirtualRelay[] {
    return this.relays.filter((relay) => relay.alive);
  }

  relay(index: number): VirtualRelay {
    const relay = this.relays[index];
    if (relay === undefined) throw new Error(`No relay ${String(index)}.`);
    return relay;
  }

  byId(id: RelayId): VirtualRelay {
    const relay = this.relays.find((candidate) => candidate.id === id);
    if (relay === undefined) throw new Error(`No relay ${id}.`);
    return relay;
  }

  /** One more relay, started. */
  async add(options: Partial<VirtualRelayOptions> = {}): Promise<VirtualRelay> {
    const index = this.relays.length;
    const {
      relaysPerHost = 1,
      capacityBytes,
      discovery = true,
      wallSkewMs,
      core = {},
      seed = 1,
    } = this.#options;
    const world = {
      ...{ time: this.#time, io: this.#io, network: this.network, seed },
      fault: (line: string, cause: unknown) => this.#fault(line, cause),
    };
    const relay = new VirtualRelay(world, this.#dir, {
      capacityBytes: capacityBytes?.(index) ?? GIB,
      machine: `host-${String(Math.floor(index / relaysPerHost))}`.padEnd(16, '-'),
      discovery,
      wallSkewMs: wallSkewMs?.(index) ?? 0,
      core,
      ...options,
    });
    this.relays.push(relay);
    await this.#boot(relay);
    return relay;
  }

  /** Its process dies without a goodbye; `power`: its host with it. Takes effect at once. */
  kill(index: number, { power = false } = {}): void {
    this.#trace(`kill ${String(index)}`);
    this.relay(index).kill({ power });
  }

  /** A new process on the same storage, with the same identity. */
  async restart(index: number): Promise<void> {
    this.#mustRest();
    this.#trace(`restart ${String(index)}`);
    const relay = this.relay(index);
    relay.kill({ power: false });
    await this.#io.settled();
    await this.#boot(relay);
  }

  /** Ends a relay in good order. */
  async stop(index: number): Promise<void> {
    await this.during(this.relay(index).stop());
  }

  freeze(index: number): void {
    this.relay(index).freeze();
  }

  thaw(index: number): void {
    this.relay(index).thaw();
  }

  /** Relays of different groups do not hear each other until the next call, or `heal`. */
  partition(groups: readonly (readonly number[])[]): void {
    this.network.partition(groups);
  }

  heal(): void {
    this.network.heal();
  }

  /** Lets time pass. */
  async run(span: Span): Promise<void> {
    await this.#advance(this.now + toMs(span), () => false);
  }

  /** All machines sleep for so long: what was due in the meantime happens once, when they wake. Cheap for days. */
  async suspend(span: Span): Promise<void> {
    this.#mustRest();
    await this.#io.settled();
    this.#time.jumpTo(this.now + toMs(span));
  }

  /** Lets time pass until `condition`, asked every `stepMs`, is true. Gives how long that took, ms. */
  async until(
    condition: () => boolean,
    { withinMs = DEFAULT_WITHIN_MS, stepMs = STEP_MS, what = '' } = {},
  ): Promise<number> {
    const startedAt = this.now;
    while (!condition()) {
      if (this.now - startedAt >= withinMs)
        throw new Error(
          `Did not come true in ${String(withinMs)} virtual ms: ${what || condition.toString()}`,
        );
      await this.#advance(this.now + stepMs, () => false);
    }
    return this.now - startedAt;
  }

  /** Lets time pass until `promise` settles, and gives what it gives. */
  async during<T>(promise: Promise<T>, { withinMs = DEFAULT_WITHIN_MS } = {}): Promise<T> {
    const over = new AbortController();
    const end = (): void => over.abort();
    void promise.then(end, end);
    await this.#advance(this.now + withinMs, () => over.signal.aborted);
    if (!over.signal.aborted) throw new Error(`Did not end in ${String(withinMs)} virtual ms.`);
    return promise;
  }

  /** Waits until every live relay lists exactly the live ones. Gives how long that took, ms. */
  settled(withinMs = DEFAULT_WITHIN_MS): Promise<number> {
    const ids = this.live
      .map(({ id }) => id)
      .sort()
      .join();
    const knowsAll = ({ core }: VirtualRelay): boolean =>
      core.membership
        .list()
        .map(({ id }) => id)
        .sort()
        .join() === ids;
    return this.until(() => this.live.every(knowsAll), { withinMs, what: 'all live relays know each other' });
  }

  /** A chunk with its delete token, the same for the same seed and turn. */
  makeChunk(sizeBytes = 4000): OwnedChunk {
    return ownedChunk(this.random, sizeBytes);
  }

  /** A client's PUT by way of relay `entry`, to the relays that it places the chunk on. Gives who holds it. */
  async put(
    chunk: Pick<OwnedChunk, 'id' | 'bytes'>,
    { entry = 0, withinMs = DEFAULT_WITHIN_MS } = {},
  ): Promise<PutAnswer> {
    const { core } = this.relay(entry);
    const body = (async function* () {
      yield await Promise.resolve(chunk.bytes);
    })();
    const replicateTo = holdersOf(chunk.id, core.membership.list()).map(({ id }) => id);
    const signal = new AbortController().signal;
    return this.during(
      core.writer.put(
        { id: chunk.id, body, sizeHintBytes: chunk.bytes.length, nonceHex: NONCE, replicateTo },
        signal,
      ),
      { withinMs },
    );
  }

  /** Indices of the live relays that say they hold the chunk. */
  holdersOf(id: ChunkId): number[] {
    return this.live.filter(({ core }) => core.local.has(id)).map(({ index }) => index);
  }

  /** Indices of all relays, dead ones included, in whose storage its file lies. */
  onDiskOf(id: ChunkId): number[] {
    return this.relays.filter((relay) => relay.hasOnDisk(id)).map(({ index }) => index);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const relay of this.relays) relay.kill({ power: true });
    await this.#io.settled();
    for (const relay of this.relays) await relay.reap();
    this.#io[Symbol.dispose]();
    this.#restoreRandom();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #boot(relay: VirtualRelay): Promise<void> {
    await relay.start();
    const name = String(relay.index);
    relay.core.events.subscribe((event) => this.#trace(`${name} ${JSON.stringify(event)}`));
    await this.#io.settled();
  }

  /** Event by event, each to its end with all that it sets off, up to `until` or as soon as `over`. */
  async #advance(until: number, over: () => boolean): Promise<void> {
    this.#mustRest();
    this.#advancing = true;
    try {
      for (;;) {
        await this.#io.settled();
        for (const relay of this.relays) if (relay.hasDied) await relay.reap();
        if (over()) return;
        if (this.#ended) throw new Error('The swarm was disposed of while time passed.');
        const next = this.#time.next;
        if (next === null || next > until) break;
        this.#time.step();
      }
      this.#time.jumpTo(until);
    } finally {
      this.#advancing = false;
    }
  }

  #mustRest(): void {
    if (this.#advancing) throw new Error('Time passes already: await the call before.');
  }

  #trace(line: string): void {
    const text = `${this.now.toFixed(3)} ${line}`;
    this.#fingerprint.update(text).update('\n');
    this.#options.trace?.(text);
  }

  #fault(line: string, cause: unknown): void {
    const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.faults.push(`${line}: ${why}`);
  }
}

function toMs({ days = 0, hours = 0, minutes = 0, seconds = 0, ms = 0 }: Span): number {
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms;
}
