import { beforeEach, afterEach, describe, expect, it } from 'vitest';
import { createDeviceKey } from '../../../../../shared/crypto/device-key.ts';
import type { JournalEntry, JournalHeader } from '../../../../../shared/engine/ports.ts';
import { parseChunkId, parseManifestId, parseRelayId } from '../../../../../shared/ids.ts';
import { ChunkTable } from '../../../../../shared/format/manifest.ts';
import { IdbFiles } from '../../../../../web/engine/database/idb-files.ts';
import { IdbJournals } from '../../../../../web/engine/database/idb-journals.ts';
import { openDatabase } from '../../../../../web/engine/database/open-database.ts';
import type { LanvaultDatabase } from '../../../../../web/engine/database/schema.ts';
import { MemoryJournals } from '../../../../../web/engine/memory-stores.ts';
import type { UploadJournals } from '../../../../../web/engine/local-stores.ts';
import { freshIndexedDb } from './fresh-indexed-db.ts';

const RELAY = parseRelayId('ab'.repeat(32));
const MANIFEST = parseManifestId('cd'.repeat(32));

const header = (uploadId: string, created = '2026-11-23T05:00:00.000Z'): JournalHeader => ({
  uploadId,
  name: 'folder/a.txt',
  type: 'text/plain',
  sizeBytes: 5,
  fingerprint: '5-1',
  created,
  mode: 'smallest',
  key: new Uint8Array(32).fill(7),
});

const stored = (index: number): JournalEntry => ({ kind: 'stored', index, holders: [RELAY] });
const sealed = (index: number): JournalEntry => ({
  kind: 'sealed',
  chunk: {
    index,
    id: parseChunkId('ef'.repeat(32)),
    size: 5,
    compression: 'xz',
    blockHash: new Uint8Array(32).fill(1),
    bodyHash: new Uint8Array(32).fill(2),
    iv: new Uint8Array(16).fill(3),
  },
});

async function all(entries: AsyncIterable<JournalEntry>): Promise<JournalEntry[]> {
  const list: JournalEntry[] = [];
  for await (const entry of entries) list.push(entry);
  return list;
}

let database: LanvaultDatabase;
let deviceKey: CryptoKey;
beforeEach(async () => {
  freshIndexedDb();
  database = await openDatabase(() => undefined);
  deviceKey = await createDeviceKey();
});
afterEach(() => database.close());

/** Another tab, or the next visit: the same browser, nothing shared in memory. */
const idbJournals = (): UploadJournals => new IdbJournals(database, deviceKey, navigator.locks);

describe.each([
  ['IndexedDB', idbJournals],
  ['memory', () => new MemoryJournals()],
])('journals in %s', (_kind, make) => {
  it('tell whether any tab is at work on one', async () => {
    const journals = make();
    expect(await journals.inUse()).toBe(false);
    const journal = await journals.create(header('u1'));
    expect(await journals.inUse()).toBe(true);
    await journal.close();
    expect(await journals.inUse()).toBe(false);
  });

  it('give back the header and all entries in order of writing', async () => {
    const journals = make();
    const journal = await journals.create(header('u1'));
    const entries = Array.from({ length: 1300 }, (_, i) => (i % 2 === 0 ? sealed(i) : stored(i)));
    await journal.append(entries.slice(0, 3));
    await Promise.all([
      journal.append(entries.slice(3, 4)),
      journal.append([]),
      journal.append(entries.slice(4, 900)),
      journal.append(entries.slice(900)),
    ]);
    expect(await all(journal.entries())).toEqual(entries);
    await journal.close();

    const again = await journals.open('u1');
    expect(again.header).toEqual(header('u1'));
    await again.append([{ kind: 'finished', manifestId: MANIFEST }]);
    expect(await all(again.entries())).toEqual([...entries, { kind: 'finished', manifestId: MANIFEST }]);
    await again.close();
  });

  it('are one writer’s at a time', async () => {
    const journals = make();
    const journal = await journals.create(header('u2'));
    await expect(journals.open('u2')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(journals.abandon('u2')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await journals.leftovers()).toEqual([]);
    await journal.close();
    await expect(journals.create(header('u2'))).rejects.toMatchObject({ code: 'CONFLICT' });
    const again = await journals.open('u2');
    await again.close();
  });

  it('that nobody holds are leftovers, and carry the user’s pause', async () => {
    const journals = make();
    for (const uploadId of ['u4', 'u3']) await (await journals.create(header(uploadId))).close();
    await journals.setPaused('u3', true);
    const leftovers = await journals.leftovers();
    const seen = leftovers.map(({ header: { uploadId }, paused, handle }) => ({ uploadId, paused, handle }));
    expect(seen).toHaveLength(2);
    expect(seen).toContainEqual({ uploadId: 'u3', paused: true, handle: null });
    expect(seen).toContainEqual({ uploadId: 'u4', paused: false, handle: null });
    expect(await journals.unfinished()).toHaveLength(2);
  });

  it('that were given up are no leftovers and cannot be opened', async () => {
    const journals = make();
    await (await journals.create(header('u5'))).close();
    await journals.abandon('u5');
    expect(await journals.leftovers()).toEqual([]);
    await expect(journals.open('u5')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(journals.open('never')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('journals in IndexedDB', () => {
  it('are seen, and kept from, another tab', async () => {
    const journal = await idbJournals().create(header('u6'));
    await expect(idbJournals().open('u6')).rejects.toMatchObject({ code: 'CONFLICT' });
    await journal.append([sealed(0)]);
    await journal.close();
    const other = await idbJournals().open('u6');
    expect(await all(other.entries())).toEqual([sealed(0)]);
    await other.close();
  });

  it('hold the key wrapped only', async () => {
    await (await idbJournals().create(header('u7'))).close();
    const record = await database.get('journals', 'u7');
    expect(record?.key.data).toHaveLength(32 + 16);
    expect(JSON.stringify(record, bytesAsHex)).not.toContain('07'.repeat(4));
  });

  it('tell what failed to be written, and let the next one through', async () => {
    const journal = await idbJournals().create(header('u8'));
    // Taken from under the journal, as a second writer would.
    await database.add('journal-entries', stored(9), ['u8', 0]);
    await expect(journal.append([sealed(0)])).rejects.toMatchObject({ code: 'IO' });
    await database.delete('journal-entries', ['u8', 0]);
    await journal.append([sealed(0)]);
    expect(await all(journal.entries())).toEqual([sealed(0)]);
    await journal.close();
  });

  it('end with the file that joins the list, at once with it', async () => {
    const journals = idbJournals();
    await (await journals.create(header('u9'))).close();
    const { name, type, sizeBytes, created, key } = header('u9');
    const manifest = {
      header: { filename: name, type, size: sizeBytes, created, key, merkleRoot: '00'.repeat(32) },
      rows: new ChunkTable(),
    };
    expect(await journals.uploadOf(MANIFEST)).toBeNull();
    await new IdbFiles(database, deviceKey).add(MANIFEST, manifest, { minReplicas: 5, uploadId: 'u9' });
    expect(await journals.leftovers()).toEqual([]);
    expect(await journals.uploadOf(MANIFEST)).toBe('u9');
  });
});

function bytesAsHex(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
