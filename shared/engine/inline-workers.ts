/** Block jobs on the caller's own thread, for where there are no workers to be had: inside a service worker. */
import { discard } from '../bytes.ts';
import { throwIfAborted } from '../errors.ts';
import type { BlockCodec } from '../codec/block-codec.ts';
import { sha256 } from '../crypto/hash.ts';
import { openChunk, sealBlock } from '../format/chunk.ts';
import type { BlockWorkers } from './ports.ts';

/** A job that has begun runs to its end; an abort is seen before it and after it. */
export function createInlineWorkers(codec: BlockCodec): BlockWorkers {
  async function run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const result = await work();
    throwIfAborted(signal);
    return result;
  }
  return {
    concurrency: 1,
    seal: (job, signal) => run(signal, () => sealBlock(job, codec)),
    async open(job, signal) {
      const block = await run(signal, () => openChunk(job, codec));
      discard(job.chunk);
      return block;
    },
    hash: (block, signal) => run(signal, () => sha256(block)),
  };
}
