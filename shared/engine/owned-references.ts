/** Which chunks this device's database refers to. Whatever is in doubt is referred to, or an error. */
import { AppError } from '../errors.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import { BLOCK_BYTES } from '../limits.ts';
import type { OwnedDatabase, OwnedUpload } from './deletion-ports.ts';
import { IdTable } from './owned-ids.ts';

/** What a first reading of one journal tells. */
interface Outline {
  readonly deleting: boolean;
  readonly abandoned: IdTable;
  readonly holders: ReadonlySet<RelayId>;
}

/**
 * Every chunk that an upload, in whatever state, or anything else in the database refers to, some of them twice. Not
 * referred to are abandoned chunks, and all of a file that its owner has begun to delete. Throws `CORRUPT` and `IO` for
 * anything that cannot be read in full.
 */
export async function* referencedChunks(database: OwnedDatabase): AsyncGenerator<ChunkId> {
  for await (const upload of database.uploads()) {
    // Twice over the journal: what is abandoned stands behind what was sealed.
    const { deleting, abandoned } = await readThrough(upload);
    if (deleting) continue;
    for await (const entry of upload.entries()) {
      if (entry.kind === 'sealed' && abandoned.find(entry.chunk.id) < 0) yield entry.chunk.id;
    }
  }
  yield* database.otherReferences();
}

export interface HolderCheck {
  /** Relays that are no members, and have chunks of this swarm's uploads by receipt. */
  readonly absent: ReadonlySet<RelayId>;
  /** Uploads none of whose relays are members: they went to another swarm. */
  readonly elsewhere: number;
}

/** Reads all journals; throws as `referencedChunks` does. */
export async function absentHolders(
  database: OwnedDatabase,
  members: ReadonlySet<RelayId>,
): Promise<HolderCheck> {
  const absent = new Set<RelayId>();
  let elsewhere = 0;
  for await (const upload of database.uploads()) {
    const { holders } = await readThrough(upload);
    const missing = [...holders].filter((relay) => !members.has(relay));
    if (!upload.here || (holders.size > 0 && missing.length === holders.size)) elsewhere++;
    else for (const relay of missing) absent.add(relay);
  }
  return { absent, elsewhere };
}

async function readThrough(upload: OwnedUpload): Promise<Outline> {
  const { name, sizeBytes, complete } = upload;
  const blocks = Math.ceil(sizeBytes / BLOCK_BYTES);
  const sealed = new Uint8Array(blocks);
  const abandoned = new IdTable();
  const holders = new Set<RelayId>();
  let deleting = false;
  let finished = false;
  let granted = false;
  for await (const entry of upload.entries()) {
    switch (entry.kind) {
      case 'sealed':
        if (entry.chunk.index >= blocks) throw damaged(name);
        sealed[entry.chunk.index] = 1;
        break;
      case 'stored':
        if (entry.index >= blocks) throw damaged(name);
        for (const relay of entry.holders) holders.add(relay);
        break;
      case 'abandoned':
        abandoned.add(entry.id);
        break;
      case 'granted':
        // Not this device's, which could not prune it.
        granted = true;
        break;
      case 'located':
        break;
      case 'finished':
        finished = true;
        break;
      case 'deleting':
        deleting = true;
        break;
      case 'deleted':
        break;
    }
  }
  // An end that is missing might have held anything.
  if ((complete && !finished) || (finished && !granted && sealed.includes(0))) throw damaged(name);
  return { deleting, abandoned, holders: deleting ? new Set() : holders };
}

function damaged(name: string): AppError {
  return new AppError('CORRUPT', `${name} is damaged: it lacks a part, or has one that does not fit.`);
}
