/**
 * Keeps one device's copy of its vault's index, and exchanges it with the vault's other devices through the swarm. Each device
 * publishes all that it knows under a key of its own, so that none overwrites another's; reading merges.
 */
import { fromHex, toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import type { XzCodec } from '../codec/xz.ts';
import { deriveDeleteKey } from '../crypto/kdf.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import { parseLink } from '../format/capability.ts';
import type { CapabilityLink } from '../format/capability.ts';
import type { Manifest } from '../format/manifest-types.ts';
import { parseChunkId } from '../ids.ts';
import type { ChunkId, ManifestId } from '../ids.ts';
import { DELETE_BATCH_CHUNKS, INDEX_READ_TRIES, INDEX_WRITE_TRIES, MAX_VAULT_DEVICES } from '../limits.ts';
import { VaultIndex } from '../vault/vault-index.ts';
import { emptyHead, entryItem, headItem, linkItem, stateFrom } from '../vault/vault-state.ts';
import type { LinkChunks, OwnChunk, StateItem, VaultHead } from '../vault/vault-state.ts';
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import { deletionOf, sendDeletions } from './delete-tokens.ts';
import type { Deletion, DeletionPort } from './deletion-ports.ts';
import { storeManifestLink } from './links.ts';
import type { SwarmPort } from './ports.ts';
import type { RecordPort } from './record-client.ts';
import { backoffMs } from './retry.ts';
import { createSwarmView } from './swarm-view.ts';
import { readParts, readRoot, storeIndex } from './vault-documents.ts';
import type { DocumentContext } from './vault-documents.ts';
import { VaultRecords } from './vault-records.ts';

/** One device's. Whoever opens a vault from it keeps others from doing so meanwhile. */
export interface VaultStore {
  /** All items. Throws `CORRUPT` or `IO` rather than leave any out. */
  load(): Promise<Iterable<readonly [key: string, value: string]>>;
  /** Adds, replaces and removes items, all or none of them; durable when it resolves. */
  save(items: readonly StateItem[]): Promise<void>;
}

export interface VaultSyncOptions {
  readonly vaultSecret: Bytes;
  /** 16 bytes. */
  readonly deviceId: Bytes;
  readonly store: VaultStore;
  readonly clock?: EngineClock;
}

export interface VaultNetwork {
  readonly swarm: SwarmPort & DeletionPort;
  readonly records: RecordPort;
  readonly xz: XzCodec;
}

export interface VaultReading {
  /** Devices whose index is known, as it is now or was at some time; this one counts once it has published. */
  readonly devices: number;
  /** Devices whose newest index could not be read: there may be more than what is known. */
  readonly unread: number;
}

export class VaultSync {
  readonly index: VaultIndex;
  readonly #options: VaultSyncOptions;
  readonly #clock: EngineClock;
  readonly #device: string;
  readonly #links: Map<ManifestId, readonly OwnChunk[]>;
  readonly #unsaved = new Map<string, string | null>();
  #head: VaultHead;
  #saving: Promise<void> = Promise.resolve();

  /** Throws what the store throws, and `CORRUPT` where it holds the index of another device. */
  static async open(options: VaultSyncOptions): Promise<VaultSync> {
    const state = stateFrom(await options.store.load());
    const index = new VaultIndex(options.deviceId);
    const device = toHex(options.deviceId);
    if (state !== null && state.head.device !== device)
      throw new AppError('CORRUPT', 'The vault’s index on this device belongs to another device or vault.');
    for (const entry of state?.entries ?? []) index.merge(entry);
    index.takeChanged();
    return new VaultSync(options, index, state?.head ?? emptyHead(device), state?.links ?? new Map());
  }

  private constructor(options: VaultSyncOptions, index: VaultIndex, head: VaultHead, links: LinkChunks) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#device = head.device;
    this.index = index;
    this.#head = head;
    this.#links = new Map(links);
  }

  /** Whether other devices can see every change made here. */
  get isPublished(): boolean {
    return this.#head.changes === this.#head.published;
  }

  /** Changes the index; durable here when it resolves, and for others after `publish`. Throws what `change` throws. */
  async edit<T>(change: (index: VaultIndex) => T): Promise<T> {
    const result = change(this.index);
    await this.#update({ changes: this.#head.changes + 1 });
    return result;
  }

  /** Stores a manifest in the swarm, for its link to stand in the index. Throws as `storeManifestLink` does. */
  async linkManifest(
    manifest: Manifest,
    manifestId: ManifestId,
    network: VaultNetwork,
    signal: AbortSignal,
  ): Promise<CapabilityLink> {
    const { swarm, xz } = network;
    const remember = ({ id, bodyHash }: { id: ChunkId; bodyHash: Bytes }): Promise<void> => {
      const chunks = [...this.#linkOf(manifestId), { id, body_hash: toHex(bodyHash) }];
      this.#links.set(manifestId, chunks);
      return this.#update({}, [linkItem(manifestId, chunks)]);
    };
    const options = { swarm, xz, clock: this.#clock, deleteKey: await this.#deleteKey(), remember };
    return storeManifestLink(manifest, options, signal);
  }

  /** Chunks that `linkManifest` has made for this manifest: they are deleted with the file. */
  linkChunksOf(manifestId: ManifestId): { readonly id: ChunkId; readonly bodyHash: Bytes }[] {
    return this.#linkOf(manifestId).map(({ id, body_hash }) => ({
      id: parseChunkId(id),
      bodyHash: fromHex(body_hash),
    }));
  }

  /**
   * Takes a file out of the index, wherever it stands in it. `left`: chunks of its links that lie in the swarm, kept by the caller so far;
   * they are deleted with the next `publish`.
   */
  async forgetFile(
    manifestId: ManifestId,
    left: readonly { readonly id: ChunkId; readonly bodyHash: Bytes }[] = [],
  ): Promise<void> {
    const files = this.index.filesOf(manifestId);
    for (const { id } of files) this.index.remove(id);
    const isLinked = this.#links.delete(manifestId);
    if (files.length === 0 && !isLinked && left.length === 0) return;
    const doomed = left.map(({ id, bodyHash }) => ({ id, body_hash: toHex(bodyHash) }));
    await this.#update({ changes: this.#head.changes + 1, doomed: [...this.#head.doomed, ...doomed] }, [
      linkItem(manifestId, []),
    ]);
  }

  /**
   * Takes over what the vault's other devices have published since. What relays hold back is counted, and what was known before stays
   * known. Throws `UNAVAILABLE` and the like where nothing can be learned at all, `UNSUPPORTED` for a newer version's
   * vault, `ABORTED`, what the store throws.
   */
  async read(network: VaultNetwork, signal: AbortSignal): Promise<VaultReading> {
    const records = await this.#records(network);
    const context = this.#contextOf(network);
    const { devices, complete } = await this.#listed(records, signal);
    let unread = complete ? 0 : 1;
    // A set's iterator comes to what is added while it runs: each index names devices too.
    for (const device of devices) {
      try {
        for (const other of await this.#readDevice(device, records, context, signal)) {
          if (devices.size < MAX_VAULT_DEVICES) devices.add(other);
        }
      } catch (cause) {
        throwIfAborted(signal);
        const error = AppError.from(cause);
        if (['IO', 'NO_SPACE', 'UNSUPPORTED', 'INTERNAL'].includes(error.code)) throw error;
        unread++;
      }
    }
    const { seen, seq } = this.#head;
    return { devices: seen.length + (seq > 0 ? 1 : 0), unread };
  }

  /**
   * Publishes what this device knows, after reading what the others do. Given again it goes on with what is left, and does little
   * when nothing is. Throws as `read` does, `NOT_ENOUGH_RELAYS`, `NO_SPACE` for too many devices, `CONFLICT` when
   * others keep being quicker.
   */
  async publish(network: VaultNetwork, signal: AbortSignal): Promise<VaultReading> {
    const reading = await this.read(network, signal);
    if (this.#head.changes === 0) return reading;
    const records = await this.#records(network);
    const { changes } = this.#head;
    await this.#publishIndex(records, network, signal);
    await this.#register(records, signal);
    await this.#update({ published: changes });
    await this.#deleteDoomed(network, signal);
    return reading;
  }

  // --- reading -------------------------------------------------------------------------------------------------

  /** Devices that the lists name, or that are known; `complete`: whether all lists could be read. */
  async #listed(
    records: VaultRecords,
    signal: AbortSignal,
  ): Promise<{ devices: Set<string>; complete: boolean }> {
    const devices = new Set([this.#device, ...this.#head.seen.map(({ device }) => device)]);
    const failures: AppError[] = [];
    for (let list = 0; list < records.lists; list++) {
      try {
        const listed = await records.devicesIn(list, signal);
        for (const device of listed?.value ?? []) if (devices.size < MAX_VAULT_DEVICES) devices.add(device);
      } catch (cause) {
        throwIfAborted(signal);
        failures.push(AppError.from(cause));
      }
    }
    const [first] = failures;
    const newer = failures.find(({ code }) => code === 'UNSUPPORTED');
    if (newer !== undefined) throw newer;
    if (first !== undefined && failures.length === records.lists) throw first;
    return { devices, complete: failures.length === 0 };
  }

  /** Gives the devices that this one knows of. */
  async #readDevice(
    device: string,
    records: VaultRecords,
    context: DocumentContext,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    for (let tries = 1; ; tries++) {
      const known = this.#head.seen.find((each) => each.device === device);
      const knownSeq = device === this.#device ? this.#head.seq : (known?.seq ?? 0);
      const record = await records.indexOf(device, signal);
      // This device may not have published yet; another one that was named has.
      if (record === null && device === this.#device && knownSeq === 0) return [];
      if (record === null || record.seq < knownSeq)
        throw new AppError('UNAVAILABLE', 'The relays hold back what a device of your vault has published.');
      if (record.seq === knownSeq) return [];
      try {
        return await this.#takeOver(device, record.seq, record.value, context, signal);
      } catch (cause) {
        // It may have been replaced while it was read.
        const code = AppError.from(cause).code;
        if (tries >= INDEX_READ_TRIES || code !== 'CHUNK_LOST' || signal.aborted) throw cause;
      }
    }
  }

  async #takeOver(
    device: string,
    seq: number,
    link: CapabilityLink,
    context: DocumentContext,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const known = this.#head.seen.find((each) => each.device === device)?.chunks ?? [];
    const had = new Set([...known, ...this.#head.parts.map(({ id }) => id)]);
    const root = await readRoot(context, link, signal);
    const news = root.parts.filter(({ id }) => !had.has(id));
    for (const entry of await readParts(context, news, signal)) this.index.merge(entry);
    if (device !== this.#device) {
      const chunks = [link.id, ...root.parts.map(({ id }) => id)];
      const others = this.#head.seen.filter((each) => each.device !== device);
      await this.#update({ seen: [...others, { device, seq, chunks }] });
    } else await this.#update({ seq });
    return root.devices;
  }

  // --- publishing ----------------------------------------------------------------------------------------------

  async #publishIndex(records: VaultRecords, network: VaultNetwork, signal: AbortSignal): Promise<void> {
    const context = this.#contextOf(network);
    for (let tries = 1; ; tries++) {
      const there = await records.indexOf(this.#device, signal);
      if (this.isPublished && this.#head.seq > 0 && there?.seq === this.#head.seq) return;
      const parts = await storeIndex(
        context,
        {
          entries: this.index.entries(),
          devices: [this.#device, ...this.#head.seen.map(({ device }) => device)],
          stored: this.#head.parts,
          deleteKey: await this.#deleteKey(),
          remember: (chunks) => this.#update({ pending: [...this.#head.pending, ...chunks] }),
        },
        signal,
      );
      const root = parts.at(-1);
      if (root === undefined) throw new AppError('INTERNAL', 'An index has no root.');
      const seq = Math.max(this.#head.seq, there?.seq ?? 0) + 1;
      try {
        await records.writeIndex(this.#device, seq, parseLink(root.link), signal);
      } catch (cause) {
        await this.#afterConflict(cause, tries, signal);
        await this.#readDevice(this.#device, records, context, signal);
        continue;
      }
      const { parts: before, pending, superseded, doomed } = this.#head;
      const current = new Set(parts.map(({ id }) => id));
      const left = [...before, ...pending].filter(({ id }) => !current.has(id));
      await this.#update({
        ...{ seq, parts, pending: [], doomed: [...doomed, ...superseded] },
        superseded: left.map(({ id, body_hash }) => ({ id, body_hash })),
      });
      return;
    }
  }

  /**
   * Sees to it that every list names every device that is known, this one included. A list is read, and written with what was missing:
   * another device that does the same at that moment may undo it in the first list, but has then yet to read the second,
   * and finds there what is missing in the first.
   */
  async #register(records: VaultRecords, signal: AbortSignal): Promise<void> {
    const known = new Set([this.#device, ...this.#head.seen.map(({ device }) => device)]);
    for (let tries = 1; ; tries++) {
      let isWritten = false;
      for (let list = 0; list < records.lists; list++) {
        const current = await records.devicesIn(list, signal);
        for (const device of current?.value ?? []) known.add(device);
        if ([...known].every((device) => current?.value.includes(device) === true)) continue;
        isWritten = true;
        const seq = Math.max(current?.seq ?? 0, this.#head.list_seqs[list] ?? 0) + 1;
        try {
          await records.writeDevices(list, seq, [...known], signal);
          const seqs = Array.from({ length: records.lists }, (_, i) => this.#head.list_seqs[i] ?? 0);
          await this.#update({ list_seqs: seqs.with(list, seq) });
        } catch (cause) {
          await this.#afterConflict(cause, tries, signal);
        }
      }
      if (!isWritten) return;
      if (tries >= INDEX_WRITE_TRIES)
        throw new AppError('CONFLICT', 'Other devices of your vault keep being quicker. Try again.');
    }
  }

  async #afterConflict(cause: unknown, tries: number, signal: AbortSignal): Promise<void> {
    const error = AppError.from(cause);
    if (error.code !== 'CONFLICT' || tries >= INDEX_WRITE_TRIES) throw error;
    await this.#clock.sleep(backoffMs(tries), signal);
  }

  /** What readers of the index before may still be at is left to the next time, as is what no relay can be told now. */
  async #deleteDoomed({ swarm }: VaultNetwork, signal: AbortSignal): Promise<void> {
    const batch = this.#head.doomed.slice(0, DELETE_BATCH_CHUNKS);
    const deleteKey = await this.#deleteKey();
    const deletions: Deletion[] = [];
    const gone = new Set<string>();
    for (const { id, body_hash } of batch) {
      const deletion = await deletionOf(deleteKey, { id: parseChunkId(id), bodyHash: fromHex(body_hash) });
      if (deletion !== null) deletions.push(deletion);
      // Made under another vault that this device had: no token of this one's would ever fit.
      else gone.add(id);
    }
    if (batch.length === 0) return;
    try {
      const sent = deletions.length === 0 ? [] : await sendDeletions(swarm, deletions, this.#clock, signal);
      for (const { id, status } of sent) if (status === 'deleted') gone.add(id);
    } catch (cause) {
      const error = AppError.from(cause);
      if (!error.retryable) throw error;
    }
    if (gone.size > 0) await this.#update({ doomed: this.#head.doomed.filter(({ id }) => !gone.has(id)) });
  }

  // --- this device ---------------------------------------------------------------------------------------------

  #linkOf(manifestId: ManifestId): readonly OwnChunk[] {
    return this.#links.get(manifestId) ?? [];
  }

  #records({ records }: VaultNetwork): Promise<VaultRecords> {
    return VaultRecords.open(records, this.#options.vaultSecret);
  }

  #contextOf({ swarm, xz }: VaultNetwork): DocumentContext {
    return { view: createSwarmView(swarm, this.#clock), xz };
  }

  #deleteKey(): Promise<Bytes> {
    return deriveDeleteKey(this.#options.vaultSecret, this.#options.deviceId);
  }

  /** Saves run one after the other, each with what is new when its turn comes, and what an earlier one could not save. */
  #update(changes: Partial<VaultHead>, items: readonly StateItem[] = []): Promise<void> {
    this.#head = { ...this.#head, ...changes };
    for (const [key, value] of items) this.#unsaved.set(key, value);
    const saved = this.#saving.then(async () => {
      for (const [key, value] of [...this.index.takeChanged().map(entryItem), headItem(this.#head)])
        this.#unsaved.set(key, value);
      const batch = [...this.#unsaved];
      await this.#options.store.save(batch);
      for (const [key, value] of batch) if (this.#unsaved.get(key) === value) this.#unsaved.delete(key);
    });
    this.#saving = saved.catch(() => undefined);
    return saved;
  }
}
