import type { PackedManifest } from '../../../../shared/format/manifest.ts';
import { createDownloader } from '../../../../shared/engine/download.ts';
import type { Downloader } from '../../../../shared/engine/download.ts';
import { createSwarmView } from '../../../../shared/engine/swarm-view.ts';
import type { SwarmView } from '../../../../shared/engine/swarm-view.ts';
import { uploadFile } from '../../../../shared/engine/upload.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { placementOrder } from '../../../../shared/placement/placement.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import { DELETE_KEY, FakeWorkers, MemoryJournal, MemorySource, collect, pseudoRandom } from './fakes.ts';
import { MemorySwarm } from './memory-swarm.ts';
import type { MemoryRelay } from './memory-swarm.ts';
import { never } from './upload-bench.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A stored file, with everything around it in memory and time in hand. */
export class DownloadBench {
  readonly clock: VirtualClock;
  readonly swarm: MemorySwarm;
  readonly workers = new FakeWorkers();
  readonly content: Bytes;
  readonly manifest: PackedManifest;
  view: SwarmView;
  downloader: Downloader;

  static async create(relays: number, sizeBytes: number): Promise<DownloadBench> {
    const clock = new VirtualClock();
    const swarm = new MemorySwarm(clock, relays);
    const source = new MemorySource(pseudoRandom(sizeBytes));
    const journal = new MemoryJournal(source);
    const workers = new FakeWorkers();
    const upload = uploadFile({ source, journal, swarm, workers, deleteKey: DELETE_KEY, clock }, never());
    const { manifest } = await clock.run(upload);
    return new DownloadBench(clock, swarm, source.content, manifest);
  }

  private constructor(clock: VirtualClock, swarm: MemorySwarm, content: Bytes, manifest: PackedManifest) {
    this.clock = clock;
    this.swarm = swarm;
    this.content = content;
    this.manifest = manifest;
    this.view = createSwarmView(swarm, clock);
    this.downloader = createDownloader({ manifest, swarm, workers: this.workers, view: this.view });
  }

  /** Forgets what was learned about relays. */
  renew(): void {
    const { manifest, swarm, workers, clock } = this;
    this.view = createSwarmView(swarm, clock);
    this.downloader = createDownloader({ manifest, swarm, workers, view: this.view });
  }

  read(start = 0, end = this.content.length, signal: AbortSignal = never()): Promise<Bytes> {
    return this.clock.run(collect(this.downloader.read({ start, end }, signal)));
  }

  idAt(index: number): ChunkId {
    return this.manifest.rows.at(index).id;
  }

  /** Holders of a block, likeliest first. */
  holders(index: number): MemoryRelay[] {
    return placementOrder(this.idAt(index), this.swarm.relays)
      .map(({ id }) => this.swarm.relay(id))
      .filter((relay) => relay.chunks.has(this.idAt(index)));
  }

  get blockCount(): number {
    return Math.ceil(this.content.length / BLOCK_BYTES);
  }
}
