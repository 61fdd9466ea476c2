import { describe, expect, it } from 'vitest';
import {
  MAX_GRAFTS_PER_TURN,
  MESH_LEASE_MS,
  MESH_RENEW_MS,
  MESH_RPC_TIMEOUT_MS,
  MESH_TURN_MS,
  MIN_OPEN_LINKS,
} from '../../../../shared/limits.ts';
import { GRAFT, PRUNE } from '../../../../relay/services/mesh/mesh-rpc.ts';
import { SimSwarm, meshFaults } from './mesh-rig.ts';
import type { SimRelay } from './mesh-rig.ts';

/** Enough for the slowest jittered turn. */
const TURN_MS = 1.25 * MESH_TURN_MS;
const never = new AbortController().signal;

async function meshed(count: number, seed = 1): Promise<SimSwarm> {
  const swarm = new SimSwarm(count, seed);
  swarm.shareViews();
  for (const relay of swarm.relays) relay.start();
  await swarm.clock.advance(6 * TURN_MS);
  expect(meshFaults(swarm)).toEqual([]);
  return swarm;
}

function at(swarm: SimSwarm, index: number): SimRelay {
  const relay = swarm.relays[index];
  if (relay === undefined) throw new Error('no such relay');
  return relay;
}

/** Live relays in the order of their ids: the ring. */
function ring(swarm: SimSwarm): SimRelay[] {
  return swarm.live.sort((a, b) => (a.id < b.id ? -1 : 1));
}

describe('the mesh', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 12, 50])(
    'of %i relays: 3 to 5 neighbours, or all, connected',
    async (count) => {
      const swarm = await meshed(count);
      for (const relay of swarm.live) {
        expect(relay.links.size).toBeGreaterThanOrEqual(Math.min(MIN_OPEN_LINKS, count - 1));
        for (const id of relay.mesh.neighbours()) expect(relay.kept).toContain(id);
      }
    },
  );

  it.each([1, 2, 3, 4, 5])('is connected by the ring alone (chance %i)', async (seed) => {
    const order = ring(await meshed(50, seed));
    order.forEach((relay, index) => {
      expect(relay.mesh.neighbours()).toContain(order[(index + 1) % order.length]?.id);
    });
  });

  it('rests: neighbours stay the same, and ask each other now and then only', async () => {
    const swarm = await meshed(50);
    const before = swarm.relays.map(({ mesh }) => [...mesh.neighbours()].sort().join());
    for (const relay of swarm.relays) relay.asked = 0;
    await swarm.clock.advance(10 * MESH_RENEW_MS);
    expect(swarm.relays.map(({ mesh }) => [...mesh.neighbours()].sort().join())).toEqual(before);
    // Each asks its successor and its choice, ten times at most.
    const asked = swarm.relays.reduce((sum, relay) => sum + relay.asked, 0);
    expect(asked).toBeLessThanOrEqual(50 * 5 * 10);
    expect(asked).toBeGreaterThan(0);
  });

  it.each([1, 2, 3])('does not storm when 50 relays start at once (chance %i)', async (seed) => {
    const swarm = new SimSwarm(50, seed);
    swarm.shareViews();
    for (const relay of swarm.relays) relay.start();
    let seen = 0;
    for (let second = 0; second < 5; second++) {
      await swarm.clock.advance(1000);
      const asked = swarm.relays.reduce((sum, relay) => sum + relay.asked, 0);
      expect(asked - seen).toBeLessThan(50 * MAX_GRAFTS_PER_TURN);
      seen = asked;
    }
  });

  it.each([1, 2, 3, 4, 5])(
    'heals within about a second when a fifth dies at once (chance %i)',
    async (seed) => {
      const swarm = await meshed(50, seed);
      for (let index = 0; index < 50; index += 5) at(swarm, index).kill();
      // Membership notices much later; the links have told.
      await swarm.clock.advance(1000);
      expect(meshFaults(swarm)).toEqual([]);
      swarm.shareViews();
      await swarm.clock.advance(5 * TURN_MS);
      expect(meshFaults(swarm)).toEqual([]);
    },
  );

  it('heals when five relays that stand side by side on the ring die', async () => {
    const swarm = await meshed(50);
    for (const relay of ring(swarm).slice(10, 15)) relay.kill();
    await swarm.clock.advance(1500);
    expect(meshFaults(swarm)).toEqual([]);
  });

  it('takes in relays that join, one by one and many at once', async () => {
    const swarm = await meshed(20);
    for (const count of [1, 1, 28]) {
      for (let i = 0; i < count; i++) swarm.add().start();
      swarm.shareViews();
      await swarm.clock.advance(5 * TURN_MS);
      expect(meshFaults(swarm)).toEqual([]);
    }
  });

  it.each([1, 2, 3])(
    'stands while views differ: each knows a random half of the others (chance %i)',
    async (seed) => {
      const swarm = new SimSwarm(50, seed);
      for (const relay of swarm.relays) {
        for (const other of swarm.relays) if (swarm.random() < 0.5) relay.view.set(other.id, other.row);
        relay.view.delete(relay.id);
        relay.start();
      }
      await swarm.clock.advance(10 * TURN_MS);
      expect(meshFaults(swarm)).toEqual([]);
      swarm.shareViews();
      await swarm.clock.advance(5 * TURN_MS);
      expect(meshFaults(swarm)).toEqual([]);
    },
  );

  it('two halves that did not know each other become one', async () => {
    const swarm = new SimSwarm(24, 1);
    swarm.shareViews(swarm.relays.slice(0, 12));
    swarm.shareViews(swarm.relays.slice(12));
    for (const relay of swarm.relays) relay.start();
    await swarm.clock.advance(5 * TURN_MS);
    expect(meshFaults(swarm)).toEqual(['only 12 are connected']);
    swarm.shareViews();
    await swarm.clock.advance(3 * TURN_MS);
    expect(meshFaults(swarm)).toEqual([]);
  });

  it('lets go of a neighbour that no longer counts as alive, and takes it back', async () => {
    const swarm = await meshed(12);
    const frozen = at(swarm, 3);
    frozen.frozen = true;
    for (const { view } of swarm.live) {
      const row = view.get(frozen.id);
      if (row !== undefined) view.set(frozen.id, { ...row, state: 'suspect' });
    }
    await swarm.clock.advance(2 * TURN_MS);
    for (const { mesh } of swarm.live.filter((relay) => relay !== frozen)) {
      expect(mesh.neighbours()).not.toContain(frozen.id);
      expect(mesh.neighbours().length).toBeGreaterThanOrEqual(3);
    }
    frozen.frozen = false;
    swarm.shareViews();
    await swarm.clock.advance(MESH_LEASE_MS + 5 * TURN_MS);
    expect(meshFaults(swarm)).toEqual([]);
  });

  it('one-sided neighbourhoods, from answers that were lost, end', async () => {
    const swarm = new SimSwarm(20, 1);
    swarm.shareViews();
    swarm.losesAnswer = (method) => method === GRAFT.name && swarm.random() < 0.3;
    for (const relay of swarm.relays) relay.start();
    await swarm.clock.advance(10 * TURN_MS);
    swarm.losesAnswer = () => false;
    await swarm.clock.advance(MESH_LEASE_MS + MESH_RPC_TIMEOUT_MS + 5 * TURN_MS);
    expect(meshFaults(swarm)).toEqual([]);
  });

  it('a link that is lost by accident is opened again, and the neighbourhood with it', async () => {
    const swarm = await meshed(20);
    for (const relay of swarm.live) for (const peer of [...relay.links]) relay.lose(peer);
    await swarm.clock.advance(3 * TURN_MS);
    expect(meshFaults(swarm)).toEqual([]);
  });

  it('tells of each neighbour that comes and goes, once', async () => {
    const swarm = await meshed(12);
    for (const relay of swarm.relays.slice(0, 3)) relay.kill();
    await swarm.clock.advance(3 * TURN_MS);
    for (const { events, mesh } of swarm.live) {
      const told = new Set<string>();
      for (const event of events) {
        if (event.type === 'mesh-linked') {
          expect(told).not.toContain(event.id);
          told.add(event.id);
        }
        if (event.type === 'mesh-unlinked') expect(told.delete(event.id)).toBe(true);
      }
      expect([...told].sort()).toEqual([...mesh.neighbours()].sort());
    }
  });

  it('stops with its relay: asks nobody any more and takes in nobody', async () => {
    const swarm = await meshed(5);
    const relay = at(swarm, 0);
    relay.stopped.abort();
    for (const other of swarm.relays) other.asked = 0;
    await swarm.clock.advance(3 * MESH_RENEW_MS);
    const answer = await relay.router.answer(GRAFT.name, { needy: true }, at(swarm, 1).id, never);
    expect(answer).toEqual({ accepted: false });
  });
});

