/** One relay of a virtual swarm: a real store and real services, over a virtual network and clock. */
import path from 'node:path';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { DEFAULT_LIMITS } from '../../relay/config/config.ts';
import { openIdentity } from '../../relay/services/receipts.ts';
import { RelayCore } from '../../relay/services/relay-core.ts';
import type { RelayCoreOptions } from '../../relay/services/relay-core.ts';
import { ChunkStore } from '../../relay/storage/chunk-store.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { ProcessFiles } from './virtual-io.ts';
import type { SerialIo } from './virtual-io.ts';
import { VirtualNode } from './virtual-node.ts';
import { seededRandom } from './virtual-network.ts';
import type { Port, VirtualNetwork } from './virtual-network.ts';
import { VirtualClock, VirtualProcess } from './virtual-time.ts';
import type { VirtualTime } from './virtual-time.ts';
import { chunkPath } from './stored-chunks.ts';

/** Options of the services that a test may set. */
export type CoreOptions = Partial<
  Omit<
    RelayCoreOptions,
    'identity' | 'signer' | 'store' | 'capacityBytes' | 'machine' | 'version' | 'clock' | 'log'
  >
>;

export interface VirtualRelayOptions {
  readonly capacityBytes: number;
  /** Opaque; relays with the same one are on one host. */
  readonly machine: string;
  readonly discovery: boolean;
  readonly wallSkewMs: number;
  readonly core: CoreOptions;
}

/** What relays of one swarm have in common. */
export interface VirtualWorld {
  readonly time: VirtualTime;
  readonly io: SerialIo;
  readonly network: VirtualNetwork;
  readonly seed: number;
  readonly fault: (line: string, cause: unknown) => void;
}

interface Running {
  readonly process: VirtualProcess;
  readonly files: ProcessFiles;
  readonly store: ChunkStore;
  readonly core: RelayCore<VirtualNode>;
}

const FIRST_LINK_PORT = 4000;

export class VirtualRelay {
  readonly index: number;
  readonly dir: string;
  readonly port: Port;
  readonly options: VirtualRelayOptions;
  readonly #world: VirtualWorld;
  #id: RelayId | undefined;
  #running: Running | undefined;
  #starts = 0;
  #operationsLeft = Infinity;

  constructor(world: VirtualWorld, swarmDir: string, options: VirtualRelayOptions) {
    this.#world = world;
    this.options = options;
    this.port = world.network.addPort();
    this.index = this.port.index;
    this.dir = path.join(swarmDir, `relay-${String(this.index)}`);
  }

  /** The same after every restart. */
  get id(): RelayId {
    if (this.#id === undefined) throw new Error('The relay was never started.');
    return this.#id;
  }

  /** Its process has not died. */
  get alive(): boolean {
    return this.#running?.process.dead === false;
  }

  /** It died, and `reap` has not been called since. */
  get hasDied(): boolean {
    return this.#running?.process.dead === true;
  }

  /** Throws for a dead relay. */
  get core(): RelayCore<VirtualNode> {
    if (this.#running === undefined) throw new Error(`Relay ${String(this.index)} is not running.`);
    return this.#running.core;
  }

  get store(): ChunkStore {
    if (this.#running === undefined) throw new Error(`Relay ${String(this.index)} is not running.`);
    return this.#running.store;
  }

  /** A new process on the same storage. Resolves when it has announced itself. */
  async start(): Promise<void> {
    const { time, io, network, seed, fault } = this.#world;
    await this.reap();
    this.port.powered = true;
    this.#operationsLeft = Infinity;
    const process = new VirtualProcess();
    const files = new ProcessFiles(io, process, () => this.#countOperation());
    const clock = new VirtualClock(time, process, this.options.wallSkewMs);
    const failed = (what: string, cause: unknown): void =>
      fault(`relay ${String(this.index)}: ${what}`, cause);
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (details: object, message: string) => failed(message, 'err' in details ? details.err : details),
    };
    mkdirSync(this.dir, { recursive: true });
    const store = await ChunkStore.open({
      dir: this.dir,
      capacityBytes: this.options.capacityBytes,
      freeSpaceFloorBytes: 0,
      log,
      wallTime: () => clock.wallTime(),
      ops: files.ops,
    });
    const { identity, signer } = await openIdentity(seedOf(seed, this.index));
    this.#id = identity.id;
    const linkPort = FIRST_LINK_PORT + this.#starts++;
    const core = new RelayCore<VirtualNode>(
      {
        identity,
        signer,
        store,
        capacityBytes: this.options.capacityBytes,
        machine: this.options.machine,
        version: '0.0.0',
        limits: DEFAULT_LIMITS,
        clock,
        log,
        random: seededRandom(seed + 1000 * this.#starts + this.index),
        ...this.options.core,
      },
      (sockets) =>
        new VirtualNode({
          id: identity.id,
          clock,
          process,
          network,
          port: this.port,
          linkPort,
          discovery: this.options.discovery,
          sockets,
          fault: failed,
        }),
    );
    this.#running = { process, files, store, core };
    core.network.announce();
    core.start();
  }

  /** SIGKILL; with `power`, the whole host is off as well, and does not reset its connections. */
  kill({ power }: { readonly power: boolean }): void {
    if (this.#running === undefined) return;
    const { process, core } = this.#running;
    if (process.dead) return;
    process.kill();
    if (power) this.port.powered = false;
    else core.network.died();
  }

  /** SIGKILL before the `count`-th file operation from now, counted from 1. */
  killAtOperation(count: number): void {
    this.#operationsLeft = count;
  }

  freeze(): void {
    this.#running?.process.freeze();
  }

  thaw(): void {
    if (this.#running !== undefined) this.#world.time.thaw(this.#running.process);
  }

  /** SIGTERM: ends in good order. */
  async stop(): Promise<void> {
    if (this.#running === undefined) return;
    const { core, store, process } = this.#running;
    await core[Symbol.asyncDispose]();
    await core.network[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    process.kill();
    await this.reap();
  }

  /** Frees what a dead process had open. Call it when nothing goes on. */
  async reap(): Promise<void> {
    if (this.#running?.process.dead !== true) return;
    const { files, store } = this.#running;
    this.#running = undefined;
    this.port.node = null;
    await files.closeAll();
    store.database[Symbol.dispose]();
  }

  /** Whether the chunk's file lies in its storage, dead or alive. */
  hasOnDisk(id: ChunkId): boolean {
    return existsSync(chunkPath(this.dir, id));
  }

  /** Flips one bit of a stored chunk, as a dying disk does. */
  rot(id: ChunkId): void {
    const file = chunkPath(this.dir, id);
    const bytes = readFileSync(file);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  }

  #countOperation(): void {
    this.#operationsLeft--;
    if (this.#operationsLeft <= 0) this.kill({ power: false });
  }
}

function seedOf(seed: number, index: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    createHash('sha256')
      .update(`${String(seed)} ${String(index)}`)
      .digest(),
  );
}
