/** What this vault has published: one file each, `publications/ID.json`. Without it nobody can take a publication back. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Type from 'typebox';
import { fromHex, toHex, utf8 } from '../../shared/bytes.ts';
import { DERIVATION_ID_BYTES } from '../../shared/crypto/kdf.ts';
import type { OwnPublication, PublicationStore } from '../../shared/engine/catalog-publish.ts';
import { AppError } from '../../shared/errors.ts';
import { parseChunkId, parseManifestId } from '../../shared/ids.ts';
import { ListEntry } from '../../shared/protocol/records.ts';
import { Hex, Id, SafeInteger, parseJsonWith } from '../../shared/protocol/schemas.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { makeFolder } from './folders.ts';
import { errnoOf, ioError, withIoErrors } from './io-errors.ts';

const PublicationFile = Type.Object({
  format: Type.Literal('lanvault-publication/1'),
  id: Hex(DERIVATION_ID_BYTES),
  state: Type.Union([
    Type.Literal('publishing'),
    Type.Literal('published'),
    Type.Literal('unpublishing'),
    Type.Literal('unpublished'),
  ]),
  manifest_id: Id,
  name: Type.String(),
  size: SafeInteger,
  chunks: Type.Array(Type.Object({ id: Id, body_hash: Id })),
  entry: Type.Union([ListEntry, Type.Null()]),
});

const SUFFIX = '.json';

export class FilePublicationStore implements PublicationStore {
  readonly #folder: string;

  constructor(dataFolder: string) {
    this.#folder = join(dataFolder, 'publications');
  }

  /** Throws `CORRUPT` for a file that is damaged, `IO`. */
  async list(): Promise<readonly OwnPublication[]> {
    const names = (await this.#names()).filter((name) => name.endsWith(SUFFIX)).sort();
    return Promise.all(names.map((name) => readPublication(join(this.#folder, name))));
  }

  async save(publication: OwnPublication): Promise<void> {
    const { id, state, manifestId, name, size, chunks, entry } = publication;
    const file: Type.Static<typeof PublicationFile> = {
      ...{ format: 'lanvault-publication/1', id, state, manifest_id: manifestId, name, size },
      chunks: chunks.map((chunk) => ({ id: chunk.id, body_hash: toHex(chunk.bodyHash) })),
      entry,
    };
    await makeFolder(this.#folder, 0o700);
    const text = utf8(`${JSON.stringify(file)}\n`);
    await writeFileAtomic(join(this.#folder, id + SUFFIX), text, { replace: true });
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return [];
      throw ioError(cause, `Reading ${this.#folder}`);
    }
  }
}

async function readPublication(path: string): Promise<OwnPublication> {
  const text = await withIoErrors(`Reading ${path}`, readFile(path, 'utf8'));
  try {
    const file = parseJsonWith(PublicationFile, text, path);
    const { id, state, name, size, entry } = file;
    const chunks = file.chunks.map((chunk) => ({
      id: parseChunkId(chunk.id),
      bodyHash: fromHex(chunk.body_hash),
    }));
    return { id, state, manifestId: parseManifestId(file.manifest_id), name, size, chunks, entry };
  } catch (cause) {
    throw new AppError('CORRUPT', `${path} is damaged. Restore it from a backup.`, { cause });
  }
}
