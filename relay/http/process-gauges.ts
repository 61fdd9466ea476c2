import type { ChunkStore } from '../storage/chunk-store.ts';
import type { Gauges } from './metrics-route.ts';

/** What `/metrics` shows of the process and its disk. */
export async function processGauges(
  store: Pick<ChunkStore, 'condition' | 'freeBytes'>,
  uptimeMs: number,
): Promise<Gauges> {
  const condition = await store.condition();
  const freeBytes = await store.freeBytes().catch(() => Number.NaN);
  return {
    takes_chunks: {
      help: 'Whether chunks are stored: 1, or 0 while the disk is full, refuses writes or fails',
      value: Number(condition === 'ok'),
    },
    free_bytes: { help: 'Free bytes of the disk; NaN while it cannot be asked', value: freeBytes },
    uptime_seconds: { help: 'Since the start of the process', value: uptimeMs / 1000 },
    resident_bytes: { help: 'Memory of the process', value: process.memoryUsage.rss() },
  };
}
