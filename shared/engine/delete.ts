/** Deletes a file from the swarm: everything that its journal has ever sealed, abandoned chunks included, or was granted. */
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import type { ChunkId, ManifestId, RelayId } from '../ids.ts';
import { DELETE_BATCH_CHUNKS, MAX_LOCATE_IDS, MEMBERS_TRIES } from '../limits.ts';
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import { RelayCounts, rightOver, sendDeletions } from './delete-tokens.ts';
import type { Deletion, DeletionOutcome, DeletionPort } from './deletion-ports.ts';
import { OwnedChunks } from './owned-chunks.ts';
import type { OwnedChunk } from './owned-chunks.ts';
import type { Journal, JournalEntry } from './ports.ts';
import type { RelaySwarm } from './relay-client.ts';
import { withRetry } from './retry.ts';

/** `locate`: of granted chunks it is asked who has them, so that it can be told who has yet to confirm. */
export type DeletingSwarm = DeletionPort & Partial<Pick<RelaySwarm, 'locate'>>;

export interface DeleteOptions {
  /** The upload's, held by the caller, who closes it. */
  readonly journal: Journal;
  /** Given, it must be what this upload has made. */
  readonly manifestId?: ManifestId;
  /** Chunks that go with the file and are in no journal: those of its stored manifest. */
  readonly linkChunks?: readonly { readonly id: ChunkId; readonly bodyHash: Bytes }[];
  readonly swarm: DeletingSwarm;
  /** HKDF(vault, `delete` ‖ device id) of the device that uploaded: this one, or another of the vault. Granted chunks need none. */
  readonly deleteKey: Bytes;
  /** Keys of vaults that this device had before, under which it may have made some of the chunks. */
  readonly formerDeleteKeys?: readonly Bytes[];
  /** Called at the start and after each batch. Must not throw. */
  readonly onProgress?: (progress: DeleteProgress) => void;
  readonly clock?: EngineClock;
}

export interface DeleteProgress {
  readonly chunksDone: number;
  readonly chunkCount: number;
  /** So far in this run, as in the result. */
  readonly confirmed: ReadonlyMap<RelayId, number>;
  readonly pending: ReadonlyMap<RelayId, number>;
}

export interface DeleteResult {
  /** Chunks that the upload has ever made. */
  readonly chunkCount: number;
  /** Holders by receipt that have confirmed in this run, with the number of chunks. */
  readonly confirmed: ReadonlyMap<RelayId, number>;
  /** Relays that may still have chunks, with how many: absent ones delete them when they come back. */
  readonly pending: ReadonlyMap<RelayId, number>;
  /** Chunks that no relay could take the deletion of now. */
  readonly failed: number;
  /** Chunks that another device or vault has made, and that only it can delete. */
  readonly foreign: number;
  /** Nothing is left to be done: the journal has served its purpose. */
  readonly complete: boolean;
}

/**
 * Tells the swarm to delete every chunk of an upload, and journals who has yet to confirm; given again, it goes on with
 * what is left. From the first token on, nothing refers to the chunks any more, even if this is cut off. Throws `FORBIDDEN`
 * where the key is not that of the uploading device, `NOT_FOUND` for another manifest than the upload's, `UNAVAILABLE`,
 * `TIMEOUT`, `ABORTED`, `CORRUPT`, `IO`.
 */
export async function deleteUpload(options: DeleteOptions, signal: AbortSignal): Promise<DeleteResult> {
  const { journal, swarm, linkChunks = [], clock = systemClock } = options;
  throwIfAborted(signal);
  const owned = await OwnedChunks.replay(journal.header.sizeBytes, journal.entries());
  if (options.manifestId !== undefined && !owned.made(options.manifestId))
    throw new AppError('NOT_FOUND', 'The journal is that of another manifest.');
  await assertKeyFits(owned, keysOf(options));
  // Nothing is begun that nobody could hear of.
  const members = await withRetry(
    { clock, tries: MEMBERS_TRIES, codes: ['UNAVAILABLE', 'TIMEOUT'], signal },
    () => swarm.members(signal),
  );
  const live = new Set(members.map(({ id }) => id));
  const begin: JournalEntry[] = linkChunks
    .filter(({ id }) => !owned.has(id))
    .map(({ id, bodyHash }) => ({ kind: 'abandoned', id, bodyHash }));
  if (!owned.deleting) begin.push({ kind: 'deleting' });
  if (begin.length > 0) await journal.append(begin);
  for (const entry of begin) owned.apply(entry);
  await locateGranted(options, owned, signal);
  return new Deleting(options, owned, live, clock).run(signal);
}

/**
 * Journals who has the granted chunks of which that is not known. Once: later, the journal tells who has yet to confirm. Throws as
 * `locate` and the journal.
 */
