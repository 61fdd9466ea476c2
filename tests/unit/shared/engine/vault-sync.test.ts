import { beforeAll, describe, expect, it } from 'vitest';
import { fromBase64Url } from '../../../../shared/bytes.ts';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { AppError } from '../../../../shared/errors.ts';
import { openLink } from '../../../../shared/engine/links.ts';
import { VaultSync } from '../../../../shared/engine/vault-sync.ts';
import { computeManifestId } from '../../../../shared/format/manifest.ts';
import type { AtomicRecord } from '../../../../shared/protocol/records.ts';
import { loadTestXz } from '../support/vectors.ts';
import { DownloadBench } from './download-bench.ts';
import { VaultBench, addFiles, pathsOf } from './vault-bench.ts';

let xz: XzCodec;
beforeAll(async () => {
  xz = await loadTestXz();
});

describe('a vault in the swarm', () => {
  it('is all there for whoever has its secret, and for nobody else', async () => {
    const bench = new VaultBench(xz);
    const vault = await bench.device().open();
    await bench.add(vault, 'photos/2026/a.jpg', 'photos/b.jpg', 'c.txt');
    expect(vault.isPublished).toBe(true);
    expect(await bench.found()).toEqual(['c.txt', 'photos/2026/a.jpg', 'photos/b.jpg']);
    const stranger = await VaultSync.open({
      vaultSecret: new Uint8Array(32).fill(8),
      deviceId: new Uint8Array(16),
      store: { load: () => Promise.resolve([]), save: () => Promise.resolve() },
      clock: bench.clock,
    });
    await bench.run((signal) => stranger.read(bench.network, signal));
    expect(pathsOf(stranger)).toEqual([]);
  });

  it('tells relays neither names nor how much there is: records are all of one size', async () => {
    const bench = new VaultBench(xz);
    for (let i = 0; i < 4; i++)
      await bench.add(await bench.device().open(), `folder ${i}/holiday photo ${i}.jpg`);
    const { history } = bench.records;
    expect(history.length).toBeGreaterThan(8);
    expect(new Set(history.map(({ value }) => value.length)).size).toBe(1);
    const seen = [
      ...history.map(({ value }) => Buffer.from(fromBase64Url(value))),
      ...bench.swarm.relays.flatMap(({ chunks }) => [...chunks.values()].map((chunk) => Buffer.from(chunk))),
    ];
    expect(seen.length).toBeGreaterThan(30);
    for (const bytes of seen)
      expect(bytes.includes('holiday photo') || bytes.includes('vault-index')).toBe(false);
  });

  it('holds the links of manifests, whose chunks are known here before they are sent', async () => {
    const bench = new VaultBench(xz);
    const device = bench.device();
    const vault = await device.open();
    const { manifest } = await DownloadBench.create(7, 100);
    const manifestId = await computeManifestId(manifest);
    bench.swarm.beforePut = (id) => expect(device.store.known).toContain(id);
    const link = await bench.run((signal) => vault.linkManifest(manifest, manifestId, bench.network, signal));
    expect(vault.linkChunksOf(manifestId).map(({ id }) => id)).toEqual([link.id]);
    expect((await device.open()).linkChunksOf(manifestId).map(({ id }) => id)).toEqual([link.id]);
    const options = { swarm: bench.swarm, clock: bench.clock, xz };
    const found = await bench.run((signal) => openLink(link, options, signal));
    expect(found.header).toEqual(manifest.header);
  });
});

