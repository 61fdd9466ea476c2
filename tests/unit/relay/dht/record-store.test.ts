import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordItem } from '../../../../relay/services/dht/record-items.ts';
import { RecordStore } from '../../../../relay/services/dht/record-store.ts';
import type { RecordLimits } from '../../../../relay/services/dht/record-store.ts';
import { IndexDatabase } from '../../../../relay/storage/index-database.ts';
import { atomicKey, entryId, signAtomic } from '../../../../shared/protocol/records.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { idFor } from './dht-rig.ts';
import { LIST, entryItem, removalItem, signerOf } from './signed-items.ts';

const ROOMY: RecordLimits = {
  listEntries: 100,
  listRows: 100,
  signerEntries: 100,
  signerRows: 100,
  rows: 1000,
  atomicRecords: 1000,
  sourceShare: 1,
};

/** All from one relay, unless told. */
class Store extends RecordStore {
  override store(items: readonly RecordItem[], source: RelayId = idFor('one')) {
    return super.store(items, source);
  }
}

function openStore(limits: Partial<RecordLimits> = {}): Store {
  return new Store(new IndexDatabase(':memory:'), { ...ROOMY, ...limits });
}

/** Everything that can be seen of a list. */
function contentOf(store: RecordStore, list = LIST): unknown {
  return { digest: store.digest(list), items: store.items(list, store.rows(list, null, 1000)) };
}

