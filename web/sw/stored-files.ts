import type { Bytes } from '../../shared/bytes.ts';
import { createDownloader } from '../../shared/engine/download.ts';
import type { ByteRange, Downloader } from '../../shared/engine/download.ts';
import type { BlockWorkers, SwarmPort } from '../../shared/engine/ports.ts';
import { createSwarmView } from '../../shared/engine/swarm-view.ts';
import type { SwarmView } from '../../shared/engine/swarm-view.ts';
import type { ManifestId } from '../../shared/ids.ts';
import { readManifest } from '../engine/database/manifest-reader.ts';
import { openDatabase } from '../engine/database/open-database.ts';
import type { LanvaultDatabase } from '../engine/database/schema.ts';
import { openVault } from '../engine/database/vault-store.ts';
import type { ReadableFile } from './stream-response.ts';

interface Opened {
  readonly database: LanvaultDatabase;
  readonly deviceKey: CryptoKey;
}

/** The files of this browser's database, read out of the swarm. */
export class StoredFiles {
  readonly #swarm: SwarmPort;
  readonly #workers: BlockWorkers;
  /** Members and latencies of the relays: learned again in a moment when the service worker is restarted. */
  readonly #view: SwarmView;
  #opening: Promise<Opened> | null = null;
  #reads = 0;

  constructor(swarm: SwarmPort, workers: BlockWorkers) {
    this.#swarm = swarm;
    this.#workers = workers;
    this.#view = createSwarmView(swarm);
  }

  /** Reads under way. */
  get reads(): number {
    return this.#reads;
  }

  /** Throws `NOT_FOUND`, `CORRUPT`, `UNSUPPORTED` (a newer build's database), `IO`. */
  async open(id: ManifestId): Promise<ReadableFile> {
    const { database, deviceKey } = await this.#opened();
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
      yield* downloader.read(range, signal);
    } finally {
      this.#reads--;
    }
  }

  #opened(): Promise<Opened> {
    this.#opening ??= this.#open().catch((cause: unknown) => {
      this.#opening = null;
      throw cause;
    });
    return this.#opening;
  }

  async #open(): Promise<Opened> {
    const database = await openDatabase(() => {
      this.#opening = null;
    });
    return { database, deviceKey: (await openVault(database)).deviceKey };
  }
}
