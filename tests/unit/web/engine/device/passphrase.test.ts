import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLockedKey } from '../../../../../shared/crypto/passphrase.ts';
import { ChunkTable } from '../../../../../shared/format/manifest.ts';
import { parseChunkId, parseManifestId } from '../../../../../shared/ids.ts';
import { openIdbStores } from '../../../../../web/engine/database/idb-stores.ts';
import { openDatabase } from '../../../../../web/engine/database/open-database.ts';
import type { UnlockKey } from '../../../../../web/engine/database/vault-store.ts';
import { changePassphrase, checkPassphrase } from '../../../../../web/engine/device/passphrase.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
import { DatabaseOpener } from '../../../../../web/sw/opened-database.ts';
import { freshIndexedDb } from '../database/fresh-indexed-db.ts';

const PASSPHRASE = 'correct horse battery staple';
const OTHER = 'Tr0ub4dor & her three friends';
const FILE = parseManifestId('aa'.repeat(32));
const CHUNK = parseChunkId('01'.repeat(32));
const bytes = (fill: number) => new Uint8Array(32).fill(fill);

const forbidden = { code: 'FORBIDDEN' };
const locked = { code: 'UNAVAILABLE' };

const ignore = (): void => undefined;
const open = (unlock?: UnlockKey): Promise<LocalStores> => openIdbStores(ignore, unlock);
const typing =
  (passphrase: string): UnlockKey =>
  (key) =>
    openLockedKey(passphrase, key);

const header = {
  ...{ uploadId: 'u1', name: 'a.txt', type: 'text/plain', sizeBytes: 9, fingerprint: 'f' },
  ...{ created: '2026-11-23T05:00:00Z', mode: 'none' as const, key: bytes(4) },
};

/** One of everything that is kept under the device's key. */
async function fill(stores: LocalStores): Promise<void> {
  await stores.replaceVault({ secret: bytes(8), deviceId: new Uint8Array(16).fill(9) }, []);
  const rows = new ChunkTable();
  rows.append({ index: 0, id: CHUNK, size: 9, compression: 'none' });
  const file = { filename: 'a.txt', type: 'text/plain', size: 9, created: header.created, key: bytes(1) };
  const manifest = { header: { ...file, merkleRoot: '03'.repeat(32) }, rows };
  await stores.files.add(FILE, manifest, { minReplicas: 5, uploadId: null });
  await stores.shares.setLink(FILE, { id: CHUNK, key: bytes(2) });
  await stores.shares.setOwnerLink(FILE, { id: CHUNK, key: bytes(3), token: bytes(5) });
  await (await stores.journals.create(header)).close();
  await stores.swarmKey.save({ client: bytes(6) });
  await stores.vaultIndex.save([['head', '{"folders":7}']]);
}

async function contents(stores: LocalStores): Promise<unknown> {
  return {
    vault: stores.vault,
    file: (await stores.files.manifest(FILE)).header,
    share: await stores.shares.get(FILE),
    journals: (await stores.journals.leftovers()).map((leftover) => leftover.header),
    swarmKey: await stores.swarmKey.load(),
    index: [...(await stores.vaultIndex.load())],
  };
}

/** Every device key in the database, in the clear. */
async function plainKeys(): Promise<number> {
  const database = await openDatabase(ignore);
  const records = await database.getAll('vault');
  database.close();
  return records.filter(({ deviceKey }) => deviceKey instanceof CryptoKey).length;
}

let before: unknown;
const opened: LocalStores[] = [];
async function kept(stores: Promise<LocalStores>): Promise<LocalStores> {
  const ready = await stores;
  opened.push(ready);
  return ready;
}

/** Within this process: Node's own posts no keys, as browsers' do. */
class LocalChannel extends EventTarget {
  static readonly #open = new Set<LocalChannel>();

  constructor() {
    super();
    LocalChannel.#open.add(this);
  }

