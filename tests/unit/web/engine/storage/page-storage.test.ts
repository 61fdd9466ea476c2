import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveDeleteKey } from '../../../../../shared/crypto/kdf.ts';
import { toHex } from '../../../../../shared/bytes.ts';
import { emptyHead, entryItem, headItem, linkItem } from '../../../../../shared/vault/vault-state.ts';
import { AppError } from '../../../../../shared/errors.ts';
import type { Bytes } from '../../../../../shared/bytes.ts';
import { systemClock } from '../../../../../shared/engine/clock.ts';
import { ChunkTable } from '../../../../../shared/format/manifest.ts';
import type { Manifest } from '../../../../../shared/format/manifest-types.ts';
import type { Journal, JournalEntry } from '../../../../../shared/engine/ports.ts';
import { BLOCK_BYTES } from '../../../../../shared/limits.ts';
import type { ChunkId, ManifestId } from '../../../../../shared/ids.ts';
import { createMemoryStores } from '../../../../../web/engine/memory-stores.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
import { PageStorage } from '../../../../../web/engine/storage/page-storage.ts';
import type { StorageState } from '../../../../../web/engine/storage/storage-contract.ts';
import { NOW, OwnerJournal, OwnerSwarm, chunkOf } from '../../../shared/engine/owner-bench.ts';
import type { TestChunk } from '../../../shared/engine/owner-bench.ts';
import { openFreshStores } from '../browser-bench.ts';
import { LockableGate } from '../lockable-gate.ts';

let counter = 0;

/** One browser on a swarm, with whatever its stores refer to. */
class StorageBench implements AsyncDisposable {
  readonly swarm = new OwnerSwarm(6);
  readonly stores: LocalStores;
  readonly deleteKey: Bytes;
  readonly storage: PageStorage;
  /** Manifests that can be fetched by their links. */
  readonly elsewhere = new Map<ManifestId, Manifest>();
  readonly #journals: Journal[] = [];
  #state: StorageState | null = null;

  private constructor(stores: LocalStores, deleteKey: Bytes) {
    this.stores = stores;
    this.deleteKey = deleteKey;
    this.storage = new PageStorage({
      ...{ stores, swarm: this.swarm, clock: systemClock, gate: new LockableGate() },
      manifestOf: (id) => {
        const manifest = this.elsewhere.get(id);
        return manifest === undefined ? stores.files.manifest(id) : Promise.resolve(manifest);
      },
      origin: 'http://127.0.0.1:1',
      fetch: () => Promise.reject(new TypeError('Nobody is there.')),
      unixTime: () => NOW,
    });
    this.storage.watch((state) => {
      this.#state = state;
    });
  }

  static async open(stores: LocalStores): Promise<StorageBench> {
    return new StorageBench(stores, await deriveDeleteKey(stores.vault.secret, stores.vault.deviceId));
  }

  get state(): StorageState {
    // A watcher hears of the last change a moment later.
    let state = this.#state;
    this.storage.watch((now) => (state = now))();
    if (state === null) throw new Error('Nothing was told.');
    return state;
  }

  /** Own chunks on five relays. */
  chunks(count: number, copies = 5): TestChunk[] {
    const made = Array.from({ length: count }, () => chunkOf(this.deleteKey));
    for (const relay of this.swarm.relays.slice(0, copies)) relay.hold(...made);
    return made;
  }

  async journal(chunks: readonly TestChunk[], ...more: JournalEntry[]): Promise<string> {
    const uploadId = `upload-${String(++counter)}`;
    const scratch = new OwnerJournal(chunks.length);
    for (const [index, chunk] of chunks.entries())
      scratch.seal(index, chunk).stored(index, this.swarm.ids.slice(0, 5));
    const journal = await this.stores.journals.create({ ...scratch.header, uploadId });
    this.#journals.push(journal);
    await journal.append([...scratch.written, ...more]);
    return uploadId;
  }

