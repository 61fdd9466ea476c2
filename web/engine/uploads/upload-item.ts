import type { UploadProgress } from '../../../shared/engine/upload.ts';
import type { UploadStages } from '../../../shared/engine/upload-stages.ts';
import type { JournalHeader } from '../../../shared/engine/ports.ts';
import type { AppError } from '../../../shared/errors.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../shared/limits.ts';
import type { PickedFile, Transfer, TransferState } from '../contract.ts';
import { SpeedEstimator } from './speed-estimator.ts';

type Counts = Pick<
  UploadProgress,
  'storedBytes' | 'sentBytes' | 'resumedBytes' | 'chunksStored' | 'minReplicas'
> & { readonly stages: UploadStages | null };

const NOTHING: Counts = {
  storedBytes: 0,
  sentBytes: 0,
  resumedBytes: 0,
  chunksStored: 0,
  minReplicas: null,
  stages: null,
};

/** One upload of the list, over all its runs. */
export class UploadItem {
  readonly header: JournalHeader;
  /** Where the file goes; empty for the top. */
  readonly folder: string;
  /** Whether a journal of it exists. */
  journaled: boolean;
  state: TransferState = 'queued';
  picked: PickedFile | null;
  handle: FileSystemFileHandle | null;
  /** While it runs: how to stop it, and when it has. */
  running: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null;
  error: AppError | null = null;
  manifestId: ManifestId | null = null;
  #counts = NOTHING;
  #speed: SpeedEstimator | null = null;

  constructor(
    header: JournalHeader,
    source: {
      picked: PickedFile | null;
      handle: FileSystemFileHandle | null;
      journaled: boolean;
      folder: string;
    },
  ) {
    this.header = header;
    this.folder = source.folder;
    this.picked = source.picked;
    this.handle = source.handle;
    this.journaled = source.journaled;
  }

  get id(): string {
    return this.header.uploadId;
  }

  /** What an earlier visit had stored, to be shown until a run checks it. */
  setLeftover(counts: Pick<Counts, 'storedBytes' | 'chunksStored' | 'minReplicas'>): void {
    this.#counts = { ...NOTHING, ...counts };
  }

  /** A new run begins; `nowMs` is monotonic. */
  begin(nowMs: number): void {
    this.error = null;
    this.#speed = new SpeedEstimator(nowMs);
  }

  progress(nowMs: number, progress: UploadProgress): void {
    this.#counts = progress;
    this.tick(nowMs);
  }

  /** Lets the speed fall while nothing arrives. */
  tick(nowMs: number): void {
    // What an earlier run had stored says nothing about the network.
    this.#speed?.update(nowMs, this.#counts.storedBytes - this.#counts.resumedBytes);
  }

  end(state: TransferState, outcome: { error?: AppError; manifestId?: ManifestId } = {}): void {
    this.state = state;
    this.error = outcome.error ?? null;
    this.manifestId = outcome.manifestId ?? null;
    this.#speed = null;
    this.#counts = { ...this.#counts, stages: null };
  }

  /** `persistent`: journals survive a reload. */
  snapshot(persistent: boolean): Transfer {
    const { storedBytes, sentBytes, resumedBytes, chunksStored, minReplicas, stages } = this.#counts;
    const { name, sizeBytes, mode } = this.header;
    return {
      id: this.id,
      name,
      folder: this.folder,
      sizeBytes,
      mode,
      state: this.state,
      stages,
      kept: persistent && this.journaled,
      storedBytes,
      sentBytes,
      resumedBytes,
      chunksStored,
      chunkCount: Math.ceil(sizeBytes / BLOCK_BYTES),
      bytesPerSecond: this.#speed?.bytesPerSecond() ?? null,
      secondsLeft: this.#speed?.secondsLeft(sizeBytes - storedBytes) ?? null,
      minReplicas,
      error: this.error === null ? null : { code: this.error.code, message: this.error.message },
      manifestId: this.manifestId,
    };
  }
}