describe('lists', () => {
  it('end up the same in whatever order entries, removals and strangers’ claims come, and however often', async () => {
    const [alice, bob, eve] = await Promise.all([signerOf(1), signerOf(2), signerOf(3)]);
    const entries = await Promise.all([entryItem(alice, 'a'), entryItem(alice, 'b'), entryItem(bob, 'c')]);
    const [a, , c] = entries;
    const items = [
      ...entries,
      await removalItem(alice, a),
      // Not theirs to remove.
      await removalItem(eve, a),
      await removalItem(eve, c),
      await removalItem(alice, c),
      // Of an entry that nobody has seen.
      await removalItem(bob, await entryItem(bob, 'never stored')),
    ];
    const inOrder = openStore();
    await inOrder.store(items);
    const live = inOrder.items(LIST, inOrder.rows(LIST, null, 100)).filter(({ kind }) => kind === 'entry');
    expect(live).toHaveLength(2);
    expect(live).not.toContainEqual(a);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...items, ...items], { minLength: items.length * 2 }),
        fc.integer({ min: 1, max: 5 }),
        async (shuffled, batch) => {
          const store = openStore();
          for (let at = 0; at < shuffled.length; at += batch)
            await store.store(shuffled.slice(at, at + batch));
          expect(contentOf(store)).toEqual(contentOf(inOrder));
          expect(store.counts).toEqual(inOrder.counts);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('do not take back what its signer has removed, before or after it came', async () => {
    const alice = await signerOf(1);
    const entry = await entryItem(alice, 'a');
    const removal = await removalItem(alice, entry);
    const early = openStore();
    expect(await early.store([removal, entry])).toEqual(['stored', 'removed']);
    const late = openStore();
    expect(await late.store([entry, removal, entry])).toEqual(['stored', 'stored', 'removed']);
    expect(late.digest(LIST)).toBe(early.digest(LIST));
  });

  it('keep an entry against a stranger’s removal, made before it or after', async () => {
    const [alice, eve] = await Promise.all([signerOf(1), signerOf(3)]);
    const entry = await entryItem(alice, 'a');
    const claim = await removalItem(eve, entry);
    const store = openStore();
    expect(await store.store([claim, entry, claim])).toEqual(['stored', 'stored', 'void']);
    expect(store.items(LIST, store.rows(LIST, null, 10))).toEqual([entry]);
  });

  it('refuse what is not signed by the one who it says, and what is no record', async () => {
    const [alice, eve] = await Promise.all([signerOf(1), signerOf(3)]);
    const good = (await entryItem(alice, 'a')) as RecordItem & { kind: 'entry' };
    const evil = (await entryItem(eve, 'a')) as RecordItem & { kind: 'entry' };
    const forged: RecordItem[] = [
      { ...good, entry: { ...good.entry, signature: evil.entry.signature } },
      { ...good, entry: { ...good.entry, public_key: evil.entry.public_key } },
      { ...good, entry: { ...good.entry, value: 'YWI' } },
      { ...good, list: 'f'.repeat(64) },
      // Passes for the characters of base64url, and is none.
      { ...good, entry: { ...good.entry, value: 'A' } },
      { kind: 'removal', list: LIST, removal: { ...good.entry, entry: entryId(LIST, good.entry) } },
    ];
    const store = openStore();
    expect(await store.store(forged)).toEqual(forged.map(() => 'void'));
    expect(store.digest(LIST)).toBe('');
    // One of them does not spoil the rest of its message.
    expect((await store.store([...forged, good])).at(-1)).toBe('stored');
  });

  it('are full for one signer, as a whole, and with what was removed: full refuses and evicts nothing', async () => {
    const [alice, bob, carol] = await Promise.all([signerOf(1), signerOf(2), signerOf(3)]);
    const store = openStore({ signerEntries: 2, signerRows: 3, listEntries: 3, listRows: 5 });
    const own = await Promise.all(['a', 'b', 'c', 'd'].map((text) => entryItem(alice, text)));
    const [a, b, c, d] = own as [RecordItem, RecordItem, RecordItem, RecordItem];
    expect(await store.store([a, b, c])).toEqual(['stored', 'stored', 'full']);
    // A removal makes room for one entry more, and the rows it leaves behind are counted.
    expect(await store.store([await removalItem(alice, a), c, await removalItem(alice, b), d])).toEqual([
      'stored',
      'stored',
      'stored',
      'full',
    ]);
    expect(await store.store([await entryItem(bob, 'x'), await entryItem(bob, 'y')])).toEqual([
      'stored',
      'stored',
    ]);
    expect(await store.store([await entryItem(carol, 'z')])).toEqual(['full']);
    // Nobody's removals ahead push others out, and one of an entry that is here is always taken.
    expect(await store.store([await removalItem(carol, await entryItem(carol, 'z'))])).toEqual(['full']);
    expect(await store.store([await removalItem(alice, c)])).toEqual(['stored']);
    expect(store.rows(LIST, null, 100).filter(({ removed }) => !removed)).toHaveLength(2);
  });

  it('of all keys together have a bound too', async () => {
    const [alice, bob] = await Promise.all([signerOf(1), signerOf(2)]);
    const store = openStore({ rows: 2, atomicRecords: 1 });
    const items = await Promise.all([
      entryItem(alice, 'a'),
      entryItem(alice, 'b', 'a'.repeat(64)),
      entryItem(alice, 'c', 'b'.repeat(64)),
    ]);
    expect(await store.store(items)).toEqual(['stored', 'stored', 'no-space']);
    const atomic = await Promise.all([
      signAtomic(alice, 1, ''),
      signAtomic(bob, 1, ''),
      signAtomic(alice, 2, ''),
    ]);
    const outcomes = await store.store(atomic.map((record) => ({ kind: 'atomic', record })));
    expect(outcomes).toEqual(['stored', 'no-space', 'stored']);
    expect(store.counts).toEqual({ rows: 2, atomic: 1 });
  });

  it('are not filled by one relay, with however many signers, and neither is the store', async () => {
    const signers = await Promise.all(Array.from({ length: 12 }, (_, i) => signerOf(i)));
    const [flood, honest] = [idFor('flood'), idFor('honest')];
    const store = openStore({
      listEntries: 8,
      listRows: 100,
      rows: 16,
      atomicRecords: 8,
      sourceShare: 1 / 4,
    });
    const outcomesOf = async (source: RelayId, list: string): Promise<string[]> =>
      store.store(await Promise.all(signers.slice(0, 4).map((s) => entryItem(s, source, list))), source);
    expect(await outcomesOf(flood, LIST)).toEqual(['stored', 'stored', 'full', 'full']);
    // What is there may come again, and go, from whoever brings it.
    expect(await outcomesOf(flood, LIST)).toEqual(['stored', 'stored', 'full', 'full']);
    expect(await outcomesOf(flood, 'a'.repeat(64))).toEqual(['stored', 'stored', 'full', 'full']);
    expect(await outcomesOf(flood, 'b'.repeat(64))).toEqual(Array(4).fill('no-space'));
    expect(await outcomesOf(honest, LIST)).toEqual(['stored', 'stored', 'full', 'full']);
    // Room that is given up can be used again.
    expect(store.forget('a'.repeat(64), store.digest('a'.repeat(64)))).toBe(true);
    expect(await outcomesOf(flood, 'b'.repeat(64))).toEqual(['stored', 'stored', 'full', 'full']);

    const records = await Promise.all(signers.map((signer) => signAtomic(signer, 1, '')));
    const atomic: RecordItem[] = records.map((record) => ({ kind: 'atomic', record }));
    expect((await store.store(atomic, flood)).filter((outcome) => outcome === 'stored')).toHaveLength(2);
    expect(await store.store(atomic.slice(-2), honest)).toEqual(['stored', 'stored']);
    // A newer one takes the place of the old.
    const [first] = signers;
    if (first === undefined) throw new Error('no signer');
    const newer: RecordItem = { kind: 'atomic', record: await signAtomic(first, 2, '') };
    expect(await store.store([newer], flood)).toEqual(['stored']);
  });

  it('are counted by who brought them after a restart too', async () => {
    using database = new IndexDatabase(':memory:');
    const limits = { ...ROOMY, rows: 8, sourceShare: 1 / 4 };
    const signer = await signerOf(1);
    const items = await Promise.all(['a', 'b', 'c'].map((text) => entryItem(signer, text)));
    const before = new Store(database, limits);
    expect(await before.store(items.slice(0, 2))).toEqual(['stored', 'stored']);
    const after = new Store(database, limits);
    expect(await after.store(items)).toEqual(['stored', 'stored', 'no-space']);
    expect(await after.store(items, idFor('other'))).toEqual(['stored', 'stored', 'stored']);
  });
});

describe('atomic records', () => {
  it('end up as the one with the highest number, in whatever order they come', async () => {
    const alice = await signerOf(1);
    const records = await Promise.all(
      [
        [1, 'YQ'],
        [3, 'Yg'],
        [3, 'Yw'],
        [2, 'ZA'],
      ].map(([seq, value]) => signAtomic(alice, Number(seq), String(value))),
    );
    const items: RecordItem[] = records.map((record) => ({ kind: 'atomic', record }));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...items, ...items], { minLength: 8 }), async (shuffled) => {
        const store = openStore();
        for (const item of shuffled) await store.store([item]);
        expect(store.atomic(atomicKey(records[0]?.public_key ?? ''))).toEqual(records[2]);
      }),
      { numRuns: 30 },
    );
  });

  it('say so when they are old or forged', async () => {
    const [alice, eve] = await Promise.all([signerOf(1), signerOf(3)]);
    const store = openStore();
    const record = await signAtomic(alice, 5, 'YQ');
    const forged = { ...(await signAtomic(eve, 9, 'YQ')), public_key: record.public_key };
    const old = await signAtomic(alice, 4, 'YQ');
    const outcomes = await store.store([record, forged, old].map((r) => ({ kind: 'atomic', record: r })));
    expect(outcomes).toEqual(['stored', 'void', 'stale']);
  });
});

describe('what is forgotten', () => {
  it('is only what has not changed since', async () => {
    const alice = await signerOf(1);
    const store = openStore();
    await store.store([await entryItem(alice, 'a')]);
    const digest = store.digest(LIST);
    await store.store([await entryItem(alice, 'b')]);
    expect(store.forget(LIST, digest)).toBe(false);
    expect(store.forget(LIST, store.digest(LIST))).toBe(true);
    expect(store.counts).toEqual({ rows: 0, atomic: 0 });
    expect(store.keys('', 10)).toEqual([]);
  });

  it('is listed once under each key while it is there', async () => {
    const alice = await signerOf(1);
    const store = openStore();
    const lists = ['c', 'a', 'b'].map((letter) => letter.repeat(64));
    for (const list of lists)
      await store.store([await entryItem(alice, 'x', list), await entryItem(alice, 'y', list)]);
    expect(store.keys('', 2)).toEqual(['a'.repeat(64), 'b'.repeat(64)]);
    expect(store.keys('b'.repeat(64), 2)).toEqual(['c'.repeat(64)]);
  });
});
