import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { XzCodec } from '../../../../../shared/codec/xz.ts';
import { AppError } from '../../../../../shared/errors.ts';
import type { ManifestId } from '../../../../../shared/ids.ts';
import { loadTestXz } from '../../../shared/support/vectors.ts';
import { openFreshStores } from '../browser-bench.ts';
import { Profile, Relays } from './vault-profile.ts';

const signal = (): AbortSignal => new AbortController().signal;

let xz: XzCodec;
let relays: Relays;
beforeAll(async () => {
  xz = await loadTestXz();
});
beforeEach(() => {
  relays = new Relays();
});

/** A second browser that the 24 words of the first were typed into. */
async function restored(from: Profile): Promise<Profile> {
  const other = await Profile.open(relays, xz);
  await other.vault.restore(await from.vault.phrase(), signal());
  return other;
}

describe('the vault of a page', () => {
  it('lists a file at once where it was put, and stores its link once for the index and for sharing', async () => {
    await using profile = await Profile.open(relays, xz);
    const id = await profile.add('photos/2026/a.jpg');
    expect(profile.paths).toEqual(['photos/2026/a.jpg']);
    expect(profile.listing.folders).toEqual(['photos', 'photos/2026']);
    expect(profile.status).toMatchObject({ state: 'open', unpublished: true });
    await profile.compare();
    expect(profile.status).toMatchObject({ unpublished: false, devices: 1, unread: 0, error: null });
    expect(profile.paths).toEqual(['photos/2026/a.jpg']);
    const share = await profile.stores.shares.get(id);
    expect(share?.link).toEqual(await profile.vault.indexedLink(id));
    expect(share?.chunks).toHaveLength(1);
  });

  it('24 words alone bring files and folders into another browser, which reads them', async () => {
    await using one = await Profile.open(relays, xz);
    const id = await one.add('photos/a.jpg');
    await one.vault.createFolder('empty/inside');
    await one.compare();
    await using two = await Profile.open(relays, xz);
    expect(await two.vault.restore((await one.vault.phrase()).toUpperCase(), signal())).toEqual({
      ...{ files: 1, devices: 1, unread: 0 },
    });
    expect(two.paths).toEqual(['photos/a.jpg']);
    expect(two.listing.folders).toEqual(['empty', 'empty/inside', 'photos']);
    expect(two.listing.files[0]).toMatchObject({
      manifestId: id,
      owned: false,
      byOtherDevice: true,
      chunkCount: 1,
      name: 'a.jpg',
    });
    await expect(two.stores.files.manifest(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await two.vault.fetchManifest(id, signal());
    expect((await two.stores.files.manifest(id)).header).toEqual(
      (await one.stores.files.manifest(id)).header,
    );
    expect(two.paths).toEqual(['photos/a.jpg']);
  });

  it('what a browser has of its own joins the vault that it restores, and can still be deleted', async () => {
    await using one = await Profile.open(relays, xz);
    await one.add('a.txt');
    await one.compare();
    await using two = await Profile.open(relays, xz, { stores: await openFreshStores() });
    const published = await two.add('own/published.txt');
    await two.vault.createFolder('own/empty');
    await two.compare();
    const fresh = await two.add('fresh.txt');
    const before = two.stores.vault;
    await two.vault.restore(await one.vault.phrase(), signal());
    expect(two.stores.vault.secret).toEqual(one.stores.vault.secret);
    expect(two.stores.vault.former).toEqual([{ secret: before.secret, deviceId: before.deviceId }]);
    await two.compare();
    await one.compare();
    for (const profile of [one, two]) {
      expect(profile.paths).toEqual(['a.txt', 'fresh.txt', 'own/published.txt']);
      expect(profile.listing.folders).toEqual(['own', 'own/empty']);
    }
    expect(
      two.listing.files
        .filter(({ owned }) => owned)
        .map(({ manifestId }) => manifestId)
        .sort(),
    ).toEqual([published, fresh].sort());
  });

  it('words of nothing, of this vault, or that are none change nothing', async () => {
    await using profile = await Profile.open(relays, xz);
    await using stranger = await Profile.open(relays, xz);
    const { secret } = profile.stores.vault;
    for (const [phrase, code] of [
      [await stranger.vault.phrase(), 'NOT_FOUND'],
      [await profile.vault.phrase(), 'CONFLICT'],
      ['abandon '.repeat(24), 'BAD_INPUT'],
    ] as const)
      await expect(profile.vault.restore(phrase, signal())).rejects.toMatchObject({ code });
    expect(profile.stores.vault).toMatchObject({ secret, former: [] });
  });

  it('two browsers change folders at the same time, and lose nothing', async () => {
    await using one = await Profile.open(relays, xz);
    for (const path of ['docs/a.txt', 'docs/b.txt', 'pics/c.jpg']) await one.add(path);
    await one.compare();
    await using two = await restored(one);
    await one.vault.rename('docs', 'papers');
    await two.vault.move(['docs'], 'pics');
    await one.vault.move(['pics/c.jpg'], 'new folder');
    await two.vault.rename('pics/c.jpg', 'renamed.jpg');
    await two.vault.createFolder('docs');
    await one.vault.removeFolder('pics');
    await Promise.all([one.add('pics/d.jpg'), two.add('docs/e.txt')]);
    for (const profile of [one, two, one, two]) await profile.compare();
    expect(one.paths).toEqual(two.paths);
    expect(one.listing.folders).toEqual(two.listing.folders);
    expect(one.paths.map((path) => path.split('/').at(-1)).sort()).toEqual(
      // One of the two places that c.jpg was given wins.
      [
        'a.txt',
        'b.txt',
        'd.jpg',
        'e.txt',
        one.paths.some((path) => path.includes('renamed')) ? 'renamed.jpg' : 'c.jpg',
      ].sort(),
    );
  });

  it('what one browser takes out leaves the other; what was uploaded there is deleted there', async () => {
    await using one = await Profile.open(relays, xz);
    const id = await one.add('a.txt');
    await one.compare();
    await using two = await restored(one);
    await two.vault.forget(id);
    await two.compare();
    expect(two.paths).toEqual([]);
    expect(one.deleted).toEqual([]);
    await one.compare();
    expect(one.paths).toEqual([]);
    expect(one.deleted).toEqual([id]);
  });

  it('a file whose entry is unknown to the index is never taken for one that was removed', async () => {
    await using profile = await Profile.open(relays, xz);
    const id = await profile.add('a.txt');
    await profile.stores.files.markIndexed(id);
    await profile.local.changed();
    await profile.compare();
    expect(profile.deleted).toEqual([]);
    expect(profile.paths).toEqual(['a.txt']);
    expect(await profile.vault.indexedLink(id)).not.toBeNull();
  });

  it('a file that was taken out and is taken in again stays', async () => {
    await using profile = await Profile.open(relays, xz);
    const id = await profile.add('a.txt');
    await profile.compare();
    const manifest = await profile.stores.files.manifest(id);
    await profile.vault.forget(id);
    await profile.compare();
    await profile.stores.files.add(id, manifest, { minReplicas: null, uploadId: null });
    await profile.local.changed();
    await profile.compare();
    expect(profile.paths).toHaveLength(1);
    expect(profile.status).toMatchObject({ unpublished: false });
  });

  it('forgets a file together with the chunks of its link', async () => {
    await using profile = await Profile.open(relays, xz);
    const id = await profile.add('a.txt');
    await profile.compare();
    const [chunk] = (await profile.stores.shares.get(id))?.chunks ?? [];
    expect(relays.stored).toContain(chunk?.id);
    await profile.vault.forget(id);
    await profile.compare();
    expect(relays.stored).not.toContain(chunk?.id);
    expect(await profile.stores.shares.get(id)).toBeNull();
  });

  it('moves and renames what is not in the index yet, and says no to what cannot be', async () => {
    await using profile = await Profile.open(relays, xz);
    await profile.add('in/a.txt');
    await profile.add('in/b.txt');
    for (const relay of relays.relays) relay.writeFault = 'refuse';
    await profile.vault.rename('in', 'out');
    await profile.vault.move(['out/b.txt'], '');
    expect(profile.paths).toEqual(['b.txt', 'out/a.txt']);
    const { vault } = profile;
    await expect(vault.rename('b.txt', 'out')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(vault.rename('b.txt', 'x/y')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(vault.move(['out'], 'out/deeper')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(vault.createFolder('out')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(vault.rename('nothing', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(profile.compare()).rejects.toMatchObject({ code: 'NOT_ENOUGH_RELAYS' });
    for (const relay of relays.relays) relay.writeFault = null;
    await profile.compare();
    expect(profile.paths).toEqual(['b.txt', 'out/a.txt']);
    await vault.createFolder('out/deep');
    await vault.removeFolder('out');
    // A file lives in it.
    expect(profile.listing.folders).toEqual(['out']);
  });

  it('one file that cannot join the index keeps no other from it', async () => {
    await using profile = await Profile.open(relays, xz);
    const { files } = profile.stores;
    const manifest = files.manifest.bind(files);
    files.manifest = async (id) => {
      if ((await files.find(id))?.path === 'broken.txt') throw new AppError('CORRUPT', 'It is damaged.');
      return manifest(id);
    };
    await profile.add('broken.txt');
    await profile.add('whole.txt');
    await expect(profile.compare()).rejects.toMatchObject({ code: 'CORRUPT' });
    await using other = await Profile.open(relays, xz);
    expect(await other.vault.restore(await profile.vault.phrase(), signal())).toMatchObject({ files: 1 });
    expect(profile.paths).toEqual(['broken.txt', 'whole.txt']);
  });

  it('names that are taken get numbers, in the index and before', async () => {
    await using profile = await Profile.open(relays, xz);
    const ids: ManifestId[] = [];
    for (let i = 0; i < 3; i++) ids.push(await profile.add('a.txt'));
    expect(profile.paths).toEqual(['a (2).txt', 'a (3).txt', 'a.txt']);
    await profile.compare();
    expect(profile.paths).toEqual(['a (2).txt', 'a (3).txt', 'a.txt']);
    expect(profile.listing.files).toHaveLength(new Set(ids).size);
  });
});
