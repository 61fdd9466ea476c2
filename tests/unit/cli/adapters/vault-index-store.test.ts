import { stat, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { VaultIndexStore, readVaultIndex } from '../../../../cli/adapters/vault-index-store.ts';
import { VaultSync } from '../../../../shared/engine/vault-sync.ts';
import { newFile } from '../../shared/vault/index-arbitraries.ts';
import { TempFolder } from './temp-folder.ts';

const never = new AbortController().signal;
/** Other processes hold the lock as long as this one looks. */
const impatient = { now: () => 0, sleep: () => Promise.resolve() };
const vaultSecret = new Uint8Array(32);
const deviceId = new Uint8Array(16).fill(1);

it('keeps a vault’s index, for this user only', async () => {
  await using folder = await TempFolder.create();
  const data = folder.join('lanvault');
  expect(await readVaultIndex(data)).toBeNull();
  {
    using store = await VaultIndexStore.open(data, never);
    const sync = await VaultSync.open({ vaultSecret, deviceId, store });
    await sync.edit((index) => index.addFile(index.makeFolders('a/b'), 'c.txt', newFile(1)));
    const [, b] = [...sync.index.entries()];
    await sync.edit((index) => {
      index.move(b?.id ?? '', null, 'moved');
    });
  }
  expect((await stat(`${data}/vault-index.sqlite`)).mode & 0o777).toBe(0o600);
  const state = await readVaultIndex(data);
  expect(state?.head).toMatchObject({ changes: 2, published: 0 });
  expect(state?.entries.map(({ place }) => place.name).sort()).toEqual(['a', 'c.txt', 'moved']);
  using again = await VaultIndexStore.open(data, never);
  const sync = await VaultSync.open({ vaultSecret, deviceId, store: again });
  expect(sync.index.size).toBe(3);
  await again.save([['link:gone', null]]);
});

it('is held by one at a time: another waits, and gives up with a word', async () => {
  await using folder = await TempFolder.create();
  const first = await VaultIndexStore.open(folder.path, never);
  await expect(VaultIndexStore.open(folder.path, never, impatient)).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  const waiting = VaultIndexStore.open(folder.path, never, {
    now: () => 0,
    sleep: () => {
      first[Symbol.dispose]();
      return Promise.resolve();
    },
  });
  (await waiting)[Symbol.dispose]();
});

it('saves all or nothing, and says when the file is none of its own', async () => {
  await using folder = await TempFolder.create();
  {
    using store = await VaultIndexStore.open(folder.path, never);
    await store.save([['a', '1']]);
    const bad = ['b', Symbol('no text')] as unknown as readonly [string, string];
    await expect(store.save([['a', '2'], bad])).rejects.toMatchObject({ code: 'IO' });
    expect([...(await store.load())]).toEqual([['a', '1']]);
  }
  await writeFile(
    folder.join('vault-index.sqlite'),
    'not a database, but long enough to be read as the head of one',
  );
  await expect(readVaultIndex(folder.path)).rejects.toMatchObject({ code: 'IO' });
  await expect(VaultIndexStore.open(folder.path, never)).rejects.toMatchObject({ code: 'IO' });
});