export async function locateGranted(
  { swarm, journal }: Pick<DeleteOptions, 'swarm' | 'journal'>,
  owned: OwnedChunks,
  signal: AbortSignal,
): Promise<void> {
  const unknown: ChunkId[] = [];
  const locate = async (): Promise<void> => {
    const ids = unknown.splice(0);
    if (ids.length === 0 || swarm.locate === undefined) return;
    const { holders } = await swarm.locate(ids, signal);
    const found: JournalEntry[] = ids.map((id, i) => ({ kind: 'located', id, holders: holders[i] ?? [] }));
    await journal.append(found);
    for (const entry of found) owned.apply(entry);
  };
  for (let row = 0; row < owned.length; row++) {
    const { id, token, holders, told } = owned.at(row);
    if (token !== null && !told && holders.length === 0) unknown.push(id);
    if (unknown.length >= MAX_LOCATE_IDS) await locate();
  }
  await locate();
}

class Deleting {
  readonly #options: DeleteOptions;
  readonly #owned: OwnedChunks;
  readonly #live: ReadonlySet<RelayId>;
  readonly #clock: EngineClock;
  readonly #confirmed = new RelayCounts();
  readonly #pending = new RelayCounts();
  #done = 0;
  #failed = 0;
  #foreign = 0;

  constructor(options: DeleteOptions, owned: OwnedChunks, live: ReadonlySet<RelayId>, clock: EngineClock) {
    this.#options = options;
    this.#owned = owned;
    this.#live = live;
    this.#clock = clock;
  }

  async run(signal: AbortSignal): Promise<DeleteResult> {
    this.#report();
    const waiting: { chunk: OwnedChunk; deletion: Deletion }[] = [];
    for (let row = 0; row < this.#owned.length; row++) {
      throwIfAborted(signal);
      const chunk = this.#owned.at(row);
      const deletion = chunk.gone ? null : await rightOver(keysOf(this.#options), chunk);
      if (deletion !== null) waiting.push({ chunk, deletion });
      else {
        this.#done++;
        if (!chunk.gone) this.#foreign++;
      }
      if (waiting.length >= DELETE_BATCH_CHUNKS) await this.#deleteAll(waiting.splice(0), signal);
    }
    if (waiting.length > 0) await this.#deleteAll(waiting, signal);
    this.#report();
    const pending = this.#pending.all;
    return {
      chunkCount: this.#owned.length,
      confirmed: this.#confirmed.all,
      pending,
      failed: this.#failed,
      foreign: this.#foreign,
      complete: pending.size === 0 && this.#failed === 0 && this.#foreign === 0,
    };
  }

  async #deleteAll(
    batch: readonly { readonly chunk: OwnedChunk; readonly deletion: Deletion }[],
    signal: AbortSignal,
  ): Promise<void> {
    const { swarm, journal } = this.#options;
    const deletions = batch.map(({ deletion }) => deletion);
    const outcomes = await sendDeletions(swarm, deletions, this.#clock, signal);
    const told: { kind: 'deleted'; id: ChunkId; pending: readonly RelayId[] }[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      const { id, holders } = batch[i]?.chunk ?? { id: outcome.id, holders: [] };
      if (outcome.status !== 'deleted') {
        this.#failed++;
        this.#pending.add(holders);
        continue;
      }
      const pending = this.#stillPending(holders, outcome);
      this.#confirmed.add(holders.filter((relay) => !pending.includes(relay)));
      this.#pending.add(pending);
      told.push({ kind: 'deleted', id, pending });
    }
    await journal.append(told);
    this.#done += batch.length;
    this.#report();
  }

  /** Holders that have not confirmed, and live relays that may have got the chunk since and were named by the answer. */
  #stillPending(holders: readonly RelayId[], { confirmed, pending }: DeletionOutcome): RelayId[] {
    const named = pending.filter((relay) => this.#live.has(relay));
    return [...new Set([...holders.filter((relay) => !confirmed.includes(relay)), ...named])];
  }

  #report(): void {
    this.#options.onProgress?.({
      chunksDone: this.#done,
      chunkCount: this.#owned.length,
      confirmed: new Map(this.#confirmed.all),
      pending: new Map(this.#pending.all),
    });
  }
}

function keysOf({ deleteKey, formerDeleteKeys = [] }: DeleteOptions): readonly Bytes[] {
  return [deleteKey, ...formerDeleteKeys];
}

/** A journal's chunks are made with one key, save where its vault was replaced half-way: one that fits is enough. */
async function assertKeyFits(owned: OwnedChunks, deleteKeys: readonly Bytes[]): Promise<void> {
  for (let row = 0; row < owned.length; row++) {
    if ((await rightOver(deleteKeys, owned.at(row))) !== null) return;
  }
  if (owned.length === 0) return;
  throw new AppError(
    'FORBIDDEN',
    'These chunks were made by another device or vault, which alone can delete them.',
  );
}
