/** Devices of one vault around relays in memory, which keep records as relays do, hold back, and lie. */
import { createHash } from 'node:crypto';
import { fromHex } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { Deletion, DeletionOutcome, DeletionPort } from '../../../../shared/engine/deletion-ports.ts';
import type { RecordPort } from '../../../../shared/engine/record-client.ts';
import { VaultSync } from '../../../../shared/engine/vault-sync.ts';
import type { VaultNetwork, VaultStore } from '../../../../shared/engine/vault-sync.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { verifyAtomic } from '../../../../shared/protocol/records.ts';
import type { AtomicRecord } from '../../../../shared/protocol/records.ts';
import { listFiles } from '../../../../shared/vault/index-tree.ts';
import { neededChunks, stateFrom } from '../../../../shared/vault/vault-state.ts';
import type { StateItem } from '../../../../shared/vault/vault-state.ts';
import { newFile } from '../vault/index-arbitraries.ts';
import { MemorySwarm } from './memory-swarm.ts';
import { VirtualClock } from './virtual-clock.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The highest number wins, and of two with the same the greater text: as the relays' record store has it. */
export class MemoryRecords implements RecordPort {
  readonly records = new Map<string, AtomicRecord>();
  /** Every record that was ever stored, in order. */
  readonly history: AtomicRecord[] = [];
  /** What a reader is given for a record. */
  twist: (record: AtomicRecord | null, publicKeyHex: string) => AtomicRecord | null = (record) => record;
  before: (what: 'get' | 'put') => Promise<void> = () => Promise.resolve();
  after: (what: 'get' | 'put') => Promise<void> = () => Promise.resolve();

  async get(publicKeyHex: string): Promise<AtomicRecord | null> {
    await this.before('get');
    const record = this.twist(this.records.get(publicKeyHex) ?? null, publicKeyHex);
    await this.after('get');
    return record;
  }

  async put(record: AtomicRecord): Promise<void> {
    await this.before('put');
    await verifyAtomic(record);
    const known = this.records.get(record.public_key);
    if (known !== undefined && compare(known, record) > 0)
      throw new AppError('CONFLICT', 'There is a newer version of this record.');
    this.records.set(record.public_key, record);
    this.history.push(record);
    await this.after('put');
  }
}

function compare(a: AtomicRecord, b: AtomicRecord): number {
  return a.seq - b.seq || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
}

/** Deletes for whoever has the token, as relays do. */
export class DeletingSwarm extends MemorySwarm implements DeletionPort {
  readonly deleted = new Set<ChunkId>();
  deletable = true;

  override deleteChunks(deletions: readonly Deletion[]): Promise<readonly DeletionOutcome[]> {
    if (!this.deletable) return Promise.reject(new AppError('UNAVAILABLE', 'No relay answers.'));
    return Promise.resolve(
      deletions.map(({ id, token, bodyHash }) => {
        const verifier = fromHex(sha256(token));
        if (sha256(Buffer.concat([verifier, bodyHash])) !== id) throw new Error('A token that does not fit.');
        for (const relay of this.relays) relay.chunks.delete(id);
        this.deleted.add(id);
        return { id, status: 'deleted' as const, confirmed: [], pending: [] };
      }),
    );
  }

  /** Ids of all chunks that some relay has. */
  get stored(): Set<string> {
    return new Set(this.relays.flatMap(({ chunks }) => [...chunks.keys()]));
  }
}

export class MemoryStore implements VaultStore {
  readonly items = new Map<string, string>();
  fault: () => void = () => undefined;

  load(): Promise<Iterable<readonly [string, string]>> {
    return Promise.resolve([...this.items]);
  }

  save(items: readonly StateItem[]): Promise<void> {
    this.fault();
    for (const [key, value] of items) {
      if (value === null) this.items.delete(key);
      else this.items.set(key, value);
    }
    return Promise.resolve();
  }

  /** Chunks that the device knows as its own. */
  get known(): Set<string> {
    const state = stateFrom(this.items);
    if (state === null) return new Set();
    return new Set([...neededChunks(state), ...state.head.doomed].map(({ id }) => id));
  }
}

export class Device {
  readonly store = new MemoryStore();
  readonly #bench: VaultBench;
  readonly #id: Bytes;

  constructor(bench: VaultBench, id: Bytes) {
    this.#bench = bench;
    this.#id = id;
  }

  /** As after a start of the program: from what is on the disk. */
  open(): Promise<VaultSync> {
    const { secret, clock } = this.#bench;
    return VaultSync.open({ vaultSecret: secret, deviceId: this.#id, store: this.store, clock });
  }
}

export class VaultBench {
  readonly clock = new VirtualClock();
  readonly swarm = new DeletingSwarm(this.clock, 7);
  readonly records = new MemoryRecords();
  readonly secret: Bytes = new Uint8Array(32).fill(7);
  readonly #xz: XzCodec;
  #devices = 0;

  constructor(xz: XzCodec) {
    this.#xz = xz;
  }

  get network(): VaultNetwork {
    return { swarm: this.swarm, records: this.records, xz: this.#xz };
  }

  device(): Device {
    return new Device(this, new Uint8Array(16).fill(++this.#devices));
  }

  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.clock.run(work(new AbortController().signal));
  }

  /** Adds files and publishes. */
  async add(vault: VaultSync, ...paths: readonly string[]): Promise<void> {
    await addFiles(vault, ...paths);
    await this.run((signal) => vault.publish(this.network, signal));
  }

  /** Every path that a device without anything but the secret finds. */
  async found(): Promise<string[]> {
    const vault = await this.device().open();
    const { unread } = await this.run((signal) => vault.read(this.network, signal));
    if (unread > 0) throw new Error(`${unread} could not be read.`);
    return pathsOf(vault);
  }
}

export async function addFiles(vault: VaultSync, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await vault.edit((index) => {
      const slash = path.lastIndexOf('/');
      index.addFile(
        index.makeFolders(path.slice(0, Math.max(0, slash))),
        path.slice(slash + 1),
        newFile(index.size),
      );
    });
  }
}

export function pathsOf(vault: VaultSync): string[] {
  return listFiles(vault.index.tree()).map(({ path }) => path);
}
