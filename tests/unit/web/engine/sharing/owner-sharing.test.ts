import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSwarmView } from '../../../../../shared/engine/swarm-view.ts';
import type { ManifestId } from '../../../../../shared/ids.ts';
import { DeletionQueue } from '../../../../../web/engine/deletion/deletion-queue.ts';
import type { FileDeletion } from '../../../../../web/engine/deletion/deletion-contract.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
import { exportFile, importManifest } from '../../../../../web/engine/manifest-transfer.ts';
import { createMemoryStores } from '../../../../../web/engine/memory-stores.ts';
import { ManifestLinks } from '../../../../../web/engine/sharing/manifest-links.ts';
import { PageSharing } from '../../../../../web/engine/sharing/page-sharing.ts';
import { MemorySwarm } from '../../../shared/engine/memory-swarm.ts';
import { loadTestXz } from '../../../shared/support/vectors.ts';
import { instant, openFreshStores, storeFile } from '../browser-bench.ts';
import { LockableGate } from '../lockable-gate.ts';

const signal = (): AbortSignal => new AbortController().signal;

let own: LocalStores;
let swarm: MemorySwarm;
const queues: DeletionQueue[] = [];

beforeEach(async () => {
  own = await openFreshStores();
  swarm = new MemorySwarm(instant, 6);
});
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.dispose();
  await own[Symbol.asyncDispose]();
});

function sharingOf(stores: LocalStores): PageSharing {
  const view = createSwarmView(swarm);
  const parts = { stores, swarm, view, gate: new LockableGate(), loadXz: loadTestXz };
  const links = new ManifestLinks(parts);
  return new PageSharing({
    ...parts,
    origin: 'http://192.168.1.7:8888',
    linkOf: (id, inner) => links.linkOf(id, inner),
    manifestOf: (id) => stores.files.manifest(id),
    isListed: () => false,
    onKept: () => Promise.resolve(),
  });
}

/** Deletes a file, and gives back how that ended. */
function remove(stores: LocalStores, id: ManifestId): Promise<FileDeletion> {
  const queue = new DeletionQueue({
    ...{ stores, gate: new LockableGate(), now: () => 0, onGone: () => undefined },
    unlist: () => Promise.resolve(),
    swarm: {
      members: swarm.members.bind(swarm),
      locate: (ids) =>
        Promise.resolve({
          holders: ids.map((chunk) => swarm.holdersOf(chunk).map((relay) => relay.id)),
          unreachable: [],
        }),
      deleteChunks: (deletions) => swarm.deleteChunks(deletions),
    },
  });
  queues.push(queue);
  return new Promise((resolve, reject) => {
    queue.watch(([item]) => {
      if (item?.state === 'deleted' || item?.state === 'pending' || item?.state === 'failed') resolve(item);
    });
    queue.start(id).catch(reject);
  });
}

const left = (): number => swarm.relays.reduce((sum, { chunks }) => sum + chunks.size, 0);

describe('sharing as an owner', () => {
  it.each(['link', 'webLink'] as const)(
    'the %s lets somebody else delete the file, its links and all, and tells relay by relay who has done it',
    async (form) => {
      const other = await storeFile(own, swarm, 1);
      const before = left();
      const id = await storeFile(own, swarm, 3);
      const links = await sharingOf(own).shareAsOwner(id, signal());
      expect(await sharingOf(own).shareAsOwner(id, signal())).toEqual(links);
      const readers = await sharingOf(own).share(id, signal());
      expect(links[form].startsWith(readers[form])).toBe(false);

      const theirs = createMemoryStores();
      const sharing = sharingOf(theirs);
      expect(await sharing.open(links[form], signal())).toMatchObject({ listed: false, mayDelete: true });
      await sharing.keep(id);
      expect(await theirs.files.list()).toMatchObject([{ manifestId: id, owned: true }]);
      // What they keep of it leads a reader to it: the right stays where it is.
      const kept = await theirs.shares.get(id);
      expect(kept?.ownerLink).toBeNull();
      expect(kept?.link).toEqual((await own.shares.get(id))?.link);
      const [away] = swarm.relays.filter(({ chunks }) => chunks.size > 0);
      if (away === undefined) throw new Error('Some relay has a part.');
      const ended = await remove(theirs, id);
      expect(ended).toMatchObject({ state: 'deleted', foreignChunks: 0 });
      expect(ended.relays.length).toBeGreaterThanOrEqual(5);
      expect(new Set(ended.relays.map(({ state }) => state))).toEqual(new Set(['confirmed']));
      expect(left()).toBe(before);
      expect((await own.files.list()).map(({ manifestId }) => manifestId)).toContain(other);
    },
  );

  it('a manifest does so as well, in a browser that keeps it over a reload; a reader’s does not', async () => {
    const theirs = createMemoryStores();
    const id = await storeFile(theirs, swarm, 2);
    const manifest = await theirs.files.manifest(id);
    const reader = await exportFile(theirs, id, manifest, false);
    expect(await importManifest(own, reader)).toMatchObject({ manifestId: id, owned: false });
    await expect(remove(own, id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(exportFile(own, id, manifest, true)).rejects.toMatchObject({ code: 'FORBIDDEN' });

    const owner = await exportFile(theirs, id, manifest, true);
    expect(await importManifest(own, owner)).toMatchObject({ manifestId: id, owned: true });
    expect(await own.files.list()).toMatchObject([{ manifestId: id, owned: true }]);
    // It can be handed on, and is the same.
    expect(await (await exportFile(own, id, manifest, true)).text()).toBe(await owner.text());
    expect(await remove(own, id)).toMatchObject({ state: 'deleted' });
    expect([left(), await own.files.list(), await own.journals.uploadOf(id)]).toEqual([0, [], null]);
  });

  it('who had the file as a reader owns it, too, once an owner’s link was opened; the uploader stays what they are', async () => {
    const id = await storeFile(own, swarm, 1);
    const sharing = sharingOf(own);
    const [reader, owner] = [await sharing.share(id, signal()), await sharing.shareAsOwner(id, signal())];
    const uploadId = await own.journals.uploadOf(id);
    expect(await sharing.open(owner.link, signal())).toMatchObject({ listed: true, mayDelete: true });
    expect(await own.journals.uploadOf(id)).toBe(uploadId);

    const theirs = createMemoryStores();
    const other = sharingOf(theirs);
    expect(await other.open(reader.link, signal())).toMatchObject({ mayDelete: false });
    await other.keep(id);
    expect(await theirs.files.list()).toMatchObject([{ owned: false }]);
    const again = await other.open(owner.link, signal());
    expect(again).toMatchObject({ listed: true, mayDelete: true, file: { owned: true } });
    expect(await theirs.files.list()).toMatchObject([{ owned: true }]);
  });

  it('a link whose end is wrong or missing opens nothing', async () => {
    const id = await storeFile(own, swarm, 1);
    const { link } = await sharingOf(own).shareAsOwner(id, signal());
    const sharing = sharingOf(createMemoryStores());
    const without = sharing.open(link.slice(0, -44), signal());
    await expect(without).rejects.toMatchObject({ code: 'CORRUPT' });
    const wrong = sharing.open(link.slice(0, -43) + 'A'.repeat(43), signal());
    await expect(wrong).rejects.toMatchObject({ code: 'CHUNK_LOST' });
  });
});
