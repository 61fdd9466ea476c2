import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { CATALOG_TYPING_MS } from '../../../../shared/limits.ts';
import type { CatalogNews, PublishedFile } from '../../../../web/engine/catalog/catalog-contract.ts';
import { Catalog } from '../../../../web/state/catalog.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeCatalog } from './fake-engine.ts';

function entry(name: string, changes: Partial<PublishedFile> = {}): PublishedFile {
  return {
    ...{ id: `id of ${name}`, name, type: 'text/plain', sizeBytes: 1, created: '2026-11-23T05:00:00Z' },
    ...{ ownId: null, ...changes },
  };
}

function news(entries: readonly PublishedFile[], changes: Partial<CatalogNews> = {}): CatalogNews {
  return { entries, loose: [], incomplete: false, truncated: false, ...changes };
}

let port: FakeCatalog;
let notices: Notices;
let catalog: Catalog;
beforeEach(() => {
  vi.useFakeTimers();
  port = new FakeCatalog();
  notices = new Notices();
  catalog = new Catalog(port, notices);
});
afterEach(() => {
  catalog[Symbol.dispose]();
  notices[Symbol.dispose]();
  vi.useRealTimers();
});

const names = (): string[] => catalog.entries.map(({ name }) => name);
const tell = (q: string, told: CatalogNews): void => port.watching.get(q)?.({ news: told, error: null });

describe('Catalog', () => {
  it('shows what the engine tells, sorted, and what is one’s own when asked to', () => {
    expect(catalog.loaded).toBe(false);
    tell('', news([entry('b', { sizeBytes: 9 }), entry('a', { ownId: 'mine' }), entry('c')]));
    expect([catalog.loaded, names()]).toEqual([true, ['a', 'b', 'c']]);
    catalog.sortBy('size');
    expect(names()[0]).toBe('b');
    catalog.onlyOwn = true;
    expect(names()).toEqual(['a']);
  });

  it('searches when the typing pauses, and for nothing else any more', () => {
    tell('', news([entry('a'), entry('b')]));
    catalog.query = 'B';
    vi.advanceTimersByTime(CATALOG_TYPING_MS - 1);
    catalog.query = ' Bo ';
    vi.advanceTimersByTime(CATALOG_TYPING_MS - 1);
    expect([...port.watching.keys()]).toEqual(['']);
    vi.advanceTimersByTime(1);
    expect([...port.watching.keys()]).toEqual(['Bo']);
    // What was there stands until there is an answer.
    expect([catalog.searching, names()]).toEqual([true, ['a', 'b']]);
    tell('Bo', news([entry('bo')]));
    expect([catalog.searching, names()]).toEqual([false, ['bo']]);
    catalog.query = 'Bo';
    vi.advanceTimersByTime(CATALOG_TYPING_MS);
    catalog.query = '';
    vi.advanceTimersByTime(CATALOG_TYPING_MS);
    expect([...port.watching.keys()]).toEqual(['']);
  });

  it('keeps what it had while the catalog cannot be read, and says why', () => {
    tell('', news([entry('a')], { incomplete: true }));
    const error = { code: 'UNAVAILABLE', message: 'No relay answers.' } as const;
    port.watching.get('')?.({ news: null, error });
    expect([names(), catalog.error, catalog.incomplete]).toEqual([['a'], error, true]);
    tell('', news([]));
    expect([names(), catalog.error]).toEqual([[], null]);
  });

  it('takes a publication back once, and shows when that fails', async () => {
    const first = catalog.unpublish('p', 'a.txt');
    expect(catalog.isTakingBack('p')).toBe(true);
    await Promise.all([first, catalog.unpublish('p', 'a.txt')]);
    expect([port.calls, catalog.isTakingBack('p')]).toEqual([['unpublish p'], false]);
    port.failure = new AppError('UNAVAILABLE', 'No relay answers.');
    await catalog.unpublish('p', 'a.txt');
    expect(notices.list.map(({ tone }) => tone)).toEqual(['info', 'error']);
  });

  it('stops watching, and typing, when it goes', () => {
    catalog.query = 'x';
    catalog[Symbol.dispose]();
    vi.advanceTimersByTime(CATALOG_TYPING_MS);
    expect(port.watching.size).toBe(0);
  });
});