describe('several devices of one vault', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'lose nothing when all publish at the same time, for the first time: %i',
    async (seed) => {
      const bench = new VaultBench(xz);
      let random = seed;
      const delay = async (): Promise<void> => {
        random = (random * 48_271) % 2_147_483_647;
        await bench.clock.sleep(random % 50, new AbortController().signal);
      };
      bench.records.before = delay;
      bench.records.after = delay;
      const vaults = await Promise.all(Array.from({ length: 4 }, () => bench.device().open()));
      for (const [i, vault] of vaults.entries()) await addFiles(vault, `shared/${i}.txt`);
      await bench.run((signal) => Promise.all(vaults.map((vault) => vault.publish(bench.network, signal))));
      expect(await bench.found()).toEqual(['shared/0.txt', 'shared/1.txt', 'shared/2.txt', 'shared/3.txt']);
      // Then they change what the others have made.
      await bench.run((signal) => Promise.all(vaults.map((vault) => vault.read(bench.network, signal))));
      const [a, b, c] = vaults;
      if (a === undefined || b === undefined || c === undefined) throw new Error('No devices.');
      const folder = [...a.index.entries()].find(({ kind }) => kind === 'folder');
      await a.edit((index) => index.move(folder?.id ?? '', null, 'renamed'));
      await addFiles(b, 'shared/late.txt');
      await addFiles(c, 'elsewhere/c.txt');
      await bench.run((signal) =>
        Promise.all([a, b, c].map((vault) => vault.publish(bench.network, signal))),
      );
      const found = await bench.found();
      expect(found).toHaveLength(6);
      expect(found.map((path) => path.split('/').at(-1)).sort()).toEqual(
        ['0.txt', '1.txt', '2.txt', '3.txt', 'c.txt', 'late.txt'].sort(),
      );
    },
  );

  it('find a device that one of the two lists has lost, and put it back', async () => {
    const bench = new VaultBench(xz);
    await bench.add(await bench.device().open(), 'a.txt');
    const before = new Map(bench.records.records);
    await bench.add(await bench.device().open(), 'b.txt');
    const lists = [...before].filter(([key, record]) => bench.records.records.get(key) !== record);
    expect(lists).toHaveLength(2);
    for (const [key, record] of lists) {
      // As it was before the second device.
      bench.records.records.set(key, record);
      expect(await bench.found()).toContain('b.txt');
      await bench.add(await bench.device().open(), `${key}.txt`);
      expect(bench.records.records.get(key)?.seq).toBeGreaterThan(record.seq);
    }
    expect(await bench.found()).toHaveLength(4);
  });

  it('lose nothing when one device’s data is in use twice', async () => {
    const bench = new VaultBench(xz);
    const device = bench.device();
    await bench.add(await device.open(), 'a.txt');
    const twin = await device.open();
    await bench.add(await device.open(), 'b.txt');
    // It does not know of b, and has the same key.
    await bench.add(twin, 'c.txt');
    expect(await bench.found()).toEqual(['a.txt', 'b.txt', 'c.txt']);
  });

  it('read again what was replaced while they read it', async () => {
    const bench = new VaultBench(xz);
    const writer = await bench.device().open();
    await bench.add(writer, 'a.txt');
    let isRead = false;
    bench.records.after = async () => {
      if (isRead || bench.swarm.gets > 0) return;
      // The two lists and the device's record have been read when its chunks go.
      if (++reads < 4) return;
      isRead = true;
      for (const name of ['b.txt', 'c.txt']) {
        await addFiles(writer, name);
        await writer.publish(bench.network, new AbortController().signal);
      }
      bench.records.after = () => Promise.resolve();
    };
    let reads = 0;
    expect(await bench.found()).toEqual(['a.txt', 'b.txt', 'c.txt']);
    expect(isRead).toBe(true);
    expect(bench.swarm.deleted.size).toBeGreaterThan(0);
  });
});

describe('relays that lie', () => {
  async function withTwo(): Promise<{
    bench: VaultBench;
    reader: VaultSync;
    old: Map<string, AtomicRecord>;
  }> {
    const bench = new VaultBench(xz);
    const [a, b] = [await bench.device().open(), await bench.device().open()];
    await bench.add(a, 'a.txt');
    await bench.add(b, 'b.txt');
    const reader = await bench.device().open();
    const old = new Map(bench.records.records);
    await bench.run((signal) => reader.read(bench.network, signal));
    await bench.add(a, 'a2.txt');
    return { bench, reader, old };
  }

  it('can hold back, which is told, and take nothing away that was seen', async () => {
    const { bench, reader } = await withTwo();
    bench.records.twist = () => null;
    const nothing = await bench.run((signal) => reader.read(bench.network, signal));
    expect(nothing).toEqual({ devices: 2, unread: 2 });
    expect(pathsOf(reader)).toEqual(['a.txt', 'b.txt']);
  });

  it('can give old records, which are told from the newest that was seen', async () => {
    const { bench, reader, old } = await withTwo();
    await bench.run((signal) => reader.read(bench.network, signal));
    expect(pathsOf(reader)).toEqual(['a.txt', 'a2.txt', 'b.txt']);
    bench.records.twist = (record, key) => old.get(key) ?? record;
    const reading = await bench.run((signal) => reader.read(bench.network, signal));
    expect(reading).toEqual({ devices: 2, unread: 1 });
    expect(pathsOf(reader)).toEqual(['a.txt', 'a2.txt', 'b.txt']);
  });

  it.each([
    ['another signature', (record: AtomicRecord) => ({ ...record, signature: '00'.repeat(64) })],
    ['a higher number', (record: AtomicRecord) => ({ ...record, seq: record.seq + 1 })],
    ['another value', (record: AtomicRecord) => ({ ...record, value: record.value.slice(0, -4) })],
    ['another’s record', (record: AtomicRecord) => ({ ...record, public_key: 'ab'.repeat(32) })],
  ])('cannot forge: %s', async (_, forge) => {
    const { bench, reader } = await withTwo();
    bench.records.twist = (record) => (record === null ? null : forge(record));
    await expect(bench.run((signal) => reader.read(bench.network, signal))).rejects.toMatchObject({
      code: 'CORRUPT',
    });
    expect(pathsOf(reader)).toEqual(['a.txt', 'b.txt']);
  });

  it('of one record do not keep the others from being read', async () => {
    const { bench } = await withTwo();
    let spoilt: string | null = null;
    const fresh = await bench.device().open();
    // The third record that is read is that of the first device; the first two are the lists.
    let reads = 0;
    bench.records.twist = (record, key) => {
      if (record !== null && ++reads === 3) spoilt = key;
      return record !== null && key === spoilt ? { ...record, seq: record.seq + 1 } : record;
    };
    const reading = await bench.run((signal) => fresh.read(bench.network, signal));
    expect(reading).toEqual({ devices: 1, unread: 1 });
    // Each device's index has what it knew of the other's.
    expect(pathsOf(fresh)).toEqual(expect.arrayContaining(['a.txt', 'b.txt']));
  });
});

