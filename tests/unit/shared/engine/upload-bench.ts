import { expect } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { createDownloader } from '../../../../shared/engine/download.ts';
import { uploadFile } from '../../../../shared/engine/upload.ts';
import type { UploadProgress, UploadResult } from '../../../../shared/engine/upload.ts';
import { DELETE_KEY, FakeWorkers, MemoryJournal, MemorySource, collect, pseudoRandom } from './fakes.ts';
import { MemorySwarm } from './memory-swarm.ts';
import { VirtualClock } from './virtual-clock.ts';

export const never = (): AbortSignal => new AbortController().signal;

/** An upload with everything around it in memory, and time in hand. */
export class Bench {
  readonly clock = new VirtualClock();
  swarm: MemorySwarm;
  workers = new FakeWorkers();
  source: MemorySource;
  journal: MemoryJournal;
  readonly progress: UploadProgress[] = [];
  minReplicas = 1;

  constructor(relays: number, sizeBytes: number) {
    this.swarm = new MemorySwarm(this.clock, relays);
    this.source = new MemorySource(pseudoRandom(sizeBytes));
    this.journal = new MemoryJournal(this.source);
  }

  upload(signal: AbortSignal = never()): Promise<UploadResult> {
    const { source, journal, swarm, workers, clock, minReplicas } = this;
    const onProgress = (each: UploadProgress): void => void this.progress.push(each);
    return this.clock.run(
      uploadFile(
        { source, journal, swarm, workers, deleteKey: DELETE_KEY, minReplicas, onProgress, clock },
        signal,
      ),
    );
  }

  async failure(signal: AbortSignal = never()): Promise<AppError> {
    try {
      await this.upload(signal);
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    throw new Error('The upload should have failed.');
  }

  /** The file as the swarm gives it back. */
  async readBack({ manifest }: UploadResult): Promise<Uint8Array> {
    const { swarm, workers, clock } = this;
    const downloader = createDownloader({ manifest, swarm, workers, clock });
    return this.clock.run(collect(downloader.read({ start: 0, end: downloader.sizeBytes }, never())));
  }

  expectQuiet(): void {
    expect(this.swarm.busy).toBe(0);
    expect(this.clock.pending).toBe(0);
  }
}
