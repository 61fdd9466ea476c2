import { describe, expect, it } from 'vitest';
import { LOCATE_STRATEGIES, Locator } from '../../../../relay/services/locate/locator.ts';
import type { LocateStrategy, LocatorParts } from '../../../../relay/services/locate/locator.ts';
import type { PeerRpc } from '../../../../relay/services/rpc.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { placementOrder } from '../../../../shared/placement/placement.ts';
import { idFor } from '../dht/dht-rig.ts';
import { sampleChunk } from '../fixtures.ts';
import { peerOf } from '../services/fake-swarm.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';

const signal = new AbortController().signal;
const { id } = sampleChunk();

interface Answers {
  /** Of `dht.find-holders`, by the relay asked; others do not answer. */
  readonly holders?: ReadonlyMap<RelayId, unknown>;
  readonly broadcast?: readonly RelayId[];
  readonly forward?: readonly RelayId[];
  /** Relays that a lookup finds. */
  readonly findable?: readonly RelayId[];
}

function locator(relays: number, strategies: readonly LocateStrategy[], answers: Answers = {}) {
  const self = peerOf(idFor('self'));
  const list = [self, ...Array.from({ length: relays }, (_, i) => peerOf(idFor(i)))];
  const lookups: RelayId[] = [];
  const rpc: PeerRpc = {
    call: (to) => {
      const answer = answers.holders?.get(to);
      if (answer === undefined) return Promise.reject(new AppError('UNAVAILABLE', 'No.'));
      return Promise.resolve(answer as never);
    },
  };
  const parts: LocatorParts = {
    members: { self, list: () => list, get: (relay) => list.find((peer) => peer.id === relay) },
    node: {
      membersNear: () => Promise.resolve(list),
      find: (relay) => {
        lookups.push(relay);
        return Promise.resolve(answers.findable?.includes(relay) === true ? peerOf(relay) : undefined);
      },
    },
    transport: {
      async *queryChunk() {
        await Promise.resolve();
        yield* answers.broadcast ?? [];
      },
    },
    forwarding: { find: () => Promise.resolve([...(answers.forward ?? [])]) },
    ...{ rpc, strategies, clock: new VirtualClock() },
  };
  return { locator: new Locator(parts), lookups, list };
}

async function allOf(from: Locator): Promise<RelayId[]> {
  return Array.fromAsync(from.candidates(id, signal));
}

describe('candidates for a chunk', () => {
  it('come from each way alone', async () => {
    const holder = idFor(3);
    const asked = new Map([[idFor(1), { holders: [[holder]] }]]);
    const answers = { holders: asked, broadcast: [holder], forward: [holder] };
    for (const strategy of LOCATE_STRATEGIES) {
      expect(await allOf(locator(5, [strategy], answers).locator)).toContain(holder);
    }
    expect(await allOf(locator(5, [], answers).locator)).toEqual([]);
  });

  it('come in placement order first, each once and never this relay', async () => {
    const { locator: all, list } = locator(5, LOCATE_STRATEGIES, {
      holders: new Map([[idFor(1), { holders: [[idFor(2), idFor('self')]] }]]),
      broadcast: [idFor(2), idFor('self')],
      forward: [idFor(4)],
    });
    const order = placementOrder(id, list).map((member) => member.id);
    expect(await allOf(all)).toEqual(order.filter((relay) => relay !== idFor('self')));
  });

  it('lie beyond the neighbourhood too, where the DHT knows of them', async () => {
    const { locator: byDht, list } = locator(60, ['placement', 'dht']);
    const first = await allOf(byDht);
    const near = placementOrder(id, list).slice(0, 20);
    expect(first).toEqual(near.map((member) => member.id).filter((relay) => relay !== idFor('self')));
    const [knows, elsewhere] = [
      first[9],
      list.find((peer) => !first.includes(peer.id) && peer.id !== idFor('self'))?.id,
    ];
    if (knows === undefined || elsewhere === undefined) throw new Error('Too few relays.');
    const again = locator(60, ['placement', 'dht'], {
      holders: new Map([[knows, { holders: [[elsewhere]] }]]),
    });
    expect(await allOf(again.locator)).toEqual([...first, elsewhere]);
  });

  it('that nobody here knows are looked up, and only so many of them', async () => {
    const strangers = Array.from({ length: 8 }, (_, i) => idFor(`stranger ${i}`));
    const { locator: byDht, lookups } = locator(5, ['dht'], {
      holders: new Map([[idFor(1), { holders: [strangers] }]]),
      findable: strangers.slice(1, 2),
    });
    expect(await allOf(byDht)).toEqual(strangers.slice(1, 2));
    expect(lookups).toEqual(strangers.slice(0, 3));
  });
});