  postMessage(data: unknown): void {
    for (const other of LocalChannel.#open)
      if (other !== this) queueMicrotask(() => other.dispatchEvent(new MessageEvent('message', { data })));
  }

  close(): void {
    LocalChannel.#open.delete(this);
  }
}

beforeEach(async () => {
  freshIndexedDb();
  vi.stubGlobal('BroadcastChannel', LocalChannel);
  const stores = await open();
  await fill(stores);
  before = await contents(stores);
  await stores[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const stores of opened.splice(0)) await stores[Symbol.asyncDispose]();
  vi.unstubAllGlobals();
});

describe('a passphrase', () => {
  it('is set, changed and removed, and what is kept stays what it was', async () => {
    for (const [current, next] of [
      [null, PASSPHRASE],
      [PASSPHRASE, OTHER],
      [OTHER, null],
    ] as const) {
      await changePassphrase(current, next);
      expect(await plainKeys()).toBe(next === null ? 1 : 0);
      const stores = await open(next === null ? undefined : typing(next));
      expect(stores.hasPassphrase).toBe(next !== null);
      expect(await contents(stores)).toEqual(before);
      await stores[Symbol.asyncDispose]();
    }
  });

  it('is needed: without it, or with another, nothing opens', async () => {
    await changePassphrase(null, PASSPHRASE);
    await expect(open()).rejects.toMatchObject(locked);
    await expect(open(typing(`${PASSPHRASE} `))).rejects.toMatchObject(forbidden);
    await expect(checkPassphrase(null)).rejects.toMatchObject(forbidden);
    await expect(changePassphrase(OTHER, null)).rejects.toMatchObject(forbidden);
    await expect(changePassphrase(null, OTHER)).rejects.toMatchObject(forbidden);
    expect(await contents(await kept(open(typing(PASSPHRASE))))).toEqual(before);
  });

  it('is the same however a keyboard composes its letters', async () => {
    await changePassphrase(null, 'gr\u00fc\u00dfe aus k\u00f6ln');
    await checkPassphrase('gru\u0308\u00dfe aus ko\u0308ln');
  });

  it('leaves no secret under the key that lay open before', async () => {
    const database = await openDatabase(ignore);
    const old = (await database.getAll('vault'))[0]?.deviceKey;
    database.close();
    await changePassphrase(null, PASSPHRASE);
    expect(old).toBeInstanceOf(CryptoKey);
    await expect(open(() => Promise.resolve(old as CryptoKey))).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('gives a key that nobody can export', async () => {
    await changePassphrase(null, PASSPHRASE);
    let key: CryptoKey | null = null;
    await kept(open(async (lock) => (key = await typing(PASSPHRASE)(lock))));
    expect(key).toMatchObject({ extractable: false });
  });

  it.each(['', 'too short', 'x'.repeat(1025)])('is not %j', async (passphrase) => {
    await expect(changePassphrase(null, passphrase)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await contents(await kept(open()))).toEqual(before);
  });

  it('is not changed while another tab is open, which would write under the old key', async () => {
    await kept(open());
    await expect(changePassphrase(null, PASSPHRASE)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await plainKeys()).toBe(1);
  });

  it('changes nothing when one secret does not open', async () => {
    const database = await openDatabase(ignore);
    await database.put('swarm-keys', { iv: new Uint8Array(12), data: new Uint8Array(48) }, 'this-swarm');
    database.close();
    await expect(changePassphrase(null, PASSPHRASE)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await plainKeys()).toBe(1);
    expect((await kept(open())).vault).toEqual((before as { vault: unknown }).vault);
  });

  it('is asked for once: other tabs and the service worker get the opened key, for as long as a tab lives', async () => {
    await changePassphrase(null, PASSPHRASE);
    const worker = new DatabaseOpener({ askPagesMs: 20 });
    await expect(worker.open()).rejects.toMatchObject(locked);
    const first = await open(typing(PASSPHRASE));
    const second = await open();
    expect(await contents(second)).toEqual(before);
    const { database, deviceKey } = await worker.open();
    expect(deviceKey.extractable).toBe(false);
    database.close();
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    await expect(open()).rejects.toMatchObject(locked);
    worker.close();
  });

  it('once changed, makes the service worker read again', async () => {
    const worker = new DatabaseOpener({ askPagesMs: 20 });
    (await worker.open()).database.close();
    await changePassphrase(null, PASSPHRASE);
    await expect
      .poll(() =>
        worker.open().then(
          () => 'open',
          () => 'locked',
        ),
      )
      .toBe('locked');
    worker.close();
  });
});