  /** Of uploads that nobody works on any more. */
  async closeJournals(): Promise<void> {
    for (const journal of this.#journals.splice(0)) await journal.close();
  }

  async file(chunks: readonly TestChunk[], uploadId: string | null): Promise<ManifestId> {
    const manifestId = newManifestId();
    await this.stores.files.add(manifestId, manifestOf(chunks), { minReplicas: 5, uploadId });
    return manifestId;
  }

  async upload(chunks: readonly TestChunk[]): Promise<{ uploadId: string; manifestId: ManifestId }> {
    const uploadId = await this.journal(chunks);
    const manifestId = await this.file(chunks, uploadId);
    await this.#journals.at(-1)?.append([{ kind: 'finished', manifestId }]);
    return { uploadId, manifestId };
  }

  /** Chunks that the vault's index is made of. */
  async index(chunks: readonly TestChunk[]): Promise<void> {
    const own = chunks.map(({ id, bodyHash }) => ({ id, body_hash: toHex(bodyHash) }));
    const { deviceId } = this.stores.vault;
    await this.stores.vaultIndex.save([headItem(emptyHead(toHex(deviceId))), linkItem(newManifestId(), own)]);
  }

  /** A file of this device that only the index knows any more. */
  async indexFile(chunks: readonly TestChunk[]): Promise<void> {
    const device = toHex(this.stores.vault.deviceId);
    const manifest = newManifestId();
    this.elsewhere.set(manifest, manifestOf(chunks));
    const link = `lanvault:${manifest}#${'A'.repeat(43)}`;
    const file = {
      ...{ at: [1, device] as [number, string], manifest, link, size: 5, type: '' },
      created: '',
      device,
    };
    const place = { at: [1, device] as [number, string], parent: null, name: 'a' };
    const entry = { id: manifest.slice(-32), kind: 'file', place, file };
    await this.stores.vaultIndex.save([headItem(emptyHead(device)), entryItem(entry)]);
  }

  async publish(chunks: readonly TestChunk[], state: 'published' | 'unpublished'): Promise<void> {
    const id = (++counter).toString(16).padStart(32, '0');
    const manifestId = id.padStart(64, '0') as ManifestId;
    const publication = { id, state, manifestId, name: 'a', size: 1, chunks, entry: null };
    await this.stores.publications.save(publication);
  }

  onRelays(): Set<string> {
    return new Set(this.swarm.relays.flatMap(({ rows }) => [...rows.keys()]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.storage.dispose();
    await this.closeJournals();
    await this.stores[Symbol.asyncDispose]();
  }
}

const newManifestId = (): ManifestId => (++counter).toString(16).padStart(64, '0') as ManifestId;

function manifestOf(chunks: readonly TestChunk[]): Manifest {
  const rows = new ChunkTable();
  for (const [index, { id }] of chunks.entries())
    rows.append({ index, id, size: BLOCK_BYTES, compression: 'xz' });
  const header = { filename: 'a.bin', type: '', size: chunks.length * BLOCK_BYTES };
  const rest = { created: '2026-11-23T05:00:00Z', key: new Uint8Array(32), merkleRoot: '03'.repeat(32) };
  return { header: { ...header, ...rest }, rows };
}

const idsOf = (chunks: readonly TestChunk[]): ChunkId[] => chunks.map(({ id }) => id);

describe.each([
  ['IndexedDB', openFreshStores],
  ['memory', () => Promise.resolve(createMemoryStores())],
])('with stores in %s', (_kind, openStores) => {
  let bench: StorageBench;
  beforeEach(async () => {
    bench = await StorageBench.open(await openStores());
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  it('finds and deletes what nothing refers to, and counts what files take', async () => {
    const kept = bench.chunks(3);
    await bench.upload(kept);
    const few = bench.chunks(1, 2);
    await bench.upload(few);
    const orphans = bench.chunks(2);
    await bench.closeJournals();
    await bench.storage.check();
    expect(bench.state).toMatchObject({
      work: 'idle',
      error: null,
      check: {
        relays: 6,
        absent: [],
        usage: {
          files: 2,
          blocks: 4,
          plainBytes: 4 * BLOCK_BYTES,
          storedBytes: 4000,
          copiesBytes: 17_000,
          byCopies: [0, 0, 1, 0, 0, 3],
        },
        leftovers: { chunks: 2, bytes: 10_000, more: false, young: 0 },
      },
    });
    expect(bench.state.check?.leftovers.relays).toHaveLength(5);
    expect(bench.swarm.revealed.size).toBe(0);

    await bench.storage.clean();
    expect(bench.state).toMatchObject({
      cleaned: { deleted: 2, kept: 0, failed: 0, pending: [] },
      check: { leftovers: { chunks: 0 } },
    });
    expect(bench.swarm.revealed).toEqual(new Set(idsOf(orphans)));
    expect(bench.onRelays()).toEqual(new Set([...idsOf(kept), ...idsOf(few)]));
  });

  it('never lists what anything refers to, whatever that is', async () => {
    const kind = fc.constantFrom(
      ...([
        'finished',
        'unfinished',
        'paused',
        'given up',
        'deleting',
        'no journal',
        'held',
        'link',
        'index',
        'indexed file',
        'published',
        'unpublished',
        'orphan',
      ] as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(kind, fc.integer({ min: 1, max: 3 })), { maxLength: 12 }),
        async (made) => {
          await using each = await StorageBench.open(await openStores());
          const orphans: TestChunk[] = [];
          for (const [what, count] of made) {
            const chunks = each.chunks(count);
            if (what === 'finished') await each.upload(chunks);
            else if (what === 'unfinished')
              await each.journal(chunks.slice(0, 1), ...abandonedAfter(chunks, orphans));
            else if (what === 'paused') {
              const uploadId = await each.journal(chunks);
              await each.stores.journals.setPaused(uploadId, true);
            } else if (what === 'given up' || what === 'deleting') {
              const { uploadId, manifestId } = await each.upload(chunks);
              await each.closeJournals();
              await each.stores.journals.abandon(uploadId);
              if (what === 'deleting') {
                const journal = await each.stores.journals.openAbandoned(uploadId);
                await journal.append([{ kind: 'deleting' }]);
                await journal.close();
                await each.stores.files.remove(manifestId);
              }
            } else if (what === 'no journal') await each.file(chunks, null);
            else if (what === 'held') {
              await each.stores.files.hold(newManifestId(), manifestOf(chunks));
            } else if (what === 'link') {
              const id = newManifestId();
              for (const chunk of chunks) await each.stores.shares.addChunk(id, chunk);
            } else if (what === 'index') await each.index(chunks);
            else if (what === 'indexed file') await each.indexFile(chunks);
            else if (what === 'published' || what === 'unpublished') {
              await each.publish(chunks, what);
              if (what === 'unpublished') orphans.push(...chunks);
            } else orphans.push(...chunks);
          }
          await each.closeJournals();
          const before = each.onRelays();
          await each.storage.check();
          expect(each.state.error).toBeNull();
          expect(each.state.check?.leftovers.chunks).toBe(orphans.length);
          await each.storage.clean();
          const gone = [...before].filter((id) => !each.onRelays().has(id));
          expect(gone.sort()).toEqual(idsOf(orphans).sort());
          expect(each.swarm.revealed).toEqual(new Set(idsOf(orphans)));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('deletes nothing while anybody uploads', async () => {
    bench.chunks(1);
    await bench.storage.check();
    await bench.journal(bench.chunks(1));
    await bench.storage.clean();
    expect(bench.state.error).toMatchObject({ code: 'CONFLICT', during: 'cleaning' });
    expect(bench.swarm.revealed.size).toBe(0);
    await bench.closeJournals();
    await bench.storage.clean();
    expect(bench.state.cleaned).toMatchObject({ deleted: 1 });
  });

  it.each(['files', 'shares', 'journals', 'publications', 'vaultIndex'] as const)(
    'refuses when %s cannot be read',
    async (which) => {
      bench.chunks(1);
      await bench.storage.check();
      expect(bench.state.check?.leftovers.chunks).toBe(1);
      const store = bench.stores[which] as unknown as Record<string, unknown>;
      for (const method of ['references', 'owned']) store[method] = broken;
      for (const method of ['list', 'load'])
        store[method] = () => Promise.reject(new AppError('IO', 'Not readable.'));
      await bench.storage.clean();
      expect(bench.state.error).toMatchObject({ code: 'IO', during: 'cleaning' });
      await bench.storage.check();
      expect(bench.state.error).toMatchObject({ code: 'IO', during: 'checking' });
      expect(bench.swarm.revealed.size).toBe(0);
    },
  );

  it('goes on without relays that are away, and names them', async () => {
    await bench.upload(bench.chunks(1));
    bench.chunks(1);
    const [gone] = bench.swarm.relays;
    if (gone !== undefined) gone.state = 'away';
    await bench.storage.check();
    expect(bench.state.check).toMatchObject({ absent: [gone?.id], leftovers: { chunks: 1 } });
  });

  it('can be stopped, and says nothing of that', async () => {
    bench.swarm.beforeInventory = () => bench.storage.stop();
    await bench.storage.check();
    expect(bench.state).toMatchObject({ work: 'idle', error: null, check: null });
  });
});

/** What a block’s chunk was before it was made anew is referred to no more. */
function abandonedAfter([, ...rest]: readonly TestChunk[], orphans: TestChunk[]): JournalEntry[] {
  orphans.push(...rest);
  return rest.map(({ id, bodyHash }) => ({ kind: 'abandoned', id, bodyHash }));
}

async function* broken(): AsyncGenerator<never> {
  await Promise.resolve();
  yield* [];
  throw new AppError('IO', 'Not readable.');
}
