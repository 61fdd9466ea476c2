import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishedChunks } from '../../../../../shared/engine/catalog-publish.ts';
import { createSwarmView } from '../../../../../shared/engine/swarm-view.ts';
import { AppError } from '../../../../../shared/errors.ts';
import type { Manifest } from '../../../../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../../../../shared/ids.ts';
import { CATALOG_POLL_MS } from '../../../../../shared/limits.ts';
import type { CatalogView } from '../../../../../web/engine/catalog/catalog-contract.ts';
import { LazyCatalog } from '../../../../../web/engine/catalog/lazy-catalog.ts';
import { DeletionQueue } from '../../../../../web/engine/deletion/deletion-queue.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
import { createMemoryStores } from '../../../../../web/engine/memory-stores.ts';
import { ManifestLinks } from '../../../../../web/engine/sharing/manifest-links.ts';
import { PageSharing } from '../../../../../web/engine/sharing/page-sharing.ts';
import { MemoryCatalog } from '../../../shared/engine/memory-catalog.ts';
import { MemorySwarm } from '../../../shared/engine/memory-swarm.ts';
import { loadTestXz } from '../../../shared/support/vectors.ts';
import { instant, openFreshStores, storeFile } from '../browser-bench.ts';
import { LockableGate } from '../lockable-gate.ts';
import { HandClock, settled } from '../network/hand-clock.ts';

