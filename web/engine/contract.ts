/**
 * What the app's state layer sees of the engine: stored files, transfers, and this device's abilities.
 * Implemented by `web/engine/app-engine.ts`. Every failure is an `AppError`.
 */
import type { ErrorCode } from '../../shared/errors.ts';
import type { CompressionMode } from '../../shared/codec/compression.ts';
import type { ChunkRow } from '../../shared/format/manifest-types.ts';
import type { UploadStages } from '../../shared/engine/upload-stages.ts';
import type { ManifestId } from '../../shared/ids.ts';
import type { PublicCatalog } from './catalog/catalog-contract.ts';
import type { ThisDevice } from './device/device-contract.ts';
import type { Deletions } from './deletion/deletion-contract.ts';
import type { FileChecks } from './health/health-contract.ts';
import type { IncomingFiles } from './incoming/incoming-contract.ts';
import type { Sharing } from './sharing/sharing-contract.ts';
import type { PickedFile } from './picked-file.ts';
import type { StoragePort } from './storage/storage-contract.ts';
import type { StoredFile } from './stored-file.ts';

export type { PickedFile } from './picked-file.ts';
export type { StoredFile } from './stored-file.ts';
import type { NetworkPort } from './network/network-port.ts';
import type { VaultPort } from './vault/vault-contract.ts';

/** What the platform lets the app do here, found out once at start. */
export interface Abilities {
  /** Without it: no service worker, no WebCrypto, no install, and the vault lives for the session only. */
  readonly secureContext: boolean;
  /** Downloads of any size, play and preview through `/stream/…`. May become true after the start, never false. */
  readonly streaming: boolean;
  /** `showSaveFilePicker` is there. */
  readonly savePicker: boolean;
  /** Picked or dropped files leave a handle, so that a resume need not ask for the file again. */
  readonly fileHandles: boolean;
  /** The vault and file list survive a reload. */
  readonly persistent: boolean;
}

export type TransferState = 'queued' | 'running' | 'done' | 'failed' | 'paused' | 'needs-file';

/** An upload under way, waiting, or left over from an earlier visit (`needs-file`: the user must pick it again). */
export interface Transfer {
  readonly id: string;
  readonly name: string;
  /** Path of the folder that it goes into; empty for the top. */
  readonly folder: string;
  readonly sizeBytes: number;
  readonly mode: CompressionMode;
  readonly state: TransferState;
  /** Where its blocks are; null while it does not run, and until it has found its relays. */
  readonly stages: UploadStages | null;
  /** Whether it can be gone on with after the page was left. */
  readonly kept: boolean;
  /** Plaintext bytes whose chunks are stored (receipts verified). */
  readonly storedBytes: number;
  /** Bytes sent of compressed, encrypted chunks, once each. */
  readonly sentBytes: number;
  readonly chunksStored: number;
  readonly chunkCount: number;
  /** Plaintext bytes a second, smoothed; null while unknown. */
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** Fewest holders of any chunk so far; null before the first. Below `REPLICAS`: degraded. */
  readonly minReplicas: number | null;
  /** Plaintext bytes already stored by an earlier visit and not sent again. */
  readonly resumedBytes: number;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly manifestId: ManifestId | null;
}

export interface SwarmHealth {
  readonly reachable: boolean;
  /** Live relays that store chunks. */
  readonly storageRelays: number;
  readonly hosts: number;
}

/** Why a private swarm does not let this browser in: no key is kept here, or the swarm does not take it (any more). */
export type SwarmLock = 'needs-key' | 'key-refused';

export interface SwarmAccess {
  /** Null while the swarm answers, as far as is known. What is under way waits while it is locked. */
  readonly lock: SwarmLock | null;
  /** Whether this browser keeps a swarm key. */
  readonly hasKey: boolean;
}

/**
 * Asks the person for the vault's passphrase until one works, and gives what it opened. `attempt` throws `FORBIDDEN` for a wrong one.
 * Throws `ABORTED` when it is not wanted any more.
 */
export type AskPassphrase = <Opened>(attempt: (passphrase: string) => Promise<Opened>) => Promise<Opened>;

/** What the user has chosen; asked each time that it matters. */
export interface EngineChoices {
  /** Copies that a chunk must have to count as stored, 1 to `REPLICAS`. */
  readonly minReplicas: () => number;
  readonly askPassphrase: AskPassphrase;
}

