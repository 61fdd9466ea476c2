/** Re-hashes every chunk, over and over, slowly enough that nobody notices. Where it stopped is remembered over restarts. */
import { throwIfAborted } from '../../../shared/errors.ts';
import { CARE_TICK_MS, SCRUB_ROUND_MS } from '../../../shared/limits.ts';
import type { MetaTable } from '../../storage/meta-table.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../ports.ts';
import type { BytePace } from './byte-pace.ts';
import type { OwnChunks } from './own-chunks.ts';

const CURSOR_KEY = 'scrub.cursor';
const BATCH_CHUNKS = 64;

export interface ScrubParts {
  readonly own: OwnChunks;
  readonly meta: MetaTable;
  readonly pace: BytePace;
  readonly clock: Clock;
  readonly log: Log;
  /** False while there is nothing to scrub for: not ready yet, or leaving. */
  readonly mayRun: () => boolean;
}

/** Runs until the signal fires; never rejects. */
export async function scrubForever(parts: ScrubParts, signal: AbortSignal): Promise<void> {
  const { clock, mayRun, log } = parts;
  try {
    for (;;) {
      const startedAt = clock.now();
      for (let more = true; more;) {
        if (mayRun()) more = await scrubBatch(parts, signal);
        else await clock.sleep(CARE_TICK_MS, signal);
      }
      await clock.sleep(Math.max(CARE_TICK_MS, startedAt + SCRUB_ROUND_MS - clock.now()), signal);
    }
  } catch (cause) {
    if (!signal.aborted) log.error({ err: cause }, 'Scrubbing has stopped');
  }
}

/** Looks at the next few chunks. False at the end of a round. Throws `ABORTED`, `IO`. */
async function scrubBatch(
  { own, meta, pace, log, mayRun }: ScrubParts,
  signal: AbortSignal,
): Promise<boolean> {
  let cursor = meta.get(CURSOR_KEY) ?? '';
  const chunks = own.page(cursor, BATCH_CHUNKS);
  for (const { id, sizeBytes } of chunks) {
    throwIfAborted(signal);
    if (!mayRun()) break;
    await pace.take(sizeBytes, signal);
    try {
      await own.check(id);
    } catch (cause) {
      log.warn({ err: cause }, 'A chunk file could not be checked');
    }
    cursor = id;
  }
  const more = chunks.length === BATCH_CHUNKS || cursor !== (chunks.at(-1)?.id ?? cursor);
  meta.set(CURSOR_KEY, more ? cursor : '');
  return more;
}
