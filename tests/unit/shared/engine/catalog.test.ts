import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64Url, toHex } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { createSigner } from '../../../../shared/crypto/sign.ts';
import { listCatalog, openPublication } from '../../../../shared/engine/catalog.ts';
import type { CatalogEntry, CatalogPort, CatalogSummary } from '../../../../shared/engine/catalog.ts';
import {
  entryIdOf,
  noteUnpublishing,
  publishManifest,
  publishedChunks,
  settleUnpublishing,
  unpublish,
} from '../../../../shared/engine/catalog-publish.ts';
import type { OwnPublication, PublicationStore } from '../../../../shared/engine/catalog-publish.ts';
import { createRelaySwarm } from '../../../../shared/engine/relay-client.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseManifestId } from '../../../../shared/ids.ts';
import { CATALOG_SHARDS, MAX_CATALOG_ROWS_READ } from '../../../../shared/limits.ts';
import {
  catalogList,
  catalogListOf,
  catalogShardOf,
  formatPublication,
  publicationLink,
} from '../../../../shared/protocol/catalog.ts';
import type { Publication } from '../../../../shared/protocol/catalog.ts';
import type { CatalogPage, CatalogRow } from '../../../../shared/protocol/catalog-routes.ts';
import { entryId, signEntry } from '../../../../shared/protocol/records.ts';
import { loadTestXz } from '../support/vectors.ts';
import { DownloadBench } from './download-bench.ts';
import { DELETE_KEY } from './fakes.ts';
import { MemoryCatalog } from './memory-catalog.ts';
import { RelayStub, json } from './relay-stub.ts';
import { never } from './upload-bench.ts';

const VAULT: Bytes = new Uint8Array(32).fill(3);
const failing = (code: string) => expect.objectContaining({ code }) as Error;

const publication = (name: string): Publication => ({
  name,
  size: 10,
  type: 'text/plain',
  created: '2026-11-23T05:00:00Z',
  manifest: 'ab'.repeat(32),
  key: toBase64Url(new Uint8Array(32).fill(9), { padding: false }),
});

async function rowOf(number: number, name: string): Promise<CatalogRow> {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number);
  const signer = await createSigner(seed);
  const list = catalogListOf(toHex(signer.publicKey));
  const said = publication(name);
  const entry = await signEntry(signer, list, formatPublication(said));
  const { size, type, created } = said;
  return { id: entryId(list, entry), ...entry, name, size, type, created, link: publicationLink(said) };
}

const pageOf = (entries: CatalogRow[], changes: Partial<CatalogPage> = {}): CatalogPage => ({
  ...{ entries, skipped: 0, unreachable: 0, next: null },
  ...changes,
});

/** A relay that answers one page after another, whatever it is asked. */
function scripted(pages: readonly CatalogPage[]): Pick<CatalogPort, 'page'> & { asked: number } {
  const port = {
    asked: 0,
    page: () => Promise.resolve(pages[port.asked++ % pages.length] ?? pageOf([])),
  };
  return port;
}

async function listed(catalog: Pick<CatalogPort, 'page'>, q?: string) {
  const entries: CatalogEntry[] = [];
  let summary: CatalogSummary | null = null;
  const options = {
    catalog,
    ...(q === undefined ? {} : { q }),
    onSummary: (s: CatalogSummary) => (summary = s),
  };
  for await (const entry of listCatalog(options, never())) entries.push(entry);
  return { entries, names: entries.map((entry) => entry.publication.name), summary };
}

