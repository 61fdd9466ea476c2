/** A peer with more tombstones than it may bring: what is held is deleted all the same, and the rest is not sent each time. */
import { expect, it } from 'vitest';
import { Deletions } from '../../../../relay/services/deletion/deletions.ts';
import { TombstoneSet } from '../../../../relay/services/deletion/tombstone-set.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { reconcile } from '../../../../relay/services/gossip/reconcile.ts';
import { SetDigests } from '../../../../relay/services/gossip/set-digests.ts';
import { ownedChunk } from '../deletion-fixtures.ts';
import { relayId, rpcOf } from '../gossip/memory-set.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { StoreRig } from '../storage/store-rig.ts';

const [SELF, PEER] = [relayId(0), relayId(1)];

it('is asked for what may be taken in, and not again for what was refused', async () => {
  await using rig = await StoreRig.create();
  const store = await rig.open({ tombstoneQuota: { perSource: 5, total: 10 } });
  const clock = new VirtualClock();
  const deletions = new Deletions({ self: SELF, store, events: new EventBus(() => 0), clock });
  const set = new TombstoneSet(store.tombstones, deletions, clock);
  const theirs = new Map(
    Array.from({ length: 20 }, () => ownedChunk()).map((each) => [each.id as string, each]),
  );
  const ids = [...theirs.keys()].sort();
  let sent = 0;
  const rpc = rpcOf(SELF, (_to, name, params) => {
    if (name === 'gossip.compare') return Promise.resolve({ differ: [{ prefix: '', ids }] });
    expect(name).toBe('gossip.want');
    const items = (params as { ids: string[] }).ids.map((id) => ({
      ...theirs.get(id)?.tombstone,
      age_ms: 0,
    }));
    sent += items.length;
    return Promise.resolve({ items });
  });
  const compare = async (): Promise<void> => {
    const digests = new SetDigests(set);
    const { signal } = new AbortController();
    await reconcile({ set, digests, peer: PEER, rpc, clock, onNews: () => undefined, signal });
  };
  await compare();
  expect([sent, store.tombstones.size]).toEqual([20, 5]);
  await compare();
  expect([sent, store.tombstones.size]).toEqual([20, 5]);

  const held = [...theirs.values()].find(({ id }) => !store.tombstones.has(id));
  if (held === undefined) throw new Error('Fifteen were refused.');
  await store.put(held.id, [held.bytes]);
  await compare();
  expect([sent, store.tombstones.size, store.has(held.id)]).toEqual([21, 6, false]);
});
