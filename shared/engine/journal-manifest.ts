/** The manifest of an upload, from its journal alone: the file is not needed any more. */
import { AppError } from '../errors.ts';
import { fromHex } from '../bytes.ts';
import { ChunkTable } from '../format/manifest.ts';
import type { PackedManifest } from '../format/manifest.ts';
import { MerkleBuilder } from '../format/merkle.ts';
import { BLOCK_BYTES } from '../limits.ts';
import { JournalTable } from './journal-table.ts';
import type { Journal, JournalHeader } from './ports.ts';

/** Throws `CORRUPT` unless every block is there, in its full size. */
export function manifestFromTable(header: JournalHeader, table: JournalTable): PackedManifest {
  const rows = new ChunkTable();
  const merkle = new MerkleBuilder();
  for (let index = 0; index < table.length; index++) {
    const known = table.at(index);
    if (known === undefined || known.holders === 0)
      throw new AppError('CORRUPT', `The upload is not complete: block ${index} is not stored.`);
    const { id, size, compression } = known.chunk;
    rows.append({ index, id, size, compression });
    merkle.add(fromHex(id));
  }
  const { name, type, sizeBytes, created, key } = header;
  if (rows.sizeBytes !== sizeBytes)
    throw new AppError('CORRUPT', 'The journal of this upload does not add up to its file.');
  return {
    header: { filename: name, type, size: sizeBytes, created, key, merkleRoot: merkle.root() },
    rows,
  };
}

/** For a finished upload whose manifest was lost on the way, after a crash for example. Throws `CORRUPT` as above. */
export async function manifestFromJournal(journal: Journal): Promise<PackedManifest> {
  const chunkCount = Math.ceil(journal.header.sizeBytes / BLOCK_BYTES);
  return manifestFromTable(journal.header, await JournalTable.replay(chunkCount, journal.entries()));
}
