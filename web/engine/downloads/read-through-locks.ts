import type { Bytes } from '../../../shared/bytes.ts';
import type { ByteRange, Downloader } from '../../../shared/engine/download.ts';
import type { SwarmGate } from '../swarm-gate.ts';

/**
 * Reads on, from where it was, when a private swarm has refused the browser's key and takes one again. `fromTheStart`: also
 * waits when it was refused before the first byte; else that is the caller's to see. Throws as `Downloader.read`.
 */
export async function* readThroughLocks(
  {
    downloader,
    gate,
    fromTheStart,
  }: {
    readonly downloader: Downloader;
    readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
    readonly fromTheStart: boolean;
  },
  range: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Bytes, void, undefined> {
  let { start } = range;
  for (;;) {
    const { locks } = gate;
    try {
      for await (const part of downloader.read({ start, end: range.end }, signal)) {
        start += part.length;
        yield part;
      }
      return;
    } catch (cause) {
      const mayWait = fromTheStart || start > range.start;
      if (gate.locks === locks || !mayWait || signal.aborted) throw cause;
    }
    await gate.whenOpen(signal);
  }
}