describe('a listing', () => {
  it('reads every page and says what is missing', async () => {
    const [a, b, c] = [await rowOf(1, 'a'), await rowOf(2, 'b'), await rowOf(3, 'c')];
    const cursor = '00'.repeat(33);
    const catalog = scripted([pageOf([a, b], { next: cursor, skipped: 2 }), pageOf([c], { unreachable: 1 })]);
    const { names, entries, summary } = await listed(catalog);
    expect(names).toEqual(['a', 'b', 'c']);
    expect(entries[0]?.link).toEqual({ id: 'ab'.repeat(32), key: new Uint8Array(32).fill(9) });
    expect(summary).toEqual({ skipped: 2, unreachable: 1, truncated: false });
  });

  it('shows nothing of a relay’s own making', async () => {
    const good = await rowOf(1, 'good');
    const other = await rowOf(2, 'other');
    const hostile: CatalogRow[] = [
      { ...good, signature: '00'.repeat(64) },
      { ...good, signature: other.signature },
      { ...good, value: other.value },
      { ...good, public_key: other.public_key },
      { ...good, id: other.id },
      { ...good, public_key: '00'.repeat(32) },
      { ...good, value: 'AAAA' },
    ];
    const { names, summary } = await listed(scripted([pageOf(hostile)]));
    expect(names).toEqual([]);
    expect(summary).toMatchObject({ skipped: hostile.length });
  });

  it('believes what is signed, not what the relay has read from it', async () => {
    const row = await rowOf(1, 'honest.txt');
    const lying = {
      ...row,
      name: '\u001b[2Jevil',
      size: 5,
      link: `lanvault:${'cd'.repeat(32)}#${'A'.repeat(43)}`,
    };
    const { entries } = await listed(scripted([pageOf([lying])]));
    expect(entries.map((entry) => entry.publication)).toEqual([publication('honest.txt')]);
    expect(entries[0]?.link.id).toBe('ab'.repeat(32));
  });

  it('takes no entry that was signed for another list', async () => {
    const signer = await createSigner(new Uint8Array(32).fill(1));
    const public_key = toHex(signer.publicKey);
    const elsewhere = catalogList((catalogShardOf(public_key) + 1) % CATALOG_SHARDS);
    const entry = await signEntry(signer, elsewhere, formatPublication(publication('x')));
    for (const list of [elsewhere, catalogListOf(public_key)]) {
      const row = { ...(await rowOf(1, 'x')), ...entry, id: entryId(list, entry) };
      expect((await listed(scripted([pageOf([row])]))).names).toEqual([]);
    }
  });

  it('shows one entry of a signer', async () => {
    const rows = [await rowOf(1, 'first'), await rowOf(1, 'second'), await rowOf(1, 'third')];
    const { names, summary } = await listed(scripted([pageOf(rows)]));
    expect(names).toEqual(['first']);
    expect(summary).toMatchObject({ skipped: 2 });
  });

  it('shows what was searched for, and nothing else', async () => {
    const rows = [await rowOf(1, 'Grüße.TXT'), await rowOf(2, 'advertisement')];
    expect((await listed(scripted([pageOf(rows)]), 'grüSSE')).names).toEqual([]);
    expect((await listed(scripted([pageOf(rows)]), 'GRÜ')).names).toEqual(['Grüße.TXT']);
  });

  it('checks no signature twice, and believes no other entry under a known id', async () => {
    const row = await rowOf(1, 'known');
    const { entries } = await listed(scripted([pageOf([row])]));
    const verified = new Map(entries.map((entry) => [entry.id, entry]));
    const unsigned = { ...row, signature: '00'.repeat(64) };
    const other = { ...(await rowOf(2, 'other')), id: row.id };
    const again: CatalogEntry[] = [];
    const catalog = scripted([pageOf([unsigned, other])]);
    for await (const entry of listCatalog({ catalog, verified }, never())) again.push(entry);
    expect(again).toEqual(entries);
  });

  it('reads no more rows than it is told to', async () => {
    const rows = await Promise.all([1, 2, 3, 4].map((number) => rowOf(number, `file ${number}`)));
    const catalog = scripted(rows.map((row) => pageOf([row], { next: '00'.repeat(33) })));
    const found: CatalogEntry[] = [];
    for await (const entry of listCatalog({ catalog, maxRows: 2 }, never())) found.push(entry);
    expect([found.length, catalog.asked]).toEqual([2, 2]);
  });

  it('ends when a relay turns the same page for ever', async () => {
    const catalog = scripted([pageOf([await rowOf(1, 'again')], { next: '00'.repeat(33) })]);
    const { names } = await listed(catalog);
    expect(names).toEqual(['again']);
    expect(catalog.asked).toBe(2);
  });

  it('ends when a relay never does, and says that it goes on', async () => {
    const fresh = await Promise.all([1, 2, 3, 4, 5].map((number) => rowOf(number, `file ${number}`)));
    const junk = Array.from({ length: MAX_CATALOG_ROWS_READ / 4 }, () => ({
      ...(fresh[0] as CatalogRow),
      value: 'AAAA',
    }));
    const pages = fresh.map((row) => pageOf([row, ...junk], { next: '00'.repeat(33) }));
    const catalog = scripted(pages);
    const { names, summary } = await listed(catalog);
    expect(names).toHaveLength(4);
    expect(catalog.asked).toBe(4);
    expect(summary).toMatchObject({ truncated: true });
  });

  it('stops when it is told to', async () => {
    const stopping = new AbortController();
    const catalog = scripted([pageOf([await rowOf(1, 'a')], { next: '00'.repeat(33) })]);
    const listing = listCatalog({ catalog }, stopping.signal);
    expect((await listing.next()).done).toBe(false);
    stopping.abort(new AppError('ABORTED', 'Enough.'));
    await expect(listing.next()).rejects.toThrow(failing('ABORTED'));
  });
});

