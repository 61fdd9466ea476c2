import { describe, expect, it } from 'vitest';
import { recordOrder } from '../../../../relay/services/dht/dht-node.ts';
import type { RecordItem } from '../../../../relay/services/dht/record-items.ts';
import type { ListEntry } from '../../../../shared/protocol/records.ts';
import {
  atomicKey,
  signAtomic,
  signEntry,
  signRemoval,
  entryId,
} from '../../../../shared/protocol/records.ts';
import { REHOME_INTERVAL_MS, REPLICAS } from '../../../../shared/limits.ts';
import { toHex } from '../../../../shared/bytes.ts';
import { DhtSwarm, idFor } from './dht-rig.ts';
import type { DhtRelay } from './dht-rig.ts';
import { LIST, base64, entryItem, removalItem, signerOf } from './signed-items.ts';

const signal = new AbortController().signal;

function settledSwarm(count: number): DhtSwarm {
  const swarm = new DhtSwarm();
  for (let i = 0; i < count; i++) swarm.add();
  swarm.settle();
  return swarm;
}

/** The relays that keep `key`, as they say themselves. */
function keepers(swarm: DhtSwarm, key: string): DhtRelay[] {
  return swarm.live().filter(({ store }) => store.digest(key) !== '');
}

function orderOf(swarm: DhtSwarm, key: string): DhtRelay[] {
  return recordOrder(
    key,
    swarm.live().map(({ view }) => view.self),
  ).map((id) => swarm.get(id));
}

function kill(swarm: DhtSwarm, relays: readonly DhtRelay[]): void {
  for (const relay of relays) relay.alive = false;
  swarm.settle();
}

const valuesOf = (entries: readonly ListEntry[]): string[] => entries.map(({ value }) => atob(value)).sort();

async function entriesEverywhere(swarm: DhtSwarm): Promise<string[]> {
  const seen = await Promise.all(
    swarm.live().map(async ({ records }) => valuesOf(await records.entries(LIST, signal))),
  );
  for (const values of seen) expect(values).toEqual(seen[0]);
  return seen[0] ?? [];
}

