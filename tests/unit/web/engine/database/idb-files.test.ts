import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeviceKey } from '../../../../../shared/crypto/device-key.ts';
import { ChunkTable } from '../../../../../shared/format/manifest.ts';
import type { Manifest } from '../../../../../shared/format/manifest-types.ts';
import { parseChunkId, parseManifestId } from '../../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../../shared/limits.ts';
import { IdbFiles } from '../../../../../web/engine/database/idb-files.ts';
import { openDatabase } from '../../../../../web/engine/database/open-database.ts';
import type { LanvaultDatabase } from '../../../../../web/engine/database/schema.ts';
import { openVault } from '../../../../../web/engine/database/vault-store.ts';
import { MemoryFiles } from '../../../../../web/engine/memory-stores.ts';
import { freshIndexedDb } from './fresh-indexed-db.ts';

const A = parseManifestId('aa'.repeat(32));
const B = parseManifestId('bb'.repeat(32));
const facts = { minReplicas: 5, uploadId: 'u1' };

function manifest(filename: string, created: string): Manifest {
  const rows = new ChunkTable();
  const size = BLOCK_BYTES + 9;
  rows.append({ index: 0, id: parseChunkId('01'.repeat(32)), size: BLOCK_BYTES, compression: 'xz' });
  rows.append({ index: 1, id: parseChunkId('02'.repeat(32)), size: 9, compression: 'none' });
  const key = new Uint8Array(32).fill(7);
  return { header: { filename, type: 'text/plain', size, created, key, merkleRoot: '03'.repeat(32) }, rows };
}

let database: LanvaultDatabase;
let deviceKey: CryptoKey;
beforeEach(async () => {
  freshIndexedDb();
  database = await openDatabase(() => undefined);
  deviceKey = await createDeviceKey();
});
afterEach(() => database.close());

describe.each([
  ['IndexedDB', () => new IdbFiles(database, deviceKey)],
  ['memory', () => new MemoryFiles()],
])('files in %s', (_kind, make) => {
  it('come back as they were put in', async () => {
    const files = make();
    const original = manifest('f/a.txt', '2026-11-23T05:00:00Z');
    const stored = await files.add(A, original, facts);
    expect(stored).toEqual({
      manifestId: A,
      path: 'f/a.txt',
      name: 'a.txt',
      type: 'text/plain',
      sizeBytes: BLOCK_BYTES + 9,
      created: '2026-11-23T05:00:00Z',
      chunkCount: 2,
      minReplicas: 5,
      owned: true,
      indexed: false,
    });
    expect(await files.list()).toEqual([stored]);
    const { header, rows } = await files.manifest(A);
    expect(header).toEqual(original.header);
    expect(rows.length).toBe(2);
    expect(await rows.at(1)).toEqual(await original.rows.at(1));
  });

  it('are listed newest first', async () => {
    const files = make();
    await files.add(A, manifest('a', '2026-11-22T05:00:00Z'), facts);
    await files.add(B, manifest('b', '2026-11-23T05:00:00Z'), facts);
    expect((await files.list()).map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('keep what is known of them when they are imported again', async () => {
    const files = make();
    await files.add(A, manifest('a', '2026-11-22T05:00:00Z'), facts);
    const again = await files.add(A, manifest('a', '2026-11-22T05:00:00Z'), {
      minReplicas: null,
      uploadId: null,
    });
    expect(again).toMatchObject({ owned: true, minReplicas: 5 });
    expect(await files.list()).toHaveLength(1);
  });

  it('are gone when they are removed, and only they', async () => {
    const files = make();
    await files.add(A, manifest('a', '2026-11-22T05:00:00Z'), facts);
    await files.add(B, manifest('b', '2026-11-22T05:00:00Z'), facts);
    await files.remove(A);
    await expect(files.manifest(A)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await (await files.manifest(B)).rows.at(0)).toMatchObject({ size: BLOCK_BYTES });
    expect((await files.list()).map(({ manifestId }) => manifestId)).toEqual([B]);
  });
});

describe('files in IndexedDB', () => {
  it('leave no rows behind', async () => {
    const files = new IdbFiles(database, deviceKey);
    await files.add(A, manifest('a', '2026-11-22T05:00:00Z'), facts);
    expect(await database.count('manifest-rows')).toBe(1);
    await files.remove(A);
    expect(await database.count('manifest-rows')).toBe(0);
  });

  it('have their key wrapped, each for itself', async () => {
    const files = new IdbFiles(database, deviceKey);
    await files.add(A, manifest('a', '2026-11-22T05:00:00Z'), facts);
    const record = await database.get('files', A);
    if (record === undefined) throw new Error('It was just stored.');
    expect(Buffer.from(record.key.data).includes(Buffer.alloc(8, 7))).toBe(false);
    // The same wrapped key under another file's id does not open.
    await database.put('files', { ...record, manifestId: B });
    await expect(files.manifest(B)).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('openVault', () => {
  it('makes one vault per browser, even when two tabs open it at once', async () => {
    const [first, second] = await Promise.all([openVault(database), openVault(database)]);
    expect(second.vault).toEqual(first.vault);
    expect(first.vault.secret).toHaveLength(32);
    expect(first.vault.deviceId).toHaveLength(16);
    const later = await openVault(database);
    expect(later.vault).toEqual(first.vault);
  });

  it('keeps the secret under a key that cannot be read out', async () => {
    const { vault, deviceKey: key } = await openVault(database);
    expect(key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
    const record = await database.get('vault', 'this-device');
    expect(Buffer.from(record?.secret.data ?? []).includes(Buffer.from(vault.secret))).toBe(false);
  });

  it('refuses a damaged secret and does not replace it', async () => {
    await openVault(database);
    const record = await database.get('vault', 'this-device');
    if (record === undefined) throw new Error('It was just stored.');
    const data = record.secret.data.slice();
    data[0] = (data[0] ?? 0) ^ 1;
    const damaged = { ...record, secret: { ...record.secret, data } };
    await database.put('vault', damaged, 'this-device');
    await expect(openVault(database)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await database.get('vault', 'this-device')).toEqual(damaged);
  });
});

describe('a disk that is full', () => {
  it('fails the call, once, and leaves nothing behind', async () => {
    const unhandled: unknown[] = [];
    const note = (cause: unknown): void => void unhandled.push(cause);
    process.on('unhandledRejection', note);
    let full = false;
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value: unknown,
      key?: IDBValidKey,
    ) {
      const { transaction } = this;
      // As a browser does it: when the call has returned.
      if (!full) queueMicrotask(() => transaction.abort());
      full = true;
      return this.add(value, key);
    });
    try {
      const files = new IdbFiles(database, deviceKey);
      await expect(files.add(A, manifest('a.txt', '2026-11-23T05:00:00Z'), facts)).rejects.toMatchObject({
        code: 'IO',
      });
      put.mockRestore();
      expect(await files.list()).toEqual([]);
      expect(unhandled).toEqual([]);
    } finally {
      put.mockRestore();
      process.off('unhandledRejection', note);
    }
  });
});
