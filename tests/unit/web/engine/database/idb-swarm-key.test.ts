import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeviceKey } from '../../../../../shared/crypto/device-key.ts';
import { newSwarmKeyText, parseSwarmKey } from '../../../../../shared/protocol/swarm-key.ts';
import { IdbSwarmKey } from '../../../../../web/engine/database/idb-swarm-key.ts';
import { openDatabase } from '../../../../../web/engine/database/open-database.ts';
import { THIS_SWARM } from '../../../../../web/engine/database/schema.ts';
import type { LanvaultDatabase } from '../../../../../web/engine/database/schema.ts';
import { MemorySwarmKey } from '../../../../../web/engine/memory-stores.ts';
import { freshIndexedDb } from './fresh-indexed-db.ts';

let database: LanvaultDatabase;
let deviceKey: CryptoKey;
beforeEach(async () => {
  freshIndexedDb();
  database = await openDatabase(() => undefined);
  deviceKey = await createDeviceKey();
});
afterEach(() => database.close());

describe.each([
  ['IndexedDB', () => new IdbSwarmKey(database, deviceKey)],
  ['memory', () => new MemorySwarmKey()],
])('the swarm key in %s', (_kind, make) => {
  it('is there until it is replaced or removed, and is what clients need and no more', async () => {
    const [first, second] = [parseSwarmKey(newSwarmKeyText()), parseSwarmKey(newSwarmKeyText())];
    const store = make();
    expect(await store.load()).toBeNull();
    await store.save(first);
    expect(await store.load()).toEqual({ client: first.client });
    await store.save(second);
    expect(await store.load()).toEqual({ client: second.client });
    await store.remove();
    expect(await store.load()).toBeNull();
  });
});

describe('the swarm key on disk', () => {
  it('holds neither the key nor what is derived of it in the clear', async () => {
    const text = newSwarmKeyText();
    const key = parseSwarmKey(text);
    await new IdbSwarmKey(database, deviceKey).save(key);
    const stored = await database.getAll('swarm-keys');
    const bytes = Buffer.concat(stored.flatMap(({ iv, data }) => [iv, data]));
    const secrets = [Buffer.from(text.trim(), 'base64url'), key.client, key.link, key.datagram].map(
      (secret) => Buffer.from(secret),
    );
    expect(bytes.length).toBeGreaterThan(32);
    for (const secret of secrets) expect(bytes.includes(secret)).toBe(false);
  });

  it('counts as absent when it does not open, and can be given again', async () => {
    const key = parseSwarmKey(newSwarmKeyText());
    await new IdbSwarmKey(database, deviceKey).save(key);
    const stored = await database.get('swarm-keys', THIS_SWARM);
    if (stored === undefined) throw new Error('Nothing was stored.');
    stored.data[0] = (stored.data[0] ?? 0) ^ 1;
    await database.put('swarm-keys', stored, THIS_SWARM);
    const store = new IdbSwarmKey(database, deviceKey);
    expect(await store.load()).toBeNull();
    expect(await new IdbSwarmKey(database, await createDeviceKey()).load()).toBeNull();
    await store.save(key);
    expect(await store.load()).toEqual({ client: key.client });
  });
});
