/**
 * Prune: finds and deletes the chunks of this device that nothing refers to any more.
 *
 * What relays say is not believed. A row counts only if its verifier and body hash make its id, and the verifier is that of
 * this device's token for the body hash: then the id is that of a chunk which this device has made, whatever else the row
 * says. Whether it is wanted is for the database alone to say, by id. So the worst that a relay can do is to hide orphans,
 * or to name a chunk that is an orphan in fact.
 */
import { fromHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import { chunkIdFrom, isOwnChunk } from '../format/chunk.ts';
import { parseChunkId } from '../ids.ts';
import type { RelayId } from '../ids.ts';
import {
  DELETE_BATCH_CHUNKS,
  MAX_PRUNE_CHUNKS,
  MEMBERS_TRIES,
  PRUNE_BATCH_CHUNKS,
  PRUNE_MIN_AGE_MS,
} from '../limits.ts';
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import { RelayCounts, deletionOf, sendDeletions } from './delete-tokens.ts';
import type { Deletion, DeletionPort, InventoryPort, OwnedDatabase } from './deletion-ports.ts';
import { absentHolders, referencedChunks } from './owned-references.ts';
import { mergedInventories } from './prune-inventories.ts';
import type { HeldRow } from './prune-inventories.ts';
import { OrphanTable } from './prune-orphans.ts';
import type { Orphan } from './prune-orphans.ts';
import { withRetry } from './retry.ts';

export interface FindOrphansOptions {
  readonly swarm: InventoryPort;
  readonly database: OwnedDatabase;
  /** HKDF(vault, `delete` ‖ device id) of this device, 32 bytes. */
  readonly deleteKey: Bytes;
  /** Unix time, ms: a chunk's age keeps it from being pruned, and never makes it an orphan. */
  readonly unixTime: () => number;
  /** Goes on though relays that have this device's chunks by receipt are away. */
  readonly withoutAbsent?: boolean;
  /** Called with what relays say they hold of each chunk, whoever has made it. Must not throw. */
  readonly onChunk?: (rows: readonly HeldRow[]) => void;
  /** Called now and then. Must not throw. */
  readonly onProgress?: (progress: { readonly chunksSeen: number; readonly ownChunks: number }) => void;
  readonly clock?: EngineClock;
}

export interface OrphanPlan {
  readonly orphans: OrphanTable;
  /** There are more than one run deletes. */
  readonly more: boolean;
  /** Relays whose inventories were read. */
  readonly relays: number;
  /** Own chunks that nothing refers to, and that are too young to be pruned. */
  readonly young: number;
  /** Relays that are away, and have chunks by receipt; none unless `withoutAbsent`. */
  readonly absent: readonly RelayId[];
}

/** A whole second's work between two reports, about. */
const REPORT_EVERY = 10_000;

/**
 * Compares what all relays hold with what this device's database refers to. It refuses where it cannot know everything:
 * `UNAVAILABLE` when a relay does not answer or, unless `withoutAbsent`, one that has chunks of this device is away;
 * `CORRUPT` and `IO` when something in the database cannot be read; `CORRUPT` for an inventory that is none; `ABORTED`.
 * Memory: 30 MB, and 110 bytes for each orphan, at most `MAX_PRUNE_CHUNKS` of them.
 */
export async function findOrphans(options: FindOrphansOptions, signal: AbortSignal): Promise<OrphanPlan> {
  const { swarm, database, clock = systemClock, withoutAbsent = false } = options;
  const members = await withRetry(
    { clock, tries: MEMBERS_TRIES, codes: ['UNAVAILABLE', 'TIMEOUT'], signal },
    () => swarm.members(signal),
  );
  const relays = members.map(({ id }) => id);
  const { absent } = await absentHolders(database, new Set(relays));
  if (absent.size > 0 && !withoutAbsent) throw away([...absent]);
  return new OrphanSearch(options, relays, [...absent], clock).run(signal);
}

class OrphanSearch {
  readonly #options: FindOrphansOptions;
  readonly #relays: readonly RelayId[];
  readonly #absent: readonly RelayId[];
  readonly #clock: EngineClock;
  readonly #orphans = new OrphanTable();
  #young = 0;

  constructor(
    options: FindOrphansOptions,
    relays: readonly RelayId[],
    absent: readonly RelayId[],
    clock: EngineClock,
  ) {
    this.#options = options;
    this.#relays = relays;
    this.#absent = absent;
    this.#clock = clock;
  }

  async run(signal: AbortSignal): Promise<OrphanPlan> {
    const { swarm, deleteKey, unixTime, onChunk, onProgress } = this.#options;
    const bornBefore = unixTime() - PRUNE_MIN_AGE_MS;
    let candidates = new OrphanTable();
    let young = new OrphanTable();
    let chunksSeen = 0;
    let ownChunks = 0;
    for await (const rows of mergedInventories(swarm, this.#relays, this.#clock, signal)) {
      if (++chunksSeen % REPORT_EVERY === 0) onProgress?.({ chunksSeen, ownChunks });
      onChunk?.(rows);
      const own = await ownChunkOf(rows, deleteKey);
      if (own === null) continue;
      ownChunks++;
      (own.newestAt < bornBefore ? candidates : young).add(own);
      if (candidates.length + young.length < PRUNE_BATCH_CHUNKS) continue;
      await this.#settle(candidates, young, signal);
      candidates = new OrphanTable();
      young = new OrphanTable();
      if (this.#orphans.length >= MAX_PRUNE_CHUNKS) return this.#plan(true);
    }
    await this.#settle(candidates, young, signal);
    onProgress?.({ chunksSeen, ownChunks });
    return this.#plan(this.#orphans.length >= MAX_PRUNE_CHUNKS);
  }

  /**
   * Takes over what nothing refers to. The database is read after the inventories: a journal names its chunks before they
   * are sent, so whatever an upload has brought there is in it by now.
   */
  async #settle(candidates: OrphanTable, young: OrphanTable, signal: AbortSignal): Promise<void> {
    if (candidates.length + young.length === 0) return;
    const wanted = new Uint8Array(candidates.length);
    const wantedYoung = new Uint8Array(young.length);
    for await (const id of referencedChunks(this.#options.database)) {
      throwIfAborted(signal);
      const row = candidates.find(id);
      if (row >= 0) wanted[row] = 1;
      const youngRow = young.find(id);
      if (youngRow >= 0) wantedYoung[youngRow] = 1;
    }
    for (let row = 0; row < candidates.length && this.#orphans.length < MAX_PRUNE_CHUNKS; row++) {
      if (wanted[row] === 0) this.#orphans.add(candidates.at(row));
    }
    this.#young += wantedYoung.filter((each) => each === 0).length;
  }

  #plan(more: boolean): OrphanPlan {
    return {
      orphans: this.#orphans,
      more,
      relays: this.#relays.length,
      young: this.#young,
      absent: this.#absent,
    };
  }
}

/** The chunk that these rows of one id are about, if it is this device's; rows that do not make the id are left out. */
async function ownChunkOf(
  rows: readonly HeldRow[],
  deleteKey: Bytes,
): Promise<(Orphan & { readonly newestAt: number }) | null> {
  const [first] = rows;
  if (first === undefined) return null;
  const id = parseChunkId(first.entry.id);
  const genuine = rows.filter(
    ({ entry }) => chunkIdFrom(fromHex(entry.verifier), fromHex(entry.body_hash)) === id,
  );
  const sample = genuine[0]?.entry;
  if (sample === undefined) return null;
  const bodyHash = fromHex(sample.body_hash);
  if (!(await isOwnChunk(deleteKey, { verifier: fromHex(sample.verifier), bodyHash }))) return null;
  let sizeBytes = 0;
  let newestAt = 0;
  for (const { entry } of genuine) {
    sizeBytes = Math.max(sizeBytes, entry.size);
    newestAt = Math.max(newestAt, entry.stored_at);
  }
  const holders = genuine.map(({ relay }) => relay);
  return { id, bodyHash, sizeBytes, replicas: holders.length, holders, newestAt };
}

export interface DeleteOrphansOptions {
  readonly swarm: DeletionPort;
  readonly database: OwnedDatabase;
  readonly deleteKey: Bytes;
  /** Called at the start and after each batch. Must not throw. */
  readonly onProgress?: (progress: { readonly chunksDone: number; readonly chunkCount: number }) => void;
  readonly clock?: EngineClock;
}

export interface PruneResult {
  /** Chunks that the swarm was told to delete. */
  readonly deleted: number;
  /** Orphans that something has come to refer to since they were found: left alone. */
  readonly kept: number;
  /** Chunks that no relay could take the deletion of now. */
  readonly failed: number;
  /** Relays that have not confirmed, with the number of chunks; what remains is found by the next run. */
  readonly pending: ReadonlyMap<RelayId, number>;
}

/** Deletes what `findOrphans` has found, save what is referred to by now. Throws as `deleteUpload` does. */
export async function deleteOrphans(
  { orphans }: OrphanPlan,
  options: DeleteOrphansOptions,
  signal: AbortSignal,
): Promise<PruneResult> {
  const { swarm, database, deleteKey, onProgress, clock = systemClock } = options;
  const wanted = new Uint8Array(orphans.length);
  for await (const id of referencedChunks(database)) {
    throwIfAborted(signal);
    const row = orphans.find(id);
    if (row >= 0) wanted[row] = 1;
  }
  const pending = new RelayCounts();
  let deleted = 0;
  let failed = 0;
  for (let start = 0; start < orphans.length; start += DELETE_BATCH_CHUNKS) {
    onProgress?.({ chunksDone: start, chunkCount: orphans.length });
    const batch: Deletion[] = [];
    for (let row = start; row < Math.min(start + DELETE_BATCH_CHUNKS, orphans.length); row++) {
      const deletion = wanted[row] === 0 ? await deletionOf(deleteKey, orphans.at(row)) : null;
      if (deletion !== null) batch.push(deletion);
    }
    if (batch.length === 0) continue;
    for (const outcome of await sendDeletions(swarm, batch, clock, signal)) {
      if (outcome.status === 'deleted') deleted++;
      else failed++;
      pending.add(outcome.pending);
    }
  }
  onProgress?.({ chunksDone: orphans.length, chunkCount: orphans.length });
  return { deleted, kept: wanted.filter((each) => each === 1).length, failed, pending: pending.all };
}

function away(absent: readonly RelayId[]): AppError {
  const which =
    absent.length === 1
      ? `Relay ${absent[0] ?? ''} is away and has`
      : `${absent.length} relays are away and have`;
  return new AppError(
    'UNAVAILABLE',
    `${which} chunks of yours by receipt, so that what lies there cannot be compared.`,
    { details: { absent: absent.length } },
  );
}
