import type { Bytes } from '../../shared/bytes.ts';
import { createDownloader } from '../../shared/engine/download.ts';
import type { ByteRange, Downloader } from '../../shared/engine/download.ts';
import type { BlockWorkers, SwarmPort } from '../../shared/engine/ports.ts';
import { createSwarmView } from '../../shared/engine/swarm-view.ts';
import type { SwarmView } from '../../shared/engine/swarm-view.ts';
import type { ManifestId } from '../../shared/ids.ts';
import { readManifest } from '../engine/database/manifest-reader.ts';
import { readThroughLocks } from '../engine/downloads/read-through-locks.ts';
import type { SwarmGate } from '../engine/swarm-gate.ts';
import type { DatabaseOpener } from './opened-database.ts';
import type { ReadableFile } from './stream-response.ts';

export interface StoredFilesOptions {
  readonly swarm: SwarmPort;
  readonly workers: BlockWorkers;
  readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
  readonly databases: DatabaseOpener;
}

/** The files of this browser's database, read out of the swarm. */
export class StoredFiles {
  readonly #swarm: SwarmPort;
  readonly #workers: BlockWorkers;
  /** Members and latencies of the relays: learned again in a moment when the service worker is restarted. */
  readonly #view: SwarmView;
  readonly #gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
  readonly #databases: DatabaseOpener;
  #reads = 0;

  constructor({ swarm, workers, gate, databases }: StoredFilesOptions) {
    this.#swarm = swarm;
    this.#workers = workers;
    this.#gate = gate;
    this.#databases = databases;
    this.#view = createSwarmView(swarm);
  }

  /** Reads under way. */
  get reads(): number {
    return this.#reads;
  }

  /** Throws `NOT_FOUND`, `CORRUPT`, `UNSUPPORTED` (a newer build's database), `IO`. */
  async open(id: ManifestId): Promise<ReadableFile> {
    const { database, deviceKey } = await this.#databases.open();
    const manifest = await readManifest(database, deviceKey, id);
    const { filename, type, size } = manifest.header;
    const downloader = createDownloader({
      manifest,
      swarm: this.#swarm,
      workers: this.#workers,
      view: this.#view,
    });
    return {
      name: filename,
      type,
      sizeBytes: size,
      read: (range, signal) => this.#read(downloader, range, signal),
    };
  }

  async *#read(downloader: Downloader, range: ByteRange, signal: AbortSignal): AsyncGenerator<Bytes> {
    this.#reads++;
    try {
      yield* readThroughLocks({ downloader, gate: this.#gate, fromTheStart: false }, range, signal);
    } finally {
      this.#reads--;
    }
  }
}
