/** Upload: read → seal → journal → place, with bounded queues between, resumed from whatever the journal says. */
import { discard, equalBytes } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import type { ChunkId, ManifestId, RelayId } from '../ids.ts';
import { BLOCK_BYTES, MEMBERS_TRIES, REPLICAS, UPLOADS_IN_FLIGHT } from '../limits.ts';
import { assertFilename } from '../format/filename.ts';
import { computeManifestId } from '../format/manifest.ts';
import type { PackedManifest } from '../format/manifest.ts';
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import { Semaphore, TaskGroup, untilAborted } from './concurrency.ts';
import { JournalTable } from './journal-table.ts';
import type { JournaledBlock } from './journal-table.ts';
import { JournalWriter } from './journal-writer.ts';
import { manifestFromTable } from './journal-manifest.ts';
import { MembersView } from './members-view.ts';
import { Penalties } from './penalties.ts';
import { placeChunk } from './placer.ts';
import type { PlacerContext } from './placer.ts';
import type { BlockSource, BlockWorkers, Journal, JournalChunk, SwarmPort } from './ports.ts';
import { withRetry } from './retry.ts';
import { StageCounts } from './upload-stages.ts';
import type { UploadStages } from './upload-stages.ts';

export interface UploadOptions {
  readonly source: BlockSource;
  /** A new journal or one to go on with; stays open, the caller closes it. */
  readonly journal: Journal;
  readonly swarm: SwarmPort;
  readonly workers: BlockWorkers;
  /** HKDF(vault, `delete` ‖ device id), 32 bytes. */
  readonly deleteKey: Bytes;
  /** Verified holders that every chunk must have, 1 to `REPLICAS`; default 1. */
  readonly minReplicas?: number;
  /** Called at the start, after each chunk, and when a block enters another stage. Must not throw. */
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly clock?: EngineClock;
}

export interface UploadProgress {
  /** Plaintext bytes whose chunks are stored (receipts verified), resumed ones included. */
  readonly storedBytes: number;
  /** Bytes of chunks sent in this run, once each. */
  readonly sentBytes: number;
  /** Plaintext bytes that an earlier run had stored and that are not sent again. */
  readonly resumedBytes: number;
  readonly chunksStored: number;
  readonly chunkCount: number;
  /** Fewest holders of any stored chunk; null before the first. */
  readonly minReplicas: number | null;
  readonly stages: UploadStages;
  /** The chunk that has just been stored, if the call is about one. `holders` is null for one that was stored in an earlier run. */
  readonly chunk: {
    readonly index: number;
    readonly id: ChunkId;
    readonly holders: readonly RelayId[] | null;
  } | null;
}

export interface UploadResult {
  readonly manifest: PackedManifest;
  readonly manifestId: ManifestId;
  /** Holders of the chunk with the fewest; `REPLICAS` for an empty file, which needs none. */
  readonly minReplicas: number;
  /** Some chunk has fewer than `REPLICAS` holders; repair completes it when relays join. */
  readonly degraded: boolean;
  readonly chunkCount: number;
  readonly storedBytes: number;
  readonly sentBytes: number;
  readonly resumedBytes: number;
}

/**
 * Stores a file and gives its manifest. Interrupted at any point, the same call with the same journal goes on: a block
 * that the journal has as stored is read again and must hash the same, then it is not sent again; otherwise it gets a
 * new IV and the old chunk is journaled as abandoned. The source's fingerprint may differ (a file that was copied or
 * touched), its size may not.
 *
 * Throws `NOT_ENOUGH_RELAYS`, `UNAVAILABLE`, `FILE_CHANGED`, `IO`, `ABORTED`, `CORRUPT` (journal); the journal stays
 * valid after each. Memory: at most `workers.concurrency + UPLOADS_IN_FLIGHT` blocks, and 152 bytes per block.
 */
export async function uploadFile(options: UploadOptions, signal: AbortSignal): Promise<UploadResult> {
  const upload = await Upload.begin(options, signal);
  await upload.storeAll(signal);
  return upload.finish(signal);
}

class Upload {
  readonly #source: BlockSource;
  readonly #journal: Journal;
  readonly #writer: JournalWriter;
  readonly #workers: BlockWorkers;
  readonly #deleteKey: Bytes;
  readonly #table: JournalTable;
  readonly #placing: PlacerContext;
  readonly #onProgress: (progress: UploadProgress) => void;
  readonly #sending = new Semaphore(UPLOADS_IN_FLIGHT);
  readonly #stages = new StageCounts(() => this.#report(null));
  #storedBytes = 0;
  #sentBytes = 0;
  #resumedBytes = 0;
  #chunksStored = 0;
  #minHolders: number | null = null;

