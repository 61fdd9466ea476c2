import { openDB } from 'idb';
import { beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../../../web/engine/database/open-database.ts';
import { DATABASE_NAME, MIGRATIONS, SCHEMA_VERSION } from '../../../../../web/engine/database/schema.ts';
import type { LanvaultSchema } from '../../../../../web/engine/database/schema.ts';
import { openVault } from '../../../../../web/engine/database/vault-store.ts';
import { freshIndexedDb } from './fresh-indexed-db.ts';

beforeEach(freshIndexedDb);

const ignore = (): void => undefined;

describe('openDatabase', () => {
  it('makes the schema of today from nothing', async () => {
    const database = await openDatabase(ignore);
    expect(database.version).toBe(SCHEMA_VERSION);
    expect([...database.objectStoreNames]).toEqual([
      'files',
      'journal-entries',
      'journals',
      'manifest-rows',
      'publications',
      'shares',
      'swarm-keys',
      'vault',
      'vault-index',
    ]);
    expect([...database.transaction('journals').store.indexNames]).toEqual(['manifestId', 'state']);
    database.close();
  });

  it('finds again what it had, without migrating twice', async () => {
    const first = await openDatabase(ignore);
    await first.put('journal-entries', { kind: 'stored', index: 0, holders: [] }, ['a', 0]);
    first.close();
    const second = await openDatabase(ignore);
    expect(await second.count('journal-entries')).toBe(1);
    second.close();
  });

  it('brings what an older build left up to date, and keeps it', async () => {
    const older = await openDB<LanvaultSchema>(DATABASE_NAME, 1, {
      upgrade(database, _from, _to, transaction) {
        for (const migrate of MIGRATIONS.slice(0, 1)) migrate(database, transaction);
      },
    });
    expect(older.objectStoreNames).not.toContain('swarm-keys');
    const { vault } = await openVault(older);
    await older.put('journal-entries', { kind: 'stored', index: 0, holders: [] }, ['a', 0]);
    older.close();
    const database = await openDatabase(ignore);
    expect(database.objectStoreNames).toContain('swarm-keys');
    expect(await database.count('journal-entries')).toBe(1);
    expect((await openVault(database)).vault).toEqual(vault);
    database.close();
  });

  it('refuses a newer schema and leaves its data alone', async () => {
    const newer = await openDB(DATABASE_NAME, SCHEMA_VERSION + 1, {
      upgrade: (database) => void database.createObjectStore('tomorrow'),
    });
    await newer.put('tomorrow', 'kept', 1);
    newer.close();
    await expect(openDatabase(ignore)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('newer version') as string,
    });
    const after = await openDB(DATABASE_NAME);
    expect(await after.get('tomorrow', 1)).toBe('kept');
    after.close();
  });

  it('makes way for a newer version in another tab', async () => {
    const closed = new Promise<void>((resolve) => void openDatabase(resolve).then(startUpgrade));
    await closed;

    function startUpgrade(): void {
      void openDB(DATABASE_NAME, SCHEMA_VERSION + 1).then((newer) => newer.close());
    }
  });
});