const signal = (): AbortSignal => new AbortController().signal;

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  show(visible: boolean): void {
    this.visibilityState = visible ? 'visible' : 'hidden';
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

let own: LocalStores;
let swarm: MemorySwarm;
let shared: MemoryCatalog;
let clock: HandClock;
let page: Page;
const open: LazyCatalog[] = [];

beforeEach(async () => {
  own = await openFreshStores();
  swarm = new MemorySwarm(instant, 6);
  shared = new MemoryCatalog();
  clock = new HandClock();
  page = new Page();
});
afterEach(async () => {
  for (const catalog of open.splice(0)) catalog.dispose();
  await own[Symbol.asyncDispose]();
});

/** One person's browser. */
function visit(stores: LocalStores) {
  const view = createSwarmView(swarm);
  const gate = new LockableGate();
  const port = {
    members: swarm.members.bind(swarm),
    put: swarm.put.bind(swarm),
    get: swarm.get.bind(swarm),
    deleteChunks: swarm.deleteChunks.bind(swarm),
    catalog: shared,
  };
  const manifestOf = (id: ManifestId): Promise<Manifest> => stores.files.manifest(id);
  const parts = { stores, swarm: port, view, gate, loadXz: loadTestXz };
  const links = new ManifestLinks(parts);
  const sharing = new PageSharing({
    ...parts,
    origin: 'http://192.168.1.7:8888',
    linkOf: (id, inner) => links.linkOf(id, inner),
    manifestOf,
    isListed: () => false,
    onKept: () => Promise.resolve(),
  });
  const catalog = new LazyCatalog({
    stores,
    manifestOf,
    swarm: port,
    view,
    gate,
    sharing,
    loadXz: loadTestXz,
    clock,
    page,
  });
  open.push(catalog);
  return { catalog, sharing };
}

/** What is seen, and the next view that fits. */
function watch(catalog: LazyCatalog, q = '') {
  const seen: CatalogView[] = [];
  let told = (): void => undefined;
  const stop = catalog.watch(q, (view) => {
    seen.push(view);
    told();
  });
  const until = async (fits: (view: CatalogView) => boolean): Promise<CatalogView> => {
    for (;;) {
      const last = seen.at(-1);
      if (last !== undefined && fits(last)) return last;
      await new Promise<void>((resolve) => (told = resolve));
    }
  };
  return { seen, stop, until };
}

const names = ({ news }: CatalogView): string[] => (news?.entries ?? []).map(({ name }) => name).sort();

describe('the catalog of a page', () => {
  it.each([
    ['IndexedDB', () => own],
    ['memory', createMemoryStores],
  ])('one publishes (%s), another finds, opens and keeps; then it is taken back', async (_kind, make) => {
    const stores = make();
    const id = await storeFile(stores, swarm, 2);
    const mine = visit(stores);
    await mine.catalog.publish(id, 'The <b>plan</b>.bin', signal());

    const theirs = createMemoryStores();
    const other = visit(theirs);
    const look = watch(other.catalog);
    const { news } = await look.until((view) => names(view).length === 1);
    const [entry] = news?.entries ?? [];
    expect(entry).toMatchObject({ name: 'The <b>plan<_b>.bin', ownId: null });
    const held = await other.catalog.open(entry?.id ?? '', signal());
    expect([held.file.manifestId, held.listed, held.file.owned]).toEqual([id, false, false]);
    await other.sharing.keep(id);
    expect(await theirs.files.list()).toHaveLength(1);

    const ownLook = watch(mine.catalog);
    const ownView = await ownLook.until((view) => names(view).length === 1);
    const ownId = ownView.news?.entries[0]?.ownId ?? '';
    expect(ownId).toMatch(/^[0-9a-f]{32}$/);
    // What is published is nothing to prune.
    expect(await Array.fromAsync(publishedChunks(stores.publications))).toHaveLength(1);
    await mine.catalog.unpublish(ownId, signal());
    await ownLook.until((view) => names(view).length === 0);
    expect(shared.entries.size).toBe(0);
    await expect(mine.catalog.unpublish('00', signal())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await settled();
    await clock.advance(CATALOG_POLL_MS);
    await look.until((view) => names(view).length === 0);
    await expect(other.catalog.open(entry?.id ?? '', signal())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    look.stop();
    ownLook.stop();
    expect(clock.sleeping).toBe(0);
  });

  it('asks while somebody looks, keeps what it knew when nobody answers, and starts again', async () => {
    const id = await storeFile(own, swarm, 1);
    const { catalog } = visit(own);
    await catalog.publish(id, 'a.bin', signal());
    const look = watch(catalog);
    await look.until((view) => names(view).length === 1);
    shared.fault = new AppError('UNAVAILABLE', 'No relay answers.');
    await settled();
    await clock.advance(CATALOG_POLL_MS);
    const failed = await look.until(({ error }) => error !== null);
    expect([failed.error?.code, names(failed)]).toEqual(['UNAVAILABLE', ['a.bin']]);
    shared.fault = null;
    page.show(false);
    const asked = shared.pages;
    await settled();
    await clock.advance(10 * CATALOG_POLL_MS);
    expect(shared.pages).toBe(asked);
    page.show(true);
    await look.until(({ error }) => error === null);
    look.stop();
  });

  it('says what is one’s own and not in order', async () => {
    const id = await storeFile(own, swarm, 1);
    const { catalog } = visit(own);
    shared.fault = new AppError('UNAVAILABLE', 'The answer got lost.');
    await expect(catalog.publish(id, 'a.bin', signal())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    shared.fault = null;
    const look = watch(catalog);
    const looseIs = (state: string | undefined) => (view: CatalogView) =>
      view.news !== null && view.news.loose[0]?.state === state;
    await look.until(looseIs('publishing'));
    await catalog.publish(id, 'a.bin', signal());
    await look.until(looseIs(undefined));

    // Relays that have lost it; while some do not answer, nobody can tell.
    const [entry] = shared.entries;
    shared.entries.clear();
    shared.unreachable = 1;
    await settled();
    await clock.advance(CATALOG_POLL_MS);
    await look.until((view) => names(view).length === 0);
    expect(look.seen.at(-1)?.news?.loose).toEqual([]);
    shared.unreachable = 0;
    await settled();
    await clock.advance(CATALOG_POLL_MS);
    await look.until(looseIs('missing'));
    await catalog.publish(id, 'a.bin', signal());
    await look.until(looseIs(undefined));
    expect([...shared.entries.keys()]).toEqual([entry?.[0]]);
    look.stop();
  });

  it('an entry that lies about its file is not opened, and leaves nothing behind', async () => {
    const [small, large] = [await storeFile(own, swarm, 1), await storeFile(own, swarm, 2)];
    const mine = visit(own);
    await mine.catalog.publish(small, 'small', signal());
    const links = await mine.sharing.share(large, signal());
    const look = watch(mine.catalog);
    const { news } = await look.until((view) => names(view).length === 1);
    const theirs = createMemoryStores();
    const other = visit(theirs);
    const { catalog } = visitWith(theirs, {
      open: () => other.sharing.open(links.link, signal()),
      close: (id) => other.sharing.close(id),
    });
    const seen = watch(catalog);
    await seen.until((view) => names(view).length === 1);
    await expect(catalog.open(news?.entries[0]?.id ?? '', signal())).rejects.toMatchObject({
      code: 'CORRUPT',
    });
    await expect(theirs.files.manifest(large)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  function visitWith(stores: LocalStores, sharing: Pick<PageSharing, 'open' | 'close'>) {
    const view = createSwarmView(swarm);
    const port = {
      members: swarm.members.bind(swarm),
      put: swarm.put.bind(swarm),
      get: swarm.get.bind(swarm),
      deleteChunks: swarm.deleteChunks.bind(swarm),
      catalog: shared,
    };
    const gate = new LockableGate();
    const catalog = new LazyCatalog({
      stores,
      manifestOf: (id) => stores.files.manifest(id),
      swarm: port,
      view,
      gate,
      sharing,
      loadXz: loadTestXz,
      clock,
      page,
    });
    open.push(catalog);
    return { catalog };
  }

  it('deleting a published file deletes what its publication is read from, and takes it out of the catalog', async () => {
    const id = await storeFile(own, swarm, 2);
    const { catalog } = visit(own);
    await catalog.publish(id, 'a.bin', signal());
    const deletions = new DeletionQueue({
      stores: own,
      gate: new LockableGate(),
      now: () => 0,
      unlist: () => Promise.resolve(),
      swarm: {
        members: (aborted) => swarm.members(aborted),
        deleteChunks: (chunks) => swarm.deleteChunks(chunks),
      },
      onGone: () => undefined,
    });
    const gone = new Promise<void>((resolve) =>
      deletions.watch((list) => {
        if (list.some(({ state }) => state === 'deleted')) resolve();
      }),
    );
    // The relay that keeps the catalog does not answer at first: it stays noted.
    await deletions.start(id);
    await gone;
    expect(swarm.relays.map(({ chunks }) => chunks.size)).toEqual([0, 0, 0, 0, 0, 0]);
    shared.fault = new AppError('UNAVAILABLE', 'No relay answers.');
    await catalog.settle();
    expect((await own.publications.list()).map(({ state }) => state)).toEqual(['unpublishing']);
    shared.fault = null;
    await catalog.settle();
    expect((await own.publications.list()).map(({ state }) => state)).toEqual(['unpublished']);
    expect(shared.entries.size).toBe(0);
    await deletions.dispose();
  });
});