export interface AppEngine extends AsyncDisposable {
  /** Its code is loaded when it is asked for first. Throws `UNAVAILABLE` when that does not come. */
  storage(): Promise<StoragePort>;
  readonly abilities: Abilities;
  readonly sharing: Sharing;
  readonly deletions: Deletions;
  readonly checks: FileChecks;
  readonly catalog: PublicCatalog;
  readonly network: NetworkPort;
  readonly vault: VaultPort;
  readonly device: ThisDevice;
  readonly incoming: IncomingFiles;

  /** All files of the vault, newest first; the callback runs as soon as they are known, and on each change. Returns how to stop. */
  watchFiles(callback: (files: readonly StoredFile[]) => void): () => void;
  /** All transfers, oldest first; at most 10 calls a second. */
  watchTransfers(callback: (transfers: readonly Transfer[]) => void): () => void;
  watchSwarm(callback: (health: SwarmHealth) => void): () => void;
  /** Called at once and on each change. */
  watchAccess(callback: (access: SwarmAccess) => void): () => void;
  /**
   * Tries the content of a swarm key file and keeps it in this browser when it works. Throws `BAD_INPUT` for what is no key,
   * `FORBIDDEN` for another swarm's, `UNAVAILABLE`, `TIMEOUT`, `NO_SPACE`, `IO`.
   */
  unlockSwarm(keyText: string): Promise<void>;
  /** Takes the swarm key out of this browser; what is under way waits for a new one. Throws `IO`. */
  forgetSwarmKey(): Promise<void>;

  /** Queues uploads; they run one file at a time, and go into `folder`, a path, which need not be there yet. Default: the top. */
  upload(
    files: readonly PickedFile[],
    options: { readonly mode: CompressionMode; readonly folder?: string },
  ): Promise<void>;
  /** Stops an upload where it is, so that it may be resumed; the transfer becomes `paused`. */
  pause(transferId: string): Promise<void>;
  /** All that run or wait. */
  pauseAll(): Promise<void>;
  /** Goes on with a `failed`, `paused` or `needs-file` transfer; `file` where the state needs it. Throws `FILE_CHANGED`. */
  resume(transferId: string, file?: PickedFile): Promise<void>;
  /** All that can be gone on with; one that cannot be says so itself. */
  resumeAll(): Promise<void>;
  /** Gives an unfinished upload up: it leaves the list, and what it has stored becomes a deletion. Throws `IO`. */
  cancel(transferId: string): Promise<void>;
  /** All that are unfinished. */
  cancelAll(): Promise<void>;
  /** Takes a finished upload off the list; the file stays. Throws `CONFLICT` for an unfinished one. */
  dismiss(transferId: string): Promise<void>;

  /** Makes a file that another device has put into the vault ready for `streamUrl`. Throws `NOT_FOUND`, `CHUNK_LOST`, `UNAVAILABLE`, `ABORTED`. */
  prepare(manifestId: ManifestId, signal: AbortSignal): Promise<void>;
  /** Of a file that is prepared, or open by its link: URL under `/stream/` that plays, previews and seeks; null where `abilities.streaming` is false. */
  streamUrl(manifestId: ManifestId, options?: { readonly download?: boolean }): string | null;
  /**
   * Saves a file: through the service worker where there is one, else through the save picker or in memory. Resolves
   * when it is saved, or (service worker) when the browser has begun to download it: only the browser knows how far
   * that is, so `progress` is not called then. Throws `TOO_LARGE` for what does not fit in memory.
   */
  download(manifestId: ManifestId, signal: AbortSignal, progress: (bytes: number) => void): Promise<void>;

  /**
   * Chunks `from` to `from + count`, fewer at the end, of a file that is listed or open. Throws `NOT_FOUND`, `CORRUPT`.
   */
  chunks(manifestId: ManifestId, from: number, count: number): Promise<readonly ChunkRow[]>;

  /** The `.manifest` text. Whoever has it can read the file, and delete it with an `owner`'s. Throws `FORBIDDEN` as `shareAsOwner`. */
  exportManifest(manifestId: ManifestId, options?: { readonly owner?: boolean }): Promise<Blob>;
  /** Takes the file off the list on all devices of the vault; its chunks stay in the swarm, or, uploaded by another of these devices, go when that is next in use. */
  forget(manifestId: ManifestId): Promise<void>;

  /** Whether a newer version of the app waits to take over; called at once and on each change. */
  watchUpdate(callback: (ready: boolean) => void): () => void;
  /** Lets it take over and reloads the page. Throws `CONFLICT` while anything is uploaded, downloaded or played. */
  applyUpdate(): Promise<void>;
}