  static async begin(options: UploadOptions, signal: AbortSignal): Promise<Upload> {
    throwIfAborted(signal);
    const { source, journal, minReplicas = 1 } = options;
    if (!Number.isInteger(minReplicas) || minReplicas < 1 || minReplicas > REPLICAS)
      throw new AppError('BAD_INPUT', `The fewest replicas is a number from 1 to ${REPLICAS}.`);
    if (source.sizeBytes !== journal.header.sizeBytes)
      throw new AppError(
        'FILE_CHANGED',
        'The file has another size than when its upload began. Upload it as a new file.',
      );
    assertStorableName(journal.header.name);
    const table = await JournalTable.replay(Math.ceil(source.sizeBytes / BLOCK_BYTES), journal.entries());
    return new Upload(options, table, minReplicas);
  }

  private constructor(options: UploadOptions, table: JournalTable, minReplicas: number) {
    const { source, journal, swarm, workers, deleteKey, clock = systemClock } = options;
    this.#source = source;
    this.#journal = journal;
    this.#writer = new JournalWriter(journal);
    this.#workers = workers;
    this.#deleteKey = deleteKey;
    this.#table = table;
    const members = new MembersView(swarm, clock);
    this.#placing = { swarm, members, penalties: new Penalties(clock), clock, minReplicas };
    this.#onProgress = options.onProgress ?? (() => undefined);
  }

