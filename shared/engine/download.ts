/** Download: any range of a file, in order, with bounded read-ahead. */
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import type { ChunkRow, Manifest } from '../format/manifest-types.ts';
import { BLOCK_BYTES, READ_AHEAD_BLOCKS } from '../limits.ts';
import { blockOf, fetchChunk } from './chunk-fetcher.ts';
import type { EngineClock } from './clock.ts';
import { forkAbort, untilAborted } from './concurrency.ts';
import type { BlockWorkers, SwarmPort } from './ports.ts';
import { createSwarmView } from './swarm-view.ts';
import type { SwarmView } from './swarm-view.ts';

export interface DownloaderOptions {
  readonly manifest: Manifest;
  readonly swarm: SwarmPort;
  readonly workers: BlockWorkers;
  /** Blocks fetched ahead of the consumer at most; default `READ_AHEAD_BLOCKS`. */
  readonly readAheadBlocks?: number;
  /** What earlier downloads learned about this swarm; saves the first question for its members. */
  readonly view?: SwarmView;
  readonly clock?: EngineClock;
}

/** Bytes [start, end) of the plaintext. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Downloader {
  /** Plaintext bytes of the file. */
  readonly sizeBytes: number;
  /**
   * The range in order, in pieces of at most one block, each a buffer of its own. Ending the loop early stops all work.
   * Throws `BAD_INPUT` for a range outside the file, `CHUNK_LOST`, `UNAVAILABLE`, `CORRUPT` (manifest), `ABORTED`.
   */
  read(range: ByteRange, signal: AbortSignal): AsyncGenerator<Bytes, void, undefined>;
}

/** Throws `CORRUPT` when the manifest's chunks do not add up to its size. */
export function createDownloader(options: DownloaderOptions): Downloader {
  const { manifest, swarm, workers, clock, readAheadBlocks = READ_AHEAD_BLOCKS } = options;
  const { size, key } = manifest.header;
  if (manifest.rows.length !== Math.ceil(size / BLOCK_BYTES))
    throw new AppError('CORRUPT', 'The manifest’s chunks do not add up to its size.');
  const view = options.view ?? createSwarmView(swarm, clock);

  async function block(index: number, signal: AbortSignal): Promise<Bytes> {
    const row = await manifest.rows.at(index);
    assertRow(row, index, size);
    return fetchChunk(view, blockOf(row, key, workers), signal);
  }

  async function* read(
    { start, end }: ByteRange,
    signal: AbortSignal,
  ): AsyncGenerator<Bytes, void, undefined> {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > size)
      throw new AppError('BAD_INPUT', 'The range lies outside the file.');
    throwIfAborted(signal);
    const afterLast = Math.ceil(end / BLOCK_BYTES);
    const scope = forkAbort(signal);
    const ahead: Promise<Bytes>[] = [];
    let next = Math.floor(start / BLOCK_BYTES);
    const fetchUpTo = (window: number): void => {
      while (ahead.length < window && next < afterLast) {
        const fetching = block(next++, scope.signal);
        // It is awaited in its turn; until then its failure is not unhandled.
        fetching.catch(() => undefined);
        ahead.push(fetching);
      }
    };
    try {
      if (start === end) return;
      // The first block has the line to itself, so that the first byte comes soon; then the window doubles.
      let window = 1;
      fetchUpTo(window);
      for (let index = next - 1; index < afterLast; index++) {
        const plaintext = await untilAborted(scope.signal, ahead.shift() ?? block(index, scope.signal));
        window = Math.min(window * 2, readAheadBlocks);
        fetchUpTo(window);
        const offset = index * BLOCK_BYTES;
        yield plaintext.subarray(Math.max(start - offset, 0), Math.min(end - offset, plaintext.length));
      }
    } finally {
      scope.abort();
      await Promise.allSettled(ahead);
    }
  }

  return { sizeBytes: size, read };
}

function assertRow(row: ChunkRow, index: number, sizeBytes: number): void {
  if (row.index !== index || row.size !== Math.min(BLOCK_BYTES, sizeBytes - index * BLOCK_BYTES))
    throw new AppError('CORRUPT', `The manifest’s chunk ${index} is not what it should be.`);
}
