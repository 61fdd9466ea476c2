/** Finds the journal of an interrupted upload of this file, or begins a new one. */
import { randomUUID } from 'node:crypto';
import type { CompressionMode } from '../../shared/codec/compression.ts';
import { randomBytes } from '../../shared/crypto/random.ts';
import { someHolderIsHere } from '../../shared/engine/journal-holders.ts';
import type {
  BlockSource,
  Journal,
  JournalHeader,
  JournalStore,
  SwarmPort,
} from '../../shared/engine/ports.ts';

const KEY_BYTES = 32;

export interface OpenedJournal {
  readonly journal: Journal;
  /** Whether an earlier run began it. */
  readonly resumed: boolean;
}

/**
 * An unfinished upload is gone on with when it is of a file of the same size and compression (the engine compares each
 * block) and some relay that it was sent to is still there. Throws `CONFLICT` when another process is at it.
 */
export async function openJournal(
  store: JournalStore,
  source: BlockSource,
  mode: CompressionMode,
  swarm: SwarmPort,
  signal: AbortSignal,
): Promise<OpenedJournal> {
  const unfinished = await store.unfinished();
  const fitting = unfinished
    .filter((header) => header.sizeBytes === source.sizeBytes && header.mode === mode)
    .sort((a, b) => preference(b, source) - preference(a, source) || b.created.localeCompare(a.created));
  for (const { uploadId } of fitting) {
    const journal = await store.open(uploadId);
    try {
      if (await someHolderIsHere(journal, swarm, signal)) return { journal, resumed: true };
    } catch (cause) {
      await journal.close();
      throw cause;
    }
    await journal.close();
  }
  return { journal: await store.create(newHeader(source, mode)), resumed: false };
}

function preference(header: JournalHeader, source: BlockSource): number {
  return header.fingerprint === source.fingerprint ? 1 : 0;
}

function newHeader(source: BlockSource, mode: CompressionMode): JournalHeader {
  const { name, type, sizeBytes, fingerprint } = source;
  return {
    uploadId: randomUUID(),
    name,
    type,
    sizeBytes,
    fingerprint,
    created: new Date().toISOString(),
    mode,
    key: randomBytes(KEY_BYTES),
  };
}