describe('over HTTP', () => {
  it('refuses pages beyond what a page may be, and malformed ones', async () => {
    await using stub = await RelayStub.start();
    const { catalog } = createRelaySwarm({ baseUrls: [stub.url] });
    const row = await rowOf(1, 'a');
    const answers: unknown[] = [
      { entries: 'no' },
      pageOf([{ ...row, public_key: 'short' }]),
      pageOf([{ ...row, value: 'A'.repeat(2000) }]),
      pageOf(Array.from({ length: 9000 }, () => row)),
      pageOf([row], { unreachable: 17 }),
    ];
    for (const answer of answers) {
      stub.handle = (_, response) => json(response, answer);
      const error: unknown = await catalog.page({}, never()).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(AppError);
      expect(['UNAVAILABLE', 'TOO_LARGE']).toContain((error as AppError).code);
    }
    stub.handle = (_, response) => json(response, pageOf([row]));
    expect(await catalog.page({ q: 'ä&b=c', limit: 7 }, never())).toEqual(pageOf([row]));
    const sent = new URL(stub.requests.at(-1)?.url ?? '', stub.url);
    expect([sent.pathname, sent.searchParams.get('q'), sent.searchParams.get('limit')]).toEqual([
      ...['/catalog', 'ä&b=c', '7'],
    ]);
  });
});

class MemoryPublications implements PublicationStore {
  readonly saved = new Map<string, OwnPublication>();

  list(): Promise<readonly OwnPublication[]> {
    return Promise.resolve([...this.saved.values()]);
  }

  save(publication: OwnPublication): Promise<void> {
    this.saved.set(publication.id, publication);
    return Promise.resolve();
  }

  get only(): OwnPublication {
    const [first, second] = this.saved.values();
    if (first === undefined || second !== undefined) throw new Error('Not one publication.');
    return first;
  }
}

