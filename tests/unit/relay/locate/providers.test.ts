import { describe, expect, it } from 'vitest';
import { EventBus } from '../../../../relay/services/events.ts';
import { Providers } from '../../../../relay/services/locate/providers.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { PeerRpc } from '../../../../relay/services/rpc.ts';
import { IndexDatabase } from '../../../../relay/storage/index-database.ts';
import { ProviderTable } from '../../../../relay/storage/provider-table.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import { MAX_PROVIDED_PER_RELAY, PROVIDER_REPLICAS, PROVIDE_INTERVAL_MS } from '../../../../shared/limits.ts';
import { neighbourhood } from '../../../../shared/placement/neighbourhood.ts';
import { holdersOf } from '../../../../shared/placement/placement.ts';
import type { ChunkEntry } from '../../../../shared/protocol/routes.ts';
import { idFor } from '../dht/dht-rig.ts';
import { sampleChunk, silentLog } from '../fixtures.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { peerOf } from '../services/fake-swarm.ts';

const signal = new AbortController().signal;
const RELAYS = 30;

/** Relays of which each knows all, with their hints and nothing else. */
function swarm() {
  const clock = new VirtualClock();
  const peers = Array.from({ length: RELAYS }, (_, i) => peerOf(idFor(i)));
  const relays = peers.map((self) => {
    const router = new RpcRouter();
    const events = new EventBus(() => 0);
    const held = new Set<ChunkId>();
    const database = new IndexDatabase(':memory:');
    const rpc: PeerRpc = {
      call: async (to, method, params, either) => {
        const target = relays.find(({ id }) => id === to);
        if (target === undefined) throw new AppError('UNAVAILABLE', 'No such relay.');
        target.messages++;
        return (await target.router.answer(method.name, params, self.id, either)) as never;
      },
    };
    const row = (id: ChunkId): ChunkEntry => ({ id, size: 1, verifier: id, body_hash: id, stored_at: 0 });
    const providers = new Providers({
      members: { self, list: () => peers, get: (id) => peers.find((peer) => peer.id === id) },
      local: {
        has: (id) => held.has(id),
        inventory: (after, limit) =>
          [...held]
            .sort()
            .filter((id) => id > after)
            .slice(0, limit)
            .map(row),
      },
      database,
      ...{ events, rpc, router, clock, log: silentLog, random: () => 0.5, stopped: signal },
    });
    return { id: self.id, router, events, held, database, providers, messages: 0 };
  });
  const outsiderOf = (id: ChunkId): (typeof relays)[number] => {
    const holders = new Set<string>(holdersOf(id, peers).map((holder) => holder.id));
    const outsider = relays.find((relay) => !holders.has(relay.id));
    if (outsider === undefined) throw new Error('No outsider.');
    return outsider;
  };
  const toldOf = (id: ChunkId, holder: RelayId): RelayId[] =>
    relays
      .filter((relay) => relay.id !== holder && relay.providers.holdersOf(id).includes(holder))
      .map((relay) => relay.id);
  return { clock, peers, relays, outsiderOf, toldOf };
}