describe('a record', () => {
  it('lies at five relays, and is read from every relay', async () => {
    using swarm = settledSwarm(30);
    const alice = await signerOf(1);
    const record = await signAtomic(alice, 7, base64('hello'));
    const key = atomicKey(record.public_key);
    const { holders } = (await swarm.relays[3]?.records.putAtomic(record, signal)) ?? { holders: [] };
    expect([...holders].sort()).toEqual(
      orderOf(swarm, key)
        .slice(0, REPLICAS)
        .map(({ id }) => id)
        .sort(),
    );
    expect(keepers(swarm, key)).toHaveLength(REPLICAS);
    for (const { records } of swarm.relays)
      expect(await records.getAtomic(record.public_key, signal)).toEqual(record);
    expect(await swarm.relays[0]?.records.getAtomic(toHex((await signerOf(2)).publicKey), signal)).toBeNull();
  });

  it('is kept by no relay without storage, and by those that there are when they are few', async () => {
    using swarm = new DhtSwarm();
    for (let i = 0; i < 3; i++) swarm.add();
    const ui = swarm.add('web ui', { capacity: 0 });
    swarm.settle();
    const record = await signAtomic(await signerOf(1), 1, '');
    expect((await ui.records.putAtomic(record, signal)).holders).toHaveLength(3);
    expect(ui.store.counts.atomic).toBe(0);
    const item: RecordItem = { kind: 'atomic', record };
    // Nor when it is asked to.
    await expect(ui.router.answer('records.store', { items: [item] }, idFor(0), signal)).resolves.toEqual({
      outcomes: ['refused'],
    });
  });

  it('goes to the next in order when a holder is down', async () => {
    using swarm = settledSwarm(12);
    const record = await signAtomic(await signerOf(1), 1, '');
    const order = orderOf(swarm, atomicKey(record.public_key));
    // Dead, and nobody knows yet.
    for (const relay of order.slice(0, 2)) relay.alive = false;
    const { holders } = (await order[4]?.records.putAtomic(record, signal)) ?? { holders: [] };
    expect([...holders].sort()).toEqual(
      order
        .slice(2, 7)
        .map(({ id }) => id)
        .sort(),
    );
  });

  it('is replaced by a higher number only, and by its signer only', async () => {
    using swarm = settledSwarm(8);
    const alice = await signerOf(1);
    const [a, b] = swarm.relays as [DhtRelay, DhtRelay];
    await a.records.putAtomic(await signAtomic(alice, 2, base64('two')), signal);
    await expect(
      b.records.putAtomic(await signAtomic(alice, 1, base64('one')), signal),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { seq: 2 },
    });
    const forged = { ...(await signAtomic(await signerOf(2), 3, '')), public_key: toHex(alice.publicKey) };
    await expect(b.records.putAtomic(forged, signal)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await b.records.putAtomic(await signAtomic(alice, 3, base64('three')), signal);
    expect(await a.records.getAtomic(toHex(alice.publicKey), signal)).toMatchObject({ seq: 3 });
  });

  it('cannot be had when nobody can be asked: that is an error and not an absence', async () => {
    using swarm = settledSwarm(6);
    const [a, ...others] = swarm.relays as [DhtRelay, ...DhtRelay[]];
    const ui = swarm.add('ui', { capacity: 0 });
    swarm.settle();
    for (const other of [a, ...others]) other.alive = false;
    await expect(ui.records.getAtomic('aa'.repeat(32), signal)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    await expect(ui.records.entries(LIST, signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const record = await signAtomic(await signerOf(1), 1, '');
    await expect(ui.records.putAtomic(record, signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a list', () => {
  it('is the same from every relay, less what its signers removed', async () => {
    using swarm = settledSwarm(30);
    const [alice, bob] = await Promise.all([signerOf(1), signerOf(2)]);
    const first = await signEntry(alice, LIST, base64('a'));
    await swarm.relays[1]?.records.append(LIST, first, signal);
    await swarm.relays[2]?.records.append(LIST, await signEntry(bob, LIST, base64('b')), signal);
    expect(await entriesEverywhere(swarm)).toEqual(['a', 'b']);
    const id = entryId(LIST, first);
    const notHers = await signRemoval(bob, LIST, id);
    await expect(swarm.relays[5]?.records.remove(LIST, notHers, signal)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const removal = await signRemoval(alice, LIST, id);
    await swarm.relays[4]?.records.remove(LIST, removal, signal);
    await swarm.relays[6]?.records.remove(LIST, removal, signal);
    expect(await entriesEverywhere(swarm)).toEqual(['b']);
    await expect(swarm.relays[7]?.records.append(LIST, first, signal)).rejects.toMatchObject({
      code: 'DELETED',
    });
  });

  it('refuses more of one signer than its share, and says so', async () => {
    using swarm = settledSwarm(6);
    const alice = await signerOf(1);
    const [a] = swarm.relays as [DhtRelay];
    for (let i = 0; i < 16; i++)
      await a.records.append(LIST, await signEntry(alice, LIST, base64(`${i}`)), signal);
    const tooMany = await signEntry(alice, LIST, base64('more'));
    await expect(a.records.append(LIST, tooMany, signal)).rejects.toMatchObject({ code: 'NO_SPACE' });
    // And not elsewhere either.
    expect(keepers(swarm, LIST)).toHaveLength(REPLICAS);
  });

  it('of a thousand entries comes over the wire in pages, read once while its holders agree', async () => {
    using swarm = settledSwarm(8);
    const signers = await Promise.all(Array.from({ length: 70 }, (_, i) => signerOf(i)));
    const items = (
      await Promise.all(
        signers.map((signer, s) =>
          Promise.all(Array.from({ length: 15 }, (_, i) => entryItem(signer, `${s} ${i}`))),
        ),
      )
    ).flat();
    const holders = orderOf(swarm, LIST);
    for (const { store } of holders.slice(0, REPLICAS)) {
      await store.store(items.slice(0, 600), idFor('a writer'));
      await store.store(items.slice(600), idFor('another'));
    }
    const reader = holders[7];
    swarm.calls.clear();
    const entries = (await reader?.records.entries(LIST, signal)) ?? [];
    expect(entries).toHaveLength(1050);
    expect(swarm.calls.get('records.rows')).toBe(Math.ceil(1051 / 256));
    expect(swarm.calls.get('records.fetch')).toBe(Math.ceil(1050 / 32));
  });
});

describe('records outlive their holders', () => {
  it('when any four of the five die at once', async () => {
    const alice = await signerOf(1);
    const record = await signAtomic(alice, 1, base64('kept'));
    const key = atomicKey(record.public_key);
    for (let survivor = 0; survivor < REPLICAS; survivor++) {
      using swarm = settledSwarm(12);
      await swarm.relays[0]?.records.putAtomic(record, signal);
      const holders = orderOf(swarm, key).slice(0, REPLICAS);
      kill(
        swarm,
        holders.filter((_, index) => index !== survivor),
      );
      for (const { records } of swarm.live())
        expect(await records.getAtomic(record.public_key, signal)).toEqual(record);
      await swarm.rehomeAll(signal);
      expect(keepers(swarm, key)).toEqual(expect.arrayContaining(orderOf(swarm, key).slice(0, REPLICAS)));
      expect(keepers(swarm, key)).toHaveLength(REPLICAS);
    }
  });

  it('when every relay is replaced, one after the other, and they stay at five', async () => {
    using swarm = settledSwarm(10);
    const [alice, bob] = await Promise.all([signerOf(1), signerOf(2)]);
    const record = await signAtomic(alice, 1, base64('kept'));
    const removed = await signEntry(bob, LIST, base64('gone'));
    await swarm.relays[0]?.records.putAtomic(record, signal);
    await swarm.relays[0]?.records.append(LIST, await signEntry(alice, LIST, base64('listed')), signal);
    await swarm.relays[0]?.records.append(LIST, removed, signal);
    await swarm.relays[0]?.records.remove(LIST, await signRemoval(bob, LIST, entryId(LIST, removed)), signal);
    for (let i = 0; i < 10; i++) {
      swarm.add(`newcomer ${i}`);
      swarm.settle();
      await swarm.rehomeAll(signal);
      kill(swarm, swarm.relays.slice(i, i + 1));
      await swarm.rehomeAll(signal);
      for (const key of [atomicKey(record.public_key), LIST]) {
        expect(new Set(keepers(swarm, key))).toEqual(new Set(orderOf(swarm, key).slice(0, REPLICAS)));
      }
    }
    expect(swarm.live().every((relay) => swarm.relays.indexOf(relay) >= 10)).toBe(true);
    expect(await swarm.live()[3]?.records.getAtomic(record.public_key, signal)).toEqual(record);
    expect(await entriesEverywhere(swarm)).toEqual(['listed']);
    await expect(swarm.live()[1]?.records.append(LIST, removed, signal)).rejects.toMatchObject({
      code: 'DELETED',
    });
  });

  it('and a relay that was away with old entries and old numbers changes nothing', async () => {
    using swarm = settledSwarm(6);
    const alice = await signerOf(1);
    const entry = await signEntry(alice, LIST, base64('old'));
    const [a] = swarm.relays as [DhtRelay];
    await a.records.append(LIST, entry, signal);
    await a.records.putAtomic(await signAtomic(alice, 1, base64('old')), signal);
    const away = orderOf(swarm, LIST).slice(0, 1);
    const newer = await signAtomic(alice, 2, base64('new'));
    kill(swarm, away);
    const present = swarm.live()[0];
    await present?.records.remove(LIST, await signRemoval(alice, LIST, entryId(LIST, entry)), signal);
    await present?.records.putAtomic(newer, signal);
    for (const relay of away) relay.alive = true;
    swarm.settle();
    // Before any pass: whoever reads sees the removal.
    expect(await entriesEverywhere(swarm)).toEqual([]);
    await swarm.rehomeAll(signal);
    expect(await entriesEverywhere(swarm)).toEqual([]);
    for (const { store } of away) expect(store.rows(LIST, null, 10)).toMatchObject([{ removed: true }]);
    for (const { records } of swarm.live())
      expect(await records.getAtomic(newer.public_key, signal)).toEqual(newer);
  });

  it('by itself: after a change of the membership, and every few minutes', async () => {
    using swarm = settledSwarm(8);
    const record = await signAtomic(await signerOf(1), 1, base64('kept'));
    const key = atomicKey(record.public_key);
    await swarm.relays[0]?.records.putAtomic(record, signal);
    for (const relay of swarm.relays) relay.rehome.start();
    kill(swarm, orderOf(swarm, key).slice(0, 2));
    expect(keepers(swarm, key)).toHaveLength(3);
    for (let i = 0; i < 20 && keepers(swarm, key).length < REPLICAS; i++) await swarm.clock.advance(1000);
    expect(keepers(swarm, key)).toHaveLength(REPLICAS);
    // A holder that lost its record without anyone joining or leaving.
    const [holder] = keepers(swarm, key);
    holder?.store.forget(key, holder.store.digest(key));
    for (let at = 0; at < 2 * REHOME_INTERVAL_MS && keepers(swarm, key).length < REPLICAS; at += 5000)
      await swarm.clock.advance(5000);
    expect(keepers(swarm, key)).toHaveLength(REPLICAS);
  });

  it('when a relay leaves, which goes only after the others have them', async () => {
    using swarm = settledSwarm(6);
    const record = await signAtomic(await signerOf(1), 1, base64('kept'));
    const key = atomicKey(record.public_key);
    const [leaver, ...others] = orderOf(swarm, key) as [DhtRelay, ...DhtRelay[]];
    await leaver.records.putAtomic(record, signal);
    leaver.leaving = true;
    await leaver.rehome.handOver(signal);
    expect(leaver.store.counts).toEqual({ rows: 0, atomic: 0 });
    expect(new Set(keepers(swarm, key))).toEqual(new Set(others));
    // It takes no new ones, and its clients' records go to others.
    expect(
      (await leaver.records.putAtomic(await signAtomic(await signerOf(2), 1, ''), signal)).holders,
    ).toHaveLength(REPLICAS);
    expect(leaver.store.counts.atomic).toBe(0);
    // With nowhere to go, they stay.
    const [last] = others as [DhtRelay];
    for (const relay of others.slice(1)) relay.alive = false;
    leaver.alive = false;
    swarm.settle();
    last.leaving = true;
    await expect(last.rehome.handOver(signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(last.store.atomic(key)).toEqual(record);
  });

  it('a relay that is no holder any more keeps what not all holders have taken', async () => {
    using swarm = settledSwarm(9);
    const record = await signAtomic(await signerOf(1), 1, base64('kept'));
    const key = atomicKey(record.public_key);
    const order = orderOf(swarm, key);
    const outsider = order[8];
    await outsider?.store.store([{ kind: 'atomic', record }], outsider.id);
    const [deaf] = order as [DhtRelay];
    deaf.meddler = (method) => (method === 'records.store' ? { outcomes: ['no-space'] } : undefined);
    await outsider?.rehome.pass(signal);
    expect(outsider?.store.atomic(key)).toEqual(record);
    deaf.meddler = undefined;
    await outsider?.rehome.pass(signal);
    expect(outsider?.store.atomic(key)).toBeNull();
    expect(keepers(swarm, key)).toHaveLength(REPLICAS);
  });
});

describe('holders that lie', () => {
  it('cannot hide, alter, invent or crowd out what honest ones have', async () => {
    using swarm = settledSwarm(8);
    const [alice, eve] = await Promise.all([signerOf(1), signerOf(3)]);
    const [reader] = orderOf(swarm, LIST).slice(7) as [DhtRelay];
    await reader.records.append(LIST, await signEntry(alice, LIST, base64('true')), signal);
    const entry = await entryItem(alice, 'true');
    const removal = await removalItem(eve, entry);
    const alicesRow = `${entryId(LIST, await signEntry(alice, LIST, base64('true')))}:${toHex(alice.publicKey)}`;
    const forgedRemoval =
      removal.kind === 'removal'
        ? { ...removal, removal: { ...removal.removal, public_key: toHex(alice.publicKey) } }
        : removal;
    const lies: Record<string, (params: { after?: string; rows?: string[] }) => unknown> = {
      'records.digests': () => ({ digests: ['ab'.repeat(32)] }),
      // Its removal is claimed, and rows without end that nobody signed.
      'records.rows': ({ after }) => ({
        rows: Array.from({ length: 256 }, (_, i) =>
          i === 0 && after === '' ? `${alicesRow}:1` : `${idFor(`${after ?? ''} ${i}`)}:${idFor('eve')}:0`,
        ).sort(),
      }),
      'records.fetch': () => ({ items: [forgedRemoval, removal] }),
    };
    for (const liar of orderOf(swarm, LIST).slice(0, 2))
      liar.meddler = (method, params) => lies[method]?.(params as { after?: string });
    expect(valuesOf(await reader.records.entries(LIST, signal))).toEqual(['true']);
  });

  it('cannot stop a writer by speaking of newer records or removals that they do not have', async () => {
    using swarm = settledSwarm(8);
    const alice = await signerOf(1);
    const record = await signAtomic(alice, 1, base64('mine'));
    const [reader] = orderOf(swarm, atomicKey(record.public_key)).slice(7) as [DhtRelay];
    const [liar] = orderOf(swarm, atomicKey(record.public_key)) as [DhtRelay];
    liar.meddler = (method) => (method === 'records.store' ? { outcomes: ['stale'] } : undefined);
    expect((await reader.records.putAtomic(record, signal)).holders).toHaveLength(REPLICAS);
    const [listLiar] = orderOf(swarm, LIST).filter((relay) => relay !== reader) as [DhtRelay];
    listLiar.meddler = (method) => (method === 'records.store' ? { outcomes: ['removed'] } : undefined);
    const { holders } = await reader.records.append(LIST, await signEntry(alice, LIST, base64('x')), signal);
    expect(holders).toHaveLength(REPLICAS);
    expect(holders).not.toContain(listLiar.id);
  });

  it('cannot give an old or foreign record for a newer one', async () => {
    using swarm = settledSwarm(6);
    const [alice, eve] = await Promise.all([signerOf(1), signerOf(3)]);
    const old = await signAtomic(alice, 1, base64('old'));
    const current = await signAtomic(alice, 2, base64('current'));
    const foreign = await signAtomic(eve, 99, base64('eve'));
    const order = orderOf(swarm, atomicKey(old.public_key));
    await order[5]?.records.putAtomic(current, signal);
    const answers = [old, foreign, { ...foreign, public_key: old.public_key }];
    order.slice(0, 3).forEach((liar, index) => {
      liar.meddler = (method) => (method === 'records.atomic' ? { records: [answers[index]] } : undefined);
    });
    expect(await order[5]?.records.getAtomic(old.public_key, signal)).toEqual(current);
  });

  it('get only so much patience', async () => {
    using swarm = settledSwarm(6);
    const record = await signAtomic(await signerOf(1), 1, '');
    const order = orderOf(swarm, atomicKey(record.public_key));
    const [silent] = order as [DhtRelay];
    await order[5]?.records.putAtomic(record, signal);
    silent.meddler = () => new Promise(() => undefined);
    const read = order[5]?.records.getAtomic(record.public_key, signal);
    // Checking the four answers takes real time, which the virtual clock must not outrun: signatures wait in one queue.
    for (let turns = 0; turns < 50; turns++) await signAtomic(await signerOf(1), 1, '');
    for (let i = 0; i < 10; i++) await swarm.clock.advance(1000);
    expect(await read).toEqual(record);
  });
});
