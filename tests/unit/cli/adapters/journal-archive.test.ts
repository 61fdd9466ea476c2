import { randomBytes, randomUUID } from 'node:crypto';
import { copyFile, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { JournalArchive } from '../../../../cli/adapters/journal-archive.ts';
import { FileJournalStore } from '../../../../cli/adapters/journal-store.ts';
import type { OwnedUpload } from '../../../../shared/engine/deletion-ports.ts';
import type { JournalEntry, JournalHeader } from '../../../../shared/engine/ports.ts';
import { chunkIdFromHash, manifestIdFromHash } from '../../../../shared/ids.ts';
import type { ManifestId } from '../../../../shared/ids.ts';
import { codeOf } from '../../shared/support/vectors.ts';
import { TempFolder } from './temp-folder.ts';

const bytes = (length: number) => new Uint8Array(randomBytes(length));

interface Stored {
  readonly header: JournalHeader;
  readonly manifestId: ManifestId;
  readonly path: string;
}

/** A finished upload of one block; `settled` unless it was cut off before that. */
async function store(folder: TempFolder, target = 'swarm', settled = true): Promise<Stored> {
  const journals = new FileJournalStore(folder.path, { path: '/home/ann/a.bin', target });
  const header: JournalHeader = {
    uploadId: randomUUID(),
    name: 'a.bin',
    type: 'application/octet-stream',
    sizeBytes: 1000,
    fingerprint: '1',
    created: '2026-11-23T05:00:00.000Z',
    mode: 'none',
    key: bytes(32),
  };
  const hashes = { blockHash: bytes(32), bodyHash: bytes(32), iv: bytes(16) };
  const chunk = {
    index: 0,
    id: chunkIdFromHash(bytes(32)),
    size: 1000,
    compression: 'none' as const,
    ...hashes,
  };
  const manifestId = manifestIdFromHash(bytes(32));
  const journal = await journals.create(header);
  await journal.append([
    { kind: 'sealed', chunk },
    { kind: 'finished', manifestId },
  ]);
  await journal.close();
  if (settled) await journals.settle(header.uploadId);
  const path = folder.join('journals', `${header.uploadId}${settled ? '' : '.open'}.jsonl`);
  return { header, manifestId, path };
}

async function uploadsOf(archive: JournalArchive): Promise<OwnedUpload[]> {
  const list: OwnedUpload[] = [];
  for await (const upload of archive.uploads()) list.push(upload);
  return list;
}

async function entriesOf(upload: OwnedUpload): Promise<JournalEntry[]> {
  const list: JournalEntry[] = [];
  for await (const entry of upload.entries()) list.push(entry);
  return list;
}

describe('JournalArchive', () => {
  it('gives every journal, open or settled, of any target', async () => {
    await using folder = await TempFolder.create();
    await store(folder);
    await store(folder, 'swarm', false);
    await store(folder, '/data/network_data');
    const uploads = await uploadsOf(new JournalArchive(folder.path, 'swarm'));
    expect(uploads.map(({ complete, here }) => [complete, here]).sort()).toEqual([
      [false, true],
      [true, false],
      [true, true],
    ]);
    for (const upload of uploads) {
      expect((await entriesOf(upload)).map(({ kind }) => kind)).toEqual(['sealed', 'finished']);
    }
  });

  it('follows a journal that settles while it is read', async () => {
    await using folder = await TempFolder.create();
    const { path, header } = await store(folder, 'swarm', false);
    const [upload] = await uploadsOf(new JournalArchive(folder.path, 'swarm'));
    if (upload === undefined) throw new Error('There is one upload.');
    await rename(path, folder.join('journals', `${header.uploadId}.jsonl`));
    expect(await entriesOf(upload)).toHaveLength(2);
  });

  it.each([
    [
      'cut in its header',
      async ({ path }: Stored) => writeFile(path, (await readFile(path, 'utf8')).slice(0, 40)),
    ],
    ['empty', ({ path }: Stored) => writeFile(path, '')],
    [
      'with a line of junk',
      async ({ path }: Stored) =>
        writeFile(path, (await readFile(path, 'utf8')).replace('"kind":"sealed"', '"kind":"odd"')),
    ],
    ['under a name that is none of ours', ({ path }: Stored) => copyFile(path, `${path} (copy).jsonl`)],
  ])('a journal %s is an error, never left out', async (_what, damage) => {
    await using folder = await TempFolder.create();
    await damage(await store(folder));
    const archive = new JournalArchive(folder.path, 'swarm');
    const readAll = async (): Promise<void> => {
      for (const upload of await uploadsOf(archive)) await entriesOf(upload);
    };
    expect(await codeOf(readAll())).toBe('CORRUPT');
    expect(await codeOf(archive.uploadOf({ id: manifestIdFromHash(bytes(32)), key: null }))).toBe('CORRUPT');
  });

  it('finds the upload of a manifest by its id, past damaged journals', async () => {
    await using folder = await TempFolder.create();
    const { manifestId, header } = await store(folder);
    const { path } = await store(folder);
    await writeFile(path, 'junk');
    const archive = new JournalArchive(folder.path, 'swarm');
    expect(await archive.uploadOf({ id: manifestId, key: null })).toBe(header.uploadId);
    expect(await archive.uploadOf({ id: manifestId, key: header.key })).toBe(header.uploadId);
  });

  it('a manifest with the right key and other rows is not the upload’s', async () => {
    await using folder = await TempFolder.create();
    const { header } = await store(folder);
    const archive = new JournalArchive(folder.path, 'swarm');
    expect(await archive.uploadOf({ id: manifestIdFromHash(bytes(32)), key: header.key })).toBeNull();
  });

  it('says so when the file lies in another place than the command looks', async () => {
    await using folder = await TempFolder.create();
    const { manifestId } = await store(folder);
    const archive = new JournalArchive(folder.path, '/data/network_data');
    expect(await codeOf(archive.uploadOf({ id: manifestId, key: null }))).toBe('BAD_INPUT');
  });

  it('forgets an upload for good, and knows that it was deleted', async () => {
    await using folder = await TempFolder.create();
    const { manifestId, header } = await store(folder, 'swarm', false);
    const archive = new JournalArchive(folder.path, 'swarm');
    const journal = await archive.open(header.uploadId);
    expect(await codeOf(archive.open(header.uploadId))).toBe('CONFLICT');
    await journal.append([{ kind: 'deleting' }]);
    expect(await archive.deleting()).toEqual([header.uploadId]);
    // It is not offered for resuming any more, whatever becomes of the deletion.
    const resumable = new FileJournalStore(folder.path, { path: '/home/ann/a.bin', target: 'swarm' });
    expect(await resumable.unfinished()).toEqual([]);
    expect(await archive.wasDeleted(manifestId)).toBe(false);
    await archive.remove(header.uploadId);
    await journal.close();
    expect(await archive.wasDeleted(manifestId)).toBe(true);
    expect(await archive.deleting()).toEqual([]);
    expect(await readdir(folder.join('journals'))).toEqual([]);
    expect(await codeOf(archive.open(header.uploadId))).toBe('NOT_FOUND');
  });

  it('tells a folder without journals from one that is missing', async () => {
    await using folder = await TempFolder.create();
    const { path } = await store(folder);
    const archive = new JournalArchive(folder.path, 'swarm');
    await rm(path);
    await archive.assertPresent();
    await rm(folder.join('journals'), { recursive: true });
    expect(await uploadsOf(archive)).toEqual([]);
    expect(await codeOf(archive.assertPresent())).toBe('CORRUPT');
  });
});
