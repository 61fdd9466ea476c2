import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSwarmView } from '../../../../../shared/engine/swarm-view.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
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
let kept: number;

beforeEach(async () => {
  own = await openFreshStores();
  swarm = new MemorySwarm(instant, 6);
  kept = 0;
});
afterEach(() => own[Symbol.asyncDispose]());

function sharingOf(stores: LocalStores): PageSharing {
  const view = createSwarmView(swarm);
  const parts = { stores, swarm, view, gate: new LockableGate(), loadXz: loadTestXz };
  const links = new ManifestLinks(parts);
  return new PageSharing({
    origin: 'http://192.168.1.7:8888',
    ...parts,
    linkOf: (id, inner) => links.linkOf(id, inner),
    manifestOf: (id) => stores.files.manifest(id),
    isListed: () => false,
    onKept: () => {
      kept++;
      return Promise.resolve();
    },
  });
}

describe('PageSharing', () => {
  it('stores a manifest once, remembers its chunk before it is sent, and gives the same links again', async () => {
    const id = await storeFile(own, swarm, 2);
    const puts = swarm.puts;
    swarm.beforePut = async (chunk) => {
      expect((await own.shares.get(id))?.chunks.map((each) => each.id)).toEqual([chunk]);
    };
    const sharing = sharingOf(own);
    const links = await sharing.share(id, signal());
    expect(links.webLink).toBe(
      `http://192.168.1.7:8888/${links.link.replace('lanvault:', '#/open/').replace(/#(?=[^#]*$)/, '.')}`,
    );
    expect(swarm.puts).toBe(puts + 1);
    expect(await sharingOf(own).share(id, signal())).toEqual(links);
    expect(swarm.puts).toBe(puts + 1);
  });

  it.each(['link', 'webLink'] as const)(
    'a stranger opens the %s, looks, and keeps the file or not',
    async (form) => {
      const id = await storeFile(own, swarm, 3);
      const links = await sharingOf(own).share(id, signal());
      const theirs = createMemoryStores();
      const sharing = sharingOf(theirs);
      const { file, listed } = await sharing.open(links[form], signal());
      expect([file.manifestId, file.owned, listed]).toEqual([id, false, false]);
      expect(sharing.opened(id)).toEqual(file);
      expect(await theirs.files.list()).toEqual([]);
      await sharing.close(id);
      await expect(theirs.files.manifest(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });

      await sharing.open(links[form], signal());
      await sharing.keep(id);
      await sharing.close(id);
      expect((await theirs.files.list()).map(({ manifestId }) => manifestId)).toEqual([id]);
      expect(kept).toBe(1);
      expect(await sharing.open(links[form], signal())).toMatchObject({ listed: true });
    },
  );

  it('the same in IndexedDB: held, kept, and what is listed already keeps its facts', async () => {
    const id = await storeFile(own, swarm, 1);
    const manifest = await own.files.manifest(id);
    expect(await own.files.hold(id, manifest)).toMatchObject({
      listed: true,
      file: { minReplicas: 5, owned: true },
    });
    await own.files.letGo(id);
    expect(await own.files.list()).toHaveLength(1);
    await own.files.remove(id);
    expect(await own.files.hold(id, manifest)).toMatchObject({ listed: false });
    expect(await own.files.list()).toEqual([]);
    expect((await own.files.manifest(id)).header).toEqual(manifest.header);
    await own.files.add(id, manifest, { minReplicas: null, uploadId: null });
    await own.files.letGo(id);
    expect(await own.files.list()).toHaveLength(1);
  });

  it('an attempt that failed leaves a chunk that is known, and the next one makes a link', async () => {
    const id = await storeFile(own, swarm, 1);
    const sharing = sharingOf(own);
    for (const relay of swarm.relays) relay.writeFault = 'refuse';
    await expect(sharing.share(id, signal())).rejects.toMatchObject({ code: 'NOT_ENOUGH_RELAYS' });
    for (const relay of swarm.relays) relay.writeFault = null;
    await sharing.share(id, signal());
    expect((await own.shares.get(id))?.chunks).toHaveLength(2);
  });

  it('what is no link, and what nobody has, is told apart', async () => {
    const sharing = sharingOf(createMemoryStores());
    await expect(sharing.open('lanvault:abc', signal())).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const unknown = `lanvault:${'ab'.repeat(32)}#${'A'.repeat(43)}`;
    await expect(sharing.open(unknown, signal())).rejects.toMatchObject({ code: 'CHUNK_LOST' });
  });
});
