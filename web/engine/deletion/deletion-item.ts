import type { DeleteProgress, DeleteResult } from '../../../shared/engine/delete.ts';
import type { OwnedChunks } from '../../../shared/engine/owned-chunks.ts';
import type { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import type { AbandonedUpload } from '../local-stores.ts';
import type { DeletionRelay, DeletionState, FileDeletion } from './deletion-contract.ts';

/** How long it waits before it asks absent relays again by itself; twice as long each time that brings nothing. */
const FIRST_PATIENCE_MS = 10_000;
const MAX_PATIENCE_MS = 600_000;

/** One deletion of the list, over all its runs. */
export class DeletionItem {
  readonly upload: AbandonedUpload;
  state: DeletionState = 'waiting';
  /** While it runs: how to stop it, and when it has. */
  running: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null;
  begun = false;
  error: AppError | null = null;
  #chunksDone = 0;
  #chunkCount = 0;
  #foreign = 0;
  readonly #relays = new Map<RelayId, DeletionRelay['state']>();
  /** Chunks that each relay has yet to confirm when a run begins. */
  #expected: ReadonlyMap<RelayId, number> = new Map();
  #patienceMs = FIRST_PATIENCE_MS;
  #endedMs = 0;

  constructor(upload: AbandonedUpload) {
    this.upload = upload;
  }

  get id(): string {
    return this.upload.uploadId;
  }

  /** A run begins with what the journal says. */
  begin(owned: OwnedChunks): void {
    const expected = new Map<RelayId, number>();
    for (let row = 0; row < owned.length; row++)
      for (const relay of owned.at(row).holders) expected.set(relay, (expected.get(relay) ?? 0) + 1);
    for (const relay of expected.keys()) this.#relays.set(relay, 'asked');
    this.#expected = expected;
    this.#chunkCount = owned.length;
    this.#chunksDone = 0;
    this.begun = owned.deleting;
    this.error = null;
  }

  progress({ chunksDone, chunkCount, confirmed, pending }: DeleteProgress): void {
    // Called for the first time when the journal says that it is deleted, and before anybody is told.
    this.begun = true;
    this.#chunksDone = chunksDone;
    this.#chunkCount = chunkCount;
    for (const [relay, count] of this.#expected)
      if (confirmed.get(relay) === count) this.#relays.set(relay, 'confirmed');
    for (const relay of pending.keys()) this.#relays.set(relay, 'pending');
  }

  /** `nowMs` is monotonic. */
  end(nowMs: number, { complete, confirmed, failed, foreign, pending }: DeleteResult): void {
    this.#foreign = foreign;
    this.#patienceMs =
      confirmed.size > 0 ? FIRST_PATIENCE_MS : Math.min(2 * this.#patienceMs, MAX_PATIENCE_MS);
    this.#endedMs = nowMs;
    if (complete || (pending.size === 0 && failed === 0)) this.state = 'deleted';
    else this.state = 'pending';
  }

  fail(nowMs: number, error: AppError): void {
    this.state = 'failed';
    this.error = error;
    this.#patienceMs = Math.min(2 * this.#patienceMs, MAX_PATIENCE_MS);
    this.#endedMs = nowMs;
  }

  /** Whether it is to be tried again without being asked to; `changed`: relays have come or gone. */
  isDue(nowMs: number, changed: boolean): boolean {
    const waits = this.state === 'pending' || (this.state === 'failed' && this.error?.retryable === true);
    if (!waits) return false;
    if (changed) this.#patienceMs = FIRST_PATIENCE_MS;
    return changed || nowMs >= this.#endedMs + this.#patienceMs;
  }

  snapshot(): FileDeletion {
    const { name, manifestId } = this.upload;
    return {
      id: this.id,
      name,
      manifestId,
      state: this.state,
      chunksDone: this.#chunksDone,
      chunkCount: this.#chunkCount,
      relays: [...this.#relays].map(([relay, state]) => ({ relay, state })),
      foreignChunks: this.#foreign,
      begun: this.begun,
      error: this.error === null ? null : { code: this.error.code, message: this.error.message },
    };
  }
}
