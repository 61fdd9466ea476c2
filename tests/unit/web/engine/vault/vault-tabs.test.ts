import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { XzCodec } from '../../../../../shared/codec/xz.ts';
import { openIdbStores } from '../../../../../web/engine/database/idb-stores.ts';
import { VaultHold } from '../../../../../web/engine/vault/vault-hold.ts';
import type { VaultNews, VaultNewsItem } from '../../../../../web/engine/vault/vault-news.ts';
import { loadTestXz } from '../../../shared/support/vectors.ts';
import { openFreshStores } from '../browser-bench.ts';
import { Profile, Relays, still } from './vault-profile.ts';

/** What tabs hear of each other: all but oneself, as a BroadcastChannel has it. */
class Bus {
  readonly #ears = new Map<object, (item: VaultNewsItem) => void>();
  readonly told: VaultNewsItem[] = [];

  tab(): VaultNews {
    const self = {};
    const own: ((item: VaultNewsItem) => void)[] = [];
    this.#ears.set(self, (item) => {
      for (const ear of own) ear(item);
    });
    return {
      tell: (item) => {
        this.told.push(item);
        for (const [tab, hear] of this.#ears) if (tab !== self) hear(item);
      },
      listen: (callback) => {
        own.push(callback);
        return () => own.splice(own.indexOf(callback), 1);
      },
      close: () => this.#ears.delete(self),
    };
  }
}

let xz: XzCodec;
let bus: Bus;
beforeAll(async () => {
  xz = await loadTestXz();
});
beforeEach(() => {
  bus = new Bus();
});

describe('two tabs of one browser', () => {
  it('see each other’s folders, and change them in turn', async () => {
    const relays = new Relays();
    const { locks } = navigator;
    await using one = await Profile.open(relays, xz, {
      stores: await openFreshStores(),
      locks,
      news: bus.tab(),
    });
    const stores = await openIdbStores(() => undefined);
    await using two = await Profile.open(relays, xz, { stores, locks, news: bus.tab() });
    await Promise.all([
      one.vault.createFolder('a'),
      two.vault.createFolder('b'),
      one.vault.createFolder('c'),
    ]);
    await two.vault.rename('a', 'z');
    await one.vault.refresh();
    await two.vault.refresh();
    expect(one.listing.folders).toEqual(['b', 'c', 'z']);
    expect(two.listing.folders).toEqual(['b', 'c', 'z']);
    await one.compare();
    await two.compare();
    expect(two.status).toMatchObject({ unpublished: false, devices: 1 });
  });

  it('a change does not wait for a tab that is at the network: that gives way, and begins anew', async () => {
    const stores = await openFreshStores();
    const part = { stores, locks: navigator.locks, clock: still };
    const comparing = new VaultHold({ ...part, news: bus.tab() });
    const changing = new VaultHold({ ...part, news: bus.tab() });
    let began = (): void => undefined;
    const isAtIt = new Promise<void>((resolve) => (began = resolve));
    const comparison = comparing.compare((_sync, signal) => {
      began();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('Gave way.')));
      });
    }, new AbortController().signal);
    await isAtIt;
    await changing.change((sync) => sync.edit((index) => index.makeFolders('new')));
    expect(await comparison).toBeNull();
    // It reads what the other has changed.
    const names = await comparing.compare(
      (sync) => Promise.resolve([...sync.index.entries()].map(({ place }) => place.name)),
      new AbortController().signal,
    );
    expect(names).toEqual(['new']);
    await stores[Symbol.asyncDispose]();
  });

  it('a comparison is put off while another tab has the index', async () => {
    const stores = await openFreshStores();
    const part = { stores, locks: navigator.locks, clock: still };
    const one = new VaultHold({ ...part, news: bus.tab() });
    const two = new VaultHold({ ...part, news: bus.tab() });
    await one.change(async () => {
      const never = new AbortController().signal;
      expect(await two.compare(() => Promise.resolve('done'), never)).toBeNull();
      expect(await one.compare(() => Promise.resolve('done'), never)).toBe('done');
    });
    expect(await two.compare(() => Promise.resolve('done'), new AbortController().signal)).toBe('done');
    await stores[Symbol.asyncDispose]();
  });

  it('another vault in one tab is another vault in both', async () => {
    const relays = new Relays();
    await using elsewhere = await Profile.open(relays, xz);
    await elsewhere.add('a.txt');
    await elsewhere.compare();
    const { locks } = navigator;
    await using one = await Profile.open(relays, xz, {
      stores: await openFreshStores(),
      locks,
      news: bus.tab(),
    });
    const stores = await openIdbStores(() => undefined);
    await using two = await Profile.open(relays, xz, { stores, locks, news: bus.tab() });
    await one.vault.restore(await elsewhere.vault.phrase(), new AbortController().signal);
    expect(bus.told).toContain('replaced');
    await stores.reloadVault();
    await two.vault.createFolder('from two');
    expect(two.paths).toEqual(['a.txt']);
    await two.compare();
    await elsewhere.compare();
    expect(elsewhere.listing.folders).toEqual(['from two']);
  });
});