describe('hints of where chunks lie', () => {
  it('go to the relays nearest to a chunk that lies elsewhere, and are taken back', async () => {
    const { peers, outsiderOf, toldOf } = swarm();
    const { id } = sampleChunk();
    const holder = outsiderOf(id);
    holder.held.add(id);
    await holder.providers.pass(signal);
    const nearest = neighbourhood(id, peers)
      .slice(0, PROVIDER_REPLICAS)
      .map((member) => member.id);
    expect(new Set(toldOf(id, holder.id))).toEqual(new Set(nearest.filter((relay) => relay !== holder.id)));
    holder.held.delete(id);
    await holder.providers.pass(signal);
    expect(toldOf(id, holder.id)).toEqual([]);
  });

  it('are not sent for chunks that lie where they belong', async () => {
    const { peers, relays } = swarm();
    const { id } = sampleChunk();
    for (const member of holdersOf(id, peers)) {
      const holder = relays.find((relay) => relay.id === member.id);
      holder?.held.add(id);
      await holder?.providers.pass(signal);
    }
    expect(relays.map(({ messages }) => messages)).toEqual(relays.map(() => 0));
  });

  it('come by themselves: of what is there at the start, of what is stored, and not of who has gone', async () => {
    const { clock, relays, outsiderOf, toldOf } = swarm();
    const [a, b] = [sampleChunk().id, sampleChunk().id];
    const holder = outsiderOf(a);
    holder.held.add(a);
    for (const { providers } of relays) providers.start();
    for (let i = 0; i < 8; i++) await clock.advance(1000);
    expect(toldOf(a, holder.id).length).toBeGreaterThan(0);
    const other = outsiderOf(b);
    other.held.add(b);
    other.events.publish({ type: 'chunk-stored', id: b, relay: other.id, size: 1 });
    for (let i = 0; i < 8; i++) await clock.advance(1000);
    expect(toldOf(b, other.id).length).toBeGreaterThan(0);
    // What was said before counts on.
    expect(toldOf(a, holder.id).length).toBeGreaterThan(0);
    for (const { events } of relays) events.publish({ type: 'peer-left', id: holder.id });
    expect(toldOf(a, holder.id)).toEqual([]);
    // And when it is back, it says so again.
    for (const { events } of relays)
      events.publish({ type: 'peer-joined', id: holder.id, host: '', port: 1 });
    for (let ms = 0; ms < PROVIDE_INTERVAL_MS + 10_000; ms += 1000) await clock.advance(1000);
    expect(toldOf(a, holder.id).length).toBeGreaterThan(0);
  });

  it('of one relay are bounded, in number and in rate', async () => {
    const { clock, relays } = swarm();
    const [victim] = relays;
    let sent = 0;
    const send = (afresh: boolean): Promise<unknown> | undefined =>
      victim?.router.answer(
        'dht.provide',
        { afresh, ids: Array.from({ length: 512 }, () => (sent++).toString(16).padStart(64, '0')) },
        idFor('flooder'),
        signal,
      );
    const codes = new Set<string>();
    for (let i = 0; i < 200; i++) {
      await send(false)?.catch((cause: unknown) => codes.add(AppError.from(cause).code));
      await clock.advance(100);
    }
    expect(codes).toEqual(new Set(['RATE_LIMITED', 'NO_SPACE']));
    const kept = Array.from({ length: sent }, (_, i) => i.toString(16).padStart(64, '0') as ChunkId).filter(
      (id) => (victim?.providers.holdersOf(id).length ?? 0) > 0,
    );
    expect(kept.length).toBeLessThanOrEqual(MAX_PROVIDED_PER_RELAY);
    expect(kept.length).toBeGreaterThan(MAX_PROVIDED_PER_RELAY / 2);
  });

  it('of a relay that goes while the disk is full do not end the process', () => {
    const { relays, outsiderOf } = swarm();
    const teller = outsiderOf(sampleChunk().id);
    const [listener] = relays;
    if (listener === undefined) throw new Error('No relays.');
    listener.providers.start();
    // Nothing can be written any more.
    listener.database[Symbol.dispose]();
    expect(() => listener.events.publish({ type: 'peer-left', id: teller.id })).not.toThrow();
  });

  it('are counted without counting them anew: of each relay, of all, and after a restart', () => {
    const database = new IndexDatabase(':memory:');
    const table = new ProviderTable(database);
    const chunks = Array.from({ length: 5 }, () => sampleChunk().id);
    table.add(idFor(1), chunks);
    table.add(idFor(1), chunks.slice(0, 3));
    table.add(idFor(2), chunks.slice(0, 2));
    expect([table.count(idFor(1)), table.count(idFor(2)), table.count()]).toEqual([5, 2, 7]);
    const again = new ProviderTable(database);
    expect([again.count(idFor(1)), again.count(idFor(2)), again.count()]).toEqual([5, 2, 7]);
    table.drop(idFor(1));
    table.drop(idFor(1));
    expect([table.count(idFor(1)), table.count(), table.relays()]).toEqual([0, 2, [idFor(2)]]);
  });
});