  /** Returns when every block is stored, or throws the first failure after all work has stopped. */
  async storeAll(signal: AbortSignal): Promise<void> {
    await this.#requireRelays(signal);
    this.#report(null);
    const group = new TaskGroup(signal);
    group.run((inner) => this.#readAll(group, inner));
    await group.join();
  }

  async finish(signal: AbortSignal): Promise<UploadResult> {
    await untilAborted(signal, this.#source.assertUnchanged());
    const manifest = manifestFromTable(this.#journal.header, this.#table);
    const manifestId = await computeManifestId(manifest);
    throwIfAborted(signal);
    if (this.#table.finished !== manifestId) await this.#writer.append({ kind: 'finished', manifestId });
    const minReplicas = this.#minHolders ?? REPLICAS;
    return {
      manifest,
      manifestId,
      minReplicas,
      degraded: minReplicas < REPLICAS,
      chunkCount: this.#table.length,
      storedBytes: this.#storedBytes,
      sentBytes: this.#sentBytes,
      resumedBytes: this.#resumedBytes,
    };
  }

  /** Fails before the first read where there is nobody to send to. */
  async #requireRelays(signal: AbortSignal): Promise<void> {
    if (this.#allStored()) return;
    const { members, clock, minReplicas } = this.#placing;
    const live = await withRetry(
      { clock, tries: MEMBERS_TRIES, codes: ['UNAVAILABLE', 'TIMEOUT'], signal },
      () => members.get(signal),
    );
    if (live.length >= minReplicas) return;
    throw new AppError(
      'NOT_ENOUGH_RELAYS',
      live.length === 0
        ? 'No relay with storage is up. Start relays and run the upload again; it goes on where it is.'
        : `Only ${live.length} relays with storage are up, ${minReplicas} are asked for. ` +
            'Start more and run the upload again, or ask for fewer replicas.',
      { details: { live: live.length, minReplicas } },
    );
  }

  #allStored(): boolean {
    for (let index = 0; index < this.#table.length; index++) {
      if (!this.#isStored(this.#table.at(index))) return false;
    }
    return true;
  }

  #isStored(known: JournaledBlock | undefined): known is JournaledBlock {
    return known !== undefined && known.holders >= this.#placing.minReplicas;
  }

  /** Reads in order, one block at a time, and only while a worker is free to take it. */
  async #readAll(group: TaskGroup, signal: AbortSignal): Promise<void> {
    const sealers = new Semaphore(this.#workers.concurrency);
    for (let index = 0; index < this.#table.length; index++) {
      const release = await sealers.acquire(signal);
      const block = await this.#read(index, signal);
      group.run((inner) => this.#store(index, block, release, inner));
    }
  }

  async #read(index: number, signal: AbortSignal): Promise<Bytes> {
    const block = await untilAborted(signal, this.#source.read(index, signal));
    const expected = Math.min(BLOCK_BYTES, this.#source.sizeBytes - index * BLOCK_BYTES);
    if (block.length !== expected)
      throw new AppError('FILE_CHANGED', 'The file changed while it was read. Upload it again.');
    return block;
  }

  async #store(index: number, block: Bytes, releaseSealer: () => void, signal: AbortSignal): Promise<void> {
    let sealed: { chunk: JournalChunk; bytes: Bytes } | undefined;
    let releaseSender: () => void;
    try {
      const known = this.#table.at(index);
      if (known !== undefined) this.#stages.enter(index, 'checking');
      const same = known !== undefined && (await this.#hashesTo(block, known.chunk.blockHash, signal));
      if (same && this.#isStored(known)) {
        this.#countStored(known.chunk, known.holders);
        this.#resumedBytes += known.chunk.size;
        this.#stages.leave(index);
        this.#report({ index, id: known.chunk.id, holders: null });
        return;
      }
      this.#stages.enter(index, 'sealing');
      sealed = await this.#seal(index, block, same ? known : undefined, signal);
      // A sealed chunk keeps its worker's place until the network takes it: this is the backpressure.
      releaseSender = await this.#sending.acquire(signal);
    } finally {
      releaseSealer();
    }
    try {
      await this.#send(sealed.chunk, sealed.bytes, signal);
    } finally {
      releaseSender();
    }
  }

  async #hashesTo(block: Bytes, blockHash: Bytes, signal: AbortSignal): Promise<boolean> {
    return equalBytes(await untilAborted(signal, this.#workers.hash(block, signal)), blockHash);
  }

  /**
   * Seals a block and journals it, durably, before anyone may send it. `same` is the journal's chunk of this very
   * plaintext: with its IV it gives the same chunk again. An IV is never used for other bytes under the same key.
   */
  async #seal(
    index: number,
    block: Bytes,
    same: JournaledBlock | undefined,
    signal: AbortSignal,
  ): Promise<{ chunk: JournalChunk; bytes: Bytes }> {
    const previous = this.#table.at(index)?.chunk;
    const { key, mode } = this.#journal.header;
    const job = { key, deleteKey: this.#deleteKey, mode };
    if (same !== undefined) {
      const { chunk: bytes, ...again } = await untilAborted(
        signal,
        this.#workers.seal({ ...job, block, iv: same.chunk.iv }, signal),
      );
      if (again.id === same.chunk.id) return { chunk: same.chunk, bytes };
      // Another codec version or delete key: these bytes must not leave under the old IV.
    }
    const fresh = same === undefined ? block : await this.#read(index, signal);
    const { chunk: bytes, ...made } = await untilAborted(
      signal,
      this.#workers.seal({ ...job, block: fresh }, signal),
    );
    const chunk: JournalChunk = { index, ...made };
    const sealed = { kind: 'sealed', chunk } as const;
    if (previous === undefined) await this.#writer.append(sealed);
    else {
      const { id, bodyHash } = previous;
      await this.#writer.append(sealed, { kind: 'abandoned', id, bodyHash });
    }
    this.#table.setSealed(chunk);
    return { chunk, bytes };
  }

  async #send(chunk: JournalChunk, bytes: Bytes, signal: AbortSignal): Promise<void> {
    const sizeBytes = bytes.length;
    const { index } = chunk;
    this.#stages.enter(index, { copies: 0, waiting: false });
    const holders = await placeChunk(this.#placing, chunk.id, bytes, signal, (state) =>
      this.#stages.enter(index, state),
    );
    discard(bytes);
    await this.#writer.append({ kind: 'stored', index, holders });
    this.#table.setStored(index, holders.length);
    this.#sentBytes += sizeBytes;
    this.#countStored(chunk, holders.length);
    this.#stages.leave(index);
    this.#report({ index, id: chunk.id, holders });
  }

  #countStored(chunk: JournalChunk, holders: number): void {
    this.#storedBytes += chunk.size;
    this.#chunksStored++;
    this.#minHolders = Math.min(this.#minHolders ?? REPLICAS, holders);
  }

  #report(chunk: UploadProgress['chunk']): void {
    this.#onProgress({
      storedBytes: this.#storedBytes,
      sentBytes: this.#sentBytes,
      resumedBytes: this.#resumedBytes,
      chunksStored: this.#chunksStored,
      chunkCount: this.#table.length,
      minReplicas: this.#minHolders,
      stages: this.#stages.snapshot(),
      chunk,
    });
  }
}

/** Asked before the first byte is read, since the manifest comes last. */
function assertStorableName(name: string): void {
  try {
    assertFilename(name);
  } catch (cause) {
    throw new AppError('BAD_INPUT', 'The file has a name that cannot be stored. Rename it, then try again.', {
      cause,
    });
  }
}
