import type { IDBPObjectStore } from 'idb';
import type { Bytes } from '../../../shared/bytes.ts';
import { wrapSecret } from '../../../shared/crypto/device-key.ts';
import type { Manifest } from '../../../shared/format/manifest-types.ts';
import { parseManifestId } from '../../../shared/ids.ts';
import type { ChunkId, ManifestId } from '../../../shared/ids.ts';
import { HELD_FILE_MS } from '../../../shared/limits.ts';
import { newestFirst } from '../local-stores.ts';
import type { FileFacts, FileStore, HeldFile, LocalFile } from '../local-stores.ts';
import { baseName, inFolder } from '../../../shared/format/file-path.ts';
import { fileKeyContext, readManifest } from './manifest-reader.ts';
import { packRows } from './row-pages.ts';
import type { FileRecord, LanvaultDatabase, LanvaultSchema } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

/** Stored files in IndexedDB. */
export class IdbFiles implements FileStore {
  readonly #database: LanvaultDatabase;
  readonly #deviceKey: CryptoKey;

  constructor(database: LanvaultDatabase, deviceKey: CryptoKey) {
    this.#database = database;
    this.#deviceKey = deviceKey;
  }

  async list(): Promise<readonly LocalFile[]> {
    const records = await withStorageErrors(() => this.#database.getAll('files'));
    return records.filter(isListed).map(toLocalFile).sort(newestFirst);
  }

  async find(id: ManifestId): Promise<LocalFile | null> {
    const record = await withStorageErrors(() => this.#database.get('files', id));
    return record !== undefined && isListed(record) ? toLocalFile(record) : null;
  }

  manifest(id: ManifestId): Promise<Manifest> {
    return readManifest(this.#database, this.#deviceKey, id);
  }

  async add(id: ManifestId, manifest: Manifest, facts: FileFacts): Promise<LocalFile> {
    const packed = await this.#pack(id, manifest, facts);
    return withStorageErrors(async () => {
      const stores = ['files', 'manifest-rows', 'journals'] as const;
      const transaction = this.#database.transaction(stores, 'readwrite', { durability: 'strict' });
      const known = await transaction.objectStore('files').get(id);
      // Together with its requests: a transaction that fails rejects them all, and `done` as well.
      const work: Promise<unknown>[] = [transaction.done];
      const listed = known !== undefined && isListed(known) ? withJournal(known, facts) : null;
      if (listed !== null && listed !== known) work.push(transaction.objectStore('files').put(listed));
      if (listed === null) {
        const rowPages = transaction.objectStore('manifest-rows');
        work.push(transaction.objectStore('files').put(packed.record));
        work.push(...packed.pages.map((page, number) => rowPages.put(page, [id, number])));
      }
      if (facts.uploadId !== null)
        work.push(finishUpload(transaction.objectStore('journals'), facts.uploadId, id));
      await Promise.all(work);
      return toLocalFile(listed ?? packed.record);
    });
  }

  async hold(id: ManifestId, manifest: Manifest): Promise<HeldFile> {
    await this.#letGoOld();
    const { record, pages } = await this.#pack(id, manifest, { minReplicas: null, uploadId: null });
    const held: FileRecord = { ...record, openedAt: new Date().toISOString() };
    return withStorageErrors(async () => {
      const transaction = this.#database.transaction(['files', 'manifest-rows'], 'readwrite');
      const known = await transaction.objectStore('files').get(id);
      const work: Promise<unknown>[] = [transaction.done];
      const listed = known !== undefined && isListed(known);
      if (!listed) {
        const rowPages = transaction.objectStore('manifest-rows');
        work.push(transaction.objectStore('files').put(held));
        work.push(...pages.map((page, number) => rowPages.put(page, [id, number])));
      }
      await Promise.all(work);
      return { file: toLocalFile(listed ? known : held), listed };
    });
  }

  async letGo(id: ManifestId): Promise<void> {
    const record = await withStorageErrors(() => this.#database.get('files', id));
    if (record !== undefined && !isListed(record)) await this.remove(id);
  }

  async *references(): AsyncGenerator<ChunkId> {
    for (const id of await withStorageErrors(() => this.#database.getAllKeys('files'))) {
      const { rows } = await this.manifest(parseManifestId(id));
      for (let index = 0; index < rows.length; index++) yield (await rows.at(index)).id;
    }
  }

  async remove(id: ManifestId): Promise<void> {
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction(['files', 'manifest-rows'], 'readwrite');
      await Promise.all([
        transaction.objectStore('files').delete(id),
        transaction.objectStore('manifest-rows').delete(IDBKeyRange.bound([id, 0], [id, Infinity])),
        transaction.done,
      ]);
    });
  }

  place(id: ManifestId, path: string): Promise<void> {
    return this.#change(id, (record) => ({ ...record, path }));
  }

  markIndexed(id: ManifestId): Promise<void> {
    return this.#change(id, (record) => ({ ...record, indexed: true }));
  }

  async #change(id: ManifestId, change: (record: FileRecord) => FileRecord): Promise<void> {
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction('files', 'readwrite', { durability: 'strict' });
      const record = await transaction.store.get(id);
      if (record !== undefined && isListed(record)) await transaction.store.put(change(record));
      await transaction.done;
    });
  }

  async #pack(
    id: ManifestId,
    { header, rows }: Manifest,
    { minReplicas, uploadId, folder = '' }: FileFacts,
  ): Promise<{ record: FileRecord; pages: readonly Bytes[] }> {
    const pages: Bytes[] = [];
    for await (const page of packRows(rows)) pages.push(page);
    const record: FileRecord = {
      manifestId: id,
      filename: header.filename,
      type: header.type,
      sizeBytes: header.size,
      created: header.created,
      merkleRoot: header.merkleRoot,
      chunkCount: rows.length,
      key: await wrapSecret(header.key, this.#deviceKey, fileKeyContext(id)),
      minReplicas,
      uploadId,
      path: inFolder(folder, header.filename),
    };
    return { record, pages };
  }

  /** What earlier visits held: a download of it may have outlived the page. */
  async #letGoOld(): Promise<void> {
    const before = new Date(Date.now() - HELD_FILE_MS).toISOString();
    const records = await withStorageErrors(() => this.#database.getAll('files'));
    for (const { manifestId, openedAt } of records)
      if (openedAt !== undefined && openedAt < before) await this.remove(manifestId);
  }
}

/** The same record where there is nothing new. */
function withJournal(record: FileRecord, { uploadId }: FileFacts): FileRecord {
  return record.uploadId === null && uploadId !== null ? { ...record, uploadId } : record;
}

function isListed({ openedAt }: FileRecord): boolean {
  return openedAt === undefined;
}

/** The file need not be read again: the handle, and with it where it lay on this disk, is let go. */
async function finishUpload(
  journals: IDBPObjectStore<
    LanvaultSchema,
    ('files' | 'manifest-rows' | 'journals')[],
    'journals',
    'readwrite'
  >,
  uploadId: string,
  manifestId: ManifestId,
): Promise<void> {
  const record = await journals.get(uploadId);
  if (record?.state !== 'unfinished') return;
  await journals.put({ ...record, state: 'finished', manifestId, handle: null });
}

function toLocalFile(record: FileRecord): LocalFile {
  const path = record.path ?? record.filename;
  return {
    manifestId: record.manifestId,
    path,
    name: baseName(path),
    type: record.type,
    sizeBytes: record.sizeBytes,
    created: record.created,
    chunkCount: record.chunkCount,
    minReplicas: record.minReplicas,
    owned: record.uploadId !== null,
    indexed: record.indexed === true,
  };
}