describe('what a device leaves in the swarm', () => {
  it('is what it needs and what readers may be at, however often it publishes', async () => {
    const bench = new VaultBench(xz);
    const device = bench.device();
    const vault = await device.open();
    for (let i = 0; i < 8; i++) {
      await bench.add(vault, `${i}.txt`);
      expect(device.store.known).toEqual(bench.swarm.stored);
      expect(bench.swarm.stored.size).toBeLessThanOrEqual(4);
    }
    expect(await bench.found()).toHaveLength(8);
  });

  it('is not sent again for nothing', async () => {
    const bench = new VaultBench(xz);
    const device = bench.device();
    await bench.add(await device.open(), 'a.txt');
    const [sent, written] = [bench.swarm.sent.length, bench.records.history.length];
    const again = await device.open();
    await bench.run((signal) => again.publish(bench.network, signal));
    expect([bench.swarm.sent.length, bench.records.history.length]).toEqual([sent, written]);
    // Unless the relays have lost it.
    bench.records.records.clear();
    await bench.run((signal) => again.publish(bench.network, signal));
    expect(await bench.found()).toEqual(['a.txt']);
  });

  it('waits for relays that can be told to delete', async () => {
    const bench = new VaultBench(xz);
    const vault = await bench.device().open();
    bench.swarm.deletable = false;
    for (const name of ['a', 'b', 'c', 'd']) await bench.add(vault, name);
    expect(bench.swarm.stored.size).toBe(8);
    bench.swarm.deletable = true;
    await bench.add(vault, 'e');
    expect(bench.swarm.stored.size).toBe(4);
  });

  it('is known to it wherever a publication ends, and the next one goes on', async () => {
    let done = false;
    for (let step = 1; !done; step++) {
      const bench = new VaultBench(xz);
      const device = bench.device();
      await bench.add(await device.open(), 'a.txt');
      let steps = 0;
      const crash = (): void => {
        if (++steps >= step) throw new AppError('ABORTED', 'The power is out.');
      };
      const crashLater = (): Promise<void> => Promise.resolve().then(crash);
      const vault = await device.open();
      await addFiles(vault, 'b.txt');
      device.store.fault = crash;
      bench.records.before = crashLater;
      bench.records.after = crashLater;
      bench.swarm.beforePut = crash;
      try {
        await bench.run((signal) => vault.publish(bench.network, signal));
        done = true;
      } catch (error) {
        expect(AppError.from(error).message).toBe('The power is out.');
      }
      device.store.fault = () => undefined;
      bench.records.before = bench.records.after = () => Promise.resolve();
      bench.swarm.beforePut = () => undefined;
      for (const id of bench.swarm.stored) expect(device.store.known).toContain(id);
      expect(await bench.found()).toContain('a.txt');
      const restarted = await device.open();
      await bench.run((signal) => restarted.publish(bench.network, signal));
      expect(restarted.isPublished).toBe(true);
      expect(await bench.found()).toEqual(['a.txt', 'b.txt']);
      if (done) expect(step).toBeGreaterThan(8);
    }
  });
});

it('works while relays are away, and says when none is there', async () => {
  const bench = new VaultBench(xz);
  const vault = await bench.device().open();
  const [first, second] = bench.swarm.relays;
  if (first === undefined || second === undefined) throw new Error('No relays.');
  first.dead = true;
  second.deadButListed = true;
  await bench.add(vault, 'a.txt');
  expect(await bench.found()).toEqual(['a.txt']);
  bench.swarm.unreachable = true;
  await addFiles(vault, 'b.txt');
  await expect(bench.run((signal) => vault.publish(bench.network, signal))).rejects.toMatchObject({
    retryable: true,
  });
  expect(vault.isPublished).toBe(false);
  bench.swarm.unreachable = false;
  await bench.run((signal) => vault.publish(bench.network, signal));
  expect(await bench.found()).toEqual(['a.txt', 'b.txt']);
});

it('refuses the index of another device, and a damaged one', async () => {
  const bench = new VaultBench(xz);
  const device = bench.device();
  await addFiles(await device.open(), 'a.txt');
  const other = bench.device();
  for (const [key, value] of device.store.items) other.store.items.set(key, value);
  await expect(other.open()).rejects.toMatchObject({ code: 'CORRUPT' });
  for (const key of [...device.store.items.keys()]) {
    const kept = device.store.items.get(key) ?? '';
    device.store.items.set(key, kept.slice(0, -3));
    await expect(device.open()).rejects.toMatchObject({ code: 'CORRUPT' });
    device.store.items.set(key, kept);
  }
  device.store.items.delete('head');
  await expect(device.open()).rejects.toMatchObject({ code: 'CORRUPT' });
});