describe('publishing', () => {
  let xz: XzCodec;
  beforeAll(async () => {
    xz = await loadTestXz();
  });

  async function stage() {
    const bench = await DownloadBench.create(7, 1000);
    const { swarm, clock, manifest } = bench;
    const [catalog, store] = [new MemoryCatalog(), new MemoryPublications()];
    const common = { catalog, store, vaultSecret: VAULT };
    const options = { ...common, swarm, clock, xz, deleteKey: DELETE_KEY, deleteKeys: [DELETE_KEY] };
    const publish = () => clock.run(publishManifest(manifest, options, never()));
    return { bench, catalog, store, options, publish };
  }

  async function entryIn(catalog: MemoryCatalog): Promise<CatalogEntry> {
    const [entry] = catalog.entries.values();
    if (entry === undefined) throw new Error('Nothing is published.');
    const list = catalogListOf(entry.public_key);
    const row = { ...(await rowOf(1, 'x')), ...entry, id: entryId(list, entry) };
    const { entries } = await listed(scripted([pageOf([row])]));
    return entries[0] as CatalogEntry;
  }

  it('is all that a stranger needs to read the file, and tells nothing of the vault', async () => {
    const { bench, catalog, store, options, publish } = await stage();
    const known: string[] = [];
    bench.swarm.beforePut = (id) => {
      if (store.only.chunks.some((chunk) => chunk.id === id)) known.push(id);
    };
    const { publication: own, holders } = await publish();
    expect([own.state, holders]).toEqual(['published', 1]);
    // Every chunk of the manifest was known to the vault before it left.
    expect(new Set(known)).toEqual(new Set(own.chunks.map(({ id }) => id)));
    expect(known.length).toBeGreaterThan(0);
    const found = await bench.clock.run(openPublication(await entryIn(catalog), options, never()));
    expect(found.header).toEqual(bench.manifest.header);
  });

  it('stands in the catalog under the name that was given, as far as it may hold it', async () => {
    const { bench, catalog, options } = await stage();
    const named = { ...options, name: ' a/b <i>plan</i>\u202e ' };
    await bench.clock.run(publishManifest(bench.manifest, named, never()));
    expect((await entryIn(catalog)).publication.name).toBe('a_b <i>plan<_i>_');
  });

  it('is taken back when its file is deleted, and what it is read from is referred to until then', async () => {
    const { bench, catalog, store, options, publish } = await stage();
    const { publication: own } = await publish();
    const referred = async (): Promise<string[]> => Array.fromAsync(publishedChunks(store));
    expect(await referred()).toEqual(own.chunks.map(({ id }) => id));
    await noteUnpublishing(parseManifestId('ab'.repeat(32)), store);
    expect(store.only.state).toBe('published');
    await noteUnpublishing(own.manifestId, store);
    expect([store.only.state, catalog.entries.size]).toEqual(['unpublishing', 1]);
    const left = (): number => own.chunks.flatMap(({ id }) => bench.swarm.holdersOf(id)).length;
    expect(left()).toBe(5);
    await bench.clock.run(settleUnpublishing(options, never()));
    expect([store.only.state, catalog.entries.size, await referred()]).toEqual(['unpublished', 0, []]);
    // Whoever has kept the entry opens nothing with it.
    expect(left()).toBe(0);
  });

  it('has a signer of its own each time', async () => {
    const [one, two] = [await stage(), await stage()];
    await one.publish();
    await two.publish();
    expect(one.store.only.entry?.public_key).not.toBe(two.store.only.entry?.public_key);
  });

  it('goes on where it was interrupted: one entry, whatever happens', async () => {
    const { bench, catalog, store, publish } = await stage();
    catalog.fault = new AppError('TIMEOUT', 'The answer got lost.');
    await expect(publish()).rejects.toThrow(failing('TIMEOUT'));
    expect(store.only.state).toBe('publishing');
    catalog.fault = null;
    const chunksBefore = bench.swarm.relays.length;
    const first = await publish();
    const again = await publish();
    expect(again.entryId).toBe(first.entryId);
    expect(bench.swarm.relays).toHaveLength(chunksBefore);
    expect(catalog.entries.size).toBe(1);
    expect(store.only.state).toBe('published');
  });

  it('is undone by the same vault, also when that is interrupted, and by no other', async () => {
    const { bench, catalog, store, options, publish } = await stage();
    await publish();
    const stranger = { ...options, vaultSecret: new Uint8Array(32).fill(4) };
    await expect(bench.clock.run(unpublish(store.only, stranger, never()))).rejects.toThrow(
      failing('FORBIDDEN'),
    );
    expect(store.only.state).toBe('published');
    catalog.fault = new AppError('UNAVAILABLE', 'Nobody is there.');
    await expect(bench.clock.run(unpublish(store.only, options, never()))).rejects.toThrow(
      failing('UNAVAILABLE'),
    );
    expect(store.only.state).toBe('unpublishing');
    catalog.fault = null;
    await bench.clock.run(unpublish(store.only, options, never()));
    expect([store.only.state, catalog.entries.size]).toEqual(['unpublished', 0]);
    // What is published again is another publication: the removal of the first one stays.
    const { entryId: second } = await bench.clock.run(publishManifest(bench.manifest, options, never()));
    const [first] = [...store.saved.values()].filter(({ state }) => state === 'unpublished');
    expect(first === undefined ? null : entryIdOf(first)).not.toBe(second);
  });

  it('is taken back with the vault that published it, after another has taken its place', async () => {
    const { bench, catalog, store, options, publish } = await stage();
    await publish();
    const restored = { ...options, vaultSecret: new Uint8Array(32).fill(4) };
    await noteUnpublishing(store.only.manifestId, store);
    await expect(bench.clock.run(settleUnpublishing(restored, never()))).rejects.toThrow(
      failing('FORBIDDEN'),
    );
    await bench.clock.run(settleUnpublishing({ ...restored, formerSecrets: [VAULT] }, never()));
    expect([store.only.state, catalog.entries.size]).toEqual(['unpublished', 0]);
  });

  it('is not read when its file is of another size than it says', async () => {
    const { bench, catalog, options, publish } = await stage();
    await publish();
    const entry = await entryIn(catalog);
    const lying = { ...entry, publication: { ...entry.publication, size: 1 } };
    const opening = bench.clock.run(openPublication(lying, options, never()));
    await expect(opening).rejects.toThrow(failing('CORRUPT'));
  });
});