describe('hostile relays', () => {
  it('that graft without end get no more than the places of guests, and the ring and own choice stay', async () => {
    const swarm = await meshed(30);
    const victim = at(swarm, 0);
    const order = ring(swarm);
    const place = order.indexOf(victim);
    const beside = [order.at(place - 1)?.id, order[(place + 1) % order.length]?.id];
    for (let round = 0; round < 20; round++) {
      for (const other of swarm.relays.slice(1)) {
        await victim.router.answer(GRAFT.name, { needy: true }, other.id, never);
        expect(victim.mesh.neighbours().length).toBeLessThanOrEqual(5);
      }
    }
    expect(victim.mesh.neighbours()).toEqual(expect.arrayContaining(beside));
  });

  it('that make up ids next to a relay on the ring do not take the place of its own choice', async () => {
    const swarm = await meshed(30);
    const victim = at(swarm, 0);
    const fakes = Array.from({ length: 40 }, () => swarm.add());
    // From afar to near: each is the predecessor for the moment in which it asks.
    const below = fakes.filter(({ id }) => id < victim.id).sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(below.length).toBeGreaterThan(3);
    const honest = new Set(victim.mesh.neighbours());
    for (const fake of below) {
      fake.links.add(victim);
      victim.links.add(fake);
      victim.view.set(fake.id, fake.row);
      await victim.router.answer(GRAFT.name, { needy: true }, fake.id, never);
    }
    const left = victim.mesh.neighbours().filter((id) => honest.has(id));
    expect(victim.mesh.neighbours().length).toBeLessThanOrEqual(5);
    // Its successor, and the one that it chose.
    expect(left.length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    [GRAFT.name, {}],
    [GRAFT.name, { needy: 'yes' }],
    [GRAFT.name, null],
    [PRUNE.name, 7],
  ])('that send %s with %j get BAD_INPUT', async (method, params) => {
    const swarm = await meshed(4);
    const before = at(swarm, 0).mesh.neighbours();
    const sent = at(swarm, 0).router.answer(method, params, at(swarm, 1).id, never);
    await expect(sent).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(at(swarm, 0).mesh.neighbours()).toEqual(before);
  });

  it('that are no members are turned away', async () => {
    const swarm = await meshed(3);
    const stranger = swarm.add();
    const answer = await at(swarm, 0).router.answer(GRAFT.name, { needy: true }, stranger.id, never);
    expect(answer).toEqual({ accepted: false });
    expect(at(swarm, 0).mesh.neighbours()).not.toContain(stranger.id);
  });
});
